/** The server `ours` of `http-post`: reads a body whole and says how long it was. */
import { serve } from '@shrapnel/http'
import { announce } from './control.js'

const server = await serve({ port: 0, backlog: 4096, maxRequestsPerConnection: 1e9 }, async ({ body }) => ({
  headers: { 'content-type': 'text/plain' },
  body: String((await body.bytes()).length),
}))
announce(server.port)
