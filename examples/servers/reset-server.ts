/**
 * A server that answers every connection with RST, and a client that shows what one sees of that.
 *
 * The kernel completes a connection before anybody accepts it, so the client is connected, and only then reset. Which of
 * its calls hears of it is a matter of microseconds: `recv` most of the time, but `connect` itself if the server was quick.
 */
import * as coro from '@shrapnel/core'
import { commandLine, wholeNumber } from './command-line.js'

const { port, connect } = commandLine(
  `usage: node examples/dist/servers/reset-server.js [--port N]     serves; 9000 unless given, 0: any
       node examples/dist/servers/reset-server.js --connect N    connects to such a server on this machine`,
  { port: { type: 'string', default: '9000' }, connect: { type: 'string' } },
)

async function serve(port: number) {
  const server = coro.tcp.listen({ port })
  console.log(`resets on port ${server.port}`)
  for await (const conn of server) {
    console.log(`reset ${conn.remoteAddress?.port ?? 'somebody who had left'}`)
    // SO_LINGER of 0, then close: the kernel drops what was not sent and sends RST in place of FIN.
    conn.reset()
  }
}

async function look(port: number) {
  let call = 'connect'
  try {
    using conn = await coro.tcp.connect('127.0.0.1', port)
    console.log(`connected from port ${conn.localAddress?.port}`)
    call = 'recv'
    const block = await conn.recv()
    console.log(`recv gave ${block.length} bytes: that was no reset`)
  } catch (error) {
    console.log(`${call} failed: ${(error as coro.SystemError).code}`)
  }
}

if (connect === undefined) await serve(wholeNumber('--port', port, 0, 65_535))
else await look(wholeNumber('--connect', connect, 1, 65_535))
