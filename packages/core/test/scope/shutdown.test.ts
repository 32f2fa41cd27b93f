/** Ending a coroutine for good. */
import { expect, test } from 'vitest'
import {
  all,
  current,
  group,
  inParallel,
  main,
  Shutdown,
  shield,
  sleep,
  spawn,
  withTimeout,
  yieldSlice,
} from '../../src/index.js'
import { timersPending } from '../../src/runtime/timers.js'
import { cleanGround, errorOf } from '../runtime/harness.js'

const ground = cleanGround()

/** For work that takes a second on a machine that does nothing else. */
const PATIENT_MS = 60_000

test('a coroutine that has not started never does', async () => {
  let ran = false
  const coroutine = spawn(() => {
    ran = true
  })
  coroutine.shutdown('not needed')
  expect(await errorOf(coroutine.join())).toMatchObject({ code: 'SHUTDOWN', reason: 'not needed' })
  expect(ran).toBe(false)
})

test('its present wait and every later one rejects with Shutdown', async () => {
  const errors: unknown[] = []
  const coroutine = spawn(async () => {
    for (let n = 0; n < 3; n++) await sleep(5).catch((error: unknown) => errors.push(error))
    await withTimeout(5, () => {}).catch((error: unknown) => errors.push(error))
    await group((g) => void g.spawn(() => {})).catch((error: unknown) => errors.push(error))
    await inParallel([() => 1]).catch((error: unknown) => errors.push(error))
  })
  await ground.clock.settle()
  coroutine.shutdown('x')
  await coroutine.join()
  expect(errors).toHaveLength(6)
  expect(errors.every((error) => error instanceof Shutdown && error.reason === 'x')).toBe(true)
})

test('finally blocks run, and wait in a shield', async () => {
  const events: string[] = []
  const coroutine = spawn(async () => {
    try {
      await withTimeout(100, () => sleep(Infinity))
    } finally {
      events.push('finally')
      await shield(100, () => sleep(10))
      events.push(`clean at ${ground.clock.now() - 1000}`)
    }
  })
  await ground.clock.settle()
  coroutine.shutdown()
  await ground.clock.advance(10)
  expect(events).toEqual(['finally', 'clean at 10'])
  expect(coroutine.state).toBe('failed')
})

test('a second shutdown, and one of a dead coroutine, is without effect', async () => {
  const coroutine = spawn(async () => {
    await sleep(Infinity).catch((error: Shutdown) => expect(error.reason).toBe('first'))
    return 'ended'
  })
  await ground.clock.settle()
  coroutine.shutdown('first')
  coroutine.shutdown('second')
  expect(await coroutine.join()).toBe('ended')
  coroutine.shutdown('third')
  expect(coroutine.state).toBe('done')
})

test('a coroutine that shuts itself down runs on to its next wait', async () => {
  const events: string[] = []
  const coroutine = spawn(async () => {
    current().shutdown()
    events.push('runs on')
    await yieldSlice()
    events.push('never')
  })
  expect(await errorOf(coroutine.join())).toBeInstanceOf(Shutdown)
  expect(events).toEqual(['runs on'])
})

test('the main coroutine cannot be shut down', async () => {
  main().shutdown()
  await yieldSlice()
  expect(main().state).toBe('running')
})

test('children of a group end with the coroutine that owns the group, before it', async () => {
  const ends: string[] = []
  const child = (name: string) => async (): Promise<void> => {
    try {
      await sleep(Infinity)
    } finally {
      await shield(100, () => sleep(5))
      ends.push(name)
    }
  }
  const owner = spawn(async () => {
    try {
      await group((g) => {
        g.spawn(child('one'))
        g.spawn(() => group((inner) => void inner.spawn(child('grandchild'))))
      })
    } finally {
      ends.push('owner')
    }
  })
  await ground.clock.settle()
  owner.shutdown()
  await ground.clock.advance(5)
  expect(ends.sort()).toEqual(['grandchild', 'one', 'owner'])
  expect(all()).toEqual([])
  expect(await errorOf(owner.join())).toBeInstanceOf(Shutdown)
})

test('spawned coroutines do not end with the one that spawned them', async () => {
  const parent = spawn(async () => {
    spawn({ name: 'child' }, () => sleep(10))
    await sleep(10)
  })
  await ground.clock.settle()
  parent.shutdown()
  await ground.clock.settle()
  expect(all().map(({ name }) => name)).toEqual(['child'])
  await ground.clock.advance(10)
})

test('a shutdown in the turn in which a coroutine ends by itself changes nothing', async () => {
  const coroutine = spawn(async () => {
    await sleep(10)
    return 'result'
  })
  const killer = spawn(async () => {
    await sleep(10)
    coroutine.shutdown()
  })
  await ground.clock.advance(10)
  await killer.join()
  expect(await coroutine.join()).toBe('result')
})

test(
  'a hundred thousand coroutines shut down at once end, and leave nothing',
  async () => {
    const coroutines = Array.from({ length: 100_000 }, () => spawn(() => sleep(1e9)))
    await yieldSlice()
    expect(timersPending()).toBe(100_000)
    for (const each of coroutines) each.shutdown()
    await yieldSlice()
    expect(timersPending()).toBe(0)
    expect(all()).toEqual([])
  },
  PATIENT_MS,
)

test(
  'a chain of five thousand groups within groups ends from its root',
  async () => {
    const nest = (depth: number) => async (): Promise<void> => {
      if (depth === 0) await sleep(Infinity)
      else await group((g) => void g.spawn(nest(depth - 1)))
    }
    const root = spawn(nest(5000))
    while (all().length < 5001) await yieldSlice()
    await yieldSlice()
    root.shutdown()
    expect(await errorOf(root.join())).toBeInstanceOf(Shutdown)
    expect(all()).toEqual([])
  },
  PATIENT_MS,
)
