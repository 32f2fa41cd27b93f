/** What a coroutine costs: to start and join, and to keep asleep by the million. */
import type { Benchmark, Context, Measured } from '../benchmark.js'
import { interleave, pick } from '../interleave.js'
import { runnable, runProgram } from '../programs.js'
import { oursAtLeast, oursAtMost } from '../target.js'

const SLEEPERS = 1_000_000
const BATCHES = [1, 1_000] as const

async function measureJoins(batch: number, names: readonly string[], context: Context): Promise<Measured> {
  const { isQuick, progress } = context
  const rounds = isQuick ? 3 : 7
  const contestants = names.map((name) => ({
    name,
    measure: () => runProgram<{ perSecond: number }>('spawn', name, { batch, timeMs: isQuick ? 200 : 1_000 }),
  }))
  const title = `spawn and join, ${batch} at a time`
  const all = await interleave(contestants, rounds, (round, name) => {
    progress(`${title}, round ${round + 1} of ${rounds}: ${name}`)
  })
  const targets = batch === 1 ? [] : [oursAtLeast(500_000, 'a second')]
  return { title, better: 'higher', samples: pick(all, ({ perSecond }) => perSecond), targets }
}

const SHAPES = { sleep: 'that run `sleep`', function: 'that run a function which sleeps' } as const

async function measureSleepers(
  shape: keyof typeof SHAPES,
  names: readonly string[],
  { isQuick, progress }: Context,
): Promise<Measured[]> {
  const rounds = isQuick ? 1 : 3
  const contestants = names.map((name) => ({
    name,
    measure: () =>
      runProgram<{ elapsedMs: number; rssMb: number }>('sleepers', name, { count: SLEEPERS, shape }),
  }))
  const title = `${SLEEPERS} sleeping coroutines ${SHAPES[shape]}`
  const all = await interleave(contestants, rounds, (round, name) => {
    progress(`${title}, round ${round + 1} of ${rounds}: ${name}`)
  })
  return [
    {
      title: `${title}, resident memory of the process (MB)`,
      better: 'lower',
      samples: pick(all, ({ rssMb }) => rssMb),
      targets: [oursAtMost(1_200, 'MB')],
    },
    {
      title: `${title}, until the last one sleeps (ms)`,
      better: 'lower',
      samples: pick(all, ({ elapsedMs }) => elapsedMs),
      targets: [],
    },
  ]
}

export const spawn: Benchmark = {
  name: 'spawn',
  package: 'core',
  summary: 'spawn and join; 1000000 sleeping coroutines',
  target: '500,000 a second; at most 1.2 GB',
  unit: 'coroutines/s',
  async run(context) {
    const names = runnable(['ours', 'effection', 'setImmediate'], context)
    const measured: Measured[] = []
    for (const batch of BATCHES) measured.push(await measureJoins(batch, names, context))
    const sleepers = [...names.filter((name) => name === 'ours'), 'timers/promises']
    for (const shape of ['sleep', 'function'] as const)
      measured.push(...(await measureSleepers(shape, sleepers, context)))
    return measured
  },
}
