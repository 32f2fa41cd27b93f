/**
 * What happens to somebody who writes to a connection that the other side has reset. First ECONNRESET, then EPIPE, for as
 * long as one goes on; an error to catch each time, and never a dead process.
 *
 * Why in this order: the RST leaves two marks on the socket, an error (SO_ERROR, ECONNRESET) and "no more sending". A call
 * that finds the error takes it away (socket(7): reading SO_ERROR clears it), so it is told once, to whichever call comes
 * first. After that only the second mark is left, and that is EPIPE.
 *
 * EPIPE comes with SIGPIPE, whose default action ends the process (send(2)). Every send here has MSG_NOSIGNAL, so none
 * comes, whatever the process has been told to do about it.
 */
import * as coro from '@shrapnel/core'
import { commandLine } from './command-line.js'

commandLine('usage: node examples/dist/servers/broken-pipe.js', {})

type Call = 'send' | 'recv'

/** A client whose connection has just been closed by the other side, in this manner. */
async function clientLeftBy(leave: (conn: coro.Socket) => void): Promise<coro.Socket> {
  using server = coro.tcp.listen({ port: 0 })
  const client = await coro.tcp.connect('127.0.0.1', server.port)
  leave(await server.accept())
  return client
}

async function show(title: string, leave: (conn: coro.Socket) => void, calls: readonly Call[]) {
  console.log(title)
  using client = await clientLeftBy(leave)
  for (const call of calls) {
    // For the other side's segment, and for its answer to ours, to be here.
    await coro.sleep(20)
    try {
      const block = await (call === 'send' ? client.send('hello?') : client.recv())
      console.log(`  ${call}: ${block === undefined ? 'taken by the kernel' : `${block.length} bytes`}`)
    } catch (error) {
      console.log(`  ${call}: ${(error as coro.SystemError).code}`)
    }
  }
}

await show('the peer resets, and we write', (conn) => conn.reset(), ['send', 'send', 'send'])
// The read has had the error; what is left to it afterwards is an end.
await show('the peer resets, and we read first', (conn) => conn.reset(), ['recv', 'send', 'recv'])
// A close is no error: the first write leaves, and is what the peer answers with RST. In this state it is EPIPE at once.
await show('the peer closes, and we write', (conn) => conn.close(), ['send', 'send', 'recv'])
console.log('still here')
