// A listener, TLS's or the core's, that is open and used as `how` says. Prints `held` if that keeps the process alive, or nothing.
import { spawn, tcp } from '@shrapnel/core'
import { tls } from '@shrapnel/tls'

const [cert, key, , kind, how] = process.argv.slice(2)
const listener = kind === 'tls' ? tls.listen({ port: 0, cert, key }) : tcp.listen({ port: 0 })
if (how === 'accepted from') spawn(() => listener.accept())
if (how === 'accepted from by a daemon') spawn({ daemon: true }, () => listener.accept())
if (how === 'in a loop')
  spawn(async () => {
    for await (const connection of listener) connection.close()
  })
if (how === 'closed while accepted from') {
  const accepting = spawn(() => listener.accept())
  setImmediate(() => listener.close())
  await accepting.join().catch(() => {})
}
// A client that stalls keeps nothing alive that the listener would not.
if (how === 'in a handshake') await tcp.connect('127.0.0.1', listener.port)

setTimeout(() => {
  console.log('held')
  process.exit()
}, 500).unref()
