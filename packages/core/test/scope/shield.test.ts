/** Where no cancellation from outside reaches. */
import { expect, test } from 'vitest'
import {
  group,
  type Interrupted,
  Shutdown,
  shield,
  sleep,
  spawn,
  TimeoutError,
  withTimeout,
  yieldSlice,
} from '../../src/index.js'
import { timersPending } from '../../src/runtime/timers.js'
import { cleanGround, errorOf } from '../runtime/harness.js'

const ground = cleanGround()

test('a shield gives the result of its function, called with the arguments', async () => {
  expect(await shield(10, (a: number, b: number) => a + b, 1, 2)).toBe(3)
  expect(await shield(10, async () => 'later')).toBe('later')
  expect(timersPending()).toBe(0)
})

test('an error of its function passes', async () => {
  const error = new Error('of its own')
  expect(
    await errorOf(
      shield(10, () => {
        throw error
      }),
    ),
  ).toBe(error)
  expect(await errorOf(shield(10, () => Promise.reject(error)))).toBe(error)
})

test('an outer expiry does not reach into a shield, and meets the first wait after it', async () => {
  const events: string[] = []
  const failed = errorOf(
    withTimeout(10, async () => {
      await shield(100, async () => {
        await sleep(20)
        await sleep(20)
        events.push(`shielded to ${ground.clock.now() - 1000}`)
      })
      await yieldSlice().catch((error: Interrupted) => {
        events.push(error.code)
        throw error
      })
    }),
  )
  await ground.clock.advance(40)
  expect(await failed).toMatchObject({ code: 'TIMEOUT', timeoutMs: 10 })
  expect(events).toEqual(['shielded to 40', 'INTERRUPTED'])
})

test('a shield begun in a cancelled scope can wait', async () => {
  const events: string[] = []
  const coroutine = spawn(async () => {
    try {
      await sleep(Infinity)
    } finally {
      await shield(100, () => sleep(5))
      events.push('clean')
    }
  })
  await ground.clock.settle()
  coroutine.shutdown()
  await ground.clock.advance(5)
  expect(await errorOf(coroutine.join())).toBeInstanceOf(Shutdown)
  expect(events).toEqual(['clean'])
})

test('a shield has a limit of its own, which is its TimeoutError', async () => {
  const failed = errorOf(shield(10, () => sleep(20)))
  await ground.clock.advance(10)
  expect(await failed).toMatchObject({ code: 'TIMEOUT', timeoutMs: 10 })
})

test('the limit of a shield reaches the limits within it', async () => {
  const seen: unknown[] = []
  const failed = errorOf(
    shield(10, () =>
      withTimeout(20, () => sleep(30)).catch((error: unknown) => {
        seen.push(error)
        throw error
      }),
    ),
  )
  await ground.clock.advance(10)
  expect(await failed).toMatchObject({ code: 'TIMEOUT', timeoutMs: 10 })
  expect(seen).toEqual([expect.objectContaining({ code: 'INTERRUPTED' })])
})

test('the limit of a shield does not reach into a shield within it', async () => {
  const failed = errorOf(
    shield(10, async () => {
      await shield(100, () => sleep(30))
      await yieldSlice()
    }),
  )
  await ground.clock.advance(29)
  expect(timersPending()).toBeGreaterThan(0)
  await ground.clock.advance(1)
  expect(await failed).toMatchObject({ code: 'TIMEOUT', timeoutMs: 10 })
})

test('a limit within a shield is its own TimeoutError, although the scope around it is cancelled', async () => {
  const seen: unknown[] = []
  const coroutine = spawn(async () => {
    try {
      await sleep(Infinity)
    } finally {
      await shield(100, async () => {
        await withTimeout(5, () => sleep(50)).catch((error: unknown) => seen.push(error))
        await sleep(5)
        seen.push('goes on')
      })
    }
  })
  await ground.clock.settle()
  coroutine.shutdown()
  await ground.clock.advance(10)
  expect(seen).toEqual([expect.any(TimeoutError), 'goes on'])
  await errorOf(coroutine.join())
})

