/** A storm of signals beside connections: whether any is lost, how fast one wakes, and what the connections lose. */
import type { Benchmark, Measured } from '../benchmark.js'
import { interleave, pick } from '../interleave.js'
import { runnable, runProgram } from '../programs.js'
import { oursAtMost } from '../target.js'

const COUNT = 100_000
/** More than libuv's pipe holds, which is 4,096: what a program gets that computes while signals arrive. */
const BURST = 10_000
const SINGLES = { long: 2_000, quick: 500 } as const

interface Figures {
  readonly lost: number
  readonly missed: number
  readonly p50Us: number
  readonly p99Us: number
  readonly carriedPercent: number
}

export const signals: Benchmark = {
  name: 'signals',
  package: 'core',
  summary:
    '100,000 SIGUSR1 to itself in bursts while 100 coroutines do I/O: lost, noticed late, and what the I/O pays',
  target: 'none lost, no wake-up missed',
  unit: 'signals lost',
  async run(context) {
    const { isQuick, progress } = context
    const rounds = isQuick ? 1 : 5
    const parameters = {
      count: COUNT,
      burst: BURST,
      singles: isQuick ? SINGLES.quick : SINGLES.long,
      windowMs: isQuick ? 800 : 2_000,
    }
    const names = runnable(['ours', 'process.on'], context)
    if (names.includes('ours')) names.push('handler')
    const contestants = names.map((name) => ({
      name,
      measure: () => runProgram<Figures>('signals', name, parameters),
    }))
    const all = await interleave(contestants, rounds, (round, name) => {
      progress(`round ${round + 1} of ${rounds}: ${name}`)
    })
    const of = (figure: (figures: Figures) => number) => pick(all, figure)
    const single = `${parameters.singles} signals one by one`
    const measured: Measured[] = [
      {
        title: `${COUNT} signals in bursts of ${BURST}: lost`,
        better: 'lower',
        samples: of(({ lost }) => lost),
        targets: [oursAtMost(0, 'lost')],
      },
      {
        title: `${single}: wake-ups missed`,
        better: 'lower',
        samples: of(({ missed }) => missed),
        targets: [oursAtMost(0, 'missed')],
      },
      {
        title: `${single}: median until noticed (us)`,
        better: 'lower',
        samples: of(({ p50Us }) => p50Us),
        targets: [],
      },
      {
        title: `${single}: p99 until noticed (us)`,
        better: 'lower',
        samples: of(({ p99Us }) => p99Us),
        targets: [],
      },
      {
        title: `round trips of 50 connections during the bursts (% of those without)`,
        better: 'higher',
        samples: of(({ carriedPercent }) => carriedPercent),
        targets: [],
      },
    ]
    return measured
  },
}
