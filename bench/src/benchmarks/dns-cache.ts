/** Names that are known: how many lookups one core does in a second of processor time. */
import type { Benchmark, Measured } from '../benchmark.js'
import { interleave, pick } from '../interleave.js'
import { runnable, runProgram } from '../programs.js'
import { oursAtLeast } from '../target.js'

const CASES = [
  { title: '1 name', names: 1, spelling: 'plain', taking: 'await' },
  { title: '1000 names', names: 1_000, spelling: 'plain', taking: 'await' },
  { title: '1000 names, without await', names: 1_000, spelling: 'plain', taking: 'value' },
  { title: '1000 names in capitals, with a last dot', names: 1_000, spelling: 'capitals', taking: 'await' },
] as const

export const dnsCache: Benchmark = {
  name: 'dns-cache',
  package: 'dns',
  summary: 'lookups of names that are in the cache',
  target: '2,000,000 a second',
  unit: 'lookups per second of processor time',
  async run(context) {
    const rounds = context.isQuick ? 3 : 7
    const measured: Measured[] = []
    for (const { title, ...parameters } of CASES) {
      const contestants = runnable(['ours', 'a Map of promises'], context).map((name) => ({
        name,
        measure: () =>
          runProgram<{ perSecond: number }>('dns-cache', name, {
            ...parameters,
            timeMs: context.isQuick ? 300 : 1_000,
          }),
      }))
      const all = await interleave(contestants, rounds, (round, name) => {
        context.progress(`${title}, round ${round + 1} of ${rounds}: ${name}`)
      })
      measured.push({
        title,
        better: 'higher',
        samples: pick(all, ({ perSecond }) => perSecond),
        targets: parameters.spelling === 'plain' ? [oursAtLeast(2_000_000, 'a second')] : [],
      })
    }
    return measured
  },
}