test('an interrupt during a shield meets the first wait after it', async () => {
  const events: unknown[] = []
  const coroutine = spawn(async () => {
    await shield(100, () => sleep(10))
    events.push('shielded')
    await sleep(10).catch((error: Interrupted) => events.push(error.reason))
    await sleep(10)
    events.push('and goes on')
  })
  await ground.clock.settle()
  coroutine.interrupt('now')
  await ground.clock.advance(10)
  expect(events).toEqual(['shielded', 'now'])
  await ground.clock.advance(10)
  expect(events).toEqual(['shielded', 'now', 'and goes on'])
})

test('an interrupt is not lost on any wait, limit or group inside a shield', async () => {
  const events: unknown[] = []
  const coroutine = spawn(async () => {
    await sleep(1).catch(() => {})
    await shield(100, async () => {
      await yieldSlice()
      await withTimeout(50, () => sleep(1))
      await group((g) => void g.spawn(() => sleep(1)))
      await shield(50, () => sleep(1))
      events.push('shielded')
    })
    await yieldSlice().catch((error: Interrupted) => events.push(error.reason))
  })
  await ground.clock.advance(1)
  coroutine.interrupt('kept')
  await ground.clock.advance(3)
  await coroutine.join()
  expect(events).toEqual(['shielded', 'kept'])
})

test('an interrupt that no wait follows goes with the coroutine', async () => {
  const coroutine = spawn(async () => {
    await shield(100, () => sleep(10))
    return 'ended'
  })
  await ground.clock.settle()
  coroutine.interrupt()
  await ground.clock.advance(10)
  expect(await coroutine.join()).toBe('ended')
})

test('children of a group in a shield are shielded with it, but each can be interrupted itself', async () => {
  const events: string[] = []
  const failed = errorOf(
    withTimeout(10, () =>
      shield(100, () =>
        group(async (g) => {
          const doomed = g.spawn(() => sleep(Infinity))
          g.spawn(async () => {
            await sleep(20)
            events.push('child slept')
            doomed.interrupt()
          })
        }),
      ).then(() => yieldSlice()),
    ),
  )
  await ground.clock.advance(20)
  expect(await failed).toBeInstanceOf(TimeoutError)
  expect(events).toEqual(['child slept'])
})

test('a shield in a child of a group outlasts the failure of a sibling', async () => {
  const events: string[] = []
  const failed = errorOf(
    group((g) => {
      g.spawn(async () => {
        await shield(100, () => sleep(10))
        events.push('shielded')
        await sleep(10)
      })
      g.spawn(async () => {
        await yieldSlice()
        throw new Error('sibling')
      })
    }),
  )
  await ground.clock.advance(10)
  expect(await failed).toMatchObject({ code: 'GROUP', errors: [{ message: 'sibling' }] })
  expect(events).toEqual(['shielded'])
})

test('a wait beside a shield in the same coroutine is still cancelled', async () => {
  const outcome: unknown[] = []
  const failed = errorOf(
    withTimeout(10, async () => {
      const [shielded, plain] = await Promise.allSettled([shield(100, () => sleep(20)), sleep(20)])
      outcome.push(shielded.status, plain.status)
      await yieldSlice()
    }),
  )
  await ground.clock.advance(20)
  await failed
  expect(outcome).toEqual(['fulfilled', 'rejected'])
})

test.each([
  [-1, () => {}, 'ERR_OUT_OF_RANGE'],
  [NaN, () => {}, 'ERR_OUT_OF_RANGE'],
  ['5', () => {}, 'ERR_INVALID_ARG_TYPE'],
  [5, undefined, 'ERR_INVALID_ARG_TYPE'],
])('shield(%s, %s) is refused', (ms, fn, code) => {
  expect(() => shield(ms as number, fn as never)).toThrow(expect.objectContaining({ code }))
})
