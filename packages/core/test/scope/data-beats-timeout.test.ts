/** What is ready when a limit expires is not lost to it, however late the loop is. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  BufferedReader,
  Channel,
  Mutex,
  socketPair,
  spawn,
  TimeoutError,
  withTimeout,
  yieldSlice,
} from '../../src/index.js'
import type { Clock } from '../../src/runtime/clock.js'
import { timersPending, useClock } from '../../src/runtime/timers.js'
import { cleanGround, errorOf } from '../runtime/harness.js'

/** Time that jumps: an alarm that is due rings there and then, as after a long computation, before any I/O. */
class JumpingClock implements Clock {
  #now = 0
  #alarm: { readonly at: number; readonly ring: () => void } | undefined
  now(): number {
    return this.#now
  }
  setAlarm(at: number, ring: () => void): void {
    this.#alarm = { at, ring }
  }
  clearAlarm(): void {
    this.#alarm = undefined
  }
  jump(ms: number): void {
    this.#now += ms
    const alarm = this.#alarm
    if (alarm === undefined || alarm.at > this.#now) return
    this.#alarm = undefined
    alarm.ring()
  }
}

cleanGround({ isRealTime: true })

const LIMIT_MS = 10
let clock: JumpingClock
let restoreClock: () => void

beforeEach(() => {
  clock = new JumpingClock()
  restoreClock = useClock(clock)
})
afterEach(() => {
  const left = timersPending()
  restoreClock()
  expect(left).toBe(0)
})

test('bytes that came before the limit was seen to be over are received', async () => {
  const [one, other] = socketPair()
  const received = withTimeout(LIMIT_MS, async () => String(await one.recv()))
  await yieldSlice()
  await other.send('ready')
  clock.jump(2 * LIMIT_MS)
  expect(await received).toBe('ready')
  one.close()
  other.close()
})

test('a line that is completed by them is read', async () => {
  const [one, other] = socketPair()
  const reader = new BufferedReader(one)
  const received = withTimeout(LIMIT_MS, () => reader.readLine())
  await other.send('half')
  await yieldSlice()
  await yieldSlice()
  await other.send(' and half\n')
  clock.jump(2 * LIMIT_MS)
  expect(String(await received)).toBe('half and half')
  one.close()
  other.close()
})

test('what another coroutine passes on from a socket through a channel arrives', async () => {
  const [one, other] = socketPair()
  const channel = new Channel<string>()
  const forwarding = spawn(async () => await channel.send(String(await one.recv())))
  const received = withTimeout(LIMIT_MS, async () => await channel.receive())
  await yieldSlice()
  await other.send('ready')
  clock.jump(2 * LIMIT_MS)
  expect(await received).toBe('ready')
  await forwarding.join()
  one.close()
  other.close()
})

test('a lock given back by whoever heard from a socket is had', async () => {
  const [one, other] = socketPair()
  const mutex = new Mutex()
  const holding = spawn(() => mutex.with(async () => void (await one.recv())))
  await yieldSlice()
  const had = withTimeout(LIMIT_MS, () => mutex.with(() => 'had'))
  await yieldSlice()
  await other.send('go')
  clock.jump(2 * LIMIT_MS)
  expect(await had).toBe('had')
  await holding.join()
  one.close()
  other.close()
})

test('the end of a stream counts as data', async () => {
  const [one, other] = socketPair()
  const received = withTimeout(LIMIT_MS, async () => await one.recv())
  await yieldSlice()
  other.close()
  clock.jump(2 * LIMIT_MS)
  expect(await received).toHaveLength(0)
  one.close()
})

test('of a thousand limits that expire together, those whose data came with one message have it', async () => {
  const channels = Array.from({ length: 1000 }, () => new Channel<number>())
  const [one, other] = socketPair()
  const outcomes = channels.map((channel, n) =>
    withTimeout(LIMIT_MS, async () => await channel.receive()).catch((error: Error) =>
      error instanceof TimeoutError ? `late ${n}` : error,
    ),
  )
  const forwarding = spawn(async () => {
    await one.recv()
    for (let n = 0; n < 1000; n += 2) channels[n]?.trySend(n)
  })
  await yieldSlice()
  await other.send('go')
  clock.jump(2 * LIMIT_MS)
  await forwarding.join()
  expect(await Promise.all(outcomes)).toEqual(channels.map((_, n) => (n % 2 === 0 ? n : `late ${n}`)))
  one.close()
  other.close()
})

test('without data the limit holds, and the socket can be read afterwards', async () => {
  const [one, other] = socketPair()
  const failed = errorOf(withTimeout(LIMIT_MS, async () => await one.recv()))
  await yieldSlice()
  clock.jump(2 * LIMIT_MS)
  expect(await failed).toBeInstanceOf(TimeoutError)
  await other.send('after')
  expect(String(await one.recv())).toBe('after')
  one.close()
  other.close()
})

test('bytes that come after the limit was seen to be over are left for the next read', async () => {
  const [one, other] = socketPair()
  const failed = errorOf(withTimeout(LIMIT_MS, async () => await one.recv()))
  await yieldSlice()
  clock.jump(2 * LIMIT_MS)
  await yieldSlice()
  await other.send('late')
  expect(await failed).toBeInstanceOf(TimeoutError)
  expect(String(await one.recv())).toBe('late')
  one.close()
  other.close()
})
