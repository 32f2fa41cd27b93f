/** What a coroutine tells of itself. */
import { expect, test } from 'vitest'
import {
  type Coroutine,
  current,
  main,
  shield,
  sleep,
  spawn,
  withTimeout,
  yieldSlice,
} from '../../src/index.js'
import { currentScope } from '../../src/runtime/current.js'
import { Wait } from '../../src/runtime/wait.js'
import { cleanGround, compute, errorOf, foreign } from './harness.js'

const ground = cleanGround()

/** A wait that cannot say what it is. */
class Speechless extends Wait<void> {
  protected unlink(): void {}
  describe(): string {
    throw new Error('no words')
  }
}

test('a coroutine is ready, running, waiting and done, in that order', async () => {
  const states: string[] = []
  const coroutine: Coroutine<void> = spawn(async () => {
    states.push(coroutine.state)
    await sleep(5)
    states.push(coroutine.state)
  })
  states.push(coroutine.state)
  await ground.clock.settle()
  states.push(coroutine.state)
  await ground.clock.advance(5)
  states.push(coroutine.state)
  expect(states).toEqual(['ready', 'running', 'waiting', 'running', 'done'])
})

test('a coroutine that awaits a promise that is not ours is foreign', async () => {
  const outside = foreign()
  const coroutine = spawn(() => outside.promise)
  await ground.clock.settle()
  expect(coroutine.state).toBe('foreign')
  expect(coroutine.waitingOn).toBeUndefined()
  outside.resolve()
  await coroutine.join()
  expect(coroutine.state).toBe('done')
})

test.each([
  [
    'an error',
    () => {
      throw new Error('x')
    },
  ],
  ['a rejection', () => Promise.reject(new Error('x'))],
])('a coroutine that ends with %s has failed and is dead', async (_, fn) => {
  const coroutine = spawn(fn)
  expect(coroutine.isDead).toBe(false)
  await errorOf(coroutine.join())
  expect([coroutine.state, coroutine.isDead]).toEqual(['failed', true])
})

test('a coroutine that was shut down before it started has failed and never ran', async () => {
  let ran = false
  const coroutine = spawn(() => {
    ran = true
  })
  coroutine.shutdown()
  expect(coroutine.state).toBe('ready')
  await errorOf(coroutine.join())
  expect([coroutine.state, ran]).toEqual(['failed', false])
})

test('the main coroutine is number 0, runs where nothing else does, and has no parent', () => {
  expect(current()).toBe(main())
  expect(main()).toMatchObject({ id: 0, name: 'main', state: 'running', parentId: 0, isDead: false })
  expect(main().parent).toBeUndefined()
})

test('the parent is who spawned: a coroutine, or main for code outside of any', async () => {
  let child: Coroutine<void> | undefined
  const parent = spawn(async () => {
    child = spawn(() => sleep(5))
    await sleep(1)
  })
  await ground.clock.settle()
  expect(parent.parent).toBe(main())
  expect(child?.parent).toBe(parent)
  await ground.clock.advance(1)
  expect(child?.parent).toBeUndefined()
  expect(child?.parentId).toBe(parent.id)
  await ground.clock.advance(4)
})

test('waitingOn says what is waited for, in every scope of the coroutine, and nothing when it does not wait', async () => {
  const coroutine = spawn(async () => {
    await Promise.all([sleep(50), withTimeout(100, () => shield(100, () => sleep(20))), yieldSlice()])
  })
  expect(coroutine.waitingOn).toBeUndefined()
  await ground.clock.settle()
  expect(coroutine.waitingOn?.split(', ').sort()).toEqual(['sleep 20 ms more', 'sleep 50 ms more'])
  await ground.clock.advance(30)
  expect(coroutine.waitingOn).toBe('sleep 20 ms more')
  await ground.clock.advance(20)
  expect(coroutine.waitingOn).toBeUndefined()
})

test('a sleep without end says so', async () => {
  const coroutine = spawn(() => sleep(Infinity))
  await ground.clock.settle()
  expect(coroutine.waitingOn).toBe('sleep for ever')
  coroutine.shutdown()
})

test('a wait that fails to describe itself does not fail whoever asks', async () => {
  let wait: Speechless | undefined
  const coroutine = spawn(async () => {
    wait = new Speechless(currentScope())
    await Promise.all([wait.suspend(), sleep(1)])
  })
  await ground.clock.settle()
  expect(coroutine.waitingOn).toContain('sleep 1 ms more')
  expect(coroutine.waitingOn).toContain('Speechless')
  expect(coroutine.state).toBe('waiting')
  wait?.wake()
  await ground.clock.advance(1)
})

test('cpuMs counts what a coroutine computes, not what it waits', async () => {
  const began = performance.now()
  const busy = spawn(async () => {
    compute(30)
    await yieldSlice()
    compute(30)
  })
  const idle = spawn(async () => {
    await sleep(1)
    await yieldSlice()
  })
  await busy.join()
  await ground.clock.advance(1)
  expect(busy.cpuMs).toBeGreaterThanOrEqual(59)
  // It is time on the clock: of whatever else the machine did meanwhile some is in it.
  expect(busy.cpuMs).toBeLessThanOrEqual(performance.now() - began)
  expect(idle.cpuMs).toBeGreaterThanOrEqual(0)
  expect(idle.cpuMs).toBeLessThan(busy.cpuMs / 2)
})

test('cpuMs counts a coroutine that never suspends', async () => {
  const coroutine = spawn(() => compute(20))
  await coroutine.join()
  expect(coroutine.cpuMs).toBeGreaterThanOrEqual(19)
})

test('spawnedAt is the time of day of the spawn', async () => {
  const coroutine = spawn(() => {})
  expect(Math.abs(Date.now() - coroutine.spawnedAt)).toBeLessThan(1000)
  await coroutine.join()
})
