/** The peer `node:http`, as its documentation shows. */
import { createServer } from 'node:http'
import { announce } from './control.js'

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/plain' })
  response.end('Hello, world!')
})
if (process.argv[2] === 'idle') server.keepAliveTimeout = 0
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  announce(address.port)
})
