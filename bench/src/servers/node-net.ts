/** The peer `node:net`: event handlers, TCP_NODELAY, back-pressure through `drain`. Its fastest documented shape. */
import { createServer, type Socket } from 'node:net'
import { announce } from './control.js'

const BLOCK_BYTES = 65_536
const block = Buffer.alloc(BLOCK_BYTES, 's')

function echo(conn: Socket): void {
  conn.on('data', (received) => {
    if (conn.write(received)) return
    conn.pause()
    conn.once('drain', () => conn.resume())
  })
}

function sink(conn: Socket): void {
  conn.on('data', () => {})
}

function source(conn: Socket): void {
  const fill = () => {
    while (!conn.destroyed && conn.write(block));
  }
  conn.on('drain', fill)
  // Flowing, or the end of the connection would go unnoticed.
  conn.resume()
  fill()
}

function duplex(conn: Socket): void {
  source(conn)
  sink(conn)
}

function discard(conn: Socket): void {
  conn.once('data', (first) => {
    if (first[0] === 'D'.charCodeAt(0)) return sink(conn)
    conn.write(first)
    echo(conn)
  })
}

const serve = { echo, sink, source, duplex, discard }[process.argv[2] ?? 'echo']
if (serve === undefined) throw new RangeError(`no mode ${process.argv[2]}`)
const server = createServer({ noDelay: true }, (conn) => {
  // A reset is how a client may leave; `close` follows by itself.
  conn.on('error', () => {})
  serve(conn)
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  announce(address.port)
})
