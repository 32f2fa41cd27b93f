// Ends by setExit with everything open: listeners, connections, handshakes that stall, a send that nobody reads.
import { setExit, setLatencyWarning, sleep, spawn, tcp, withTimeout } from '@shrapnel/core'
import { tls } from '@shrapnel/tls'

setLatencyWarning(Number.POSITIVE_INFINITY)
const [cert, key, ca] = process.argv.slice(2)
const listener = tls.listen({ port: 0, cert, key })
const sessions = []
spawn(async () => {
  for await (const stream of listener)
    sessions.push(
      spawn(async () => {
        try {
          await stream.recv()
        } finally {
          stream.close()
          console.log('session ends')
        }
      }),
    )
})
const clients = []
for (let i = 0; i < 3; i++) clients.push(await tls.connect('localhost', listener.port, { ca }))
const silent = await tcp.connect('127.0.0.1', listener.port)
await withTimeout(1000, async () => {
  while (sessions.length < 3) await sleep(1)
})
const stuck = await tls.connect('localhost', listener.port, { ca })
spawn(async () => {
  try {
    await stuck.send(Buffer.alloc(50_000_000))
  } catch (error) {
    // Its peer, a session, may have ended first.
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') throw error
  } finally {
    console.log('sender ends')
  }
})
spawn({ daemon: true }, async () => {
  await silent.recv()
})
await sleep(20)
setExit(3)
