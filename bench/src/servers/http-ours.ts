/** The server `ours` of the HTTP benchmarks. */
import { type Handler, serve } from '@shrapnel/http'
import { announce } from './control.js'

const hello: Handler = () => ({ headers: { 'content-type': 'text/plain' }, body: 'Hello, world!' })
const helloLater: Handler = async () => ({ headers: { 'content-type': 'text/plain' }, body: 'Hello, world!' })

const [, , job, how] = process.argv
const server = await serve(
  {
    port: 0,
    backlog: 4096,
    maxRequestsPerConnection: 1e9,
    ...(job === 'idle' ? { idleTimeoutMs: 3_600_000 } : {}),
  },
  how === 'async' ? helloLater : hello,
)
announce(server.port)
