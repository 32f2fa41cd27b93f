/** The peer `fastify`, without its log. */
import { fastify } from 'fastify'
import { announce } from './control.js'

const server = fastify({ logger: false })
server.get('/', (_request, reply) => {
  reply.header('content-type', 'text/plain').send('Hello, world!')
})
await server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
const address = server.server.address()
if (address === null || typeof address === 'string') throw new Error('the server has no port')
announce(address.port)
