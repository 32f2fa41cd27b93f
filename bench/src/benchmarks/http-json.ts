/**
 * A small interface of JSON: 20 routes with parameters, 10 fields of the request read, 1 KB of JSON made for
 * each answer, over 100 connections that stay open.
 */
import { join } from 'node:path'
import { type Benchmark, OURS } from '../benchmark.js'
import { FOLDERS } from '../folders.js'
import { ASKED_TARGET, FIELDS } from '../http-json-work.js'
import { type HttpCase, measureHttp } from '../http-round.js'
import { problemWithCore } from '../installed.js'
import type { ServerKind } from '../servers.js'
import { costAtMost, ratioAtLeast } from '../target.js'

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

const CASE: HttpCase = {
  title: '100 connections',
  load: { connections: 100, target: ASKED_TARGET, headers: FIELDS },
  targets: [ratioAtLeast('fastify', 2)],
  costTargets: [costAtMost('fastify', 0.5)],
}

export const httpJson: Benchmark = {
  name: 'http-json',
  package: 'http',
  summary: '1 KB of JSON, 20 routes, 10 fields read, wrk, 100 connections',
  target: '2 times fastify',
  unit: 'answers/s',
  run: (context) => measureHttp('json', KINDS, [CASE], context),
}
