import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import zlib from 'node:zlib'
import { Channel, memoryStreamPair, sleep, spawn, withTimeout, yieldSlice } from '@shrapnel/core'
import { collectGarbage, temporaryFolder } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import {
  type CompressOptions,
  compress,
  files,
  type Handler,
  type HttpResponse,
  serve,
} from '../src/index.js'
import { type AskedAnswer, ask } from './asked.js'
import { bodyText, fieldsOf, madeRequest } from './made-request.js'

const TEXT = 'All work and no play makes Jack a dull boy.\n'.repeat(100)
const LONG = TEXT.repeat(100)
const hasZstd = 'zstdDecompressSync' in zlib

function decoded({ fields, body }: AskedAnswer): string {
  switch (fields['content-encoding']) {
    case 'gzip':
      return zlib.gunzipSync(body).toString()
    case 'br':
      return zlib.brotliDecompressSync(body).toString()
    case 'deflate':
      return zlib.inflateSync(body).toString()
    case 'zstd':
      return (zlib as unknown as { zstdDecompressSync(bytes: Buffer): Buffer })
        .zstdDecompressSync(body)
        .toString()
    default:
      return body.toString()
  }
}

async function askCompressed(
  response: HttpResponse | (() => HttpResponse),
  fields: Readonly<Record<string, string>> = { 'Accept-Encoding': 'gzip' },
  options: CompressOptions = {},
  method = 'GET',
): Promise<AskedAnswer> {
  const middleware = compress(options)
  const handler: Handler = () => (typeof response === 'function' ? response() : response)
  await using server = await serve({ port: 0 }, (request) => middleware(request, handler))
  return await ask(server.port, '/', fields, method)
}

async function* pieces(): AsyncGenerator<string> {
  for (let i = 0; i < 100; i++) yield LONG.slice((i * LONG.length) / 100, ((i + 1) * LONG.length) / 100)
}

