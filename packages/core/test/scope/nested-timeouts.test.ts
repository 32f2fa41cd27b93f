/** Timeouts within timeouts: each boundary turns its own expiry, and no other, into TimeoutError. */
import { expect, test } from 'vitest'
import { type Interrupted, sleep, TimeoutError, withTimeout } from '../../src/index.js'
import { cleanGround, errorOf } from '../runtime/harness.js'

const ground = cleanGround()

/** For work that takes a second on a machine that does nothing else. */
const PATIENT_MS = 60_000

/** Runs `limits`, the outermost first, around `fn`; what each boundary lets through, the innermost first. */
async function passed(limits: readonly number[], fn: () => Promise<unknown>): Promise<string[]> {
  const seen: string[] = []
  let wrapped = fn
  for (const limitMs of [...limits].reverse()) {
    const inner = wrapped
    wrapped = () =>
      withTimeout(limitMs, inner).catch((error: unknown) => {
        seen.push(error instanceof TimeoutError ? `timeout ${error.timeoutMs}` : (error as Interrupted).code)
        throw error
      })
  }
  await errorOf(wrapped())
  return seen
}

test.each([
  ['the outer one expires first', [10, 20], ['INTERRUPTED', 'timeout 10']],
  ['the inner one expires first', [20, 10], ['timeout 10', 'timeout 10']],
  ['both are due together', [10, 10], ['INTERRUPTED', 'timeout 10']],
  ['the middle one of three is first', [30, 10, 20], ['INTERRUPTED', 'timeout 10', 'timeout 10']],
  ['the outermost of three is first', [10, 30, 20], ['INTERRUPTED', 'INTERRUPTED', 'timeout 10']],
  ['the innermost of three is first', [30, 20, 10], ['timeout 10', 'timeout 10', 'timeout 10']],
  ['all three are due together', [10, 10, 10], ['INTERRUPTED', 'INTERRUPTED', 'timeout 10']],
  ['the outer one has no limit', [Infinity, 10], ['timeout 10', 'timeout 10']],
  ['the inner one has no limit', [10, Infinity], ['INTERRUPTED', 'timeout 10']],
])(
  'where %s, its own boundary says TimeoutError and those within it Interrupted',
  async (_, limits, expected) => {
    const seen = passed(limits, () => sleep(Infinity))
    await ground.clock.advance(40)
    expect(await seen).toEqual(expected)
  },
)

test('an inner timeout that is caught leaves the outer one to go on', async () => {
  const events: string[] = []
  const failed = errorOf(
    withTimeout(25, async () => {
      for (;;) {
        try {
          await withTimeout(10, () => sleep(Infinity))
        } catch (error) {
          events.push(`${(error as TimeoutError).code} at ${ground.clock.now() - 1000}`)
          if (!(error instanceof TimeoutError)) throw error
        }
      }
    }),
  )
  await ground.clock.advance(25)
  expect(events).toEqual(['TIMEOUT at 10', 'TIMEOUT at 20', 'INTERRUPTED at 25'])
  expect(await failed).toMatchObject({ code: 'TIMEOUT', timeoutMs: 25 })
})

test('an inner catch of TimeoutError never mistakes an outer expiry for its own', async () => {
  let retries = 0
  const failed = errorOf(
    withTimeout(10, async () => {
      for (;;) {
        try {
          await withTimeout(20, () => sleep(Infinity))
        } catch (error) {
          if (!(error instanceof TimeoutError)) throw error
          retries++
        }
      }
    }),
  )
  await ground.clock.advance(40)
  expect(await failed).toMatchObject({ code: 'TIMEOUT', timeoutMs: 10 })
  expect(retries).toBe(0)
})

test('limits that are overdue together, because the loop was busy, expire in the order of their times', async () => {
  const seen = passed([20, 10], () => sleep(Infinity))
  await ground.clock.settle()
  const late = ground.clock.now() + 50
  const jumped = errorOf(withTimeout(0, () => sleep(Infinity)))
  // One alarm at 0, far behind time: when it rings everything up to 50 is due.
  ground.clock.now = () => late
  await ground.clock.settle()
  await jumped
  expect(await seen).toEqual(['timeout 10', 'timeout 10'])
})

test('a thousand limits within one another end in one expiry', async () => {
  const limits = Array.from({ length: 1000 }, (_, n) => 1000 - n)
  const seen = passed(limits, () => sleep(Infinity))
  await ground.clock.advance(1)
  expect(await seen).toEqual(Array(1000).fill('timeout 1'))
})

test(
  'ten thousand scopes within one another can be cancelled from the outermost',
  async () => {
    async function nest(depth: number): Promise<void> {
      if (depth === 0) return await sleep(Infinity)
      // A turn now and then, or the calls themselves would overflow the stack.
      if (depth % 500 === 0) await sleep(0)
      await withTimeout(Infinity, nest, depth - 1)
    }
    const failed = errorOf(withTimeout(10, nest, 10_000))
    for (let n = 0; n < 4; n++) await ground.clock.settle()
    await ground.clock.advance(10)
    await ground.clock.settle()
    expect(await failed).toMatchObject({ code: 'TIMEOUT', timeoutMs: 10 })
  },
  PATIENT_MS,
)
