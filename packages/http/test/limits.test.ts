import { Event, memoryStreamPair, socketPair, spawn, tcp, yieldSlice } from '@shrapnel/core'
import { useClock } from '@shrapnel/core/testing'
import { VirtualClock } from '@shrapnel/test-support'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ConnectionOptions, type Handler, serve, serveStream } from '../src/index.js'
import {
  answers,
  type Conversation,
  get,
  inMemory,
  lastGet,
  overSocket,
  post,
  status,
} from './conversation.js'

const hello: Handler = () => ({ body: 'hello' })

describe.each([
  ['in memory', inMemory],
  ['over a socket', overSocket],
] as const)('a server %s', (_where, converse) => {
  test.each([
    ['a long target', get(`/${'a'.repeat(9_000)}`), 414],
    ['a long head', get('/', `X: ${'a'.repeat(20_000)}\r\n`), 431],
    ['a head without end', `GET / HTTP/1.1\r\nHost: ${'a'.repeat(20_000)}`, 431],
    ['many fields', get('/', 'X: a\r\n'.repeat(200)), 431],
    ['a long body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10485761\r\n\r\n', 413],
    ['another version', 'GET / HTTP/2.0\r\n\r\n', 505],
    ['an unknown coding', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n', 501],
  ])('answers %s with its status, and closes', async (_what, text, expected) => {
    await using talk = await converse(hello)
    const answer = await talk.ask(text)
    expect(status(answer)).toBe(expected)
    expect(answer).toContain('\r\nConnection: close\r\n')
  })

  test('lets the client read a refusal though it goes on sending', async () => {
    await using talk = await converse(hello)
    const sending = spawn(async () => {
      for (let i = 0; i < 20; i++) await talk.client.send('x'.repeat(1_000))
    })
    expect(status(await talk.rest())).toBe(400)
    await sending.join().catch(() => {})
  })

  test('ends a connection behind its last request', async () => {
    await using talk = await converse(hello, { maxRequestsPerConnection: 2 })
    const text = await talk.ask(get() + get() + get())
    expect(text.match(/HTTP\/1.1 200/g)).toHaveLength(2)
    expect(text.match(/Connection: close/g)).toHaveLength(1)
  })
})

test('a server with as many connections as it may have answers the next with 503', async () => {
  await using server = await serve({ port: 0, maxConnections: 1 }, hello)
  using first = await tcp.connect('127.0.0.1', server.port)
  await first.send(get())
  await first.recv()
  using second = await tcp.connect('127.0.0.1', server.port)
  expect((await second.recv()).toString()).toMatch(/^HTTP\/1.1 503 .*Connection: close/s)
  first.close()
  while (server.connections > 0) await yieldSlice()
  using third = await tcp.connect('127.0.0.1', server.port)
  await third.send(lastGet())
  expect((await third.recv()).toString()).toMatch(/^HTTP\/1.1 200/)
})

describe('time', () => {
  let clock: VirtualClock
  let restore: () => void
  beforeEach(() => {
    clock = new VirtualClock()
    restore = useClock(clock)
  })
  afterEach(() => restore())

  const LIMITS: ConnectionOptions = {
    headTimeoutMs: 1_000,
    idleTimeoutMs: 5_000,
    bodyTimeoutMs: 2_000,
    sendTimeoutMs: 3_000,
  }
  const converse = (handler: Handler, options = {}): Promise<Conversation> =>
    inMemory(handler, { ...LIMITS, ...options })
  const isDone = (talk: Conversation): boolean => talk.session?.isDead === true

  test('for a first request is that of a head', async () => {
    await using talk = await converse(hello)
    await clock.advance(999)
    expect(isDone(talk)).toBe(false)
    await clock.advance(1)
    expect(isDone(talk)).toBe(true)
    expect(await talk.rest()).toBe('')
  })

  test('for a head counts from its first byte, however many follow', async () => {
    await using talk = await converse(hello)
    await talk.send(get())
    await talk.until(answers(1))
    await clock.advance(4_000)
    for (const byte of 'GET / HT') {
      await talk.send(byte)
      await clock.advance(100)
    }
    expect(isDone(talk)).toBe(false)
    await clock.advance(200)
    expect(await talk.until(answers(1))).toMatch(
      /^HTTP\/1.1 408 Request Timeout\r\n.*Connection: close\r\n.*headTimeoutMs/s,
    )
    await clock.advance(2_000)
    expect(isDone(talk)).toBe(true)
  })

  test('between requests begins anew with each', async () => {
    await using talk = await converse(hello)
    for (let i = 0; i < 3; i++) {
      await talk.send(get())
      await talk.until(answers(1))
      await clock.advance(4_900)
    }
    expect(isDone(talk)).toBe(false)
    await clock.advance(100)
    expect(isDone(talk)).toBe(true)
    expect(await talk.rest()).toBe('')
  })

  test('of a handler is its own', async () => {
    const go = new Event()
    await using talk = await converse(async () => {
      await go.wait()
      return { body: 'late' }
    })
    await talk.send(get())
    await clock.advance(1_000_000)
    go.set()
    expect(await talk.until(answers(1))).toMatch(/late$/)
  })

  test('for a body is between two pieces of it', async () => {
    await using talk = await converse(async ({ body }) => ({ body: await body.text() }))
    await talk.send(post('hello').slice(0, -3))
    await clock.advance(1_900)
    await talk.send('l')
    await clock.advance(1_999)
    expect(isDone(talk)).toBe(false)
    await clock.advance(2_000)
    expect(await talk.until(answers(1))).toMatch(/^HTTP\/1.1 408 .*Connection: close\r\n.*bodyTimeoutMs/s)
  })

  test('for a body that trickles ends when it is slower than the least rate', async () => {
    await using talk = await converse(
      async ({ body }) => {
        let count = 0
        for await (const bytes of body) count += bytes.length
        return { body: String(count) }
      },
      { minBodyBytesPerSecond: 10 },
    )
    await talk.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n')
    let sent = 0
    for (; sent < 100 && !isDone(talk); sent++) {
      await talk.send('a').catch(() => {})
      await clock.advance(1_000)
    }
    expect(sent).toBeLessThan(6)
    expect(status(await talk.rest())).toBe(408)
  })

  test('for a body that nobody reads does not count', async () => {
    const go = new Event()
    await using talk = await converse(async ({ body }) => {
      await go.wait()
      return { body: await body.text() }
    })
    await talk.send(post('hello'))
    await clock.advance(100_000)
    go.set()
    expect(await talk.until(answers(1))).toMatch(/hello$/)
  })

  test('for a client that does not read its answer ends in a reset', async () => {
    const [client, server] = memoryStreamPair({ limitBytes: 1_000 })
    const session = spawn(() => serveStream(server, () => ({ body: Buffer.alloc(100_000) }), LIMITS))
    await client.send(get())
    await client.recv()
    await clock.advance(5_999)
    expect(session.isDead).toBe(false)
    await clock.advance(1)
    await session.join()
    const rest = async (): Promise<void> => {
      while ((await client.recv()).length > 0);
    }
    await expect(rest()).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('for a client that does not take a long piece is not that for all of it', async () => {
    const [client, server] = memoryStreamPair({ limitBytes: 1_000 })
    async function* one(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(100 * 1_048_576)
    }
    const session = spawn(() => serveStream(server, () => ({ body: one() }), LIMITS))
    await client.send(get())
    await client.recv()
    await clock.advance(5_999)
    expect(session.isDead).toBe(false)
    await clock.advance(1)
    await session.join()
    expect(server.isClosed).toBe(true)
  })

  test('for an answer over a socket runs anew while the client takes some of it', async () => {
    const [client, server] = socketPair()
    const session = spawn(() => serveStream(server, () => ({ body: Buffer.alloc(8 * 1_048_576) }), LIMITS))
    await client.send(get())
    // All of it is of the first MiB, which is sent as one.
    for (let round = 0; round < 4; round++) {
      for (let left = 200_000; left > 0; ) left -= (await client.recv(left)).length
      await yieldSlice()
      await clock.advance(2_900)
      expect(session.isDead).toBe(false)
    }
    // Of a MiB that it could have had sixteen times as long for, it takes nothing more.
    await clock.advance(6_000)
    await session.join()
    expect(server.isClosed).toBe(true)
    client.close()
  })

  test('for small answers that nobody reads ends, too', async () => {
    const [client, server] = memoryStreamPair({ limitBytes: 100 })
    const session = spawn(() => serveStream(server, hello, LIMITS))
    await client.send(get())
    await clock.advance(2_999)
    expect(session.isDead).toBe(false)
    await clock.advance(1)
    await session.join()
    expect(server.isClosed).toBe(true)
  })

  test('to linger is limited', async () => {
    await using talk = await converse(hello)
    await talk.send('no request\r\n\r\n')
    expect(status(await talk.rest())).toBe(400)
    expect(isDone(talk)).toBe(false)
    await clock.advance(2_000)
    expect(isDone(talk)).toBe(true)
  })
})
