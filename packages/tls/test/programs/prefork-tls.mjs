// A prefork server with TLS whose workers share their ticket keys by the environment. Says its port; each connection is told by whom.
import { prefork } from '@shrapnel/core'
import { TicketKeys, tls } from '@shrapnel/tls'

const [cert, key, strategy] = process.argv.slice(2)
process.env.TLS_TICKETS ??= new TicketKeys().export()
const tickets = TicketKeys.import(process.env.TLS_TICKETS)
const server = await prefork({
  listen: { port: 0 },
  workers: 2,
  strategy,
  async serve(socket, worker) {
    const stream = await tls.upgrade(socket, { isServer: true, cert, key, tickets })
    await stream.send(`worker ${worker.index}`)
    await stream.recv()
    await stream.end()
  },
})
console.log(`port ${server.port}`)
await server.join()
