import { VirtualClock } from '@shrapnel/test-support'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { now } from '../src/runtime/clock.js'
import { useClock } from '../src/runtime/timers.js'
import { Scheduler } from '../src/scheduler.js'
import { sleep, yieldSlice } from '../src/scope/sleep.js'
import { withTimeout } from '../src/scope/with-timeout.js'
import { spawn } from '../src/spawn.js'

let clock: VirtualClock
let restore: () => void
let scheduler: Scheduler
let log: string[]
const note = (text: string): void => {
  log.push(`${now()} ${text}`)
}

beforeEach(() => {
  clock = new VirtualClock()
  restore = useClock(clock)
  scheduler = new Scheduler()
  log = []
})

afterEach(() => restore())

test('events are called in order of time, then priority, then entry, and run ends when none is left', async () => {
  scheduler.enter(20, 1, note, 'later')
  scheduler.enterAt(10, 2, note, 'less urgent')
  scheduler.enterAt(10, 1, note, 'urgent')
  scheduler.enterAt(10, 2, note, 'entered last')
  const running = spawn(() => scheduler.run())
  await clock.advance(30)
  await running.join()
  expect(log).toEqual(['10 urgent', '10 less urgent', '10 entered last', '20 later'])
  expect(scheduler.isEmpty).toBe(true)
})

test('arguments reach the function, and what it returns is waited for', async () => {
  const slowly = async (text: string, ms: number): Promise<void> => {
    await sleep(ms)
    note(text)
  }
  scheduler.enter(0, 0, slowly, 'slow', 5)
  scheduler.enter(1, 0, note, 'late, but not lost')
  const running = spawn(() => scheduler.run())
  await clock.advance(10)
  await running.join()
  expect(log).toEqual(['5 slow', '5 late, but not lost'])
})

test('an earlier event that is entered while it waits is honoured', async () => {
  scheduler.enter(100, 0, note, 'first entered')
  const running = spawn(() => scheduler.run())
  await clock.advance(10)
  scheduler.enter(5, 0, note, 'earlier')
  scheduler.enter(200, 0, note, 'last')
  await clock.advance(250)
  await running.join()
  expect(log).toEqual(['15 earlier', '100 first entered', '210 last'])
})

test('a cancelled event is not called, and run does not wait for it', async () => {
  const soon = scheduler.enter(10, 0, note, 'soon')
  const only = scheduler.enter(50, 0, note, 'only')
  const running = spawn(() => scheduler.run())
  await clock.advance(1)
  expect(scheduler.cancel(soon)).toBe(true)
  expect(scheduler.cancel(soon), 'a second time').toBe(false)
  expect(scheduler.cancel(only)).toBe(true)
  await clock.settle()
  await running.join()
  expect([log, now()]).toEqual([[], 1])
})

test('an event that was called cannot be cancelled any more', async () => {
  const event = scheduler.enter(0, 0, note, 'called')
  await scheduler.run()
  expect(scheduler.cancel(event)).toBe(false)
  expect(() => scheduler.cancel({ at: 0, priority: 0 })).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
  )
})

test('queue shows what is to come, in its order, and is a copy', () => {
  const late = scheduler.enterAt(30, 0, note, 'late')
  const early = scheduler.enterAt(10, 5, note, 'early')
  expect(scheduler.queue).toEqual([early, late])
  expect(scheduler.queue.map(({ at, priority }) => [at, priority])).toEqual([
    [10, 5],
    [30, 0],
  ])
  scheduler.queue.pop()
  expect([scheduler.queue.length, scheduler.isEmpty]).toEqual([2, false])
})

test('events that events enter are called too', async () => {
  let left = 3
  const again = (): void => {
    note('again')
    if (--left > 0) scheduler.enter(10, 0, again)
  }
  scheduler.enter(10, 0, again)
  const running = spawn(() => scheduler.run())
  await clock.advance(100)
  await running.join()
  expect(log).toEqual(['10 again', '20 again', '30 again'])
})

test('an event that fails fails run, and leaves the others to the next run', async () => {
  const error = new Error('no')
  scheduler.enter(0, 0, () => Promise.reject(error))
  scheduler.enter(0, 1, note, 'next')
  await expect(scheduler.run()).rejects.toBe(error)
  expect(scheduler.queue).toHaveLength(1)
  await scheduler.run()
  expect(log).toEqual(['0 next'])
})

test('cancelling run leaves the queue as it is', async () => {
  scheduler.enter(100, 0, note, 'kept')
  const running = spawn(() => withTimeout(10, () => scheduler.run()))
  const failure = expect(running.join()).rejects.toMatchObject({ code: 'TIMEOUT' })
  await clock.advance(20)
  await failure
  expect(scheduler.queue).toHaveLength(1)
  const again = spawn(() => scheduler.run())
  await clock.advance(100)
  await again.join()
  expect(log).toEqual(['100 kept'])
})

test('runDue calls what is due now, not what that enters, and says how long until the next', async () => {
  expect(await scheduler.runDue()).toBeUndefined()
  scheduler.enter(0, 1, () => scheduler.enter(0, 0, note, 'entered by the first'))
  scheduler.enter(0, 2, note, 'second')
  scheduler.enter(40, 0, note, 'later')
  expect(await scheduler.runDue()).toBe(0)
  expect(log).toEqual(['0 second'])
  expect(await scheduler.runDue()).toBe(40)
  expect(log).toEqual(['0 second', '0 entered by the first'])
  await clock.advance(40)
  expect(await scheduler.runDue()).toBeUndefined()
})

test('an event that another one cancels in the same turn is not called', async () => {
  const victim = scheduler.enter(0, 2, note, 'victim')
  scheduler.enter(0, 1, () => scheduler.cancel(victim))
  expect(await scheduler.runDue()).toBeUndefined()
  expect(log).toEqual([])
})

test('an event that enters itself again for now does not keep everybody else waiting', async () => {
  let calls = 0
  let isOver = false
  const again = (): void => {
    calls++
    if (!isOver && calls < 100_000) scheduler.enter(0, 0, again)
  }
  scheduler.enter(0, 0, again)
  const running = spawn(() => scheduler.run())
  for (let turn = 0; turn < 5; turn++) await yieldSlice()
  isOver = true
  await running.join()
  expect(calls).toBeLessThan(100_000)
})

test('two coroutines cannot run one scheduler, and the first is not disturbed', async () => {
  scheduler.enter(10, 0, note, 'called')
  const running = spawn({ name: 'first' }, () => scheduler.run())
  await clock.settle()
  expect(running.waitingOn).toBe('scheduler: next event in 10 ms')
  await expect(scheduler.run()).rejects.toMatchObject({ name: 'SimultaneousError', code: 'SIMULTANEOUS' })
  await expect(scheduler.runDue()).rejects.toThrow(`coroutine ${running.id} (first)`)
  await clock.advance(10)
  await running.join()
  expect(log).toEqual(['10 called'])
})

test('what is no time, no priority or no function is refused', () => {
  const wrongType = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' })
  expect(() => scheduler.enterAt(Number.NaN, 0, note, '')).toThrow(wrongType)
  expect(() => scheduler.enterAt(0, Number.NaN, note, '')).toThrow(wrongType)
  expect(() => scheduler.enterAt(0, 0, undefined as never)).toThrow(wrongType)
  expect(() => scheduler.enter(-1, 0, note, '')).toThrow(RangeError)
  expect(scheduler.isEmpty).toBe(true)
})
