/** Passwords, by Basic for one half of a site and by Digest for the other. */
import { authenticatedUser, basicAuth, digestAuth, router, serve, text } from '@shrapnel/http'

const users = { ada: 'lovelace' }
const app = router()
  .get('/basic', basicAuth({ users, realm: 'Lab' }), (request) => text(`hello ${authenticatedUser(request)}`))
  .get('/digest', digestAuth({ users, realm: 'Lab' }), (request) =>
    text(`hello ${authenticatedUser(request)}`),
  )

await using server = await serve({ port: 0 }, app)
const without = await fetch(`${server.url}/digest`, { headers: { Connection: 'close' } })
console.log(without.status, without.headers.get('www-authenticate')?.slice(0, 42))
const authorization = `Basic ${Buffer.from('ada:lovelace').toString('base64')}`
const within = await fetch(`${server.url}/basic`, { headers: { authorization, Connection: 'close' } })
console.log(within.status, await within.text())
