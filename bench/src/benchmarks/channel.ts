/** Handing values from one coroutine to another: one channel without a buffer, and a select over eight. */
import type { Benchmark, Context, Measured } from '../benchmark.js'
import { interleave, pick } from '../interleave.js'
import { runnable, runProgram } from '../programs.js'
import { oursAtLeast } from '../target.js'

const CASES = [
  {
    title: 'rendezvous between 2 coroutines (messages/s)',
    program: 'rendezvous',
    names: ['ours', 'promises', 'TransformStream'],
    target: oursAtLeast(1_500_000, 'messages a second'),
  },
  {
    title: 'select over 8 channels (selects/s)',
    program: 'select',
    names: ['ours', 'Promise.race'],
    target: oursAtLeast(500_000, 'selects a second'),
  },
] as const

async function measureCase(one: (typeof CASES)[number], context: Context): Promise<Measured> {
  const rounds = context.isQuick ? 3 : 7
  const contestants = runnable(one.names, context).map((name) => ({
    name,
    measure: () =>
      runProgram<{ perSecond: number }>(one.program, name, { timeMs: context.isQuick ? 300 : 1_000 }),
  }))
  const all = await interleave(contestants, rounds, (round, name) => {
    context.progress(`${one.title}, round ${round + 1} of ${rounds}: ${name}`)
  })
  return {
    title: one.title,
    better: 'higher',
    samples: pick(all, ({ perSecond }) => perSecond),
    targets: [one.target],
  }
}

export const channel: Benchmark = {
  name: 'channel',
  package: 'core',
  summary: 'rendezvous between two coroutines; select over 8 channels',
  target: '1,500,000 messages a second; 500,000 selects a second',
  unit: 'operations/s',
  async run(context) {
    const measured: Measured[] = []
    for (const one of CASES) measured.push(await measureCase(one, context))
    return measured
  },
}
