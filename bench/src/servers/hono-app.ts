/** The application that both servers of `http-hono` run: text, JSON behind middleware, a parameter, a body. */
import { Hono } from 'hono'
import { poweredBy } from 'hono/powered-by'

export function makeApp(): Hono {
  const app = new Hono()
  app.get('/', (c) => c.text('Hello, world!'))
  app.use('/api/*', poweredBy())
  app.get('/api/user/:id', (c) => c.json({ id: c.req.param('id'), name: 'Ada', agent: c.req.header('host') }))
  app.post('/echo', async (c) => c.json(await c.req.json()))
  return app
}
