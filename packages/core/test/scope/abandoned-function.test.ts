/** Functions that are stuck on a promise that is not ours when their time is up, and those that only clean up. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  group,
  Interrupted,
  inParallel,
  Shutdown,
  setExceptionNotifier,
  shield,
  sleep,
  spawn,
  TimeoutError,
  withTimeout,
  yieldSlice,
} from '../../src/index.js'
import { held } from '../../src/runtime/liveness.js'
import { timersPending } from '../../src/runtime/timers.js'
import { cleanGround, errorOf, foreign, stderrOf } from '../runtime/harness.js'

const ground = cleanGround()

let stuck: { readonly promise: Promise<void>; readonly resolve: () => void }
const never = (): Promise<void> => stuck.promise

beforeEach(() => {
  stuck = foreign()
})
afterEach(() => {
  // What was stuck goes on in the end, so that the ground is clean: abandoned functions end in silence.
  stuck.resolve()
})

/** When `promise` rejected, on the clock of the test, and with what. */
async function rejection(promise: Promise<unknown>): Promise<{ at: number; error: unknown }> {
  const error = await errorOf(promise)
  return { at: ground.clock.now() - 1000, error }
}

test.each<readonly [string, () => Promise<unknown>]>([
  ['itself', () => withTimeout(10, never)],
  ['in an inner limit that is longer', () => withTimeout(10, () => withTimeout(20, never))],
  ['in an inner limit that is endless', () => withTimeout(10, () => withTimeout(Infinity, never))],
  ['in the block of a group', () => withTimeout(10, () => group(never))],
  ['in a child of a group', () => withTimeout(10, () => group((g) => void g.spawn(never)))],
  [
    'in a child of a group whose other child sleeps',
    () =>
      withTimeout(10, () =>
        group((g) => {
          g.spawn(never)
          g.spawn(() => sleep(Infinity))
        }),
      ),
  ],
  ['in parallel to something else', () => withTimeout(10, () => inParallel([never, () => sleep(Infinity)]))],
  ['inside a shield around all', () => shield(100, () => withTimeout(10, never))],
  ['in a shield whose time is up first', () => shield(10, never)],
  [
    'after it swallowed the interruption',
    () =>
      withTimeout(10, async () => {
        await sleep(20).catch(() => {})
        await never()
      }),
  ],
])('withTimeout returns on time from a function stuck %s', async (_, run) => {
  const rejected = rejection(run())
  await ground.clock.advance(30)
  const { at, error } = await rejected
  expect(error).toBeInstanceOf(TimeoutError)
  expect((error as TimeoutError).timeoutMs).toBe(10)
  expect(at).toBe(10)
})

test('a limit that was cancelled from outside gives its function up all the same when its own time comes', async () => {
  const coroutine = spawn(() => withTimeout(20, never))
  await ground.clock.advance(10)
  coroutine.shutdown('enough')
  await ground.clock.advance(9)
  expect(coroutine.state).toBe('foreign')
  await ground.clock.advance(1)
  expect(await errorOf(coroutine.join())).toMatchObject({ code: 'SHUTDOWN', reason: 'enough' })
})

test('an inner limit that an outer one left behind lets go of the process when its own time comes', async () => {
  const failed = errorOf(withTimeout(10, () => withTimeout(20, never)))
  await ground.clock.advance(10)
  expect(await failed).toBeInstanceOf(TimeoutError)
  expect(held()).toBe(1)
  await ground.clock.advance(10)
  expect(held()).toBe(0)
})

test('cleanup in a shield is waited for, and the error is TimeoutError still', async () => {
  const events: string[] = []
  const rejected = rejection(
    withTimeout(10, async () => {
      try {
        await sleep(Infinity)
      } finally {
        await shield(100, () => sleep(30))
        events.push(`clean at ${ground.clock.now() - 1000}`)
      }
    }),
  )
  await ground.clock.advance(40)
  const { at, error } = await rejected
  expect(events).toEqual(['clean at 40'])
  expect(at).toBe(40)
  expect(error).toMatchObject({ code: 'TIMEOUT', timeoutMs: 10 })
})

test('cleanup in a shield is waited for in a child of a group too', async () => {
  const events: string[] = []
  const rejected = rejection(
    withTimeout(10, () =>
      group((g) => {
        g.spawn(async () => {
          try {
            await sleep(Infinity)
          } finally {
            await shield(100, () => sleep(30))
            events.push('clean')
          }
        })
      }),
    ),
  )
  await ground.clock.advance(40)
  expect(await rejected).toMatchObject({ at: 40, error: { code: 'TIMEOUT' } })
  expect(events).toEqual(['clean'])
})

test('a shield is waited for whatever it waits for, as it has a limit of its own', async () => {
  const closed = foreign()
  const events: string[] = []
  const failed = errorOf(
    withTimeout(10, async () => {
      try {
        await sleep(Infinity)
      } finally {
        await shield(100, () => closed.promise)
        events.push('closed')
      }
    }),
  )
  await ground.clock.advance(20)
  closed.resolve()
  await ground.clock.advance(100)
  expect(await failed).toMatchObject({ code: 'TIMEOUT', timeoutMs: 10 })
  expect(events).toEqual(['closed'])
})

