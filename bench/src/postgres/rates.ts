/** Measures how many small statements a second each client gets through, and what one costs its process, over both ways to the server. */
import type { PostgresServer } from '@shrapnel/test-support'
import type { Context, Measured } from '../benchmark.js'
import { interleave, pick } from '../interleave.js'
import type { RateFigures } from '../programs/postgres-client.js'
import { runnable, runProgram } from '../programs.js'
import type { Target } from '../target.js'
import { waysTo } from './server.js'
import type { Place } from './work.js'

export const CLIENTS = ['ours', 'pg', 'postgres'] as const

export interface RateWork {
  readonly work: 'select' | 'insert' | 'transfer'
  readonly atOnce: readonly number[]
  /** Of pgbench's tables. */
  readonly scale?: number | undefined
  /** Statements before each sample. */
  readonly prepare?: readonly string[] | undefined
  readonly targets: readonly Target[]
  /** Who is measured otherwise than by a program here: by name, what it did in a second. */
  readonly others?: Readonly<Record<string, (place: Place, timeMs: number) => Promise<number>>> | undefined
}

export async function measureRates(
  server: PostgresServer,
  context: Context,
  { work, atOnce, scale = 1, prepare = [], targets, others = {} }: RateWork,
): Promise<Measured[]> {
  const timeMs = context.isQuick ? 1_000 : 3_000
  const rounds = context.isQuick ? 3 : 7
  const measured: Measured[] = []
  for (const count of atOnce)
    for (const { way, ...place } of waysTo(server)) {
      const title = `${count} at once, ${way}`
      const before = async (): Promise<void> => {
        for (const statement of prepare) await server.psql(statement)
      }
      const ofPrograms = runnable(CLIENTS, context).map((name) => ({
        name,
        measure: async () => {
          await before()
          return await runProgram<RateFigures>('postgres-rate', name, {
            ...place,
            work,
            atOnce: count,
            timeMs,
            scale,
          })
        },
      }))
      const ofOthers = Object.entries(others).map(([name, measure]) => ({
        name,
        measure: async (): Promise<RateFigures> => {
          await before()
          return { perSecond: await measure(place, timeMs), cpuUsEach: Number.NaN }
        },
      }))
      const all = await interleave([...ofPrograms, ...ofOthers], rounds, (round, name) => {
        context.progress(`${title}, round ${round + 1} of ${rounds}: ${name}`)
      })
      measured.push({ title, better: 'higher', samples: pick(all, ({ perSecond }) => perSecond), targets })
      for (const name of Object.keys(others)) all.delete(name)
      measured.push({
        title: `${title}: processor time of the client for one (us)`,
        better: 'lower',
        samples: pick(all, ({ cpuUsEach }) => cpuUsEach),
        targets: [],
      })
    }
  return measured
}
