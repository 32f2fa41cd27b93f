/** The peer `ws`, as its documentation has it for speed: no compression, and bufferutil, which it finds by itself. */
import { createRequire } from 'node:module'
import { WebSocketServer } from 'ws'
import { announce } from './control.js'

// It would go on without, and slower.
createRequire(import.meta.url)('bufferutil')

const server = new WebSocketServer({
  port: 0,
  host: '127.0.0.1',
  backlog: 4096,
  perMessageDeflate: false,
  clientTracking: false,
})
server.on('connection', (socket) => {
  // A reset is how a client may leave; `close` follows by itself.
  socket.on('error', () => {})
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
})
server.on('listening', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  announce(address.port)
})
