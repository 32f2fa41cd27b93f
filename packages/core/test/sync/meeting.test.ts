import { expect, test } from 'vitest'
import { spawn } from '../../src/spawn.js'
import { Barrier } from '../../src/sync/barrier.js'
import { ConditionVariable } from '../../src/sync/condition-variable.js'
import { Event } from '../../src/sync/event.js'
import { turns } from './matrix.js'

function waiters<T>(count: number, wait: () => T | PromiseLike<T>) {
  return Array.from({ length: count }, () => spawn(wait))
}

test('a condition variable wakes one, some or all, those that waited longest first, with a value', async () => {
  const condition = new ConditionVariable<string>()
  const got: string[] = []
  const all = [1, 2, 3, 4, 5].map((number) =>
    spawn(async () => {
      got.push(`${number} ${await condition.wait()}`)
    }),
  )
  await turns()
  expect(condition.wakeOne('one')).toBe(true)
  expect(condition.wakeMany(2, 'two')).toBe(2)
  expect(condition.size).toBe(2)
  expect(condition.wakeAll('all')).toBe(2)
  for (const each of all) await each.join()
  expect(got).toEqual(['1 one', '2 two', '3 two', '4 all', '5 all'])
})

test('a condition variable does not remember: waking nobody is said, and lost', async () => {
  const condition = new ConditionVariable()
  expect(condition.wakeOne()).toBe(false)
  expect(condition.wakeAll()).toBe(0)
  expect(condition.wakeMany(3, undefined)).toBe(0)
  const waiter = spawn(() => condition.wait())
  await turns()
  expect(condition.size).toBe(1)
  condition.wakeOne()
  await waiter.join()
})

test('raiseAll fails every wait with the same error', async () => {
  const condition = new ConditionVariable()
  const error = new Error('the server went away')
  const all = waiters(3, () => condition.wait())
  const failures = all.map((each) => expect(each.join()).rejects.toBe(error))
  await turns()
  expect(condition.raiseAll(error)).toBe(3)
  for (const failure of failures) await failure
  expect(condition.size).toBe(0)
})

test('one who waits again as soon as it was woken is not woken twice by the same wake', async () => {
  const condition = new ConditionVariable<number>()
  const got: number[] = []
  const waiter = spawn(async () => {
    got.push(await condition.wait())
    got.push(await condition.wait())
  })
  await turns()
  expect(condition.wakeAll(1)).toBe(1)
  await turns()
  expect(got).toEqual([1])
  condition.wakeAll(2)
  await waiter.join()
  expect(got).toEqual([1, 2])
})

test('an event wakes everyone who waits and lets everyone through who comes later, with its value', async () => {
  const event = new Event<number>()
  const early = waiters(3, () => event.wait())
  await turns()
  expect(event.isSet).toBe(false)
  expect(event.set(7)).toBe(true)
  expect(await Promise.all(early.map((each) => each.join()))).toEqual([7, 7, 7])
  expect(event.wait()).toBe(7)
  expect(event.value).toBe(7)
})

test('an event happens once: the first value stays', () => {
  const event = new Event<string>()
  event.set('first')
  expect(event.set('second')).toBe(false)
  expect(event.wait()).toBe('first')
})

test('an event that is reset makes those who come wait, and lets those go on who were woken', async () => {
  const event = new Event<string>()
  const woken = spawn(() => event.wait())
  await turns()
  event.set('first')
  event.reset()
  expect([event.isSet, event.value]).toEqual([false, undefined])
  expect(await woken.join()).toBe('first')
  const late = spawn(() => event.wait())
  await turns()
  expect(event.waiting).toBe(1)
  event.set('second')
  expect(await late.join()).toBe('second')
})

test('a barrier opens when the last one comes, and tells each its place', async () => {
  const barrier = new Barrier(3)
  for (const round of ['first', 'again']) {
    const early = waiters(2, () => barrier.wait())
    await turns()
    expect(barrier.waiting, round).toBe(2)
    expect(barrier.wait(), 'the last one does not wait').toBe(2)
    expect(await Promise.all(early.map((each) => each.join()))).toEqual([0, 1])
    expect(barrier.waiting).toBe(0)
  }
})

test('one who is interrupted at a barrier has not come: another must, and places have no gap', async () => {
  const barrier = new Barrier(3)
  const [first, second] = waiters(2, () => barrier.wait())
  await turns()
  const failure = expect(first?.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
  await turns()
  first?.interrupt()
  expect(barrier.waiting).toBe(1)
  const third = spawn(() => barrier.wait())
  await turns()
  expect(barrier.waiting).toBe(2)
  expect(barrier.wait()).toBe(2)
  expect([await second?.join(), await third.join()]).toEqual([0, 1])
  await failure
})

test('a barrier for one holds nobody up, and one for none cannot be', () => {
  const barrier = new Barrier(1)
  expect([barrier.wait(), barrier.wait()]).toEqual([0, 0])
  expect(() => new Barrier(0)).toThrow(RangeError)
})

test('waits say what they are', async () => {
  const condition = new ConditionVariable()
  const event = new Event()
  const barrier = new Barrier(2)
  const all = [spawn(() => condition.wait()), spawn(() => event.wait()), spawn(() => barrier.wait())]
  await turns()
  expect(all.map((each) => each.waitingOn)).toEqual([
    'condition variable',
    'event',
    'barrier: 1 of 2 have come',
  ])
  condition.wakeAll()
  event.set()
  void barrier.wait()
  for (const each of all) await each.join()
})