test('a shield stuck on such a promise is given up when its own time is up, and then the limit around it', async () => {
  const rejected = rejection(
    withTimeout(10, async () => {
      try {
        await sleep(Infinity)
      } finally {
        await shield(50, never).catch(() => {})
      }
    }),
  )
  await ground.clock.advance(200)
  const { at, error } = await rejected
  expect(error).toMatchObject({ code: 'TIMEOUT', timeoutMs: 10 })
  expect(at).toBe(60)
})

test('steps of cleanup with refused waits between them are waited for to the last', async () => {
  const events: string[] = []
  const failed = errorOf(
    withTimeout(10, async () => {
      try {
        await sleep(Infinity)
      } finally {
        await yieldSlice().catch(() => events.push('refused'))
        await shield(50, () => sleep(5))
        await yieldSlice().catch(() => events.push('refused'))
        await yieldSlice().catch(() => events.push('refused'))
        await shield(50, () => sleep(5))
        events.push('clean')
      }
    }),
  )
  await ground.clock.advance(200)
  expect(await failed).toBeInstanceOf(TimeoutError)
  expect(events).toEqual(['refused', 'refused', 'refused', 'clean'])
})

test('a function whose group waits for children that are only about to find themselves cancelled is not stuck', async () => {
  const events: string[] = []
  const limited = withTimeout(10, async () => {
    try {
      await sleep(20).catch(() => {})
      await yieldSlice().catch(() => {})
      await group((g) => void g.spawn(() => {}))
    } finally {
      events.push('ended')
    }
  }).catch((error: Error) => events.push(error.name))
  await ground.clock.advance(10)
  await limited
  expect(events).toEqual(['ended', 'TimeoutError'])
})

test('what an abandoned function gives later is dropped', async () => {
  const outside = foreign<string>()
  const failed = errorOf(withTimeout(10, () => outside.promise))
  await ground.clock.advance(10)
  expect(await failed).toBeInstanceOf(TimeoutError)
  outside.resolve('too late')
  await ground.clock.settle()
})

test('what an abandoned function fails with later goes to the notifier, in the name of its coroutine', async () => {
  const outside = foreign()
  const error = new Error('too late')
  const coroutine = spawn(async () => {
    await withTimeout(10, () => outside.promise).catch(() => {})
    await sleep(50)
  })
  await ground.clock.advance(20)
  outside.reject(error)
  await ground.clock.settle()
  expect(ground.takeReports()).toEqual([{ error, coroutine }])
  await ground.clock.advance(40)
})

test('the default report of such a failure says that it came after the timeout', async () => {
  const outside = foreign()
  const text = await stderrOf(async () => {
    const previous = setExceptionNotifier()
    const failed = errorOf(withTimeout(10, () => outside.promise))
    await ground.clock.advance(10)
    await failed
    outside.reject(new Error('too late'))
    await ground.clock.settle()
    setExceptionNotifier(previous)
  })
  expect(text).toMatch(/^\S+ coroutine 0 \(main\) failed after its timeout: Error: too late/)
})

test('an abandoned function that goes on meets its interruption at its next wait, and nobody hears of that', async () => {
  const outside = foreign()
  const events: unknown[] = []
  const failed = errorOf(
    withTimeout(10, async () => {
      await outside.promise
      await sleep(5).catch((error: unknown) => {
        events.push(error)
        throw error
      })
    }),
  )
  await ground.clock.advance(10)
  expect(await failed).toBeInstanceOf(TimeoutError)
  outside.resolve()
  await ground.clock.settle()
  expect(events).toEqual([expect.any(Interrupted)])
})

test('a group that was left behind still ends with its last child, in silence', async () => {
  const outside = foreign()
  const failed = errorOf(withTimeout(10, () => group((g) => void g.spawn(() => outside.promise))))
  await ground.clock.advance(10)
  expect(await failed).toBeInstanceOf(TimeoutError)
  outside.resolve()
  await ground.clock.settle()
})

test('a child that fails in a group that was left behind is reported', async () => {
  const outside = foreign()
  const failed = errorOf(withTimeout(10, () => group((g) => void g.spawn(() => outside.promise))))
  await ground.clock.advance(10)
  await failed
  outside.reject(new Error('late child'))
  await ground.clock.settle()
  expect(ground.takeReports()).toMatchObject([
    { error: { code: 'GROUP', errors: [{ message: 'late child' }] } },
  ])
})

test('a function that ends in the turn after its expiry is not given up', async () => {
  const outside = foreign<string>()
  const result = withTimeout(10, () => outside.promise)
  await ground.clock.settle()
  spawn(async () => {
    await sleep(10)
    setImmediate(() => outside.resolve('a turn late'))
  })
  await ground.clock.advance(10)
  expect(await result).toBe('a turn late')
})

test('a coroutine shut down while it is stuck without a limit waits for the promise, and then ends', async () => {
  const outside = foreign()
  const coroutine = spawn(async () => {
    await outside.promise
    await yieldSlice()
  })
  await ground.clock.settle()
  coroutine.shutdown()
  await ground.clock.advance(100)
  expect(coroutine.state).toBe('foreign')
  outside.resolve()
  expect(await errorOf(coroutine.join())).toBeInstanceOf(Shutdown)
})

test('a limit leaves no timer behind, whether its function ended or was given up', async () => {
  const failed = [10, 20, 30].map((ms) => errorOf(withTimeout(ms, never)))
  const ended = withTimeout(40, () => yieldSlice())
  await ended
  expect(timersPending()).toBe(3)
  await ground.clock.advance(30)
  await Promise.all(failed)
  expect(timersPending()).toBe(0)
})
