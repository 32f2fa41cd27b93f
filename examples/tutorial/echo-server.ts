/**
 * An echo server: a coroutine for each connection, reading from top to bottom. It says goodbye to whoever
 * types `quit`, and to whoever is silent for too long.
 *
 *   node examples/dist/tutorial/echo-server.js [port [silence in ms]]
 *
 * Then `telnet 127.0.0.1 9000`.
 */
import * as coro from '@shrapnel/core'

const [port = '9000', silenceMs = '30000'] = process.argv.slice(2)

async function session(conn: coro.Socket) {
  const reader = new coro.BufferedReader(conn)
  try {
    for (;;) {
      const line = await coro.withTimeout(Number(silenceMs), () => reader.readLine())
      if (line === 'quit') break
      await conn.send(`${line}\r\n`)
    }
    await conn.send('bye\r\n')
  } catch (error) {
    if (error instanceof coro.TimeoutError) await conn.send('too slow\r\n')
    // The client hung up: nothing to say, and nobody to say it to.
    else if (!(error instanceof coro.EndOfStream)) throw error
  }
}

const server = coro.tcp.listen({ port: Number(port) })
console.log(`echo on port ${server.port}`)
await server.serve(session)
