/** Waiting for the end of a coroutine. */
import { expect, test } from 'vitest'
import {
  current,
  Interrupted,
  main,
  Shutdown,
  sleep,
  spawn,
  TimeoutError,
  withTimeout,
  yieldSlice,
} from '../../src/index.js'
import { cleanGround, errorOf } from './harness.js'

const ground = cleanGround()

test('join waits for the end and gives the result', async () => {
  const coroutine = spawn(async () => {
    await sleep(10)
    return 'result'
  })
  const joined = coroutine.join()
  await ground.clock.advance(9)
  expect(coroutine.state).toBe('waiting')
  await ground.clock.advance(1)
  expect(await joined).toBe('result')
})

test('join of a dead coroutine gives the result as often as it is asked', async () => {
  const coroutine = spawn(() => 'result')
  await coroutine.join()
  expect(await Promise.all([coroutine.join(), coroutine.join()])).toEqual(['result', 'result'])
})

test('join of a failed coroutine rejects with the very error, before and after its death', async () => {
  const error = new Error('died')
  const coroutine = spawn(async () => {
    await yieldSlice()
    throw error
  })
  expect(await errorOf(coroutine.join())).toBe(error)
  expect(await errorOf(coroutine.join())).toBe(error)
})

test('every joiner gets the same end', async () => {
  const coroutine = spawn(async () => {
    await sleep(1)
    return {}
  })
  const joiners = [1, 2, 3].map(() => spawn(() => coroutine.join()))
  await ground.clock.advance(1)
  const results = await Promise.all(joiners.map((each) => each.join()))
  expect(new Set(results).size).toBe(1)
})

test('a cancelled joiner leaves the coroutine and the other joiners alone', async () => {
  const coroutine = spawn(async () => {
    await sleep(10)
    return 'result'
  })
  const doomed = [1, 2, 3, 4, 5].map(() => spawn(() => coroutine.join()))
  const survivor = spawn(() => coroutine.join())
  await ground.clock.settle()
  for (const each of doomed) each.interrupt()
  const errors = await Promise.all(doomed.map((each) => errorOf(each.join())))
  expect(errors.every((error) => error instanceof Interrupted)).toBe(true)
  expect(coroutine.state).toBe('waiting')
  await ground.clock.advance(10)
  expect(await survivor.join()).toBe('result')
})

test('a timeout around join ends the waiting, not the coroutine', async () => {
  const coroutine = spawn(async () => {
    await sleep(10)
    return 'result'
  })
  const waiting = errorOf(withTimeout(5, () => coroutine.join()))
  await ground.clock.advance(5)
  expect(await waiting).toBeInstanceOf(TimeoutError)
  await ground.clock.advance(5)
  expect(await coroutine.join()).toBe('result')
})

test('a failure whose only joiner was cancelled is reported', async () => {
  const error = new Error('nobody listens')
  const coroutine = spawn(async () => {
    await sleep(10)
    throw error
  })
  const joiner = spawn(() => coroutine.join())
  await ground.clock.settle()
  joiner.interrupt()
  expect(await errorOf(joiner.join())).toBeInstanceOf(Interrupted)
  await ground.clock.advance(10)
  expect(ground.takeReports()).toEqual([{ error, coroutine }])
})

test('a failure is not reported while one of two joiners is left', async () => {
  const error = new Error('one listens')
  const coroutine = spawn(async () => {
    await sleep(10)
    throw error
  })
  const [doomed, survivor] = [spawn(() => coroutine.join()), spawn(() => coroutine.join())]
  await ground.clock.settle()
  doomed.interrupt()
  await errorOf(doomed.join())
  const failed = errorOf(survivor.join())
  await ground.clock.advance(10)
  expect(await failed).toBe(error)
})

test('a joiner that was woken and then interrupted gets the result, and the interrupt meets its next wait', async () => {
  const coroutine = spawn(() => 'result')
  const events: unknown[] = []
  const joiner = spawn(async () => {
    events.push(await coroutine.join())
    await sleep(1).catch((error: unknown) => events.push((error as Interrupted).reason))
  })
  await yieldSlice()
  // The coroutine ran in this turn and woke its joiner, which has not run since.
  joiner.interrupt('later')
  await joiner.join()
  expect(events).toEqual(['result', 'later'])
})

test('a coroutine that joins itself is refused with LOCK', async () => {
  const coroutine = spawn(() => current().join())
  expect(await errorOf(coroutine.join())).toMatchObject({ name: 'LockError', code: 'LOCK' })
})

test('code outside of any coroutine that joins the main coroutine is refused with LOCK', async () => {
  expect(await errorOf(main().join())).toMatchObject({ code: 'LOCK' })
})

test('join of a coroutine that was shut down rejects with Shutdown', async () => {
  const coroutine = spawn(() => sleep(Infinity))
  await ground.clock.settle()
  coroutine.shutdown('enough')
  expect(await errorOf(coroutine.join())).toMatchObject({ code: 'SHUTDOWN', reason: 'enough' })
})

test('join in a cancelled scope rejects, and the failure it did not hear of is reported', async () => {
  const error = new Error('not heard of')
  const failing = spawn(async () => {
    await sleep(10)
    throw error
  })
  const joiner = spawn(async () => {
    await sleep(Infinity).catch(() => {})
    await failing.join()
  })
  await ground.clock.settle()
  joiner.shutdown()
  expect(await errorOf(joiner.join())).toBeInstanceOf(Shutdown)
  await ground.clock.advance(10)
  expect(ground.takeReports()).toEqual([{ error, coroutine: failing }])
})

test('coroutines that join in a ring can be broken out of it from outside', async () => {
  const ring: { one?: Promise<unknown> } = {}
  const one = spawn((): Promise<unknown> => other.join())
  const other = spawn((): Promise<unknown> => one.join())
  await ground.clock.settle()
  expect([one.waitingOn, other.waitingOn]).toEqual([
    `join coroutine ${other.id} (${other.name})`,
    `join coroutine ${one.id} (${one.name})`,
  ])
  ring.one = errorOf(one.join())
  other.interrupt('break')
  expect(await ring.one).toMatchObject({ code: 'INTERRUPTED', reason: 'break' })
})
