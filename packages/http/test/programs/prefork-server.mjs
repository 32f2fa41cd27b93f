// A server of several processes: each answers with its own number.
import { prefork } from '@shrapnel/core'
import { serveStream, text } from '@shrapnel/http'

const server = await prefork({
  listen: { port: 0 },
  workers: 2,
  serve: (connection, worker) =>
    serveStream(connection, () => text(`${worker.pid}`), { draining: worker.draining }),
})
await server.ready()
console.log(`port ${server.port}`)
await server.join()
