/** What it costs to run a program to its end: most of it is the kernel's, and some the way of starting. */
import type { Benchmark } from '../benchmark.js'
import { interleave, pick } from '../interleave.js'
import { runnable, runProgram } from '../programs.js'
import { ratioAtLeast } from '../target.js'

const CASES = [
  { title: 'one at a time', batch: 1, ballastMb: 0 },
  { title: '8 at a time', batch: 8, ballastMb: 0 },
  { title: 'one at a time, from a process with 1 GB of memory', batch: 1, ballastMb: 1_000 },
] as const

export const process: Benchmark = {
  name: 'process',
  package: 'core',
  summary: 'a program that does nothing, run to its end',
  target: 'not below execFile',
  unit: 'programs/s',
  async run(context) {
    const { isQuick, progress } = context
    const rounds = isQuick ? 3 : 7
    const timeMs = isQuick ? 300 : 1_000
    const measured = []
    for (const { title, batch, ballastMb } of CASES) {
      const contestants = runnable(['ours', 'execFile'], context).map((name) => ({
        name,
        measure: () => runProgram<{ perSecond: number }>('process', name, { batch, ballastMb, timeMs }),
      }))
      const all = await interleave(contestants, rounds, (round, name) => {
        progress(`${title}, round ${round + 1} of ${rounds}: ${name}`)
      })
      const samples = pick(all, ({ perSecond }) => perSecond)
      measured.push({ title, better: 'higher' as const, samples, targets: [ratioAtLeast('execFile', 1)] })
    }
    return measured
  },
}
