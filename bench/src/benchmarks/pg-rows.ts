/**
 * 100,000 rows of 10 columns (three integers, numeric, float8, bool, two texts, timestamptz, jsonb) as objects with the same values: the time when
 * the code is compiled, and how far memory rises above where it was in a process that has seen no other result. The rows themselves are in it.
 */
import type { Benchmark, Measured } from '../benchmark.js'
import { interleave, pick } from '../interleave.js'
import { CLIENTS } from '../postgres/rates.js'
import { waysTo, withPostgres } from '../postgres/server.js'
import { runnable, runProgram } from '../programs.js'
import { costAtMost, ratioAtLeast } from '../target.js'

const ROWS = 100_000

export const pgRows: Benchmark = {
  name: 'pg-rows',
  package: 'postgres',
  summary: '100,000 rows of 10 mixed columns as objects, over a UNIX socket and TCP: time and memory',
  target: 'at least 1.5 times postgres and pg, with less memory',
  unit: 'ms',
  run: (context) =>
    withPostgres(async (server) => {
      const rows = context.isQuick ? ROWS / 5 : ROWS
      const rounds = context.isQuick ? 3 : 7
      const measured: Measured[] = []
      const faster = [ratioAtLeast('postgres', 1.5), ratioAtLeast('pg', 1.5)]
      for (const { way, ...place } of waysTo(server)) {
        const title = `${rows} rows, ${way}`
        const measure = <Figures>(what: 'time' | 'memory') =>
          interleave(
            runnable(CLIENTS, context).map((name) => ({
              name,
              measure: () => runProgram<Figures>('postgres-rows', name, { ...place, what, rows, repeat: 5 }),
            })),
            rounds,
            (round, name) => context.progress(`${title}, ${what}, round ${round + 1} of ${rounds}: ${name}`),
          )
        const times = await measure<{ ms: number; cpuMs: number }>('time')
        const peaks = await measure<{ peakMb: number }>('memory')
        measured.push(
          { title, better: 'lower', samples: pick(times, ({ ms }) => ms), targets: faster },
          {
            title: `${title}: processor time of the client`,
            better: 'lower',
            samples: pick(times, ({ cpuMs }) => cpuMs),
            targets: faster,
          },
          {
            title: `${title}: memory at its highest, above where it was (MB)`,
            better: 'lower',
            samples: pick(peaks, ({ peakMb }) => peakMb),
            targets: [costAtMost('postgres', 1), costAtMost('pg', 1)],
          },
        )
      }
      return measured
    }),
}
