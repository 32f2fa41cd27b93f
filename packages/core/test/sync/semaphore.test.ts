import { expect, test } from 'vitest'
import { spawn } from '../../src/spawn.js'
import { InvertedSemaphore } from '../../src/sync/inverted-semaphore.js'
import { Semaphore } from '../../src/sync/semaphore.js'
import { turns } from './matrix.js'

test('units that are there are given at once, without a promise', () => {
  const semaphore = new Semaphore(2)
  expect(semaphore.acquire(2)).not.toBeInstanceOf(Promise)
  expect(semaphore.available).toBe(0)
})

test('a large request at the head holds up small ones behind it until it is served', async () => {
  const semaphore = new Semaphore(1)
  const order: string[] = []
  const take = async (name: string, units: number): Promise<void> => {
    await semaphore.acquire(units)
    order.push(name)
  }
  const large = spawn(take, 'large', 3)
  const small = spawn(take, 'small', 1)
  await turns()
  expect(order).toEqual([])
  expect(semaphore.tryAcquire(), 'one is there, but others wait').toBeUndefined()
  semaphore.release(2)
  await large.join()
  expect(order).toEqual(['large'])
  semaphore.release()
  await small.join()
  expect(semaphore.available).toBe(0)
})

test('a large request that gives up lets the small ones behind it in at once', async () => {
  const semaphore = new Semaphore(2)
  const large = spawn(() => semaphore.acquire(3))
  const small = [1, 2].map(() => spawn(() => semaphore.acquire(1)))
  await turns()
  expect(semaphore.waiting).toBe(3)
  large.interrupt()
  expect([semaphore.waiting, semaphore.available]).toEqual([0, 0])
  for (const each of small) await each.join()
  await expect(large.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
})

test('nobody overtakes: units that were handed over are gone before the waiter has run', async () => {
  const semaphore = new Semaphore(0)
  const waiter = spawn(() => semaphore.acquire())
  await turns()
  semaphore.release()
  expect(semaphore.tryAcquire()).toBeUndefined()
  await waiter.join()
})

test('the disposable gives its units back, once', async () => {
  const semaphore = new Semaphore(5)
  {
    using held = await semaphore.acquire(3)
    expect(semaphore.available).toBe(2)
    held.release()
    expect(semaphore.available).toBe(5)
  }
  expect(semaphore.available).toBe(5)
  expect(await semaphore.with(() => semaphore.available, 2)).toBe(3)
  expect(semaphore.available).toBe(5)
})

test('without a capacity any number may be added, and any number asked for', async () => {
  const semaphore = new Semaphore(0)
  const waiter = spawn(() => semaphore.acquire(1000))
  await turns()
  semaphore.release(1000)
  await waiter.join()
  expect(semaphore.capacity).toBe(Infinity)
})

test('a fixed capacity refuses a request that it could never serve, and a release of what was not taken', async () => {
  const semaphore = new Semaphore(4, 4)
  expect(() => semaphore.acquire(5)).toThrow(
    expect.objectContaining({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' }),
  )
  expect(() => semaphore.tryAcquire(5)).toThrow(RangeError)
  expect(() => semaphore.release()).toThrow(expect.objectContaining({ code: 'LOCK' }))
  expect(semaphore.available).toBe(4)
  await semaphore.acquire(4)
  semaphore.release(4)
  expect(semaphore.available).toBe(4)
})

test.each([-1, 1.5, Number.NaN, Infinity])('%d units are out of range', (units) => {
  const semaphore = new Semaphore(1)
  expect(() => semaphore.acquire(units)).toThrow(RangeError)
  expect(() => semaphore.release(units)).toThrow(RangeError)
  expect(() => new InvertedSemaphore().acquire(units)).toThrow(RangeError)
})

test('a capacity below what is available, and a count that is no number, are refused', () => {
  expect(() => new Semaphore(3, 2)).toThrow(RangeError)
  expect(() => new Semaphore('3' as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
})

test('an inverted semaphore at zero lets everyone through, above it nobody', async () => {
  const semaphore = new InvertedSemaphore()
  expect(semaphore.untilZero()).toBeUndefined()
  semaphore.acquire(2)
  const waiters = [1, 2].map(() => spawn(() => semaphore.untilZero()))
  await turns()
  semaphore.release()
  await turns()
  expect(semaphore.waiting).toBe(2)
  semaphore.release()
  for (const each of waiters) await each.join()
  expect(semaphore.value).toBe(0)
})

test('a waiter that was woken at zero goes on even if the count is raised before it runs', async () => {
  const semaphore = new InvertedSemaphore(1)
  const waiter = spawn(() => semaphore.untilZero())
  await turns()
  semaphore.release()
  semaphore.acquire()
  await waiter.join()
  const next = spawn(() => semaphore.untilZero())
  await turns()
  expect(semaphore.waiting, 'one that comes later waits').toBe(1)
  semaphore.release()
  await next.join()
})

test('an inverted semaphore does not go below zero', () => {
  const semaphore = new InvertedSemaphore(1)
  expect(() => semaphore.release(2)).toThrow(expect.objectContaining({ name: 'LockError', code: 'LOCK' }))
  expect(semaphore.value).toBe(1)
})

test('what an inverted semaphore counts is taken off by its disposable, once', () => {
  const semaphore = new InvertedSemaphore(1)
  {
    using held = semaphore.acquire(3)
    expect(semaphore.value).toBe(4)
    held.release()
    expect(semaphore.value).toBe(1)
  }
  expect(semaphore.value).toBe(1)
})

test('waits say how many are wanted and how many there are', async () => {
  const semaphore = new Semaphore(1)
  const inverted = new InvertedSemaphore(2)
  const one = spawn(() => semaphore.acquire(3))
  const other = spawn(() => inverted.untilZero())
  await turns()
  expect(one.waitingOn).toBe('semaphore: 3 wanted, 1 available')
  expect(other.waitingOn).toBe('inverted semaphore: 2 under way')
  semaphore.release(2)
  inverted.release(2)
  await one.join()
  await other.join()
})
