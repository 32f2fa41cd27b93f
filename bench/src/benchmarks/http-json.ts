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
import { type ServerProcess, withServers } from '../server-process.js'
import { type ServerKind, serversFor } from '../servers.js'
import { costAtMost, ratioAtLeast } from '../target.js'
import { wrk } from '../wrk.js'

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

interface JsonFigures {
  readonly perSecond: number
  readonly cpuUsEach: number
}

async function measureOnce(server: ServerProcess, timeS: number): Promise<JsonFigures> {
  const cpuUsBefore = server.cpuUs()
  const { perSecond, answers } = await wrk(server.port, {
    connections: 100,
    timeS,
    target: ASKED_TARGET,
    headers: FIELDS,
  })
  return { perSecond, cpuUsEach: (server.cpuUs() - cpuUsBefore) / answers }
}

async function measure(
  servers: ReadonlyMap<string, ServerProcess>,
  { isQuick, progress }: Context,
): Promise<Measured[]> {
  const rounds = isQuick ? 1 : 7
  const contestants: Contestant<JsonFigures>[] = []
  for (const [name, server] of servers) {
    progress(`warming up: ${name}`)
    await measureOnce(server, 1)
    contestants.push({ name, measure: () => measureOnce(server, isQuick ? 1 : 2) })
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
    return withServers(serversFor('json', KINDS, context), 'json', (servers) => measure(servers, context))
  },
}
