/** DNS messages from bytes and to bytes: the same real ones, with dns-packet beside us. */
import type { Benchmark, Measured } from '../benchmark.js'
import { interleave, pick } from '../interleave.js'
import { runnable, runProgram } from '../programs.js'
import { ratioAtLeast } from '../target.js'

const CASES = [
  { title: 'decode 52 real messages (messages/s)', work: 'decode' },
  { title: 'encode 52 real messages (messages/s)', work: 'encode' },
] as const

export const dnsCodec: Benchmark = {
  name: 'dns-codec',
  package: 'dns',
  summary: 'decode and encode of messages captured from a name server',
  target: '3 times dns-packet each',
  unit: 'messages/s',
  async run(context) {
    const measured: Measured[] = []
    const rounds = context.isQuick ? 3 : 7
    for (const { title, work } of CASES) {
      const contestants = runnable(['ours', 'dns-packet'], context).map((name) => ({
        name,
        measure: () =>
          runProgram<{ perSecond: number }>('dns-codec', name, {
            work,
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
        targets: [ratioAtLeast('dns-packet', 3)],
      })
    }
    return measured
  },
}
