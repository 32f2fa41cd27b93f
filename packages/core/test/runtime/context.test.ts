/** Which coroutine the running code belongs to, across everything that Node puts between two lines of it. */
// biome-ignore-all lint/suspicious/noThenProperty: things with a then of their own are what is tested
import { randomBytes } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { readFile, stat } from 'node:fs'
import { readFile as readFilePromise } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { runProgram } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import {
  Channel,
  type Coroutine,
  current,
  group,
  inParallel,
  interruptible,
  main,
  shield,
  sleep,
  spawn,
  withTimeout,
  yieldSlice,
} from '../../src/index.js'
import { cleanGround } from './harness.js'

const ground = cleanGround()

/** Before Node 24 only promises carry the coroutine along; what is called back otherwise belongs to main. */
const callbacksKeepCoroutine = Number.parseInt(process.versions.node, 10) >= 24
const file = new URL(import.meta.url)

const foreignPromises: readonly (readonly [what: string, wait: () => Promise<unknown>])[] = [
  ['a resolved promise', () => Promise.resolve()],
  ['a promise settled by setImmediate', () => new Promise((resolve) => setImmediate(resolve))],
  ['a promise settled by nextTick', () => new Promise((resolve) => process.nextTick(resolve))],
  ['a file read by promise', () => readFilePromise(file)],
  ['a promisified callback', () => promisify(stat)(file)],
  ['the thread pool', () => promisify(gzip)(Buffer.from('x'))],
  ['a random number', () => promisify(randomBytes)(8)],
  ['an abort signal that times out', () => once(AbortSignal.timeout(2), 'abort')],
  ['Promise.all', () => Promise.all([Promise.resolve(), readFilePromise(file)])],
  ['a rejection that is caught', () => Promise.reject(new Error('x')).catch(() => {})],
  ['a sleep of ours', () => yieldSlice()],
]

test.each(foreignPromises)('current() is the same coroutine after %s', async (_, wait) => {
  const identities = await Promise.all(
    [1, 2, 3].map((n) => {
      const coroutine: Coroutine<boolean[]> = spawn({ name: `number ${n}` }, async () => {
        const seen = [current() === coroutine]
        await wait()
        seen.push(current() === coroutine)
        await wait()
        seen.push(current() === coroutine)
        return seen
      })
      return coroutine.join()
    }),
  )
  expect(identities).toEqual(Array(3).fill([true, true, true]))
  expect(current()).toBe(main())
})

test.each<readonly [string, (callback: () => void) => void]>([
  ['setImmediate', (callback) => void setImmediate(callback)],
  ['process.nextTick', (callback) => process.nextTick(callback)],
  ['queueMicrotask', (callback) => queueMicrotask(callback)],
  ['a file read by callback', (callback) => readFile(file, callback)],
  ['the thread pool', (callback) => gzip(Buffer.from('x'), callback)],
])(
  'a callback that a coroutine gave to %s belongs to it from Node 24 on, and to main before',
  async (_, start) => {
    const coroutine = spawn(() => new Promise<Coroutine>((resolve) => start(() => resolve(current()))))
    expect(await coroutine.join()).toBe(callbacksKeepCoroutine ? coroutine : main())
  },
)

test('a coroutine that awaits what a callback resolves is itself again, and the callback is not somebody else', async () => {
  const { stdout, stderr, code } = await runProgram(
    new URL('./programs/timers-and-coroutines.mjs', import.meta.url),
  )
  const owner = callbacksKeepCoroutine ? 'coroutine' : 'main'
  const expected = `timeout: ${owner}\nafter timeout: coroutine\ninterval: ${owner} ${owner}\nafter interval: coroutine\nin main: main\n`
  expect({ stdout, stderr, code }).toEqual({ stdout: expected, stderr: '', code: 0 })
})

const lazy = {
  then: (resolve: (seen: Coroutine) => void) => resolve(current()),
} as unknown as Promise<Coroutine>

/** V8 asks these itself, in a job of its own; only Node 24 knows in whose name. */
const askedByEngine: readonly (readonly [who: string, ask: () => Promise<Coroutine>])[] = [
  ['returns it from an async function', async () => lazy],
  ['wraps it', () => Promise.resolve(lazy)],
  ['resolves with it', () => new Promise<Coroutine>((resolve) => resolve(lazy))],
]

