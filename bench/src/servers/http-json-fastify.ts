/**
 * The peer `fastify` of the benchmark http-json, without its log; with the argument `schema` it knows what
 * its answers are made of.
 */
import { fastify } from 'fastify'
import { ASKED_ROUTE, FIELD_NAMES, ORDER_SCHEMA, orderOf, ROUTES } from '../http-json-work.js'
import { announce } from './control.js'

const options = process.argv[3] === 'schema' ? { schema: { response: { 200: ORDER_SCHEMA } } } : {}
const server = fastify({ logger: false })
for (const route of ROUTES) {
  if (route === ASKED_ROUTE)
    server.get<{ Params: { user: string; order: string } }>(route, options, ({ params, headers }, reply) => {
      let readLength = 0
      for (const name of FIELD_NAMES) readLength += headers[name]?.length ?? 0
      reply.send(orderOf(params.user, params.order, readLength))
    })
  else server.get(route, (_request, reply) => void reply.send({ route }))
}
await server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
const address = server.server.address()
if (address === null || typeof address === 'string') throw new Error('the server has no port')
announce(address.port)
