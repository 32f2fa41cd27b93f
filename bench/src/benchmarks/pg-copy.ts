/**
 * A million rows (70 MB of text) from a file into a table without an index, and from a table into a file, beside `psql \copy`, which says itself how
 * long it took. `pg` has no COPY.
 */
import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { PostgresServer } from '@shrapnel/test-support'
import type { Benchmark, Measured } from '../benchmark.js'
import { interleave, pick } from '../interleave.js'
import { waysTo, withPostgres } from '../postgres/server.js'
import { LOGIN, type Place } from '../postgres/work.js'
import { runnable, runProgram } from '../programs.js'
import { ratioAtLeast } from '../target.js'

const run = promisify(execFile)
const ROWS = 1_000_000

interface CopyFigures {
  readonly ms: number
  readonly peakMb: number
}

/** What `\timing` says of a `\copy`. */
async function psqlCopy(place: Place, command: string): Promise<CopyFigures> {
  const { commandPath } = await import('@shrapnel/test-support')
  const where = ['-h', place.host, '-p', `${place.port}`, '-U', LOGIN.user, '-d', LOGIN.database]
  const { stdout } = await run(commandPath('psql'), ['-X', ...where, '-c', '\\timing on', '-c', command])
  const found = /^Time: ([\d.]+) ms/m.exec(stdout)
  if (found === null) throw new Error(stdout)
  return { ms: Number(found[1]), peakMb: Number.NaN }
}

async function makeRows(server: PostgresServer, rows: number): Promise<void> {
  await server.psql(
    `truncate bench_copy; insert into bench_copy select n, 'name ' || n, repeat('note ', 5) || n, n / 100.0, timestamptz '2026-01-01' + n * interval '1 second' from generate_series(1, ${rows}) n`,
  )
}

export const pgCopy: Benchmark = {
  name: 'pg-copy',
  package: 'postgres',
  summary: 'COPY of a million rows from a file and into one, beside psql \\copy, over a UNIX socket and TCP',
  target: 'at least 0.8 of psql \\copy',
  unit: 'ms',
  run: (context) =>
    withPostgres(async (server) => {
      const rows = context.isQuick ? ROWS / 10 : ROWS
      const rounds = context.isQuick ? 3 : 5
      const input = join(server.folder, 'input')
      const output = join(server.folder, 'output')
      await makeRows(server, rows)
      await psqlCopy({ host: server.unixFolder, port: server.port }, `\\copy bench_copy to '${input}'`)
      const { size } = await stat(input)
      const check = async (direction: 'in' | 'out'): Promise<void> => {
        const isRight =
          direction === 'in'
            ? (await server.psql('select count(*) from bench_copy')) === `${rows}`
            : (await stat(output)).size === size
        if (!isRight) throw new Error(`COPY ${direction} did not copy all`)
      }
      const measured: Measured[] = []
      for (const direction of ['in', 'out'] as const)
        for (const { way, ...place } of waysTo(server)) {
          const path = direction === 'in' ? input : output
          const title = `${rows} rows ${direction}, ${way}`
          const prepare = () =>
            direction === 'in' ? server.psql('truncate bench_copy; checkpoint') : server.psql('checkpoint')
          const all = await interleave(
            [...runnable(['ours', 'postgres'], context), 'psql'].map((name) => ({
              name,
              measure: async () => {
                await prepare()
                const figures =
                  name === 'psql'
                    ? await psqlCopy(
                        place,
                        `\\copy bench_copy ${direction === 'in' ? 'from' : 'to'} '${path}'`,
                      )
                    : await runProgram<CopyFigures>('postgres-copy', name, { ...place, direction, path })
                await check(direction)
                return figures
              },
            })),
            rounds,
            (round, name) => context.progress(`${title}, round ${round + 1} of ${rounds}: ${name}`),
          )
          measured.push({
            title,
            better: 'lower',
            samples: pick(all, ({ ms }) => ms),
            targets: [ratioAtLeast('psql', 0.8)],
          })
          all.delete('psql')
          measured.push({
            title: `${title}: memory of the whole process at its highest (MB)`,
            better: 'lower',
            samples: pick(all, ({ peakMb }) => peakMb),
            targets: [],
          })
        }
      return measured
    }),
}
