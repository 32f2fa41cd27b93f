import {
  Event,
  Interrupted,
  main,
  memoryStreamPair,
  shield,
  sleep,
  spawn,
  tcp,
  withTimeout,
  yieldSlice,
} from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import { type Handler, serve, serveStream } from '../src/index.js'
import { answers, body, type Converse, get, inMemory, lastGet, overSocket, post } from './conversation.js'

const places: readonly (readonly [string, Converse])[] = [
  ['in memory', inMemory],
  ['over a socket', overSocket],
]

interface Witness {
  readonly handler: Handler
  readonly waits: Event
  readonly ended: Event
  error: unknown
  signal: AbortSignal | undefined
}

/** A handler that waits for ever, and tells what ended it. */
function witness(): Witness {
  const seen: Witness = {
    waits: new Event(),
    ended: new Event(),
    error: undefined,
    signal: undefined,
    handler: async (request) => {
      seen.signal = request.signal
      seen.waits.set()
      try {
        await sleep(Number.POSITIVE_INFINITY)
      } catch (error) {
        seen.error = error
        throw error
      } finally {
        seen.ended.set()
      }
      return {}
    },
  }
  return seen
}

describe.each(places)('a handler %s', (_where, converse) => {
  test('is interrupted wherever it waits when the client goes away', async () => {
    const seen = witness()
    await using talk = await converse(seen.handler)
    await talk.send(get())
    await seen.waits.wait()
    expect(seen.signal?.aborted).toBe(false)
    talk.client.close()
    await seen.ended.wait()
    expect(seen.error).toBeInstanceOf(Interrupted)
    expect(seen.signal?.aborted).toBe(true)
  })

  test('is interrupted when the client ends, though it could still read', async () => {
    const seen = witness()
    await using talk = await converse(seen.handler)
    await talk.send(get())
    await seen.waits.wait()
    await talk.client.shutdown()
    await seen.ended.wait()
    expect(await talk.rest()).toBe('')
  })

  test('answers a client that has ended, where that is allowed', async () => {
    const go = new Event()
    const handler: Handler = async () => {
      await go.wait()
      return { body: 'late' }
    }
    await using talk = await converse(handler, { allowHalfClose: true })
    await talk.send(get())
    await talk.client.shutdown()
    await yieldSlice()
    go.set()
    expect(await talk.rest()).toMatch(/late$/)
  })

  test('that answers at once does so even if the client has ended already', async () => {
    await using talk = await converse(() => ({ body: 'here' }))
    const sent = talk.send(get())
    await talk.client.shutdown()
    await sent
    expect(body(await talk.rest())).toBe('here')
  })

  test('has the time of a shield to clean up', async () => {
    const waits = new Event()
    const cleaned = new Event()
    const handler: Handler = async () => {
      waits.set()
      try {
        await sleep(Number.POSITIVE_INFINITY)
      } finally {
        await shield(1_000, () => sleep(1))
        cleaned.set()
      }
      return {}
    }
    await using talk = await converse(handler)
    await talk.send(get())
    await waits.wait()
    talk.client.close()
    await cleaned.wait()
  })

  test('has a timeout of its own, and the connection goes on', async () => {
    const handler: Handler = async ({ path }) => {
      if (path === '/next') return { body: path }
      const late = await withTimeout(2, () => sleep(Number.POSITIVE_INFINITY)).catch(
        (error: { code: string }) => error.code,
      )
      return { body: String(late) }
    }
    await using talk = await converse(handler)
    await talk.send(get('/late') + get('/next'))
    expect((await talk.until(answers(2))).replace(/HTTP.*?\r\n\r\n/gs, ' ')).toBe(' TIMEOUT /next')
  })

  test("waits in a scope of its own: what it opened is not the next one's", async () => {
    const signals: AbortSignal[] = []
    await using talk = await converse((request) => {
      signals.push(request.signal)
      return { body: 'a' }
    })
    await talk.send(get() + get())
    await talk.until(answers(2))
    expect(signals).toHaveLength(2)
    expect(signals.map((signal) => signal.aborted)).toEqual([true, true])
    expect(signals[0]).not.toBe(signals[1])
  })

  test('that streams is interrupted when the client goes away, and its generator ends', async () => {
    const began = new Event()
    const ended = new Event()
    const handler: Handler = () => ({
      body: (async function* () {
        try {
          for (;;) {
            yield 'tick'
            began.set()
            await sleep(1)
          }
        } finally {
          ended.set()
        }
      })(),
    })
    await using talk = await converse(handler)
    await talk.send(get())
    await talk.until((text) => text.includes('tick'))
    await began.wait()
    talk.client.close()
    await ended.wait()
  })

  test('that reads its body is told that it was cut', async () => {
    const codes: unknown[] = []
    const waits = new Event()
    const ended = new Event()
    const handler: Handler = async (request) => {
      waits.set()
      codes.push(await request.body.bytes().catch((error: { code: string }) => error.code))
      ended.set()
      return {}
    }
    await using talk = await converse(handler)
    await talk.send(post('hello').slice(0, -1))
    await waits.wait()
    talk.client.close()
    await ended.wait()
    expect(codes).toEqual(['HTTP_CUT'])
  })

  test('that a long answer waits for ends when the client goes away', async () => {
    const began = new Event()
    const handler: Handler = () => {
      began.set()
      return { body: Buffer.alloc(50_000_000) }
    }
    const talk = await converse(handler)
    await talk.send(get())
    await began.wait()
    await talk.client.recv()
    await talk[Symbol.asyncDispose]()
  })
})

