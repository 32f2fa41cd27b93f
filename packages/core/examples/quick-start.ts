/**
 * An echo server with a time limit, and a client of it. Run: node examples/dist/quick-start.js
 */
import { type Socket, spawn, TimeoutError, tcp, withTimeout } from '@shrapnel/core'

async function session(connection: Socket): Promise<void> {
  for (;;) {
    const block = await withTimeout(10_000, () => connection.recv())
    if (block.length === 0) return
    await connection.send(block)
  }
}

const server = tcp.listen({ port: 0 })
spawn({ daemon: true }, () => server.serve(session))

using client = await tcp.connect('127.0.0.1', server.port)
await client.send('hello, coroutine')
console.log(String(await client.recv()))
try {
  await withTimeout(50, () => client.recv())
} catch (error) {
  if (error instanceof TimeoutError) console.log(`no more: ${error.message}`)
}
server.close()
