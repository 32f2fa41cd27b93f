/** The peer `node:tls`: event handlers, TCP_NODELAY, back-pressure through `drain`. Its fastest documented shape. */
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { announce } from './control.js'

const BLOCK_BYTES = 65_536
const block = Buffer.alloc(BLOCK_BYTES, 's')

function echo(conn: TLSSocket): void {
  conn.on('data', (received) => {
    if (conn.write(received)) return
    conn.pause()
    conn.once('drain', () => conn.resume())
  })
}

function sink(conn: TLSSocket): void {
  conn.on('data', () => {})
}

function source(conn: TLSSocket): void {
  const fill = () => {
    while (!conn.destroyed && conn.write(block));
  }
  conn.on('drain', fill)
  conn.resume()
  fill()
}

const [mode = '', cert = '', key = ''] = process.argv.slice(2)
const serve = { echo, sink, source }[mode]
if (serve === undefined) throw new RangeError(`no mode ${mode}`)
const server = createServer({ cert: readFileSync(cert), key: readFileSync(key), noDelay: true }, (conn) => {
  // A reset is how a client may leave; `close` follows by itself.
  conn.on('error', () => {})
  serve(conn)
})
server.on('tlsClientError', () => {})
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  announce((server.address() as AddressInfo).port)
})
