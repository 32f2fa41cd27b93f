/** An answer of 13 bytes to each request, over connections that stay open: what a server costs beside its handler. No pipelining. */
import type { Benchmark, Context, Measured } from '../benchmark.js'
import { FASTIFY, GO_HTTP, NGINX_HTTP, NODE_HTTP_SERVER, OURS_ASYNC, OURS_HTTP } from '../http-servers.js'
import { hasProgram } from '../installed.js'
import { type Contestant, interleave, pick } from '../interleave.js'
import { serverCpu } from '../processors.js'
import { type ServerProcess, withServers } from '../server-process.js'
import { serversFor } from '../servers.js'
import { costAtMost, ratioAtLeast } from '../target.js'
import { measureServer, type ServerFigures } from '../wrk.js'

const CONNECTIONS = [10, 100, 1000] as const
const KINDS = [OURS_HTTP, OURS_ASYNC, NODE_HTTP_SERVER, FASTIFY, NGINX_HTTP, GO_HTTP]
const TARGETS = [ratioAtLeast('node:http', 2.2), ratioAtLeast('fastify', 2), ratioAtLeast('nginx', 0.6)]

async function measureCase(
  connections: number,
  servers: ReadonlyMap<string, ServerProcess>,
  { isQuick, progress }: Context,
): Promise<Measured[]> {
  const rounds = isQuick ? 1 : 7
  const load = { connections, timeS: isQuick ? 1 : 2 }
  const title = `${connections} connections`
  const contestants: Contestant<ServerFigures>[] = []
  for (const [name, server] of servers) {
    progress(`${title}, warming up: ${name}`)
    await measureServer(server, { connections, timeS: 1 })
    contestants.push({ name, measure: () => measureServer(server, load) })
  }
  const all = await interleave(contestants, rounds, (round, name) => {
    progress(`${title}, round ${round + 1} of ${rounds}: ${name}`)
  })
  return [
    { title, better: 'higher', samples: pick(all, ({ perSecond }) => perSecond), targets: TARGETS },
    {
      title: `${title}: processor time of the server for an answer (us)`,
      better: 'lower',
      samples: pick(all, ({ cpuUsEach }) => cpuUsEach),
      targets: [costAtMost('node:http', 0.45), costAtMost('fastify', 0.5), costAtMost('nginx', 1.65)],
    },
    {
      title: `${title}: processor that wrk took (%), near 100 the rate is its own`,
      better: 'lower',
      samples: pick(all, ({ loadPercent }) => loadPercent),
      targets: [],
    },
  ]
}

export const httpHello: Benchmark = {
  name: 'http-hello',
  package: 'http',
  summary: '13-byte answers, wrk, 10, 100 and 1000 connections',
  target: '2.2 times node:http, 2 times fastify, 0.6 of nginx',
  unit: 'answers/s',
  async run(context) {
    if (!hasProgram('wrk')) throw new Error('there is no wrk. To have it: apt-get install wrk')
    const measureAll = async (servers: ReadonlyMap<string, ServerProcess>): Promise<Measured[]> => {
      const measured: Measured[] = []
      for (const connections of CONNECTIONS)
        measured.push(...(await measureCase(connections, servers, context)))
      return measured
    }
    return withServers(serversFor('hello', KINDS, context), 'hello', measureAll, serverCpu())
  },
}
