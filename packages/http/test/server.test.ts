import { Event, memoryStreamPair, sleep, spawn } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import { HttpError, type HttpRequest, type HttpResponse } from '../src/index.js'
import {
  answers,
  body,
  type Converse,
  get,
  inMemory,
  lastGet,
  overSocket,
  post,
  status,
} from './conversation.js'

const hello = (): HttpResponse => ({ headers: { 'content-type': 'text/plain' }, body: 'Hello, world!' })

// biome-ignore lint/correctness/useYield: it is to fail before
async function* failing(): AsyncGenerator<string> {
  throw new Error('nothing there')
}

const places: readonly (readonly [string, Converse])[] = [
  ['in memory', inMemory],
  ['over a socket', overSocket],
]

describe.each(places)('a server %s', (_where, converse) => {
  test('answers with what the handler gives', async () => {
    await using talk = await converse(hello)
    expect(await talk.ask(lastGet())).toBe(
      'HTTP/1.1 200 OK\r\nDate: DATE\r\ncontent-type: text/plain\r\nContent-Length: 13\r\nConnection: close\r\n\r\nHello, world!',
    )
  })

  test('keeps the connection for the next request', async () => {
    await using talk = await converse((request) => ({ body: request.path }))
    for (const path of ['/one', '/two', '/three']) {
      await talk.send(get(path))
      expect(body(await talk.until(answers(1)))).toBe(path)
    }
  })

  test('answers requests that come together in their order, however long each takes', async () => {
    const first = new Event()
    await using talk = await converse(async (request) => {
      if (request.path === '/1') await first.wait()
      if (request.path === '/2') await sleep(1)
      if (request.path === '/3') first.set()
      return { body: `<${request.path}>` }
    })
    await talk.send(get('/0') + get('/1') + get('/2') + get('/3') + get('/4'))
    first.set()
    const text = await talk.until(answers(5))
    expect(text.match(/<.*?>/g)).toEqual(['</0>', '</1>', '</2>', '</3>', '</4>'])
  })

  test('a body that fails before its first piece costs no answer that was to go out with it', async () => {
    await using talk = await converse(
      (request) => (request.path === '/1' ? { body: failing() } : { body: request.path }),
      { onError: () => {} },
    )
    await talk.send(get('/0') + get('/1') + get('/2'))
    const text = await talk.until(answers(3))
    expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 500', 'HTTP/1.1 200'])
  })

  test('understands a request that comes byte by byte', async () => {
    await using talk = await converse(async (request) => ({
      body: `${request.path} ${await request.body.text()}`,
    }))
    for (const byte of post('hello', 'X: y\r\n', '/slow')) await talk.send(byte)
    expect(body(await talk.until(answers(1)))).toBe('/slow hello')
  })

  test('shows the request as it came', async () => {
    let seen: HttpRequest | undefined
    await using talk = await converse((request) => {
      seen = request
      return {}
    })
    await talk.ask(lastGet('/a%20b?c=d&e', 'x-One: 1\r\nX-ONE:\t2 \r\nCookie: a=b\r\n'))
    expect(seen).toMatchObject({
      method: 'GET',
      target: '/a%20b?c=d&e',
      path: '/a%20b',
      query: 'c=d&e',
      version: '1.1',
    })
    expect(seen?.url.href).toBe('http://a/a%20b?c=d&e')
    expect(seen?.headers.get('X-one')).toBe('1, 2')
    expect(seen?.headers.getAll('x-one')).toEqual(['1', '2'])
    expect(seen?.headers.has('cookie')).toBe(true)
    expect([...(seen?.headers ?? [])].map(([name]) => name)).toEqual([
      'Host',
      'x-One',
      'X-ONE',
      'Cookie',
      'Connection',
    ])
  })

  test('takes absolute targets, and asterisks for OPTIONS', async () => {
    await using talk = await converse(({ path, query, url, target }) => ({
      body: `${target} ${path} ${query} ${url.host}\n`,
    }))
    await talk.send(
      `${get('http://other:81/x?y')}${get('http://other?z')}OPTIONS * HTTP/1.1\r\nHost: b\r\n\r\n`,
    )
    const text = await talk.until(answers(3))
    expect(text).toContain('http://other:81/x?y /x y other:81\n')
    expect(text).toContain('http://other?z / z other\n')
    expect(text).toContain('* *  b\n')
  })

  test('answers 400 when a handler asks for the URL of a host that is none', async () => {
    await using talk = await converse(({ url }) => ({ body: url.href }))
    expect(status(await talk.ask('GET / HTTP/1.1\r\nHost: a:99999\r\nConnection: close\r\n\r\n'))).toBe(400)
  })

  test('ends an HTTP/1.0 connection unless it is asked to keep it', async () => {
    await using talk = await converse(hello)
    await talk.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    expect(await talk.until(answers(1))).toContain('\r\nConnection: keep-alive\r\n')
    expect(await talk.ask('GET / HTTP/1.0\r\n\r\n')).toContain('\r\nConnection: close\r\n')
  })

  test('answers HEAD with the length and no body', async () => {
    await using talk = await converse(hello)
    expect(await talk.ask('HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatch(
      /Content-Length: 13\r\n.*\r\n\r\n$/s,
    )
  })

  test.each([204, 304])('gives %i no body and no length', async (code) => {
    await using talk = await converse(() => ({ status: code, body: 'no' }))
    const answer = await talk.ask(lastGet())
    expect(status(answer)).toBe(code)
    expect(answer).not.toMatch(/content-/i)
    expect(body(answer)).toBe('')
  })

  test('sends a body of unknown length in chunks, with trailers', async () => {
    await using talk = await converse(() => ({
      body: (async function* () {
        yield 'one'
        yield ''
        await sleep(1)
        yield Buffer.from('twenty-six bytes of a body')
      })(),
      trailers: () => ({ 'x-sum': '29' }),
    }))
    const answer = await talk.ask(lastGet())
    expect(answer).toContain('\r\nTransfer-Encoding: chunked\r\n')
    expect(body(answer)).toBe('3\r\none\r\n1a\r\ntwenty-six bytes of a body\r\n0\r\nx-sum: 29\r\n\r\n')
  })

  test('sends it to HTTP/1.0 until the end of the connection', async () => {
    await using talk = await converse(() => ({
      body: (async function* () {
        yield 'one'
        yield 'two'
      })(),
    }))
    const answer = await talk.ask('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    expect(answer).not.toMatch(/Transfer-Encoding|keep-alive/)
    expect(body(answer)).toBe('onetwo')
  })

  test('sends what comes on a Stream, and closes that', async () => {
    const [source, given] = memoryStreamPair()
    await using talk = await converse(() => ({ body: given }))
    const writing = spawn(async () => {
      await source.send('from a ')
      await source.send('stream')
      await source.shutdown()
    })
    const answer = await talk.ask(lastGet())
    expect(body(answer).replace(/[0-9a-f]+\r\n|\r\n/g, '')).toBe('from a stream')
    await writing.join()
    expect(given.isClosed).toBe(true)
  })

  test('goes on behind a body in chunks', async () => {
    await using talk = await converse(({ path }) => ({
      body: (async function* () {
        yield path
      })(),
    }))
    await talk.send(get('/a') + get('/b'))
    const text = await talk.until((all) => all.split('0\r\n\r\n').length === 3)
    expect(text).toMatch(/\r\n\r\n2\r\n\/a\r\n0\r\n\r\nHTTP.*\r\n\r\n2\r\n\/b\r\n0\r\n\r\n$/s)
  })

  test.each([
    ['fewer', 'abc', 5],
    ['more', 'abcdefg', 5],
  ])('cuts the connection if a body has %s bytes than its handler said', async (_what, text, length) => {
    const errors: unknown[] = []
    const handler = (): HttpResponse => ({
      headers: { 'content-length': length },
      body: (async function* () {
        yield text.slice(0, 2)
        await sleep(1)
        yield text.slice(2)
      })(),
    })
    await using talk = await converse(handler, { onError: (error) => errors.push(error) })
    const came = await talk.ask(get()).catch((error: { code: string }) => error.code)
    expect(came === 'ECONNRESET' || body(came).length < length).toBe(true)
    expect(errors).toMatchObject([{ code: 'HTTP_HEADER' }])
  })

  test('sends long blocks, whole', async () => {
    const bytes = Buffer.alloc(3_000_000, 'abcdefg')
    await using talk = await converse(({ path }) => ({ body: path === '/text' ? bytes.toString() : bytes }))
    for (const path of ['/bytes', '/text']) {
      await talk.send(get(path))
      expect(body(await talk.until(answers(1))) === bytes.toString()).toBe(true)
    }
  })

  test('tells the client of an error without its words, and whoever listens with them', async () => {
    const errors: unknown[] = []
    const failure = new Error('the password is 12345')
    await using talk = await converse(
      ({ path }) => {
        if (path === '/now') throw failure
        return Promise.reject(failure)
      },
      { onError: (error) => errors.push(error) },
    )
    await talk.send(get('/now') + get('/later'))
    const text = await talk.until(answers(2))
    expect(text.match(/HTTP\/1.1 500 Internal Server Error/g)).toHaveLength(2)
    expect(text).not.toContain('12345')
    expect(errors).toEqual([failure, failure])
  })

  test('answers with the status of an HttpError', async () => {
    await using talk = await converse(() => {
      throw new HttpError('HTTP_SYNTAX', 'that is no tea', { status: 422 })
    })
    const answer = await talk.ask(lastGet())
    expect(status(answer)).toBe(422)
    expect(body(answer)).toBe('that is no tea\n')
  })

  test.each([
    ['CR LF in a value', { 'x-a': 'b\r\nSet-Cookie: c=d' }],
    ['LF in a value', { 'x-a': 'b\nc' }],
    ['NUL in a value', { 'x-a': 'b\0c' }],
    ['a letter beyond Latin 1', { 'x-a': '\u010d' }],
    ['LF in a name', { 'x-a\n': 'b' }],
    ['a colon in a name', { 'x:a': 'b' }],
    ['an empty name', { '': 'b' }],
    ['a length that is none', { 'content-length': '-1' }],
    ['another length than that of the text', { 'content-length': '3' }],
  ])('makes a 500 of a field with %s, and sends nothing of it', async (_why, headers) => {
    const errors: unknown[] = []
    await using talk = await converse(() => ({ headers: headers as Record<string, string>, body: 'ab' }), {
      onError: (error) => errors.push(error),
    })
    const answer = await talk.ask(lastGet())
    expect(status(answer)).toBe(500)
    expect(answer).not.toMatch(/x-a|Set-Cookie/)
    expect(errors).toMatchObject([{ code: 'HTTP_HEADER' }])
  })

  test('keeps framing, Date and Connection to itself', async () => {
    const headers = {
      'transfer-encoding': 'gzip',
      date: 'yesterday',
      'keep-alive': 'timeout=5',
      Connection: 'x',
    }
    await using talk = await converse(() => ({ headers, body: 'a' }))
    await talk.send(get())
    const answer = await talk.until(answers(1))
    expect(answer).toBe(
      'HTTP/1.1 200 OK\r\nDate: DATE\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 1\r\n\r\na',
    )
  })

  test('closes when the handler says so', async () => {
    await using talk = await converse(({ path }) =>
      path === '/a' ? { close: true } : { headers: { connection: 'close' } },
    )
    expect(await talk.ask(get('/a') + get('/b'))).toMatch(/^HTTP\/1.1 200 .*Connection: close\r\n\r\n$/s)
  })

  test('answers what came before a bad request, then says what is wrong and closes', async () => {
    await using talk = await converse(({ path }) => ({ body: path }))
    const text = await talk.ask(`${get('/good')}GET / HTTP/1.1\r\nHost : a\r\n\r\n${get('/never')}`)
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400'])
    expect(text).toMatch(/Connection: close\r\n\r\nwhite space before the colon of a header field\n$/)
  })

  test('gives the connection away on upgrade, with what came early', async () => {
    await using talk = await converse(() => ({
      status: 101,
      headers: { upgrade: 'shout' },
      upgrade: async (stream) => {
        for (;;) {
          const bytes = await stream.recv()
          if (bytes.length === 0) return
          await stream.send(bytes.toString().toUpperCase())
        }
      },
    }))
    await talk.send(`${get('/', 'Connection: upgrade\r\nUpgrade: shout\r\n')}early`)
    expect(await talk.until((text) => text.endsWith('EARLY'))).toMatch(
      /^HTTP\/1.1 101 Switching Protocols\r\nDate: DATE\r\nupgrade: shout\r\nConnection: Upgrade\r\n\r\nEARLY$/,
    )
    await talk.send('late')
    expect(await talk.until((text) => text.length >= 4)).toBe('LATE')
  })

  test('gives it away to CONNECT', async () => {
    await using talk = await converse(({ target }) => ({ upgrade: (stream) => stream.send(`to ${target}`) }))
    expect(body(await talk.ask('CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n'))).toBe('to b:443')
  })
})
