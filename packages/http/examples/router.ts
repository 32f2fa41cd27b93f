/** A router with parameters, middleware, cookies and JSON, and a client that asks it. */
import {
  type Handler,
  json,
  type Middleware,
  requestId,
  router,
  securityHeaders,
  serve,
  setCookie,
  text,
  withHeaders,
} from '@shrapnel/http'

const users = new Map([['1', { id: '1', name: 'Ada' }]])

const noStore: Middleware = async (request, next) =>
  withHeaders(await next(request), { 'Cache-Control': 'no-store' })

const api = router()
  .use(noStore)
  .get('/users', () => json([...users.values()]))
  .get('/users/:id', ({ params }) => {
    const user = users.get(params.id)
    return user === undefined ? text('nobody has that id', { status: 404 }) : json(user)
  })
  .post('/users', async (request) => {
    const { name } = await request.body.json<{ name: string }>({ maxBytes: 10_000 })
    const user = { id: String(users.size + 1), name }
    users.set(user.id, user)
    return json(user, { status: 201, headers: { Location: `/api/users/${user.id}` } })
  })

const home: Handler = () =>
  text('hello', { headers: { 'Set-Cookie': setCookie('seen', 'yes', { maxAgeSeconds: 86_400 }) } })

const app = router({ trailingSlash: 'redirect' })
  .use(requestId(), securityHeaders())
  .get('/', home)
  .use('/api', api)

await using server = await serve({ port: 0 }, app)
console.log(await (await fetch(`${server.url}/`)).text())
const made = await fetch(`${server.url}/api/users`, {
  method: 'POST',
  body: '{"name":"Grace"}',
  headers: { Connection: 'close' },
})
console.log(made.status, made.headers.get('location'), await made.text())
console.log(await (await fetch(`${server.url}/api/users/2/`, { headers: { Connection: 'close' } })).text())
