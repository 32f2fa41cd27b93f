/**
 * A spying proxy: whoever connects to port + 9000 is connected to `port`, and all that passes, either way, is
 * shown.
 *
 *   node examples/dist/tutorial/proxy.js 9000
 *
 * Then `telnet 127.0.0.1 18000` talks to the echo server, and you see what telnet really sends.
 */
import * as coro from '@shrapnel/core'

const upstreamPort = Number(process.argv[2] ?? 9000)
let sessions = 0

async function spy(from: coro.Socket, to: coro.Socket, label: string) {
  for (;;) {
    const block = await from.recv()
    if (block.length === 0) break
    console.log(dump(label, block))
    await to.send(block)
  }
  console.log(`${label} end`)
  to.shutdown()
}

async function session(client: coro.Socket) {
  const number = ++sessions
  using server = await coro.tcp.connect('127.0.0.1', upstreamPort)
  // If one direction fails, the group ends the other: nobody is left holding half a connection.
  await coro.group((group) => {
    group.spawn(spy, client, server, `${number} >`)
    group.spawn(spy, server, client, `${number} <`)
  })
}

/** 16 bytes a line, in hexadecimal and as text. */
function dump(label: string, block: Buffer): string {
  const lines = []
  for (let at = 0; at < block.length; at += 16) {
    const bytes = block.subarray(at, at + 16)
    const hex = bytes.toString('hex').replace(/..(?=.)/g, '$& ')
    lines.push(`${label} ${hex.padEnd(47)}  ${bytes.toString('latin1').replace(/[^ -~]/g, '.')}`)
  }
  return lines.join('\n')
}

const proxy = coro.tcp.listen({ port: upstreamPort + 9000 })
console.log(`port ${proxy.port} leads to port ${upstreamPort}`)
await proxy.serve(session)
