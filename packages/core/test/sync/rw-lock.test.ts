import { expect, test } from 'vitest'
import { yieldSlice } from '../../src/scope/sleep.js'
import { spawn } from '../../src/spawn.js'
import { RWLock } from '../../src/sync/rw-lock.js'
import { turns } from './matrix.js'

const lockError = { name: 'LockError', code: 'LOCK' }

test('readers read together, a writer writes alone', () => {
  const lock = new RWLock()
  const one = lock.tryReadLock()
  const two = lock.tryReadLock()
  expect(lock.readers).toBe(2)
  expect(lock.tryWriteLock()).toBeUndefined()
  one?.release()
  expect(lock.tryWriteLock()).toBeUndefined()
  two?.release()
  const writer = lock.tryWriteLock()
  expect(lock.tryReadLock()).toBeUndefined()
  expect(lock.tryWriteLock()).toBeUndefined()
  writer?.release()
  expect(lock.tryReadLock()).toBeDefined()
})

test('free locks are given at once, without a promise', () => {
  const lock = new RWLock()
  const reading = lock.readLock()
  expect(reading).not.toBeInstanceOf(Promise)
  if (!(reading instanceof Promise)) reading.release()
  expect(lock.writeLock()).not.toBeInstanceOf(Promise)
})

test('a writer that waits keeps new readers out and comes first', async () => {
  const lock = new RWLock()
  const order: string[] = []
  const reading = lock.tryReadLock()
  const writer = spawn(() => lock.withWrite(() => order.push('write')))
  await turns()
  const late = spawn(() => lock.withRead(() => order.push('read')))
  await turns()
  expect(lock.tryReadLock(), 'no new reader while a writer waits').toBeUndefined()
  expect([lock.waitingWriters, lock.waitingReaders]).toEqual([1, 1])
  reading?.release()
  await writer.join()
  await late.join()
  expect(order).toEqual(['write', 'read'])
})

test('writers go on one after the other, then all readers together', async () => {
  const lock = new RWLock()
  const order: string[] = []
  const held = lock.tryWriteLock()
  const write = async (name: string): Promise<void> => {
    using _held = await lock.writeLock()
    order.push(name)
    await yieldSlice()
  }
  const read = async (): Promise<void> => {
    using _held = await lock.readLock()
    order.push(`read beside ${lock.readers - 1}`)
    await yieldSlice()
  }
  const all = [spawn(read), spawn(write, 'first'), spawn(read), spawn(write, 'second')]
  await turns()
  held?.release()
  for (const each of all) await each.join()
  expect(order).toEqual(['first', 'second', 'read beside 1', 'read beside 1'])
})

test('a waiting writer that is interrupted lets in the readers queued behind it', async () => {
  const lock = new RWLock()
  const reading = lock.tryReadLock()
  const writer = spawn(() => lock.withWrite(() => 'wrote'))
  await turns()
  const readers = [1, 2].map((number) => spawn(() => lock.withRead(() => number)))
  await turns()
  expect(lock.waitingReaders).toBe(2)
  writer.interrupt()
  expect(lock.waitingReaders, 'let in at once').toBe(0)
  await expect(writer.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
  expect(await Promise.all(readers.map((each) => each.join()))).toEqual([1, 2])
  reading?.release()
  expect(lock.readers).toBe(0)
})

test('of two waiting writers one may be interrupted: readers stay behind the other', async () => {
  const lock = new RWLock()
  const reading = lock.tryReadLock()
  const writers = ['a', 'b'].map((name) => spawn(() => lock.withWrite(() => name)))
  await turns()
  const reader = spawn(() => lock.withRead(() => 'read'))
  await turns()
  writers[0]?.shutdown()
  expect([lock.waitingWriters, lock.waitingReaders]).toEqual([1, 1])
  reading?.release()
  expect(await writers[1]?.join()).toBe('b')
  expect(await reader.join()).toBe('read')
})

test('a coroutine that reads may read again while a writer waits', async () => {
  const lock = new RWLock()
  const order: string[] = []
  const reader = spawn(async () => {
    using _outer = await lock.readLock()
    await turns()
    expect(lock.waitingWriters).toBe(1)
    using _inner = await lock.readLock()
    order.push('read twice')
  })
  const writer = spawn(() => lock.withWrite(() => order.push('write')))
  await reader.join()
  await writer.join()
  expect(order).toEqual(['read twice', 'write'])
})

test('a coroutine that reads is refused the write lock, which it would wait for for ever', async () => {
  const lock = new RWLock()
  await spawn(async () => {
    using _held = await lock.readLock()
    await expect(lock.writeLock()).rejects.toMatchObject(lockError)
    expect(lock.tryWriteLock()).toBeUndefined()
    expect(lock.waitingWriters).toBe(0)
  }).join()
  expect(lock.tryWriteLock()).toBeDefined()
})

test('a coroutine that writes is refused a second write lock', async () => {
  const lock = new RWLock()
  await spawn(async () => {
    using _held = await lock.writeLock()
    await expect(lock.writeLock()).rejects.toMatchObject(lockError)
  }).join()
  expect(lock.writer).toBeUndefined()
})

test('a coroutine that writes may read, and becomes a reader when it gives the write lock back', async () => {
  const lock = new RWLock()
  const other = spawn(async () => {
    await turns(2)
    return lock.withRead(() => lock.readers)
  })
  await spawn(async () => {
    const writing = await lock.writeLock()
    using _reading = await lock.readLock()
    await turns(4)
    expect(lock.waitingReaders).toBe(1)
    writing.release()
    expect(await other.join(), 'both read').toBe(2)
    expect(lock.tryWriteLock()).toBeUndefined()
  }).join()
  expect(lock.readers).toBe(0)
})

test('a lock is given back once', () => {
  const lock = new RWLock()
  const one = lock.tryReadLock()
  const two = lock.tryReadLock()
  one?.release()
  one?.release()
  expect(lock.readers).toBe(1)
  two?.release()
  const writing = lock.tryWriteLock()
  writing?.release()
  const next = lock.tryWriteLock()
  writing?.[Symbol.dispose]()
  expect(lock.tryReadLock()).toBeUndefined()
  next?.release()
})

test('what a waiter waits for says who is in the way', async () => {
  const lock = new RWLock()
  const writer = spawn({ name: 'scribe' }, async () => {
    using _held = await lock.writeLock()
    await turns(6)
  })
  const reading = spawn(() => lock.withRead(() => {}))
  const writing = spawn(() => lock.withWrite(() => {}))
  await turns(2)
  expect(reading.waitingOn).toBe(`read lock: coroutine ${writer.id} (scribe) writes`)
  expect(writing.waitingOn).toBe(`write lock: coroutine ${writer.id} (scribe) writes`)
  await writing.join()
  await reading.join()
})
