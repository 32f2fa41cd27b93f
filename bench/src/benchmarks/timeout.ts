/** What a time limit costs when it is not reached, which is nearly always, and whether it leaves anything behind. */
import type { Benchmark, Context, Measured } from '../benchmark.js'
import { interleave, pick } from '../interleave.js'
import { runnable, runProgram } from '../programs.js'
import { oursAtMost, type Target } from '../target.js'

const AMOUNTS = { long: 1_000_000, quick: 200_000 } as const
const GROWTH_AMOUNTS = { long: 10_000_000, quick: 2_000_000 } as const
/** A heap measured twice in a row differs by less. */
const NOISE_MB = 1

interface Figures {
  readonly nsEach: number
  readonly grownMb: number
}

const CASES: readonly {
  title: string
  operation: string
  peers: readonly string[]
  targets: readonly Target[]
}[] = [
  {
    title: 'around 1 async function that returns',
    operation: 'function',
    peers: ['Promise.race', 'AbortSignal.timeout'],
    targets: [oursAtMost(1_000, 'ns')],
  },
  {
    title: 'around 1 receive from a channel that holds a message',
    operation: 'channel',
    peers: [],
    targets: [oursAtMost(1_000, 'ns')],
  },
]

async function measureCost(
  one: (typeof CASES)[number],
  { isQuick, progress }: Context,
  names: readonly string[],
) {
  const rounds = isQuick ? 3 : 7
  const parameters = { count: isQuick ? AMOUNTS.quick : AMOUNTS.long, operation: one.operation }
  const contestants = names.map((name) => ({
    name,
    measure: () => runProgram<Figures>('timeout', name, parameters),
  }))
  const all = await interleave(contestants, rounds, (round, name) => {
    progress(`${one.title}, round ${round + 1} of ${rounds}: ${name}`)
  })
  const measured: Measured = {
    title: one.title,
    better: 'lower',
    samples: pick(all, ({ nsEach }) => nsEach),
    targets: one.targets,
  }
  return measured
}

/** Ours alone: ten million of AbortSignal.timeout's timers would all be pending at once. */
async function measureGrowth({ isQuick, progress }: Context): Promise<Measured> {
  const count = isQuick ? GROWTH_AMOUNTS.quick : GROWTH_AMOUNTS.long
  const title = `heap growth over ${count} (MB)`
  progress(title)
  const { grownMb } = await runProgram<Figures>('timeout', 'ours', { count, operation: 'function' })
  return {
    title,
    better: 'lower',
    samples: new Map([['ours', [grownMb]]]),
    targets: [oursAtMost(NOISE_MB, 'MB')],
  }
}

export const timeout: Benchmark = {
  name: 'timeout',
  package: 'core',
  summary: 'withTimeout around an operation that is ready, and heap growth over 10 million of them',
  target: 'at most 1,000 ns each; no growth',
  unit: 'ns',
  async run(context) {
    const names = runnable(['ours', 'Promise.race', 'AbortSignal.timeout'], context)
    const measured: Measured[] = []
    for (const one of CASES) {
      const entered = names.filter((name) => name === 'ours' || one.peers.includes(name))
      if (entered.length > 0) measured.push(await measureCost(one, context, entered))
    }
    if (names.includes('ours')) measured.push(await measureGrowth(context))
    return measured
  },
}
