/** Waiting for promises that are not ours. */
// biome-ignore-all lint/suspicious/noThenProperty: things with a then of their own are what is tested
import { expect, test } from 'vitest'
import { Interrupted, interruptible, sleep, spawn, TimeoutError, withTimeout } from '../../src/index.js'
import { cleanGround, errorOf, foreign } from '../runtime/harness.js'

const ground = cleanGround()

test('it gives the result of the promise, settled before or after', async () => {
  const outside = foreign<string>()
  const waiting = spawn(() => interruptible(outside.promise))
  await ground.clock.settle()
  expect(waiting.state).toBe('waiting')
  expect(waiting.waitingOn).toBe('a promise')
  outside.resolve('result')
  expect(await waiting.join()).toBe('result')
  expect(await interruptible(outside.promise)).toBe('result')
})

test('it rejects with the very error of the promise', async () => {
  const outside = foreign()
  const error = new Error('foreign')
  const waiting = spawn(() => interruptible(outside.promise))
  await ground.clock.settle()
  outside.reject(error)
  expect(await errorOf(waiting.join())).toBe(error)
  expect(await errorOf(interruptible(outside.promise))).toBe(error)
})

test('an interrupt ends the waiting, and the result is dropped', async () => {
  const outside = foreign<string>()
  const waiting = spawn(() => interruptible(outside.promise))
  await ground.clock.settle()
  waiting.interrupt('x')
  expect(await errorOf(waiting.join())).toMatchObject({ code: 'INTERRUPTED', reason: 'x' })
  outside.resolve('dropped')
})

test('a failure that comes after the interrupt is not an unhandled one', async () => {
  const outside = foreign()
  const waiting = spawn(() => interruptible(outside.promise))
  await ground.clock.settle()
  waiting.shutdown()
  await errorOf(waiting.join())
  outside.reject(new Error('nobody waits any more'))
  await ground.clock.settle()
})

test('a timeout around it is TimeoutError on time', async () => {
  const outside = foreign()
  const failed = errorOf(withTimeout(10, () => interruptible(outside.promise)))
  await ground.clock.advance(10)
  expect(await failed).toBeInstanceOf(TimeoutError)
})

test('in a cancelled scope it rejects, and the failure of the promise is not an unhandled one', async () => {
  const coroutine = spawn(async () => {
    await sleep(Infinity).catch(() => {})
    await interruptible(Promise.reject(new Error('unheard')))
  })
  await ground.clock.settle()
  coroutine.shutdown()
  expect(await errorOf(coroutine.join())).toMatchObject({ code: 'SHUTDOWN' })
  await ground.clock.settle()
})

test('in a cancelled scope a thenable that works when it is asked is not asked', async () => {
  let asked = 0
  const lazy = { then: () => void asked++ } as unknown as Promise<void>
  const coroutine = spawn(async () => {
    await sleep(Infinity).catch(() => {})
    await interruptible(lazy)
  })
  await ground.clock.settle()
  coroutine.shutdown()
  await errorOf(coroutine.join())
  expect(asked).toBe(0)
})

test('many may wait for one promise; those that leave do not disturb the others', async () => {
  const outside = foreign<string>()
  const waiting = Array.from({ length: 6 }, () => spawn(() => interruptible(outside.promise)))
  await ground.clock.settle()
  for (const doomed of waiting.slice(0, 5)) doomed.interrupt()
  outside.resolve('result')
  expect(await waiting[5]?.join()).toBe('result')
  for (const doomed of waiting.slice(0, 5)) expect(await errorOf(doomed.join())).toBeInstanceOf(Interrupted)
})

test('resolved and then interrupted in one turn: the value arrives, and the interrupt meets the next wait', async () => {
  const outside = foreign<string>()
  const events: unknown[] = []
  const waiting = spawn(async () => {
    events.push(await interruptible(outside.promise))
    await sleep(1).catch((error: Interrupted) => events.push(error.reason))
  })
  await ground.clock.settle()
  outside.resolve('value')
  // Ours is the first reaction of the promise, this one the second.
  void outside.promise.then(() => waiting.interrupt('x'))
  await waiting.join()
  expect(events).toEqual(['value', 'x'])
})

test('any thenable will do, also one that calls back at once', async () => {
  const atOnce = { then: (resolve: (value: number) => void) => resolve(7) } as PromiseLike<number>
  const callable = Object.assign(() => {}, { then: atOnce.then }) as unknown as PromiseLike<number>
  expect(await interruptible(atOnce)).toBe(7)
  expect(await interruptible(callable)).toBe(7)
})

test('a thenable whose then throws rejects with that', async () => {
  const error = new Error('then')
  const throwing = {
    then() {
      throw error
    },
  } as unknown as PromiseLike<never>
  expect(await errorOf(interruptible(throwing))).toBe(error)
})

test.each([
  ['nothing', undefined],
  ['a number', 5],
  ['an object without then', {}],
  ['a function', () => Promise.resolve()],
])('%s is no promise', (_, value) => {
  expect(() => interruptible(value as never)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
  )
})
