/** Sleeping and yielding. */
import { expect, test } from 'vitest'
import { all, Interrupted, now, sleep, sleepUntil, spawn, yieldSlice } from '../../src/index.js'
import { held } from '../../src/runtime/liveness.js'
import { timersPending } from '../../src/runtime/timers.js'
import { cleanGround, errorOf } from '../runtime/harness.js'

const ground = cleanGround()

/** Notes `name` when `wait` is over. */
function note(events: string[], name: string, wait: () => Promise<unknown>): void {
  spawn({ name }, async () => {
    await wait()
    events.push(`${name} at ${now() - 1000}`)
  })
}

test('sleepers wake in the order of their deadlines, not of their calls', async () => {
  const events: string[] = []
  for (const ms of [30, 10, 20, 5]) note(events, 'sleeper', () => sleep(ms))
  await ground.clock.advance(30)
  expect(events).toEqual(['sleeper at 5', 'sleeper at 10', 'sleeper at 20', 'sleeper at 30'])
})

test('sleepers with equal deadlines wake in the order in which they went to sleep', async () => {
  const events: string[] = []
  for (const name of ['a', 'b', 'c', 'd', 'e']) note(events, name, () => sleepUntil(1010))
  await ground.clock.advance(10)
  expect(events).toEqual(['a', 'b', 'c', 'd', 'e'].map((name) => `${name} at 10`))
})

test('a sleeper does not wake before its time', async () => {
  const events: string[] = []
  note(events, 'sleeper', () => sleep(10))
  await ground.clock.advance(9.999)
  expect(events).toEqual([])
  await ground.clock.advance(0.001)
  expect(events).toHaveLength(1)
})

test('sleepUntil a time that is past goes round the loop and no longer', async () => {
  const events: string[] = []
  for (const at of [1000, 0, -5, -Infinity]) note(events, String(at), () => sleepUntil(at))
  await ground.clock.settle()
  expect(events.sort()).toEqual(['-5 at 0', '-Infinity at 0', '0 at 0', '1000 at 0'])
})

test('a sleep of 0 is a turn, as yieldSlice is', async () => {
  const events: string[] = []
  note(events, 'sleep', () => sleep(0))
  note(events, 'yield', () => yieldSlice())
  note(events, 'minus zero', () => sleep(-0))
  await ground.clock.settle()
  expect(events).toEqual(['sleep at 0', 'yield at 0', 'minus zero at 0'])
})

test('yieldSlice lets I/O, timers of Node and other coroutines have their turn', async () => {
  const events: string[] = []
  setImmediate(() => events.push('immediate'))
  process.nextTick(() => events.push('tick'))
  spawn(() => void events.push('coroutine'))
  await yieldSlice()
  events.push('yielded')
  expect(events).toEqual(['tick', 'immediate', 'coroutine', 'yielded'])
})

test('a sleep of Infinity sets no timer and ends by interruption alone', async () => {
  const coroutine = spawn(() => sleep(Infinity))
  const other = spawn(() => sleepUntil(Infinity))
  await ground.clock.settle()
  expect(timersPending()).toBe(0)
  await ground.clock.advance(1e15)
  expect(all()).toEqual([coroutine, other])
  coroutine.interrupt()
  other.shutdown()
  expect(await errorOf(coroutine.join())).toBeInstanceOf(Interrupted)
})

test.each([2 ** 31 - 1, 2 ** 31, 2 ** 32 + 5, 1e15])('a sleep of %s ms is not cut to 32 bits', async (ms) => {
  const coroutine = spawn(() => sleep(ms))
  await ground.clock.advance(ms - 1)
  expect(coroutine.state).toBe('waiting')
  await ground.clock.advance(1)
  expect(coroutine.state).toBe('done')
})

test('an interrupted sleep leaves no timer behind', async () => {
  const coroutines = Array.from({ length: 100 }, (_, n) => spawn(() => sleep(10 + n)))
  await ground.clock.settle()
  expect(timersPending()).toBe(100)
  for (const each of coroutines) each.shutdown()
  expect(timersPending()).toBe(0)
})

test('an interrupted yield is over at once and for all', async () => {
  const events: string[] = []
  const coroutine = spawn(async () => {
    await yieldSlice().catch(() => events.push('interrupted'))
    await yieldSlice()
    events.push('yielded')
  })
  await yieldSlice()
  coroutine.interrupt()
  await coroutine.join()
  expect(events).toEqual(['interrupted', 'yielded'])
})

test.each([
  [-1, 'ERR_OUT_OF_RANGE'],
  [-Infinity, 'ERR_OUT_OF_RANGE'],
  [NaN, 'ERR_OUT_OF_RANGE'],
  ['5', 'ERR_INVALID_ARG_TYPE'],
  [undefined, 'ERR_INVALID_ARG_TYPE'],
  [null, 'ERR_INVALID_ARG_TYPE'],
  [5n, 'ERR_INVALID_ARG_TYPE'],
])('a sleep of %s is refused', (ms, code) => {
  expect(() => sleep(ms as number)).toThrow(expect.objectContaining({ code }))
  expect(timersPending()).toBe(0)
})

test.each([[NaN], ['5'], [undefined], [new Date()]])('sleepUntil %s is refused', (at) => {
  expect(() => sleepUntil(at as number)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
})

test('a sleeper keeps the process alive, unless it is a daemon or only yields', async () => {
  const sleeping = spawn(() => sleep(5))
  const endless = spawn(() => sleep(Infinity))
  const daemon = spawn({ daemon: true }, () => sleep(5))
  await ground.clock.settle()
  expect(held()).toBe(2)
  const yielding = spawn(() => yieldSlice())
  await yieldSlice()
  expect(held()).toBe(2)
  endless.shutdown()
  expect(held()).toBe(1)
  await ground.clock.advance(5)
  expect(held()).toBe(0)
  expect([sleeping, daemon, yielding].map(({ state }) => state)).toEqual(['done', 'done', 'done'])
})

test('now() counts milliseconds of the clock', async () => {
  const before = now()
  await ground.clock.advance(12.5)
  expect(now() - before).toBe(12.5)
})

test('a sleeper that starts another sleep in the same ring is not forgotten', async () => {
  const events: string[] = []
  note(events, 'chain', async () => {
    for (let n = 0; n < 5; n++) await sleep(1)
  })
  note(events, 'long', () => sleep(5))
  await ground.clock.advance(5)
  expect(events.sort()).toEqual(['chain at 5', 'long at 5'])
})
