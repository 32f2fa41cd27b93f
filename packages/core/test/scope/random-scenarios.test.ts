/** Random programs of coroutines: whatever happens to them, the laws hold and nothing is left. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { all, whereAll } from '../../src/index.js'
import { held } from '../../src/runtime/liveness.js'
import { timersPending } from '../../src/runtime/timers.js'
import { cleanGround, stderrOf } from '../runtime/harness.js'
import { isExpected, Machine, programs } from './random-scenario.js'

const ground = cleanGround()

/** Longer than any of the programs takes. */
const MOST_STEPS = 2000
/** For coroutines that are refused many waits in a row, before time goes on. */
const TURNS_PER_STEP = 12

test('random trees of coroutines, limits, shields, groups, interrupts and shutdowns all end, and leave nothing', async () => {
  await stderrOf(() =>
    fc.assert(
      fc.asyncProperty(programs, async (each) => {
        const machine = new Machine()
        for (const steps of each) machine.start(steps)
        for (let n = 0; all().length > 0 && n < MOST_STEPS; n++) {
          await ground.clock.advance(1)
          await ground.clock.settle(TURNS_PER_STEP)
        }
        const left = all().length === 0 ? 'nothing' : whereAll().toString()
        // An abandoned function may still be on its way to its end.
        await ground.clock.advance(100)
        const reports = ground.takeReports().map(({ error }) => error)
        expect({
          broken: machine.broken,
          left,
          unexpected: reports.filter((error) => !isExpected(error)),
          held: held(),
          timers: timersPending(),
          locked: machine.mutex.isLocked,
          waiting: machine.mutex.waiting,
          balance: machine.channel.balance,
          lost: machine.sent - machine.received,
        }).toEqual({
          broken: [],
          left: 'nothing',
          unexpected: [],
          held: 0,
          timers: 0,
          locked: false,
          waiting: 0,
          balance: 0,
          lost: 0,
        })
      }),
      // Another seed, and more runs, from outside: to look for more than the suite has time for.
      { seed: Number(process.env.FUZZ_SEED ?? 1976), numRuns: Number(process.env.FUZZ_RUNS ?? 500) },
    ),
  )
}, 120_000)
