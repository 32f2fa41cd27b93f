/** Time limits: who gets which error, and what is left when they expire. */
// biome-ignore-all lint/suspicious/noThenProperty: things with a then of their own are what is tested
import { expect, test } from 'vitest'
import {
  Channel,
  current,
  type Interrupted,
  sleep,
  socketPair,
  spawn,
  TimeoutError,
  withTimeout,
  yieldSlice,
} from '../../src/index.js'
import { held } from '../../src/runtime/liveness.js'
import { timersPending } from '../../src/runtime/timers.js'
import { cleanGround, errorOf, foreign, stderrOf } from '../runtime/harness.js'

const ground = cleanGround()

test('a function that ends in time gives its result', async () => {
  const result = withTimeout(10, async () => {
    await sleep(9)
    return 'in time'
  })
  await ground.clock.advance(9)
  expect(await result).toBe('in time')
  expect(timersPending()).toBe(0)
})

test('a function that takes longer is interrupted, and its timeout rejects with TimeoutError', async () => {
  const events: unknown[] = []
  const failed = errorOf(
    withTimeout(10, async () => {
      await sleep(11).catch((error: unknown) => {
        events.push((error as Interrupted).code)
        throw error
      })
    }),
  )
  await ground.clock.advance(10)
  expect(await failed).toMatchObject({ name: 'TimeoutError', code: 'TIMEOUT', timeoutMs: 10 })
  expect(events).toEqual(['INTERRUPTED'])
})

test('the stack of a TimeoutError leads to whoever set the limit', async () => {
  async function caller(): Promise<void> {
    await withTimeout(1, () => sleep(2))
  }
  const failed = errorOf(caller())
  await ground.clock.advance(1)
  expect((await failed).stack).toContain('caller')
})

test('the function gets the arguments', async () => {
  expect(await withTimeout(10, (...args: unknown[]) => args, 1, 'two', null)).toEqual([1, 'two', null])
})

test('a synchronous function gives its result, and a promise of it', async () => {
  const promise = withTimeout(10, () => 5)
  expect(promise).toBeInstanceOf(Promise)
  expect(await promise).toBe(5)
  expect(timersPending()).toBe(0)
})

test('what a synchronous function throws comes as a rejection', async () => {
  const error = new Error('at once')
  const failed = withTimeout(10, () => {
    throw error
  })
  expect(await errorOf(failed)).toBe(error)
  expect(timersPending()).toBe(0)
})

test.each([
  ['later', (error: Error) => yieldSlice().then(() => Promise.reject(error))],
  ['at once', (error: Error) => Promise.reject(error)],
])('an error of the function that comes %s passes', async (_, fn) => {
  const error = new Error('of its own')
  expect(await errorOf(withTimeout(10, fn, error))).toBe(error)
})

test('an error of the function passes even when it comes after the expiry', async () => {
  const error = new Error('of its own')
  const failed = errorOf(
    withTimeout(10, async () => {
      await sleep(20).catch(() => {})
      throw error
    }),
  )
  await ground.clock.advance(10)
  expect(await failed).toBe(error)
})

test('a function that swallows the interruption and ends gives its value', async () => {
  const result = withTimeout(10, async () => {
    await sleep(20).catch(() => {})
    return 'all the same'
  })
  await ground.clock.advance(10)
  expect(await result).toBe('all the same')
})

test('Infinity is no limit, and sets no timer', async () => {
  const result = withTimeout(Infinity, async () => {
    await sleep(1e9)
    return 'late'
  })
  await ground.clock.settle()
  expect(timersPending()).toBe(1)
  await ground.clock.advance(1e9)
  expect(await result).toBe('late')
})

test('a limit of 0 ends the first wait that is not over in a turn', async () => {
  const failed = errorOf(withTimeout(0, () => sleep(5)))
  await ground.clock.advance(0)
  expect(await failed).toMatchObject({ code: 'TIMEOUT', timeoutMs: 0 })
  expect(await withTimeout(0, () => 'at once')).toBe('at once')
  expect(await withTimeout(0, async () => 'soon')).toBe('soon')
})

