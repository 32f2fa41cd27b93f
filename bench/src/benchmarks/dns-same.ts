/**
 * One name, asked for by many at once, of a server that is slow. Ours alone: node:dns sends a query for each, of which the kernel drops most,
 * and takes most of a minute until thousands have failed.
 */
import type { Benchmark, Measured } from '../benchmark.js'
import { interleave, pick } from '../interleave.js'
import { runnable, runProgram } from '../programs.js'
import { oursAtMost } from '../target.js'

const ASKERS = 10_000
/** Less than after which a query is repeated. */
const DELAY_MS = 300

interface Figures {
  readonly queries: number
  readonly elapsedMs: number
  readonly wrong: number
}

export const dnsSame: Benchmark = {
  name: 'dns-same',
  package: 'dns',
  summary: `${ASKERS} coroutines ask for one name, whose server takes ${DELAY_MS} ms`,
  target: 'one query on the wire',
  unit: 'queries',
  async run(context) {
    const rounds = context.isQuick ? 2 : 5
    const contestants = runnable(['ours'], context).map((name) => ({
      name,
      measure: () => runProgram<Figures>('dns-same', name, { askers: ASKERS, delayMs: DELAY_MS }),
    }))
    const all = await interleave(contestants, rounds, (round, name) => {
      context.progress(`round ${round + 1} of ${rounds}: ${name}`)
    })
    const of = (figure: (figures: Figures) => number) => pick(all, figure)
    const measured: Measured[] = [
      {
        title: `${ASKERS} askers: queries that reach the server`,
        better: 'lower',
        samples: of(({ queries }) => queries),
        targets: [oursAtMost(1, 'query')],
      },
      {
        title: `${ASKERS} askers: without an answer`,
        better: 'lower',
        samples: of(({ wrong }) => wrong),
        targets: [oursAtMost(0, 'askers')],
      },
      {
        title: `${ASKERS} askers: until the last one has it (ms)`,
        better: 'lower',
        samples: of(({ elapsedMs }) => elapsedMs),
        targets: [],
      },
    ]
    return measured
  },
}
