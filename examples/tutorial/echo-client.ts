/**
 * An echo client that starts 100 connections at once, each in a coroutine. It needs the server of
 * echo-server.ts.
 *
 *   node examples/dist/tutorial/echo-client.js [port [connections]]
 */
import * as coro from '@shrapnel/core'

const [port = '9000', connections = '100'] = process.argv.slice(2)
const ECHOES = 10

async function client(number: number) {
  using conn = await coro.tcp.connect('127.0.0.1', Number(port))
  const reader = new coro.BufferedReader(conn)
  for (let echo = 1; echo <= ECHOES; echo++) {
    const sent = `client ${number} echo ${echo}`
    await conn.send(`${sent}\r\n`)
    const received = await coro.withTimeout(5000, () => reader.readLine())
    if (received !== sent) throw new Error(`sent ${sent}, received ${received}`)
  }
  await conn.send('quit\r\n')
  await reader.readLine()
}

const startedAt = coro.now()
const clients = Array.from({ length: Number(connections) }, (_, number) => coro.spawn(client, number))
for (const each of clients) await each.join()
const tookMs = Math.round(coro.now() - startedAt)
console.log(`${clients.length} connections, ${clients.length * ECHOES} echoes in ${tookMs} ms`)
