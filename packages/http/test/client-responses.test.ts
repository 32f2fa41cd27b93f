import { Event, spawn } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import { type ClientOptions, createClient } from '../src/index.js'
import { ok, scripted } from './scripted-server.js'

interface Good {
  readonly title: string
  readonly sent: string
  readonly status?: number
  readonly body: string
  readonly method?: string
  /** The server closes behind it. */
  readonly ends?: boolean
}

const GOOD: readonly Good[] = [
  { title: 'a body with a length', sent: ok('hello'), body: 'hello' },
  { title: 'an empty body', sent: ok(''), body: '' },
  { title: 'chunks', sent: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n', body: 'abcde' },
  { title: 'a body until the end', sent: 'HTTP/1.1 200 OK\r\n\r\nall of it', body: 'all of it', ends: true },
  { title: 'HTTP/1.0', sent: 'HTTP/1.0 200 OK\r\n\r\nold', body: 'old', ends: true },
  { title: '204 without a body', sent: 'HTTP/1.1 204 No Content\r\n\r\n', status: 204, body: '' },
  { title: '304 with the length of another', sent: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n', status: 304, body: '' },
  { title: 'the length of what HEAD asked about', sent: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n', method: 'HEAD', body: '' },
  { title: 'interim responses before the response', sent: `HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${ok('x')}`, body: 'x' },
  { title: 'no reason phrase', sent: 'HTTP/1.1 299\r\nContent-Length: 1\r\n\r\nx', status: 299, body: 'x' },
] // biome-ignore format: a table

interface Bad {
  readonly title: string
  readonly sent: string
  readonly code: string
  readonly limit?: string
  readonly options?: ClientOptions
  /** The head is good, and the body is not. */
  readonly inBody?: boolean
  readonly safeToRetry?: boolean
}

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

const BAD: readonly Bad[] = [
  { title: 'nothing at all', sent: '', code: 'HTTP_CUT', safeToRetry: true },
  { title: 'half a head', sent: 'HTTP/1.1 200 OK\r\nContent-Le', code: 'HTTP_CUT' },
  { title: 'what is no HTTP', sent: 'SSH-2.0-OpenSSH_9.2\r\n', code: 'HTTP_SYNTAX' },
  { title: 'HTTP/2', sent: 'HTTP/2.0 200 OK\r\n\r\n', code: 'HTTP_SYNTAX' },
  { title: 'a bare LF in the head', sent: 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', code: 'HTTP_SYNTAX' },
  { title: 'a folded field', sent: 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n', code: 'HTTP_SYNTAX' },
  { title: 'two lengths', sent: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', code: 'HTTP_SYNTAX' },
  { title: 'a length with a sign', sent: 'HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na', code: 'HTTP_SYNTAX' },
  { title: 'both length and chunks', sent: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', code: 'HTTP_SYNTAX' },
  { title: 'a transfer coding nobody knows', sent: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', code: 'HTTP_SYNTAX' },
  { title: 'a protocol changed without being asked', sent: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n', code: 'HTTP_SYNTAX' },
  { title: 'interim responses without an end', sent: 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(101), code: 'HTTP_SYNTAX' },
  { title: 'a head that is too long', sent: `HTTP/1.1 200 OK\r\nA: ${'a'.repeat(200)}\r\n\r\n`, code: 'HTTP_LIMIT', limit: 'maxHeadBytes', options: { maxHeadBytes: 100 } },
  { title: 'too many fields', sent: `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(4)}\r\n`, code: 'HTTP_LIMIT', limit: 'maxHeaders', options: { maxHeaders: 3 } },
  { title: 'a length nobody can count to', sent: `HTTP/1.1 200 OK\r\nContent-Length: ${'9'.repeat(16)}\r\n\r\na`, code: 'HTTP_LIMIT', limit: 'maxResponseBytes' },
  { title: 'a length above the limit', sent: ok('abcdef'), code: 'HTTP_LIMIT', limit: 'maxResponseBytes', options: { maxResponseBytes: 5 } },
  { title: 'chunks above the limit', sent: `${CHUNKED}6\r\nabcdef\r\n0\r\n\r\n`, code: 'HTTP_LIMIT', limit: 'maxResponseBytes', options: { maxResponseBytes: 5 }, inBody: true },
  { title: 'an endless body above the limit', sent: 'HTTP/1.1 200 OK\r\n\r\nabcdef', code: 'HTTP_LIMIT', limit: 'maxResponseBytes', options: { maxResponseBytes: 5 }, inBody: true },
  { title: 'a body that is cut', sent: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', code: 'HTTP_CUT', inBody: true },
  { title: 'chunks that are cut', sent: `${CHUNKED}5\r\nab`, code: 'HTTP_CUT', inBody: true },
  { title: 'chunks without the last one', sent: `${CHUNKED}2\r\nab\r\n`, code: 'HTTP_CUT', inBody: true },
  { title: 'a chunk longer than it says', sent: `${CHUNKED}2\r\nabc\r\n0\r\n\r\n`, code: 'HTTP_SYNTAX', inBody: true },
  { title: 'a chunk size that is no number', sent: `${CHUNKED}zz\r\n`, code: 'HTTP_SYNTAX', inBody: true },
] // biome-ignore format: a table

describe.each(['at once', 'byte by byte'] as const)('a response that comes %s', (way) => {
  test.each(GOOD)('is read: $title', async ({ sent, status = 200, body, method = 'GET', ends = false }) => {
    using server = scripted(async (line) => {
      await line.request()
      await (way === 'at once' ? line.send(sent) : line.sendSlowly(sent))
      if (!ends) await line.ended()
    })
    using client = createClient()
    const response = await client.request({ method, url: server.url })
    expect([response.status, await response.text()]).toEqual([status, body])
    expect(client.stats[0]).toMatchObject({ connections: ends ? 0 : 1, idle: ends ? 0 : 1 })
  })

  test.each(BAD)('is refused: $title', async ({ sent, code, limit, options = {}, inBody, safeToRetry }) => {
    using server = scripted(async (line) => {
      await line.request()
      await (way === 'at once' ? line.send(sent) : line.sendSlowly(sent))
      if (line.index > 0) await line.ended()
    })
    using client = createClient(options)
    const head = client.get(server.url)
    if (inBody && way === 'byte by byte') await head
    const failed = head.then((response) => response.bytes())
    await expect(failed).rejects.toMatchObject({
      code,
      url: `${server.url}/`,
      ...(limit === undefined ? {} : { limit }),
      ...(safeToRetry === undefined ? {} : { safeToRetry }),
    })
    expect(client.stats[0]).toMatchObject({ connections: 0, idle: 0, waiting: 0 })
  })
})

test('the fields of a response keep their order, their case and their duplicates', async () => {
  using server = scripted(async (line) => {
    await line.answer(ok('', 'X-One: 1\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\n'))
    await line.ended()
  })
  using client = createClient()
  const { headers } = await client.get(server.url)
  expect([...headers].map(([name]) => name)).toEqual(['Content-Length', 'X-One', 'set-cookie', 'Set-Cookie'])
  expect(headers.getAll('Set-Cookie')).toEqual(['a=1', 'b=2'])
})

test('trailers are there when the body has been received', async () => {
  const seen = new Event()
  using server = scripted(async (line) => {
    await line.request()
    await line.send(`${CHUNKED}2\r\nab\r\n`)
    await seen.wait()
    await line.send('0\r\nDigest: x\r\n\r\n')
    await line.ended()
  })
  using client = createClient()
  const response = await client.get(server.url)
  expect(response.trailers.size).toBe(0)
  seen.set()
  expect(await response.text()).toBe('ab')
  expect(response.trailers.get('digest')).toBe('x')
})

test('a body is a Stream: it gives what is there, and an empty Buffer at its end', async () => {
  using server = scripted(async (line) => {
    await line.answer('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc')
    await line.request()
  })
  using client = createClient()
  const { body } = await client.get(server.url)
  expect((await body.recv(2)).toString()).toBe('ab')
  expect((await body.recv()).toString()).toBe('c')
  await expect(body.send('x')).rejects.toMatchObject({ code: 'HTTP_READ_ONLY' })
  body.close()
  await expect(spawn(() => body.recv()).join()).rejects.toMatchObject({ code: 'HTTP_CUT' })
  expect(client.stats[0]).toMatchObject({ connections: 0 })
})

test('a long body waits in the kernel while nobody reads it', async () => {
  const length = 50_000_000
  let most = 0
  using server = scripted(async (line) => {
    await line.request()
    await line.send(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`)
    const block = Buffer.alloc(100_000, 'x')
    for (let sent = 0; sent < length; sent += block.length) {
      await line.socket.send(block)
      if (line.index === 0) most = sent
    }
    await line.ended()
  })
  using client = createClient()
  const response = await client.get(server.url)
  const other = await client.get(server.url)
  other.body.close()
  expect(most).toBeLessThan(length / 2)
  let count = 0
  for await (const piece of response.body) count += piece.length
  expect(count).toBe(length)
})
