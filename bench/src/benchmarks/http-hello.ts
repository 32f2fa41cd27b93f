/** An answer of 13 bytes to each request, over connections that stay open: what a server costs beside its handler. No pipelining. */
import type { Benchmark } from '../benchmark.js'
import { type HttpCase, measureHttp } from '../http-round.js'
import { FASTIFY, GO_HTTP, NGINX_HTTP, NODE_HTTP_SERVER, OURS_ASYNC, OURS_HTTP } from '../http-servers.js'
import { costAtMost, ratioAtLeast } from '../target.js'

const CONNECTIONS = [10, 100, 1000] as const
const KINDS = [OURS_HTTP, OURS_ASYNC, NODE_HTTP_SERVER, FASTIFY, NGINX_HTTP, GO_HTTP]
const TARGETS = [ratioAtLeast('node:http', 2.2), ratioAtLeast('fastify', 2), ratioAtLeast('nginx', 0.6)]

const caseOf = (connections: number): HttpCase => ({
  title: `${connections} connections`,
  load: { connections },
  targets: TARGETS,
  costTargets: [costAtMost('node:http', 0.45), costAtMost('fastify', 0.5), costAtMost('nginx', 1.65)],
})

export const httpHello: Benchmark = {
  name: 'http-hello',
  package: 'http',
  summary: '13-byte answers, wrk, 10, 100 and 1000 connections',
  target: '2.2 times node:http, 2 times fastify, 0.6 of nginx',
  unit: 'answers/s',
  run: (context) => measureHttp('hello', KINDS, CONNECTIONS.map(caseOf), context),
}
