/** Mailbox: one waiter, many who post, and a time at which waiting ends. */
import { VirtualClock } from '@shrapnel/test-support'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { now, spawn } from '../../src/index.js'
import { useClock } from '../../src/runtime/timers.js'
import { Mailbox } from '../../src/sync/mailbox.js'
import { failureOf } from '../net/connections.js'

let clock: VirtualClock
let restore: () => void
beforeEach(() => {
  clock = new VirtualClock()
  restore = useClock(clock)
})
afterEach(() => restore())

const owner = { describe: () => 'mail' }

test('values come in their order, those that are there without a wait', async () => {
  const mailbox = new Mailbox<number>(owner)
  mailbox.post(1)
  mailbox.post(2)
  expect(mailbox.size).toBe(2)
  expect([mailbox.next(), mailbox.next()]).toEqual([1, 2])
  const waiting = spawn(() => mailbox.next())
  await clock.settle()
  mailbox.post(3)
  expect(await waiting.join()).toBe(3)
})

test('at its time the wait ends with nothing, and not before', async () => {
  const mailbox = new Mailbox<number>(owner)
  const waiting = spawn(async () => [await mailbox.next(100), now()])
  await clock.advance(99)
  expect(waiting.state).not.toBe('finished')
  await clock.advance(1)
  expect(await waiting.join()).toEqual([undefined, 100])
  expect(clock.pendingAlarm?.at ?? Infinity).toBe(Infinity)
})

test('a value that is there beats a time that has passed', async () => {
  const mailbox = new Mailbox<number>(owner)
  mailbox.post(1)
  expect(await mailbox.next(-1)).toBe(1)
  expect(await mailbox.next(-1)).toBeUndefined()
})

test('a cancelled wait takes nothing, and the mailbox goes on', async () => {
  const mailbox = new Mailbox<number>(owner)
  const doomed = spawn(() => mailbox.next(50))
  await clock.settle()
  doomed.interrupt()
  mailbox.post(1)
  expect(await failureOf(() => doomed.join())).toMatchObject({ code: 'INTERRUPTED' })
  expect(await mailbox.next()).toBe(1)
  await clock.advance(100)
  const again = spawn(() => mailbox.next())
  await clock.settle()
  mailbox.post(2)
  expect(await again.join()).toBe(2)
})

test('a value that was handed over is delivered although the waiter is interrupted', async () => {
  const mailbox = new Mailbox<number>(owner)
  const lucky = spawn(() => mailbox.next())
  await clock.settle()
  mailbox.post(1)
  lucky.interrupt()
  expect(await lucky.join()).toBe(1)
})

test('two who wait are one too many, and the first is not disturbed', async () => {
  const mailbox = new Mailbox<number>(owner)
  const first = spawn(() => mailbox.next())
  await clock.settle()
  expect(await failureOf(async () => mailbox.next())).toMatchObject({ code: 'SIMULTANEOUS' })
  mailbox.post(1)
  expect(await first.join()).toBe(1)
})
