/** TimedWait: a wait that acts at times of its own, and ends itself. */
import { VirtualClock } from '@shrapnel/test-support'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { now, spawn } from '../../src/index.js'
import { currentScope } from '../../src/runtime/current.js'
import { timersPending, useClock } from '../../src/runtime/timers.js'
import { TimedWait } from '../../src/sync/timed-wait.js'
import { failureOf } from '../net/connections.js'

let clock: VirtualClock
let restore: () => void
beforeEach(() => {
  clock = new VirtualClock()
  restore = useClock(clock)
})
afterEach(() => restore())

/** Counts its times, and fails at the third. */
class Ticks extends TimedWait<string> {
  readonly times: number[] = []
  endings = 0
  constructor() {
    super(currentScope())
  }
  begin(): Promise<string> {
    this.setTime(now() + 100)
    return this.suspend()
  }
  put(at: number): void {
    this.setTime(at)
  }
  describe(): string {
    return 'ticks'
  }
  protected onTime(): void {
    this.times.push(now())
    if (this.times.length === 3) throw new RangeError('the third')
    this.setTime(now() + 100)
  }
  protected ended(): void {
    this.endings++
  }
}

async function begun() {
  let ticks: Ticks | undefined
  const waiting = spawn(() => {
    ticks = new Ticks()
    return ticks.begin()
  })
  await clock.settle()
  return { ticks: ticks as Ticks, waiting }
}

test('it acts at its times, goes on waiting, and ends with what it throws', async () => {
  const { ticks, waiting } = await begun()
  await clock.advance(99)
  expect(ticks.times).toEqual([])
  await clock.advance(201)
  expect(await failureOf(() => waiting.join())).toMatchObject({ message: 'the third' })
  expect(ticks.times).toEqual([100, 200, 300])
  expect({ endings: ticks.endings, timers: timersPending() }).toEqual({ endings: 1, timers: 0 })
})

test('woken, it ends once and has no time any more', async () => {
  const { ticks, waiting } = await begun()
  ticks.wake('done')
  ticks.wake('again')
  ticks.fail(new Error('too late'))
  expect(await waiting.join()).toBe('done')
  await clock.advance(1_000)
  expect(ticks.times).toEqual([])
  expect({ endings: ticks.endings, timers: timersPending() }).toEqual({ endings: 1, timers: 0 })
})

test('cancelled, it ends once and has no time any more', async () => {
  const { ticks, waiting } = await begun()
  waiting.interrupt()
  ticks.wake('too late')
  expect(await failureOf(() => waiting.join())).toMatchObject({ code: 'INTERRUPTED' })
  expect({ endings: ticks.endings, timers: timersPending() }).toEqual({ endings: 1, timers: 0 })
})

test('what it was given before an interrupt is delivered', async () => {
  const { ticks, waiting } = await begun()
  ticks.wake('lucky')
  waiting.interrupt()
  expect(await waiting.join()).toBe('lucky')
})

test('a new time takes the place of the one before', async () => {
  const { ticks, waiting } = await begun()
  ticks.put(now() + 250)
  await clock.advance(249)
  expect(ticks.times).toEqual([])
  await clock.advance(1)
  expect(ticks.times).toEqual([250])
  ticks.wake('end')
  await waiting.join()
})

test('what comes in the turn in which its time is over comes first', async () => {
  const { ticks, waiting } = await begun()
  await clock.advance(99)
  clock.advance(1).catch(() => {})
  ticks.wake('in time')
  expect(await waiting.join()).toBe('in time')
  expect(ticks.times).toEqual([])
})
