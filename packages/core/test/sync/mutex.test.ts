import { expect, test } from 'vitest'
import { yieldSlice } from '../../src/scope/sleep.js'
import { spawn } from '../../src/spawn.js'
import { Mutex } from '../../src/sync/mutex.js'
import { turns } from './matrix.js'

const lockError = { name: 'LockError', code: 'LOCK' }

test('a free lock is given at once, without a promise', () => {
  const mutex = new Mutex()
  const held = mutex.lock()
  expect(held).not.toBeInstanceOf(Promise)
  expect(mutex.isLocked).toBe(true)
})

test('the lock is handed to the one that waited longest, and whoever comes in between goes behind', async () => {
  const mutex = new Mutex()
  const order: string[] = []
  const enter = async (name: string): Promise<void> => {
    using _held = await mutex.lock()
    order.push(name)
    await yieldSlice()
  }
  const held = mutex.tryLock()
  const first = spawn(enter, 'first')
  const second = spawn(enter, 'second')
  await turns()
  held?.release()
  expect(mutex.tryLock(), 'handed over before the waiter has run').toBeUndefined()
  expect(mutex.holder).toBe(first)
  const newcomer = spawn(enter, 'newcomer')
  for (const each of [first, second, newcomer]) await each.join()
  expect(order).toEqual(['first', 'second', 'newcomer'])
  expect(mutex.isLocked).toBe(false)
  expect(mutex.holder).toBeUndefined()
})

test('a coroutine that locks what it holds is told so at once, and goes on holding it', async () => {
  const mutex = new Mutex()
  await spawn(async () => {
    using _held = await mutex.lock()
    await expect(mutex.lock()).rejects.toMatchObject(lockError)
    expect(mutex.isLocked).toBe(true)
    expect(mutex.tryLock()).toBeUndefined()
  }).join()
  expect(mutex.isLocked).toBe(false)
})

test('two strands of code outside of any coroutine lock one after the other', async () => {
  const mutex = new Mutex()
  const order: string[] = []
  const strand = async (name: string): Promise<void> => {
    using _held = await mutex.lock()
    order.push(`${name} in`)
    await yieldSlice()
    order.push(`${name} out`)
  }
  await Promise.all([strand('a'), strand('b')])
  expect(order).toEqual(['a in', 'a out', 'b in', 'b out'])
})

test('only the coroutine that holds the lock may unlock it', async () => {
  const mutex = new Mutex()
  expect(() => mutex.unlock()).toThrow(expect.objectContaining(lockError))
  await spawn(async () => {
    await mutex.lock()
    await spawn(() => expect(() => mutex.unlock()).toThrow(expect.objectContaining(lockError))).join()
    expect(mutex.isLocked).toBe(true)
    mutex.unlock()
    expect(mutex.isLocked).toBe(false)
  }).join()
})

test('a lock is given back once: a second release does not take it from the next holder', async () => {
  const mutex = new Mutex()
  const held = await mutex.lock()
  held.release()
  const next = await mutex.lock()
  held.release()
  expect(mutex.isLocked).toBe(true)
  next[Symbol.dispose]()
  expect(mutex.isLocked).toBe(false)
})

test('after unlock the disposable has nothing left to release', async () => {
  const mutex = new Mutex()
  const held = await mutex.lock()
  mutex.unlock()
  const next = await mutex.lock()
  held.release()
  expect(mutex.isLocked).toBe(true)
  next.release()
})

test('a lock may be released by a coroutine it was passed to', async () => {
  const mutex = new Mutex()
  const held = await mutex.lock()
  await spawn(() => held.release()).join()
  expect(mutex.isLocked).toBe(false)
})

test('with gives the result of its function and releases the lock, also when the function fails', async () => {
  const mutex = new Mutex()
  expect(await mutex.with(() => mutex.isLocked)).toBe(true)
  const failure = new Error('no')
  await expect(mutex.with(() => Promise.reject(failure))).rejects.toBe(failure)
  expect(mutex.isLocked).toBe(false)
  expect(() => mutex.with(1 as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
})

test('a lock handed to a coroutine that is shut down before it runs is passed on by its using', async () => {
  const mutex = new Mutex()
  const held = mutex.tryLock()
  const doomed = spawn(async () => {
    using _held = await mutex.lock()
    await yieldSlice()
  })
  const survivor = spawn(() => mutex.with(() => 'in'))
  await turns()
  held?.release()
  doomed.shutdown()
  expect(await survivor.join()).toBe('in')
  expect(mutex.isLocked).toBe(false)
})

test('whoever waits for a lock says who holds it', async () => {
  const mutex = new Mutex()
  const holder = spawn({ name: 'holder' }, async () => {
    using _held = await mutex.lock()
    await turns(6)
  })
  const waiter = spawn(() => mutex.with(() => {}))
  await turns(2)
  expect(waiter.waitingOn).toBe(`mutex held by coroutine ${holder.id} (holder)`)
  await waiter.join()
})
