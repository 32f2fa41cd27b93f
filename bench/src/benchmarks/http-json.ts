/**
 * A small interface of JSON: 20 routes with parameters, 10 fields of the request read, 1 KB of JSON made for
 * each answer, over 100 connections that stay open.
 */
import { join } from 'node:path'
import { type Benchmark, type Context, type Measured, OURS } from '../benchmark.js'
import { FOLDERS } from '../folders.js'
import { ASKED_TARGET, FIELDS } from '../http-json-work.js'
import { hasProgram, problemWithCore } from '../installed.js'
import { type Contestant, interleave, pick } from '../interleave.js'
import { serverCpu } from '../processors.js'
import { type ServerProcess, withServers } from '../server-process.js'
import { type ServerKind, serversFor } from '../servers.js'
import { costAtMost, ratioAtLeast } from '../target.js'
import { measureServer, type ServerFigures } from '../wrk.js'

type Job = 'json'

const program = (file: string, ...args: string[]): readonly string[] => [
  process.execPath,
  join(FOLDERS.dist, 'servers', file),
  ...args,
]
const KINDS: readonly ServerKind<Job>[] = [
  {
    name: OURS,
    command: (job) => (problemWithCore() === undefined ? program('http-json-ours.js', job) : undefined),
    howToInstall: 'pnpm build',
  },
  {
    name: 'fastify',
    command: (job) => program('http-json-fastify.js', job),
    howToInstall: 'pnpm install',
  },
  {
    name: 'fastify, schema',
    command: (job) => program('http-json-fastify.js', job, 'schema'),
    howToInstall: 'pnpm install',
  },
]

const LOAD = { connections: 100, target: ASKED_TARGET, headers: FIELDS } as const

async function measure(
  servers: ReadonlyMap<string, ServerProcess>,
  { isQuick, progress }: Context,
): Promise<Measured[]> {
  const rounds = isQuick ? 1 : 7
  const contestants: Contestant<ServerFigures>[] = []
  for (const [name, server] of servers) {
    progress(`warming up: ${name}`)
    await measureServer(server, { ...LOAD, timeS: 1 })
    contestants.push({ name, measure: () => measureServer(server, { ...LOAD, timeS: isQuick ? 1 : 2 }) })
  }
  const all = await interleave(contestants, rounds, (round, name) => {
    progress(`round ${round + 1} of ${rounds}: ${name}`)
  })
  const title = '100 connections'
  return [
    {
      title,
      better: 'higher',
      samples: pick(all, ({ perSecond }) => perSecond),
      targets: [ratioAtLeast('fastify', 2)],
    },
    {
      title: `${title}: processor time of the server for an answer (us)`,
      better: 'lower',
      samples: pick(all, ({ cpuUsEach }) => cpuUsEach),
      targets: [costAtMost('fastify', 0.5)],
    },
    {
      title: `${title}: processor that wrk took (%), near 100 the rate is its own`,
      better: 'lower',
      samples: pick(all, ({ loadPercent }) => loadPercent),
      targets: [],
    },
  ]
}

export const httpJson: Benchmark = {
  name: 'http-json',
  package: 'http',
  summary: '1 KB of JSON, 20 routes, 10 fields read, wrk, 100 connections',
  target: '2 times fastify',
  unit: 'answers/s',
  async run(context) {
    if (!hasProgram('wrk')) throw new Error('there is no wrk. To have it: apt-get install wrk')
    const kinds = serversFor('json', KINDS, context)
    return withServers(kinds, 'json', (servers) => measure(servers, context), serverCpu())
  },
}