test('a limit beyond 32 bits is kept', async () => {
  const limitMs = 2 ** 40
  const failed = errorOf(withTimeout(limitMs, () => sleep(Infinity)))
  await ground.clock.advance(limitMs - 1)
  expect(timersPending()).toBe(1)
  await ground.clock.advance(1)
  expect(await failed).toBeInstanceOf(TimeoutError)
})

test.each([
  [-1, 'ERR_OUT_OF_RANGE'],
  [NaN, 'ERR_OUT_OF_RANGE'],
  ['5', 'ERR_INVALID_ARG_TYPE'],
  [undefined, 'ERR_INVALID_ARG_TYPE'],
])('a limit of %s is refused and nothing is called', (ms, code) => {
  let isCalled = false
  expect(() => withTimeout(ms as number, () => (isCalled = true))).toThrow(expect.objectContaining({ code }))
  expect(isCalled).toBe(false)
  expect(timersPending()).toBe(0)
})

test.each([
  ['nothing', undefined],
  ['a promise', Promise.resolve()],
  ['text', 'fn'],
])('%s is no function to limit', (_, fn) => {
  expect(() => withTimeout(5, fn as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
  expect(timersPending()).toBe(0)
})

const thenables: readonly (readonly [what: string, make: () => unknown, expected: unknown])[] = [
  ['an object with then', () => ({ then: (resolve: (value: number) => void) => resolve(7) }), 7],
  [
    'a function with then',
    () => Object.assign(() => {}, { then: (resolve: (value: number) => void) => resolve(7) }),
    7,
  ],
  ['an object whose then is no function', () => ({ then: 5 }), { then: 5 }],
]

test.each(thenables)('%s is treated as await treats it', async (_, make, expected) => {
  expect(await withTimeout(10, make)).toEqual(expected)
  expect(timersPending()).toBe(0)
})

test('a thenable that works when it is asked works once, even if the limit expires', async () => {
  let asked = 0
  const lazy = {
    then() {
      asked++
    },
  }
  const failed = errorOf(withTimeout(10, () => lazy as unknown as Promise<void>))
  await ground.clock.advance(10)
  expect(await failed).toBeInstanceOf(TimeoutError)
  expect(asked).toBe(1)
})

test('a cancelled scope stays cancelled: each further wait rejects, a turn later', async () => {
  const codes: unknown[] = []
  const turns: number[] = []
  let turn = 0
  const stop = countTurns(() => turn++)
  const failed = errorOf(
    withTimeout(10, async () => {
      for (let n = 0; n < 4; n++) {
        await sleep(5).catch((error: Interrupted) => codes.push(error.code))
        turns.push(turn)
      }
      await yieldSlice()
    }),
  )
  await stderrOf(() => ground.clock.advance(10))
  stop()
  expect(await failed).toBeInstanceOf(TimeoutError)
  // The first sleep ended in time, the second was cut short.
  expect(codes).toEqual(['INTERRUPTED', 'INTERRUPTED'])
  expect(new Set(turns).size).toBe(turns.length)
})

/** Calls `fn` every turn of the loop until the function it gives is called. */
function countTurns(fn: () => void): () => void {
  let isOver = false
  const next = (): void => {
    fn()
    if (!isOver) setImmediate(next)
  }
  setImmediate(next)
  return () => {
    isOver = true
  }
}

test('withTimeout in a cancelled scope rejects without calling its function', async () => {
  let isCalled = false
  const failed = errorOf(
    withTimeout(10, async () => {
      await sleep(20).catch(() => {})
      await withTimeout(10, () => (isCalled = true))
    }),
  )
  await ground.clock.advance(10)
  expect(await failed).toMatchObject({ code: 'TIMEOUT', timeoutMs: 10 })
  expect(isCalled).toBe(false)
})

test('what the function waits for at once is all interrupted', async () => {
  const codes: unknown[] = []
  const failed = errorOf(
    withTimeout(10, async () => {
      const waits = [sleep(20), yieldSlice().then(() => sleep(30)), new Channel().receive()]
      const outcomes = await Promise.allSettled(waits)
      for (const outcome of outcomes) codes.push((outcome as PromiseRejectedResult).reason.code)
      throw (outcomes[0] as PromiseRejectedResult).reason
    }),
  )
  await ground.clock.advance(10)
  expect(await failed).toBeInstanceOf(TimeoutError)
  expect(codes).toEqual(['INTERRUPTED', 'INTERRUPTED', 'INTERRUPTED'])
})

test('a spawned coroutine does not belong to the scope it was spawned in', async () => {
  let child: ReturnType<typeof spawn> | undefined
  const failed = errorOf(
    withTimeout(10, async () => {
      child = spawn(() => sleep(20))
      await sleep(15)
    }),
  )
  await ground.clock.advance(10)
  expect(await failed).toBeInstanceOf(TimeoutError)
  expect(child?.state).toBe('waiting')
  await ground.clock.advance(10)
  expect(child?.state).toBe('done')
})

test('an interruption that was kept from an earlier timeout is not taken for this one', async () => {
  const kept: unknown[] = []
  const first = errorOf(
    withTimeout(10, () =>
      sleep(20).catch((error: unknown) => {
        kept.push(error)
        throw error
      }),
    ),
  )
  await ground.clock.advance(10)
  expect(await first).toBeInstanceOf(TimeoutError)
  const second = errorOf(
    withTimeout(10, async () => {
      await sleep(20).catch(() => {})
      throw kept[0]
    }),
  )
  await ground.clock.advance(10)
  expect(await second).toBe(kept[0])
})

test('a limit keeps the process alive while it runs, unless it is Infinity or of a daemon', async () => {
  const outside = foreign()
  const limited = spawn(() => withTimeout(10, () => outside.promise))
  await ground.clock.settle()
  expect(held()).toBe(1)
  const unlimited = spawn(() => withTimeout(Infinity, () => outside.promise))
  const daemon = spawn({ daemon: true }, () => withTimeout(10, () => outside.promise))
  await ground.clock.settle()
  expect(held()).toBe(1)
  outside.resolve()
  await Promise.all([limited.join(), unlimited.join(), daemon.join()])
  expect(held()).toBe(0)
})

test('a value that was sent through a channel in the turn of the expiry arrives', async () => {
  const channel = new Channel<string>()
  const received = withTimeout(10, async () => await channel.receive())
  spawn(async () => {
    await sleep(10)
    await channel.send('just in time')
  })
  await ground.clock.advance(10)
  expect(await received).toBe('just in time')
})

test('bytes that are there when the limit expires are received', async () => {
  const [one, other] = socketPair()
  const received = withTimeout(10, async () => String(await one.recv()))
  await yieldSlice()
  // A synchronous jump in time: the poller has not been asked since the bytes were sent.
  await other.send('just in time')
  await ground.clock.advance(10)
  expect(await received).toBe('just in time')
  one.close()
  other.close()
})

test('a sleep as long as its limit ends in time, whichever was begun first', async () => {
  const inside = withTimeout(10, async () => {
    await sleep(10)
    return 'slept'
  })
  const at = ground.clock.now() + 10
  const earlier = spawn(() => sleep(10))
  const outside = withTimeout(10, async () => {
    await earlier.join()
    return 'joined'
  })
  await ground.clock.advance(at - ground.clock.now())
  expect(await Promise.all([inside, outside])).toEqual(['slept', 'joined'])
})

test('a function woken in the turn of the expiry that goes on waiting is interrupted there', async () => {
  const events: string[] = []
  const failed = errorOf(
    withTimeout(10, async () => {
      await sleep(10)
      events.push('slept')
      await sleep(1)
      events.push('never')
    }),
  )
  await ground.clock.advance(10)
  expect(await failed).toBeInstanceOf(TimeoutError)
  expect(events).toEqual(['slept'])
})

test('limits of many coroutines expire each at its own time', async () => {
  const expired: number[] = []
  for (let ms = 100; ms > 0; ms--) {
    spawn(async () => {
      await withTimeout(ms, () => sleep(Infinity)).catch(() => expired.push(ms))
    })
  }
  await ground.clock.advance(100)
  expect(expired).toEqual(Array.from({ length: 100 }, (_, n) => n + 1))
})

test('in main, limits of independent strands do not reach one another', async () => {
  expect(current().id).toBe(0)
  const one = errorOf(withTimeout(10, () => sleep(30)))
  const other = withTimeout(20, () => sleep(15).then(() => 'other'))
  await ground.clock.advance(20)
  expect(await one).toBeInstanceOf(TimeoutError)
  expect(await other).toBe('other')
})
