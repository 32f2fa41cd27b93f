/** The AbortSignal of a scope, and what else in Node stops by it. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import {
  type Coroutine,
  current,
  group,
  Interrupted,
  interruptible,
  main,
  shield,
  signal,
  sleep,
  spawn,
  TimeoutError,
  withTimeout,
  yieldSlice,
} from '../../src/index.js'
import { cleanGround, errorOf, foreign } from '../runtime/harness.js'

const ground = cleanGround()

test('it aborts when the scope expires, with an Interrupted as its reason', async () => {
  let inside: AbortSignal | undefined
  const failed = errorOf(
    withTimeout(10, async () => {
      inside = signal()
      await sleep(20)
    }),
  )
  await ground.clock.advance(9)
  expect(inside?.aborted).toBe(false)
  await ground.clock.advance(1)
  expect(inside?.aborted).toBe(true)
  expect(inside?.reason).toBeInstanceOf(Interrupted)
  expect(await failed).toBeInstanceOf(TimeoutError)
})

test('a function that rejects with the reason of its signal has met its timeout', async () => {
  const failed = errorOf(
    withTimeout(10, () => {
      const { promise, reject } = foreign()
      const own = signal()
      own.addEventListener('abort', () => reject(own.reason))
      return promise
    }),
  )
  await ground.clock.advance(10)
  expect(await failed).toMatchObject({ code: 'TIMEOUT', timeoutMs: 10 })
})

test('it aborts on shutdown, with the reason given there', async () => {
  let own: AbortSignal | undefined
  const coroutine = spawn(async () => {
    own = signal()
    await sleep(Infinity)
  })
  await ground.clock.settle()
  coroutine.shutdown('enough')
  expect(own?.aborted).toBe(true)
  expect(own?.reason).toMatchObject({ code: 'SHUTDOWN', reason: 'enough' })
  await errorOf(coroutine.join())
})

test('it aborts when a scope further out is cancelled, also that of another coroutine', async () => {
  const signals: AbortSignal[] = []
  const failed = errorOf(
    withTimeout(10, async () => {
      signals.push(signal())
      await group(async (g) => {
        signals.push(signal())
        g.spawn(async () => {
          signals.push(signal())
          await withTimeout(100, async () => {
            signals.push(signal())
            await sleep(100)
          })
        })
      })
    }),
  )
  await ground.clock.settle()
  expect(new Set(signals).size).toBe(4)
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false, false])
  await ground.clock.advance(10)
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true, true])
  await failed
})

test('a scope has one signal, and it does not abort when the scope ends by itself', async () => {
  const own = await withTimeout(10, async () => {
    const first = signal()
    await yieldSlice()
    expect(signal()).toBe(first)
    return first
  })
  await ground.clock.advance(20)
  expect(own.aborted).toBe(false)
})

test('in a cancelled scope it is aborted from the start', async () => {
  const failed = errorOf(
    withTimeout(10, async () => {
      await sleep(20).catch(() => {})
      expect(signal().aborted).toBe(true)
      expect(signal().reason).toBeInstanceOf(Interrupted)
      await yieldSlice()
    }),
  )
  await ground.clock.advance(10)
  expect(await failed).toBeInstanceOf(TimeoutError)
})

test("in a shield it is the shield's own", async () => {
  const events: boolean[] = []
  const failed = errorOf(
    withTimeout(10, () =>
      shield(15, async () => {
        const own = signal()
        await sleep(12)
        events.push(own.aborted)
        own.addEventListener('abort', () => events.push(own.aborted))
        await sleep(12)
      }),
    ),
  )
  await ground.clock.advance(20)
  expect(events).toEqual([false, true])
  expect(await failed).toMatchObject({ timeoutMs: 15 })
})

test('a single interrupt does not abort it', async () => {
  let own: AbortSignal | undefined
  const coroutine = spawn(async () => {
    own = signal()
    await sleep(Infinity).catch(() => {})
    await sleep(5)
  })
  await ground.clock.settle()
  coroutine.interrupt()
  await ground.clock.advance(5)
  expect(own?.aborted).toBe(false)
})

test('the signal of the main coroutine never aborts', async () => {
  main().interrupt()
  expect(await errorOf(yieldSlice())).toBeInstanceOf(Interrupted)
  expect(signal().aborted).toBe(false)
})

test('who listens runs in the coroutine whose scope it is, and sees every wait ended already', async () => {
  const seen: unknown[] = []
  const coroutine: Coroutine<unknown> = spawn(() =>
    withTimeout(10, async () => {
      signal().addEventListener('abort', () => seen.push(current() === coroutine, coroutine.waitingOn))
      await withTimeout(20, () => sleep(30))
    }),
  )
  const failed = errorOf(coroutine.join())
  await ground.clock.advance(10)
  expect(await failed).toBeInstanceOf(TimeoutError)
  expect(seen).toEqual([true, undefined])
})

test('a listener that shuts other coroutines down, or cancels again, disturbs nothing', async () => {
  const other = spawn(() => sleep(Infinity))
  const ends: string[] = []
  const failed = errorOf(
    withTimeout(10, () =>
      group((g) => {
        for (const name of ['a', 'b', 'c']) {
          g.spawn({ name }, async () => {
            signal().addEventListener('abort', () => {
              other.shutdown()
              g.cancel()
              current().shutdown()
            })
            await sleep(Infinity).finally(() => ends.push(name))
          })
        }
      }),
    ),
  )
  await ground.clock.advance(10)
  expect(await failed).toBeInstanceOf(TimeoutError)
  expect(ends.sort()).toEqual(['a', 'b', 'c'])
  expect(other.state).toBe('failed')
})

test('fetch from a server that never answers is aborted on time', async () => {
  const asked = foreign()
  const closed = foreign()
  const server = createServer((request) => {
    asked.resolve()
    request.socket.on('close', () => closed.resolve())
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const failed = errorOf(withTimeout(1000, () => fetch(`http://127.0.0.1:${port}/`, { signal: signal() })))
  await interruptible(asked.promise)
  await ground.clock.advance(1000)
  expect(await failed).toMatchObject({ code: 'TIMEOUT', timeoutMs: 1000 })
  await closed.promise
  await new Promise((resolve) => server.close(resolve))
})