test.each(askedByEngine)(
  'a thenable that works when it is asked works in the coroutine that %s from Node 24 on, and in main before',
  async (_, ask) => {
    const coroutine = spawn(ask)
    expect(await coroutine.join()).toBe(callbacksKeepCoroutine ? coroutine : main())
  },
)

test.each([
  ['awaits it', async () => await lazy],
  ['awaits it after something else', async () => Promise.resolve().then(async () => await lazy)],
  ['returns it', () => lazy],
  ['returns it from then', () => Promise.resolve().then(() => lazy)],
  ['limits it', () => withTimeout(5, () => lazy)],
  ['makes it interruptible', () => interruptible(lazy)],
])('a thenable that works when it is asked works in the coroutine that %s', async (_, ask) => {
  const coroutine = spawn(ask)
  expect(await coroutine.join()).toBe(coroutine)
})

test('a listener runs in whoever emits, as Node has it', async () => {
  const emitter = new EventEmitter()
  const seen: Coroutine[] = []
  const listening = spawn(() => void emitter.on('event', () => seen.push(current())))
  await listening.join()
  const emitting = spawn(() => void emitter.emit('event'))
  await emitting.join()
  emitter.emit('event')
  expect(seen).toEqual([emitting, main()])
})

test('once() goes on in the coroutine that awaits it, whoever emits', async () => {
  const emitter = new EventEmitter()
  const listening = spawn(async () => {
    await once(emitter, 'event')
    return current()
  })
  await ground.clock.settle()
  const emitting = spawn(() => void emitter.emit('event'))
  await emitting.join()
  expect(await listening.join()).toBe(listening)
})

test('whoever wakes another, both stay themselves', async () => {
  const channel = new Channel<Coroutine>()
  const receiver = spawn(async () => [await channel.receive(), current()])
  const sender = spawn(async () => {
    await channel.send(current())
    return current()
  })
  expect(await receiver.join()).toEqual([sender, receiver])
  expect(await sender.join()).toBe(sender)
})

test('scopes belong to the coroutine that opened them, before, inside and after', async () => {
  const coroutine = spawn(async () => {
    const seen = [current()]
    await withTimeout(5, async () => {
      seen.push(current())
      await shield(5, async () => {
        await yieldSlice()
        seen.push(current())
      })
    })
    await group(async () => void seen.push(current()))
    seen.push(current())
    return seen
  })
  expect(new Set(await coroutine.join())).toEqual(new Set([coroutine]))
})

test('children of a group and functions in parallel are coroutines of their own', async () => {
  const coroutine = spawn(async () => {
    const [a, b] = await inParallel([async () => current(), () => current()])
    return [a, b, current()]
  })
  const seen = await coroutine.join()
  expect(new Set(seen).size).toBe(3)
  expect(seen[2]).toBe(coroutine)
  expect(seen[0]?.parentId).toBe(coroutine.id)
})

test('a generator runs in the coroutine that asks it for the next value', async () => {
  async function* numbers(): AsyncGenerator<Coroutine> {
    for (;;) {
      await yieldSlice()
      yield current()
    }
  }
  const shared = numbers()
  const next = async (): Promise<[unknown, Coroutine]> => [(await shared.next()).value, current()]
  const one = spawn(next)
  const other = spawn(next)
  expect(await one.join()).toEqual([one, one])
  const [seenByOther, self] = await other.join()
  expect(self).toBe(other)
  expect([one, other]).toContain(seenByOther)
  await shared.return(undefined)
})

test('leaving a loop over a generator runs its finally in the coroutine that leaves, and its waits there can be shielded', async () => {
  const events: unknown[] = []
  async function* source(): AsyncGenerator<number> {
    try {
      for (let n = 0; ; n++) {
        await sleep(1)
        yield n
      }
    } finally {
      events.push(current())
      await shield(100, () => sleep(5))
      events.push('cleaned up')
    }
  }
  const breaking = spawn(async () => {
    for await (const n of source()) if (n === 2) break
    return 'left'
  })
  await ground.clock.advance(8)
  expect(await breaking.join()).toBe('left')
  expect(events).toEqual([breaking, 'cleaned up'])
  const doomed = spawn(async () => {
    for await (const _ of source());
  })
  await ground.clock.advance(3)
  doomed.shutdown()
  await ground.clock.advance(5)
  expect(doomed.state).toBe('failed')
  expect(events.slice(2)).toEqual([doomed, 'cleaned up'])
})
