/** Starting coroutines: when, with what, and what their end is. */
// biome-ignore-all lint/suspicious/noThenProperty: things with a then of their own are what is tested
import { expect, test } from 'vitest'
import { all, current, main, sleep, spawn, yieldSlice } from '../../src/index.js'
import { cleanGround, errorOf } from './harness.js'

const ground = cleanGround()

test('spawn never calls its function synchronously, nor before the microtasks are done', async () => {
  const events: string[] = []
  const coroutine = spawn(() => void events.push('coroutine'))
  events.push('after spawn')
  await Promise.resolve().then(() => events.push('microtask'))
  process.nextTick(() => events.push('tick'))
  await coroutine.join()
  expect(events).toEqual(['after spawn', 'microtask', 'tick', 'coroutine'])
})

test('coroutines start in the order in which they were spawned', async () => {
  const started: number[] = []
  const coroutines = [1, 2, 3, 4].map((n) => spawn(() => void started.push(n)))
  for (const each of coroutines) await each.join()
  expect(started).toEqual([1, 2, 3, 4])
})

test('what a coroutine spawns starts in the turn after its own', async () => {
  const events: string[] = []
  const coroutine = spawn(async () => {
    const child = spawn(() => void events.push('child'))
    events.push('parent')
    await yieldSlice()
    events.push('parent again')
    await child.join()
  })
  await coroutine.join()
  expect(events).toEqual(['parent', 'child', 'parent again'])
})

test('the function gets the arguments of spawn and nothing else', async () => {
  const collect = (...args: unknown[]): unknown[] => args
  expect(await spawn(collect, 1, 'two', undefined, { three: 3 }).join()).toEqual([
    1,
    'two',
    undefined,
    { three: 3 },
  ])
  expect(await spawn({ name: 'named' }, collect, null).join()).toEqual([null])
  expect(await spawn(collect).join()).toEqual([])
})

test('a coroutine is called what it was named, else as its function, else anonymous', async () => {
  async function session(): Promise<void> {}
  const coroutines = [
    spawn({ name: 'given' }, session),
    spawn({}, session),
    spawn(session),
    spawn((() => () => {})()),
  ]
  expect(coroutines.map(({ name }) => name)).toEqual(['given', 'session', 'session', 'anonymous'])
  for (const each of coroutines) await each.join()
})

test('a coroutine can be named anew', async () => {
  const coroutine = spawn(() => {
    current().name = 'session 12'
  })
  await coroutine.join()
  expect(coroutine.name).toBe('session 12')
})

test('a daemon is one from its birth, and nobody else is', async () => {
  const daemon = spawn({ daemon: true }, () => {})
  const other = spawn(() => {})
  expect([daemon.isDaemon, other.isDaemon]).toEqual([true, false])
  await daemon.join()
  await other.join()
})

test('ids are whole numbers that only grow', async () => {
  const one = spawn(() => {})
  const other = spawn(() => {})
  expect(Number.isInteger(one.id)).toBe(true)
  expect(other.id).toBeGreaterThan(one.id)
  expect(one.id).toBeGreaterThan(main().id)
  await one.join()
  await other.join()
  const third = spawn(() => {})
  expect(third.id).toBeGreaterThan(other.id)
  await third.join()
})

test('join gives the result, returned or promised', async () => {
  expect(await spawn(() => 1).join()).toBe(1)
  expect(await spawn(async () => 2).join()).toBe(2)
  expect(await spawn(() => Promise.resolve(3)).join()).toBe(3)
  expect(await spawn(() => undefined).join()).toBeUndefined()
})

test('what a function throws at once is what its coroutine died of', async () => {
  const error = new Error('at once')
  const coroutine = spawn(() => {
    throw error
  })
  expect(await errorOf(coroutine.join())).toBe(error)
  expect(coroutine.state).toBe('failed')
})

const thenables: readonly (readonly [what: string, make: () => unknown])[] = [
  ['an object with then', () => ({ then: (resolve: (value: number) => void) => resolve(7) })],
  [
    'a function with then',
    () => Object.assign(() => {}, { then: (resolve: (value: number) => void) => resolve(7) }),
  ],
  [
    'a thenable that settles later',
    () => ({ then: (resolve: (value: number) => void) => void setImmediate(resolve, 7) }),
  ],
  [
    'a thenable that settles twice',
    () => ({
      then(resolve: (value: number) => void) {
        resolve(7)
        resolve(8)
      },
    }),
  ],
  ['a promise of a subclass', () => Lazy.from(7)],
  ['a promise of a promise', () => Promise.resolve(Promise.resolve(7))],
]

class Lazy extends Promise<number> {
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }
  static from(value: number): Lazy {
    return new Lazy((resolve) => resolve(value))
  }
  override then<A, B>(
    yes?: ((value: number) => A | PromiseLike<A>) | null,
    no?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    // Calls back twice, and at once: neither may end the coroutine a second time.
    if (yes) void yes(7)
    return super.then(yes, no)
  }
}

test.each(thenables)('a coroutine ends once, with what %s comes to', async (_, make) => {
  const coroutine = spawn(make)
  expect(await coroutine.join()).toBe(7)
  expect(coroutine.state).toBe('done')
})

test('a then that throws is what the coroutine died of, and takes nothing else along', async () => {
  const error = new Error('from then')
  const throwing = {
    get then(): never {
      throw error
    },
  }
  const coroutine = spawn((): unknown => throwing)
  const after = spawn(() => 'ran')
  expect(await errorOf(coroutine.join())).toBe(error)
  expect(await after.join()).toBe('ran')
})

test('an object whose then is no function is a result like any other', async () => {
  const result = { then: 5 }
  expect(await spawn(() => result).join()).toBe(result)
})

test.each([
  ['nothing', []],
  ['undefined', [undefined]],
  ['null', [null]],
  ['text', ['session']],
  ['a promise', [Promise.resolve()]],
  ['options alone', [{ name: 'lonely' }]],
  ['options and text', [{ name: 'lonely' }, 'session']],
])('spawning %s is a type error', (_, args) => {
  const call = spawn as (...args: unknown[]) => unknown
  expect(() => call(...args)).toThrow(
    expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }),
  )
  expect(all()).toEqual([])
})

test.each([
  ['a name that is no text', { name: 5 }],
  ['daemon that is no boolean', { daemon: 'yes' }],
])('%s is a type error', (_, options) => {
  const call = spawn as (...args: unknown[]) => unknown
  expect(() => call(options, () => {})).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
  expect(all()).toEqual([])
})

test('a coroutine is listed from its spawn to its end, oldest first', async () => {
  const one = spawn(() => sleep(5))
  const other = spawn(() => sleep(5))
  expect(all()).toEqual([one, other])
  await ground.clock.advance(5)
  expect(all()).toEqual([])
})

test('a thousand coroutines that fail at once leave a thousand failures and nothing else', async () => {
  const coroutines = Array.from({ length: 1000 }, (_, n) =>
    spawn(() => {
      throw new Error(`number ${n}`)
    }),
  )
  const outcomes = await Promise.allSettled(coroutines.map((each) => each.join()))
  expect(outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason.message)).toEqual(
    coroutines.map((_, n) => `number ${n}`),
  )
})
