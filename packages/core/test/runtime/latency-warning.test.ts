/** Coroutines that hold the processor, and those that only seem to. */
import { once } from 'node:events'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  type Coroutine,
  main,
  setLatencyWarning,
  sleep,
  socketPair,
  spawn,
  yieldSlice,
} from '../../src/index.js'
import { cleanGround, compute, stderrOf } from './harness.js'

cleanGround({ isRealTime: true })

// Above what a busy machine may keep this process waiting for.
const LIMIT_MS = 100
let before: number

beforeEach(() => {
  before = setLatencyWarning(LIMIT_MS)
})
afterEach(() => {
  setLatencyWarning(before)
})

/** What is written while `fn` runs in a coroutine of that name. */
async function warnings(name: string, fn: () => unknown): Promise<string[]> {
  const text = await stderrOf(() => spawn({ name }, fn).join())
  return text.split('\n').filter((line) => line !== '')
}

test('a coroutine that computes for long is named when it suspends, once', async () => {
  const lines = await warnings('hog', async () => {
    compute(1.2 * LIMIT_MS)
    await yieldSlice()
    await yieldSlice()
  })
  expect(lines).toEqual([expect.stringMatching(/^\S+Z coroutine \d+ \(hog\) held the processor for \d+ ms$/)])
  const heldMs = Number(/for (\d+) ms/.exec(lines[0] as string)?.[1])
  expect(heldMs).toBeGreaterThanOrEqual(1.2 * LIMIT_MS - 1)
})

test('a coroutine that computes for long and ends is named too', async () => {
  expect(await warnings('hog', () => compute(1.2 * LIMIT_MS))).toEqual([
    expect.stringContaining('(hog) held'),
  ])
  const failing = spawn({ name: 'failing hog' }, () => {
    compute(1.2 * LIMIT_MS)
    throw new Error('x')
  })
  expect(await stderrOf(() => failing.join().catch(() => {}))).toContain('(failing hog) held')
})

test('the one that computes is named, not those that wait beside it', async () => {
  const lines = await warnings('parent', async () => {
    const others = [1, 2, 3].map((n) => spawn({ name: `idle ${n}` }, () => sleep(5)))
    const hog = spawn({ name: 'hog' }, async () => {
      await sleep(5)
      compute(1.2 * LIMIT_MS)
    })
    for (const each of [...others, hog]) await each.join()
  })
  expect(lines).toEqual([expect.stringContaining('(hog) held')])
})

test.each<readonly [string, () => Promise<unknown>]>([
  ['sleeps', () => sleep(2 * LIMIT_MS)],
  ['waits for a promise that is not ours', () => once(AbortSignal.timeout(2 * LIMIT_MS), 'abort')],
  [
    'reads from a silent socket',
    async () => {
      const [one, other] = socketPair()
      const reading = spawn(() => one.recv())
      await sleep(2 * LIMIT_MS)
      other.close()
      await reading.join()
      one.close()
    },
  ],
  [
    'sleeps briefly many times',
    async () => {
      for (let n = 0; n < 100; n++) await sleep(1)
    },
  ],
  [
    'waits briefly for foreign promises many times',
    async () => {
      for (let n = 0; n < 60; n++) await once(AbortSignal.timeout(2), 'abort')
      await yieldSlice()
    },
  ],
])('a coroutine that %s is not named, neither then nor when it ends', async (_, wait) => {
  expect(await warnings('idler', wait)).toEqual([])
})

test('what other code of the program computes is not charged to a coroutine that sleeps', async () => {
  const lines = await warnings('sleeper', async () => {
    AbortSignal.timeout(10).onabort = () => compute(2 * LIMIT_MS)
    await sleep(20)
    await yieldSlice()
  })
  expect(lines).toEqual([])
})

test('time waited for foreign promises hides no computation', async () => {
  const lines = await warnings('hog', async () => {
    for (let n = 0; n < 20; n++) await once(AbortSignal.timeout(4), 'abort')
    await yieldSlice()
    compute(1.2 * LIMIT_MS)
    await yieldSlice()
  })
  expect(lines).toEqual([expect.stringContaining('(hog) held')])
})

test('processor time is never negative', async () => {
  const coroutine: Coroutine<void> = spawn(async () => {
    for (let n = 0; n < 20; n++) {
      await once(AbortSignal.timeout(2), 'abort')
      compute(1)
      await spawn(() => {}).join()
    }
  })
  await coroutine.join()
  expect(coroutine.cpuMs).toBeGreaterThanOrEqual(0)
  expect(main().cpuMs).toBeGreaterThanOrEqual(0)
})

test('Infinity never warns, and setLatencyWarning gives the limit before', async () => {
  expect(setLatencyWarning(Infinity)).toBe(LIMIT_MS)
  expect(await warnings('hog', () => compute(1.2 * LIMIT_MS))).toEqual([])
  expect(setLatencyWarning(LIMIT_MS)).toBe(Infinity)
})

test('200 ms is the limit unless set', () => {
  expect(before).toBe(200)
})

test.each([
  [-1, 'ERR_OUT_OF_RANGE'],
  [NaN, 'ERR_OUT_OF_RANGE'],
  ['1', 'ERR_INVALID_ARG_TYPE'],
  [undefined, 'ERR_INVALID_ARG_TYPE'],
])('a limit of %s is refused', (limitMs, code) => {
  expect(() => setLatencyWarning(limitMs as number)).toThrow(expect.objectContaining({ code }))
})
