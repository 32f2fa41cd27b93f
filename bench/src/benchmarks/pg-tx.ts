/**
 * pgbench's built-in transaction (`tpcb-like`: three updates, a select and an insert between begin and commit, each awaited) over 10 connections,
 * beside pgbench itself, with one thread and prepared statements: as much as the server has to give.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Benchmark } from '../benchmark.js'
import { measureRates } from '../postgres/rates.js'
import { withPostgres } from '../postgres/server.js'
import { LOGIN, type Place } from '../postgres/work.js'
import { ratioAtLeast } from '../target.js'

const run = promisify(execFile)
const CONNECTIONS = 10
/** At least as many branches as connections, as pgbench's page advises: else they wait for one another's locks. */
const SCALE = 20

async function pgbench(place: Place, args: readonly string[]): Promise<string> {
  const { commandPath } = await import('@shrapnel/test-support')
  const where = ['-h', place.host, '-p', `${place.port}`, '-U', LOGIN.user]
  const { stdout } = await run(commandPath('pgbench'), [...where, ...args, LOGIN.database])
  return stdout
}

async function transactionsOfPgbench(place: Place, timeMs: number): Promise<number> {
  const seconds = Math.max(1, Math.round(timeMs / 1_000))
  const said = await pgbench(place, [
    '-n',
    '-M',
    'prepared',
    '-c',
    `${CONNECTIONS}`,
    '-j',
    '1',
    '-T',
    `${seconds}`,
  ])
  const found = /^tps = ([\d.]+)/m.exec(said)
  if (found === null) throw new Error(said)
  return Number(found[1])
}

export const pgTx: Benchmark = {
  name: 'pg-tx',
  package: 'postgres',
  summary: 'TPC-B-like transactions over 10 connections, beside pgbench, over a UNIX socket and TCP',
  target: 'at least 1.2 times postgres and pg; share of pgbench itself shown',
  unit: 'transactions/s',
  run: (context) =>
    withPostgres(async (server) => {
      const scale = context.isQuick ? CONNECTIONS : SCALE
      context.progress('making the tables of pgbench')
      await pgbench({ host: server.unixFolder, port: server.port }, ['-i', '-q', '-s', `${scale}`])
      return await measureRates(server, context, {
        work: 'transfer',
        atOnce: [CONNECTIONS],
        scale,
        prepare: [
          'truncate pgbench_history',
          'vacuum pgbench_branches',
          'vacuum pgbench_tellers',
          'checkpoint',
        ],
        targets: [ratioAtLeast('postgres', 1.2), ratioAtLeast('pg', 1.2)],
        others: { pgbench: transactionsOfPgbench },
      })
    }),
}