describe('whole again on the other side is', () => {
  const [end, other] = memoryStreamPair()
  spawn(async () => {
    await other.send(LONG)
    other.close()
  })
  const bodies: readonly (readonly [string, () => HttpResponse, string])[] = [
    ['a short text', () => ({ body: TEXT.slice(0, 2_000) }), TEXT.slice(0, 2_000)],
    ['a text', () => ({ body: TEXT }), TEXT],
    ['a text that is no ASCII', () => ({ body: 'ü'.repeat(3_000) }), 'ü'.repeat(3_000)],
    ['a long text', () => ({ body: LONG }), LONG],
    ['bytes', () => ({ headers: { 'content-type': 'application/json' }, body: Buffer.from(LONG) }), LONG],
    ['pieces', () => ({ headers: { 'content-type': 'text/css' }, body: pieces() }), LONG],
    ['a stream', () => ({ headers: { 'content-type': 'image/svg+xml' }, body: end }), LONG],
  ]
  test.each(bodies)('%s', async (_what, response, text) => {
    const answer = await askCompressed(response)
    expect(decoded(answer) === text).toBe(true)
    expect(answer.fields).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' })
    expect(answer.body.length).toBeLessThan(text.length / 4)
  })

  test.each(['br', 'gzip', 'deflate', ...(hasZstd ? ['zstd'] : [])])(
    'what is encoded with %s',
    async (coding) => {
      for (const body of [TEXT.slice(0, 2_000), LONG]) {
        const options = { codings: ['br', 'zstd', 'gzip', 'deflate'] } as const
        const answer = await askCompressed({ body }, { 'Accept-Encoding': coding }, options)
        expect(answer.fields['content-encoding']).toBe(coding)
        expect(decoded(answer) === body).toBe(true)
      }
    },
  )

  test('a file, by its type', async () => {
    await using folder = await temporaryFolder()
    writeFileSync(join(folder.path, 'a.txt'), LONG)
    writeFileSync(join(folder.path, 'a.png'), LONG)
    const inner = files(folder.path)
    const middleware = compress()
    await using server = await serve({ port: 0 }, (request) => middleware(request, inner))
    const fields = { 'Accept-Encoding': 'gzip' }
    const answer = await ask(server.port, '/a.txt', fields)
    expect(decoded(answer) === LONG).toBe(true)
    expect(answer.fields.etag).toMatch(/^W\//)
    expect(answer.fields['accept-ranges']).toBe(undefined)
    expect((await ask(server.port, '/a.png', fields)).fields['content-encoding']).toBe(undefined)
    const head = await ask(server.port, '/a.txt', fields, 'HEAD')
    expect([head.fields['content-encoding'], head.fields['content-length'], head.body.length]).toEqual([
      'gzip',
      undefined,
      0,
    ])
    const part = await ask(server.port, '/a.txt', { ...fields, Range: 'bytes=0-2' })
    expect([part.status, part.body.toString()]).toEqual([206, 'All'])
    const etag = answer.fields.etag ?? ''
    const again = await ask(server.port, '/a.txt', { ...fields, 'If-None-Match': etag })
    expect([again.status, again.fields.etag]).toEqual([304, etag])
  })
})

describe('as it is stays', () => {
  const text = { 'content-type': 'text/plain' }
  test.each<[string, HttpResponse, Record<string, string>?]>([
    ['what is too short', { body: 'short' }],
    ['what nobody wants compressed', { body: TEXT }, {}],
    ['what is refused', { body: TEXT }, { 'Accept-Encoding': 'gzip;q=0, identity' }],
    ['what is compressed', { headers: { ...text, 'content-encoding': 'br' }, body: TEXT }],
    ['a picture', { headers: { 'content-type': 'image/png' }, body: TEXT }],
    ['a type that nobody knows', { headers: { 'content-type': 'application/x-nothing' }, body: TEXT }],
    [
      'what must not be changed',
      { headers: { ...text, 'cache-control': 'max-age=1, No-Transform' }, body: TEXT },
    ],
    ['a part', { status: 206, headers: { ...text, 'content-range': 'bytes 0-4399/9999' }, body: TEXT }],
    ['what has a digest', { headers: { ...text, 'content-digest': 'sha-256=:x:' }, body: TEXT }],
  ])('%s', async (_what, response, fields = { 'Accept-Encoding': 'gzip' }) => {
    const answer = await askCompressed(response, fields)
    expect(answer.body.toString()).toBe(response.body)
    expect(answer.fields['content-length']).toBe(String(answer.body.length))
  })

  test('what the program filters', async () => {
    const filter = () => false
    const { fields } = await askCompressed({ body: TEXT }, { 'Accept-Encoding': 'gzip' }, { filter })
    expect([fields['content-encoding'], fields.vary]).toEqual([undefined, undefined])
  })

  test('a 204, and a 304 that nobody has a compressed form of', async () => {
    const handler = compress()
    const fields = { 'accept-encoding': 'gzip', 'if-none-match': '"a"' }
    for (const status of [204, 304]) {
      const response: HttpResponse = { status, headers: { etag: '"a"' } }
      expect(await handler(madeRequest('/', fields), () => response)).toBe(response)
    }
  })
})

test('Vary is said also to whom it is sent as it is, once, and beside others', async () => {
  const vary = async (given: string | undefined, accept: string) => {
    const headers = { 'content-type': 'text/plain', vary: given }
    return (await askCompressed({ headers, body: TEXT }, { 'Accept-Encoding': accept })).fields.vary
  }
  expect(await vary(undefined, '')).toBe('Accept-Encoding')
  expect(await vary('accept-encoding, Cookie', 'gzip')).toBe('accept-encoding, Cookie')
  expect(await vary('*', 'gzip')).toBe('*')
})

test('a short body keeps its length, a long one comes in chunks', async () => {
  const short = await askCompressed({ body: TEXT.slice(0, 2_000) })
  expect(short.fields['content-length']).toBe(String(short.body.length))
  const long = await askCompressed({ headers: { 'content-length': String(LONG.length) }, body: LONG })
  expect(long.fields).toMatchObject({ 'transfer-encoding': 'chunked' })
})

/** The body of an answer as pieces, and what can be read of them so far. */
function begun(options: CompressOptions, response: HttpResponse, coding = 'gzip') {
  const request = madeRequest('/', { 'Accept-Encoding': coding })
  const answer = compress(options)(request, () => response) as HttpResponse
  const body = answer.body as AsyncIterable<Buffer>
  const iterator = body[Symbol.asyncIterator]()
  let bytes = Buffer.alloc(0)
  return {
    iterator,
    async until(text: string): Promise<void> {
      const readable = (): string =>
        bytes.length === 0
          ? ''
          : zlib.gunzipSync(bytes, { finishFlush: zlib.constants.Z_SYNC_FLUSH }).toString()
      while (readable() !== text) bytes = Buffer.concat([bytes, (await iterator.next()).value])
    },
  }
}

async function* received(events: Channel<string>): AsyncGenerator<string> {
  for await (const event of events) yield event
}

test('events come one by one, though they are compressed', async () => {
  const events = new Channel<string>(1)
  const headers = { 'content-type': 'text/event-stream' }
  const { until } = begun({}, { headers, body: received(events) })
  await events.send('data: 1\n\n')
  await until('data: 1\n\n')
  await events.send('data: 2\n\n')
  await until('data: 1\n\ndata: 2\n\n')
  events.close()
})

test('other pieces do so if that is asked for', async () => {
  const events = new Channel<string>(1)
  const { until } = begun(
    { flush: true },
    { headers: { 'content-type': 'text/plain' }, body: received(events) },
  )
  await events.send('one')
  await until('one')
  events.close()
})

describe('an encoder', () => {
  test('that waits for its source is cancelled with it, and closes it', async () => {
    const events = new Channel<string>()
    let isClosed = false
    async function* source(): AsyncGenerator<string> {
      try {
        yield* received(events)
      } finally {
        isClosed = true
      }
    }
    const headers = { 'content-type': 'text/plain' }
    const { iterator } = begun({}, { headers, body: source() })
    await expect(withTimeout(1, () => iterator.next())).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(isClosed).toBe(true)
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  test('that is cancelled at its work gives its thread back, and its memory', async () => {
    const middleware = compress({ maxThreads: 1, maxStreams: 1, levels: { br: 9 } })
    const request = madeRequest('/', { 'Accept-Encoding': 'br' })
    const round = async (isCut: boolean): Promise<number> => {
      const answer = await middleware(request, () => ({ body: LONG }))
      expect(fieldsOf(answer).get('content-encoding')).toBe('br')
      if (!isCut) return (await bodyText(answer)).length
      const sending = spawn(() => bodyText(answer))
      await yieldSlice()
      sending.interrupt()
      await expect(sending.join()).rejects.toMatchObject({ name: 'Interrupted' })
      return 0
    }
    const whole = await round(false)
    await round(true)
    await collectGarbage()
    const before = process.memoryUsage().external
    for (let i = 0; i < 40; i++) await round(true)
    expect(await round(false)).toBe(whole)
    const grown = (): number => process.memoryUsage().external - before
    // An encoder that was at work is let go when its step has ended, in the pool.
    for (let i = 0; i < 50 && grown() > 3_000_000; i++) {
      await sleep(1)
      await collectGarbage()
    }
    expect(grown()).toBeLessThan(3_000_000)
  })

  test('there is for so many bodies at a time, and others are sent as they are', async () => {
    const events = new Channel<string>()
    const middleware = compress({ maxStreams: 1, flush: true })
    const request = madeRequest('/', { 'Accept-Encoding': 'gzip' })
    const headers = { 'content-type': 'text/plain' }
    const first = await middleware(request, () => ({ headers, body: received(events) }))
    const reading = spawn(() => bodyText(first))
    await events.send('x')
    const second = await middleware(request, () => ({ headers, body: LONG }))
    expect([fieldsOf(second).get('content-encoding'), fieldsOf(second).get('vary')]).toEqual([
      undefined,
      'Accept-Encoding',
    ])
    events.close()
    expect(zlib.gunzipSync(await reading.join()).toString()).toBe('x')
    const third = await middleware(request, () => ({ headers, body: LONG }))
    expect(fieldsOf(third).get('content-encoding')).toBe('gzip')
  })

  test('hands on what its source fails with, and the connection is cut', async () => {
    const errors: unknown[] = []
    async function* source(): AsyncGenerator<string> {
      yield LONG
      throw new RangeError('mine')
    }
    const middleware = compress()
    const response = { headers: { 'content-type': 'text/plain' }, body: source() }
    await using server = await serve({ port: 0, onError: (error) => errors.push(error) }, (request) =>
      middleware(request, () => response),
    )
    await expect(ask(server.port, '/', { 'Accept-Encoding': 'gzip' })).rejects.toMatchObject({
      code: 'ECONNRESET',
    })
    expect(errors).toMatchObject([{ message: 'mine' }])
  })
})

test.each([
  ['an option that is misspelt', { level: 1 }, 'ERR_UNKNOWN_OPTION'],
  ['a coding that nobody has', { codings: ['lzw'] }, 'ERR_INVALID_ARG_TYPE'],
  ['a level that there is not', { levels: { gzip: 10 } }, 'ERR_OUT_OF_RANGE'],
  ['a level of what is no coding', { levels: { gz: 1 } }, 'ERR_UNKNOWN_OPTION'],
  ['no threads', { maxThreads: 0 }, 'ERR_OUT_OF_RANGE'],
])('not with %s', (_why, options, code) => {
  expect(() => compress(options as CompressOptions)).toThrow(expect.objectContaining({ code }))
})