test('a connection says what it waits for', async () => {
  await using server = await serve({ port: 0 }, async () => {
    await sleep(Number.POSITIVE_INFINITY)
    return {}
  })
  using client = await tcp.connect('127.0.0.1', server.port)
  await client.send(get())
  const { all } = await import('@shrapnel/core')
  while (!all().some(({ waitingOn }) => waitingOn?.includes('sleep for ever'))) await yieldSlice()
  const one = all().find(({ waitingOn }) => waitingOn?.includes('sleep for ever'))
  expect(one?.waitingOn).toMatch(/http fd \d+ 127\.0\.0\.1:\d+/)
  expect(main().id).toBe(0)
})

test('shutting the coroutine of a connection down cancels its handler, and closes the connection', async () => {
  const seen = witness()
  const [client, server] = memoryStreamPair()
  const session = spawn(() => serveStream(server, seen.handler))
  await client.send(get())
  await seen.waits.wait()
  session.shutdown()
  await seen.ended.wait()
  await session.join().catch(() => {})
  expect(server.isClosed).toBe(true)
})

test('a handler that is stuck on a promise of somebody else does not keep a server from stopping', async () => {
  const waits = new Event()
  const server = await serve({ port: 0 }, () => {
    waits.set()
    return new Promise(() => {})
  })
  using client = await tcp.connect('127.0.0.1', server.port)
  await client.send(get())
  await waits.wait()
  expect(await server.stop({ graceMs: 5 })).toBe(1)
  expect(server.connections).toBe(0)
})

describe('a server that stops', () => {
  test('closes idle connections, and refuses new ones', async () => {
    const server = await serve({ port: 0 }, () => ({ body: 'ok' }))
    using idle = await tcp.connect('127.0.0.1', server.port)
    using fresh = await tcp.connect('127.0.0.1', server.port)
    await idle.send(get())
    await idle.recv()
    expect(await server.stop()).toBe(0)
    expect((await idle.recv()).length).toBe(0)
    expect((await fresh.recv()).length).toBe(0)
    await expect(tcp.connect('127.0.0.1', server.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('lets requests finish, and says that their connections end', async () => {
    const waits = new Event()
    const go = new Event()
    const server = await serve({ port: 0 }, async () => {
      waits.set()
      await go.wait()
      return { body: 'done' }
    })
    using client = await tcp.connect('127.0.0.1', server.port)
    await client.send(get())
    await waits.wait()
    const stopping = spawn(() => server.stop())
    await yieldSlice()
    go.set()
    expect((await client.recv()).toString()).toMatch(/Connection: close\r\n\r\ndone$/)
    expect(await stopping.join()).toBe(0)
  })

  test('cuts off what has not finished in time', async () => {
    const seen = witness()
    const server = await serve({ port: 0 }, seen.handler)
    using client = await tcp.connect('127.0.0.1', server.port)
    await client.send(get())
    await seen.waits.wait()
    expect(await server.stop({ graceMs: 5 })).toBe(1)
    expect(seen.error).toBeInstanceOf(Interrupted)
    const left = async (): Promise<number> => (await client.recv()).length
    expect(await left().catch(() => 0)).toBe(0)
  })

  test('may be cancelled, and stopped again', async () => {
    const waits = new Event()
    const go = new Event()
    const server = await serve({ port: 0 }, async () => {
      waits.set()
      await go.wait()
      return {}
    })
    using client = await tcp.connect('127.0.0.1', server.port)
    await client.send(lastGet())
    await waits.wait()
    await expect(withTimeout(2, () => server.stop())).rejects.toMatchObject({ code: 'TIMEOUT' })
    go.set()
    expect(await server.stop()).toBe(0)
  })

  test('at once cuts every connection off', async () => {
    const seen = witness()
    const server = await serve({ port: 0 }, seen.handler)
    using client = await tcp.connect('127.0.0.1', server.port)
    await client.send(get())
    await seen.waits.wait()
    server.close()
    server.close()
    await seen.ended.wait()
    expect(server.isClosed).toBe(true)
    expect(await server.stop()).toBe(0)
  })
})
