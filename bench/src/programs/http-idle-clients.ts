/**
 * Holds connections, each of which has been answered once, until its standard input closes. Says so when all are open; each line that it is
 * sent makes it ask on all of them once more, and say how many were answered.
 */
import { createInterface } from 'node:readline'
import { inParallel, type Socket, tcp } from '@shrapnel/core'

const AT_ONCE = 100
const REQUEST = Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
/** In chunks it has a last one behind it, which comes with it. */
const BODY = Buffer.from('Hello, world!')

const [, , port, connections] = process.argv.map(Number) as [number, number, number, number]
const held: Socket[] = []

async function ask(socket: Socket): Promise<boolean> {
  await socket.send(REQUEST)
  for (;;) {
    const bytes = await socket.recv()
    if (bytes.length === 0) return false
    if (bytes.includes(BODY)) return true
  }
}

async function askAll(sockets: readonly Socket[]): Promise<number> {
  const outcomes = await inParallel(sockets.map((socket) => () => ask(socket).catch(() => false)))
  return outcomes.filter(Boolean).length
}

async function open(): Promise<Socket> {
  const socket = await tcp.connect('127.0.0.1', port)
  if (!(await ask(socket))) throw new Error('a connection was closed at once')
  return socket
}

while (held.length < connections) {
  const count = Math.min(AT_ONCE, connections - held.length)
  held.push(...(await inParallel(Array.from({ length: count }, () => open))))
}
process.stdout.write(`${JSON.stringify({ open: held.length })}\n`)
for await (const _line of createInterface({ input: process.stdin })) {
  let answered = 0
  for (let at = 0; at < held.length; at += AT_ONCE) answered += await askAll(held.slice(at, at + AT_ONCE))
  process.stdout.write(`${JSON.stringify({ answered })}\n`)
}
process.exit(0)
