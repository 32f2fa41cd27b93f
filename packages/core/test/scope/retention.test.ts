/** Nothing is kept: however many rounds, the heap is where it was. */
import { collectGarbage, expectFlatHeap } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import {
  all,
  type Coroutine,
  CoroutineLocal,
  group,
  inParallel,
  interruptible,
  shield,
  signal,
  sleep,
  spawn,
  withTimeout,
  yieldSlice,
} from '../../src/index.js'
import { population } from '../../src/runtime/registry.js'
import { timersPending } from '../../src/runtime/timers.js'
import { cleanGround, errorOf, foreign } from '../runtime/harness.js'

const ground = cleanGround()

const PATIENT_MS = 60_000

test(
  '200,000 rounds of withTimeout in one scope leave the heap flat',
  async () => {
    const work = async (): Promise<number> => 1
    await withTimeout(Infinity, () => expectFlatHeap(200_000, () => withTimeout(1000, work)))
    expect(timersPending()).toBe(0)
  },
  PATIENT_MS,
)

test(
  '200,000 rounds of withTimeout around a wait in one coroutine leave the heap flat',
  async () => {
    const coroutine = spawn(() =>
      expectFlatHeap(200, async () => {
        for (let n = 0; n < 1000; n++) {
          const wait = withTimeout(1000, () => sleep(Infinity)).catch(() => {})
          coroutine.interrupt()
          await wait
        }
      }),
    )
    await coroutine.join()
  },
  PATIENT_MS,
)

test(
  '200,000 waits for one long-lived promise leave the heap flat',
  async () => {
    const outside = foreign()
    const coroutine: Coroutine<void> = spawn(() =>
      expectFlatHeap(200, async () => {
        for (let n = 0; n < 1000; n++) {
          const wait = interruptible(outside.promise).catch(() => {})
          coroutine.interrupt()
          await wait
        }
      }),
    )
    await coroutine.join()
    outside.resolve()
  },
  PATIENT_MS,
)

test(
  '100,000 waits for one long-lived promise, each cut short by its own limit, leave the heap flat',
  async () => {
    const outside = foreign()
    const never = outside.promise
    const round = async (): Promise<void> => {
      const limits = Array.from({ length: 1000 }, () => errorOf(withTimeout(1, () => interruptible(never))))
      await ground.clock.advance(1)
      await Promise.all(limits)
    }
    await expectFlatHeap(100, round, { warmUpRounds: 20 })
    outside.resolve()
  },
  PATIENT_MS,
)

test(
  'shields, groups, parallel work and signals leave the heap flat',
  async () => {
    await expectFlatHeap(20_000, async () => {
      await shield(1000, () => yieldSlice())
      await group((g) => void g.spawn(() => {}))
      await inParallel([() => 1, () => yieldSlice()])
      await withTimeout(1000, async () => signal())
    })
  },
  PATIENT_MS,
)

test(
  'a group that lives long keeps none of its dead children',
  async () => {
    await group((g) =>
      expectFlatHeap(100, async () => {
        for (let n = 0; n < 1000; n++) g.spawn(() => {})
        await yieldSlice()
      }),
    )
  },
  PATIENT_MS,
)

test(
  '100,000 coroutines spawned and ended leave nothing in any registry',
  async () => {
    const local = new CoroutineLocal(() => ({}))
    await expectFlatHeap(
      10,
      async () => {
        const coroutines = Array.from({ length: 10_000 }, (_, n) =>
          spawn(async () => {
            local.get()
            await sleep(n % 7)
            if (n % 3 === 0) throw new Error('one in three')
          }).join(),
        )
        const ended = Promise.allSettled(coroutines)
        await ground.clock.advance(7)
        await ended
      },
      { warmUpRounds: 3 },
    )
    expect(all()).toEqual([])
    expect(population()).toBe(0)
  },
  PATIENT_MS,
)

test('a dead coroutine that somebody keeps keeps neither its function nor its arguments', async () => {
  const references: WeakRef<object>[] = []
  const start = (): Coroutine<string> => {
    const argument = { an: 'argument' }
    const captured = { something: 'captured' }
    references.push(new WeakRef(argument), new WeakRef(captured))
    return spawn(async (given: object) => {
      await yieldSlice()
      return `${Object.keys(given)} ${Object.keys(captured)}`
    }, argument)
  }
  const coroutine = start()
  expect(await coroutine.join()).toBe('an something')
  await ground.clock.settle()
  collectGarbage()
  expect(references.map((each) => each.deref())).toEqual([undefined, undefined])
})

test('a coroutine that runs keeps no argument that its function has let go', async () => {
  let reference: WeakRef<object> | undefined
  const start = (): Coroutine<void> => {
    const argument = { an: 'argument' }
    reference = new WeakRef(argument)
    return spawn((_: object) => sleep(50), argument)
  }
  const coroutine = start()
  await ground.clock.settle()
  collectGarbage()
  expect(reference?.deref()).toBeUndefined()
  await ground.clock.advance(50)
  expect(coroutine.state).toBe('done')
})

test('the result of a coroutine goes with the coroutine', async () => {
  let reference: WeakRef<object> | undefined
  await (async () => {
    const result = await spawn(() => ({ large: true })).join()
    reference = new WeakRef(result)
  })()
  // The last wait of all is held until the next one begins.
  await yieldSlice()
  await ground.clock.settle()
  collectGarbage()
  expect(reference?.deref()).toBeUndefined()
})

test('a scope that was cancelled keeps no wait, and a limit that passed no function', async () => {
  let reference: WeakRef<object> | undefined
  const coroutine = spawn(async () => {
    await (async () => {
      const held = { by: 'the function' }
      reference = new WeakRef(held)
      await withTimeout(5, async () => {
        await sleep(10)
        return held
      }).catch(() => {})
    })()
    await sleep(50)
  })
  await ground.clock.advance(6)
  collectGarbage()
  expect(reference?.deref()).toBeUndefined()
  await ground.clock.advance(50)
  expect(coroutine.state).toBe('done')
})
