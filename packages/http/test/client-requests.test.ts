import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as zlib from 'node:zlib'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { sleep } from '@shrapnel/core'
import { temporaryFolder } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ClientOptions,
  compose,
  compress,
  createClient,
  formBody,
  type HttpClient,
  type HttpResponse,
  html,
  type RequestOptions,
  serve,
} from '../src/index.js'
import { ok, scripted } from './scripted-server.js'

interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

let server: Server
let url: string

beforeAll(async () => {
  server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece) => pieces.push(piece))
    request.on('end', () => {
      const path = request.url ?? ''
      const location = /^\/to\/(\d+)\/(.*)$/.exec(path)
      if (location !== null) {
        response.writeHead(Number(location[1]), { location: decodeURIComponent(location[2] as string) })
        response.end('moved')
      } else if (path.startsWith('/cookie')) {
        response.setHeader('set-cookie', ['a=1; Path=/', 'b=2; Path=/other', 'c=3; Domain=example.org'])
        response.end(request.headers.cookie ?? '')
      } else {
        const { method, headers } = request
        response.end(JSON.stringify({ method, path, headers, body: Buffer.concat(pieces).toString() }))
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(async () => {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
})

const fresh = (options: ClientOptions = {}): HttpClient =>
  createClient({ baseUrl: url, proxy: 'none', ...options })
const seen = async (path: string, options: RequestOptions, client = fresh()): Promise<Seen> => {
  using mine = client
  return await (await mine.request({ url: path, ...options })).json<Seen>()
}

async function* pieces(): AsyncGenerator<string | Uint8Array, void> {
  yield 'one '
  await sleep(1)
  yield Buffer.from('two')
}

describe('a request', () => {
  test('carries its method, path, query and fields', async () => {
    const got = await seen('/a/b?c=d#e', { method: 'DELETE', headers: { 'X-One': '1', accept: ['a', 'b'] } })
    expect(got).toMatchObject({
      method: 'DELETE',
      path: '/a/b?c=d',
      headers: { 'x-one': '1', accept: 'a, b' },
    })
    expect(got.headers.host).toBe(url.slice('http://'.length))
  })

  test('has the fields of the client where it has none of the same name', async () => {
    const client = fresh({ headers: { 'User-Agent': 'mine', 'X-A': 'client' } })
    const { headers } = await seen('/', { headers: { 'x-a': 'request' } }, client)
    expect(headers).toMatchObject({ 'user-agent': 'mine', 'x-a': 'request' })
  })

  test.each<[string, RequestOptions, string, Readonly<Record<string, string>>]>([
    ['text', { body: 'grüße' }, 'grüße', { 'content-length': '7', 'content-type': 'text/plain;charset=UTF-8' }],
    ['bytes', { body: Buffer.from('bytes') }, 'bytes', { 'content-length': '5' }],
    ['an ArrayBuffer', { body: new Uint8Array([65, 66]).buffer }, 'AB', { 'content-length': '2' }],
    ['JSON', { json: { a: [1] } }, '{"a":[1]}', { 'content-type': 'application/json' }],
    ['a form', { body: new URLSearchParams({ a: 'b c' }) }, 'a=b+c', { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' }],
    ['an async iterable', { body: pieces() }, 'one two', { 'transfer-encoding': 'chunked' }],
    ['an iterable', { body: ['a', 'b'] }, 'ab', { 'transfer-encoding': 'chunked' }],
    ['a function', { body: pieces }, 'one two', { 'transfer-encoding': 'chunked' }],
    ['pieces whose length is given', { body: pieces(), headers: { 'Content-Length': '7' } }, 'one two', { 'content-length': '7' }],
    ['a megabyte', { body: 'x'.repeat(1_000_000) }, 'x'.repeat(1_000_000), { 'content-length': '1000000' }],
    ['nothing', {}, '', { 'content-length': '0' }],
  ])('sends %s', async (_, options, body, headers) => {
    const got = await seen('/', { method: 'POST', ...options })
    expect(got.body).toBe(body)
    expect(got.headers).toMatchObject(headers)
  }) // biome-ignore format: a table

  test('sends part of a file, and closes it', async () => {
    await using folder = await temporaryFolder()
    const file = await open(`${folder.path}/file`, 'w+')
    await file.write('0123456789')
    let closed = 0
    const body = { file: { fd: file.fd, offset: 2, length: 5, close: () => void closed++ } }
    expect(await seen('/', { method: 'PUT', body })).toMatchObject({
      body: '23456',
      headers: { 'content-length': '5' },
    })
    expect(closed).toBe(1)
    await file.close()
  })

  test.each<[string, RequestOptions]>([
    ['a method with a space', { method: 'GET /' }],
    ['a field with a line break', { headers: { a: 'b\r\nc: d' } }],
    ['a name with a colon', { headers: { 'a:': 'b' } }],
    ['Transfer-Encoding', { headers: { 'Transfer-Encoding': 'chunked' } }],
    ['a length that is not the body\'s', { method: 'POST', body: 'abc', headers: { 'Content-Length': '4' } }],
    ['a length that is none', { method: 'POST', body: pieces(), headers: { 'Content-Length': '-1' } }],
  ])('is refused before anything is sent: %s', async (_, options) => {
    using client = fresh()
    await expect(client.request({ url: '/', ...options })).rejects.toMatchObject({ code: 'HTTP_HEADER' })
    expect(client.stats[0]?.connections ?? 0).toBe(0)
  }) // biome-ignore format: a table

  test.each<[string, unknown, string]>([
    ['an unknown option', { timeout: 5 }, 'ERR_UNKNOWN_OPTION'],
    ['a limit that is no number', { maxHeadBytes: '5' }, 'ERR_INVALID_ARG_TYPE'],
    ['a time below 0', { timeoutMs: -1 }, 'ERR_OUT_OF_RANGE'],
    ['both body and json', { body: 'a', json: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['a body that is a number', { body: 5 }, 'ERR_INVALID_ARG_TYPE'],
  ])('refuses %s', async (_, options, code) => {
    using client = fresh()
    await expect(client.get('/', options as RequestOptions)).rejects.toMatchObject({ code })
  })

  test.each(['nonsense', 'ftp://a/', 'http://', 'http://a:0/'])('refuses the URL %s', async (bad) => {
    using client = createClient()
    await expect(client.get(bad)).rejects.toMatchObject({ code: 'HTTP_URL' })
  })

  test('takes user and password out of the URL, and no error shows them', async () => {
    const withUser = url.replace('http://', 'http://us%20er:pa%3Ass@')
    const { headers } = await seen(withUser, {})
    expect(headers.authorization).toBe(`Basic ${Buffer.from('us er:pa:ss').toString('base64')}`)
    using client = createClient({ timeoutMs: 1_000 })
    const failure = await client.get('http://user:secret@127.0.0.1:1/x').catch((error) => error)
    expect(`${failure.stack} ${JSON.stringify(failure)}`).not.toContain('secret')
  })
})

describe('an upload', () => {
  test('waits for 100 Continue, and goes on without it after a while', async () => {
    for (const says of [true, false]) {
      using peer = scripted(async (line) => {
        let text = ''
        while (!text.includes('\r\n\r\n')) text += (await line.socket.recv()).toString()
        expect(text.endsWith('Expect: 100-continue\r\n\r\n')).toBe(true)
        if (says) await line.send('HTTP/1.1 100 Continue\r\n\r\n')
        expect((await line.socket.recv()).toString()).toBe('body')
        await line.send(ok('thanks'))
        await line.ended()
      })
      using client = createClient()
      const options = { body: 'body', expectContinue: true, continueTimeoutMs: says ? 60_000 : 20 }
      expect(await (await client.post(peer.url, options)).text()).toBe('thanks')
    }
  })

  test('is not sent when the server says no first', async () => {
    using peer = scripted(async (line) => {
      while (!(await line.socket.recv()).toString().includes('\r\n\r\n'));
      await line.send('HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno')
      await line.ended()
    })
    using client = createClient()
    const response = await client.post(peer.url, {
      body: 'x',
      expectContinue: true,
      continueTimeoutMs: 60_000,
    })
    expect([response.status, await response.text()]).toEqual([417, 'no'])
    expect(client.stats[0]).toMatchObject({ connections: 0 })
  })

  test('ends early when the response is an error, which can be read', async () => {
    using peer = scripted(async (line) => {
      while (!(await line.socket.recv()).toString('latin1').includes('\r\n\r\n'));
      await line.send('HTTP/1.1 413 Too Much\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmuch')
      await line.ended()
    })
    using client = createClient()
    let ended = false
    async function* endless(): AsyncGenerator<Uint8Array, void> {
      try {
        for (;;) yield Buffer.alloc(100_000)
      } finally {
        ended = true
      }
    }
    const response = await client.post(peer.url, { body: endless() })
    expect([response.status, await response.text()]).toEqual([413, 'much'])
    while (!ended) await sleep(1)
  })

  test('goes on while its response is read', async () => {
    using peer = scripted(async (line) => {
      await line.socket.recv()
      await line.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      for (let bytes = await line.socket.recv(); ; bytes = await line.socket.recv()) {
        const text = bytes.toString()
        await line.send(`${text.length.toString(16)}\r\n${text}\r\n`)
        if (text.endsWith('0\r\n\r\n')) break
      }
      await line.send('0\r\n\r\n')
      await line.ended()
    })
    using client = createClient()
    const { readable, say, end } = speaking()
    say('first')
    const response = await client.post(peer.url, { body: readable() })
    say('second')
    expect((await response.body.recv()).toString()).toContain('second')
    end()
    expect(await response.text()).toContain('0\r\n\r\n')
    await sleep(5)
    expect(client.stats[0]).toMatchObject({ idle: 1 })
  })

  test('fails with what its source fails with', async () => {
    using client = fresh()
    const failure = new Error('no more')
    async function* failing(): AsyncGenerator<string, void> {
      yield 'a'
      throw failure
    }
    await expect(client.post('/', { body: failing() })).rejects.toBe(failure)
    await expect(
      client.post('/', { body: ['abc'], headers: { 'Content-Length': '2' } }),
    ).rejects.toMatchObject({ code: 'HTTP_HEADER' })
    await expect(
      client.post('/', { body: ['abc'], headers: { 'Content-Length': '4' } }),
    ).rejects.toMatchObject({ code: 'HTTP_HEADER' })
    expect((await client.get('/')).status).toBe(200)
  })

  test('sends trailers behind its chunks', async () => {
    using peer = scripted(async (line) => {
      const request = await line.request()
      await line.send(ok(request.slice(request.indexOf('\r\n\r\n') + 4)))
      await line.ended()
    })
    using client = createClient()
    const response = await client.put(peer.url, { body: ['ab'], trailers: () => ({ Digest: 'x' }) })
    expect(await response.text()).toBe('2\r\nab\r\n0\r\nDigest: x\r\n\r\n')
  })
})

function speaking(): { readable(): AsyncGenerator<string, void>; say(text: string): void; end(): void } {
  const said: string[] = []
  let isOver = false
  return {
    async *readable() {
      for (;;) {
        const text = said.shift()
        if (text !== undefined) yield text
        else if (isOver) return
        else await sleep(1)
      }
    },
    say: (text) => void said.push(text),
    end: () => {
      isOver = true
    },
  }
}

describe('a redirect', () => {
  const to = (status: number, where: string): string => `/to/${status}/${encodeURIComponent(where)}`

  test.each<[number, string, string, string]>([
    [301, 'GET', 'GET', ''],
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [302, 'PUT', 'PUT', 'body'],
    [303, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [307, 'POST', 'POST', 'body'],
    [308, 'PUT', 'PUT', 'body'],
  ])('%i of a %s becomes a %s', async (status, method, then, body) => {
    const got = await seen(to(status, '/end?x'), { method, ...(method === 'GET' ? {} : { body: 'body' }) })
    expect(got).toMatchObject({ method: then, path: '/end?x', body })
    expect(got.headers['content-type']).toBe(body === '' ? undefined : 'text/plain;charset=UTF-8')
  })

  test('takes credentials along within an origin, and not to another one', async () => {
    const headers = { authorization: 'secret', cookie: 'a=b', 'x-other': 'c' }
    const same = await seen(to(302, '/end'), { headers })
    expect(same.headers).toMatchObject(headers)
    const other = await seen(to(302, `${url.replace('127.0.0.1', 'localhost')}/end`), { headers })
    expect(other.headers).toMatchObject({ 'x-other': 'c' })
    expect(Object.keys(other.headers)).not.toEqual(expect.arrayContaining(['authorization']))
    expect(other.headers.cookie).toBeUndefined()
    // Those that the client says with every request of its own are no others.
    const client = fresh({ headers: { ...headers, 'user-agent': 'mine' } })
    const away = await seen(to(302, `${url.replace('127.0.0.1', 'localhost')}/end`), {}, client)
    expect(away.headers).toMatchObject({ 'x-other': 'c', 'user-agent': 'mine' })
    expect([away.headers.authorization, away.headers.cookie]).toEqual([undefined, undefined])
  })

  test('is the response itself where none is to be followed', async () => {
    using client = fresh({ maxRedirects: 0 })
    const response = await client.get(to(302, '/end'))
    expect([response.status, response.redirected, response.headers.get('location')]).toEqual([
      302,
      false,
      '/end',
    ])
  })

  test('is refused after maxRedirects, to another scheme, and with a body that cannot be sent again', async () => {
    using client = fresh({ maxRedirects: 2 })
    const loop = to(302, to(302, to(302, '/end')))
    await expect(client.get(loop)).rejects.toMatchObject({ code: 'HTTP_REDIRECT', limit: 'maxRedirects' })
    await expect(client.get(to(302, 'file:///etc/passwd'))).rejects.toMatchObject({ code: 'HTTP_REDIRECT' })
    await expect(client.post(to(307, '/end'), { body: pieces() })).rejects.toMatchObject({
      code: 'HTTP_REDIRECT',
    })
    expect(await (await client.post(to(307, '/end'), { body: pieces })).json()).toMatchObject({
      body: 'one two',
    })
  })

  test('is told: where it ended, and after how many', async () => {
    using client = fresh()
    const response = await client.get(to(302, to(301, '/end')))
    expect([response.url, response.redirects]).toEqual([`${url}/end`, 2])
  })
})

describe('cookies', () => {
  test('are kept for the paths and hosts they are for', async () => {
    using client = fresh({ cookies: true })
    expect(await (await client.get('/cookie')).text()).toBe('')
    expect(await (await client.get('/cookie')).text()).toBe('a=1')
  })

  test('come with a redirect and go with the next request', async () => {
    using peer = scripted(async (line) => {
      await line.answer(
        'HTTP/1.1 302 Found\r\nSet-Cookie: in=yes\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n',
      )
      const request = await line.request()
      await line.send(ok(/cookie: (.*)\r/i.exec(request)?.[1] ?? 'none'))
    })
    using client = createClient({ cookies: true })
    expect(await (await client.get(peer.url)).text()).toBe('in=yes')
  })

  test('are not kept unless asked for', async () => {
    using client = fresh()
    await client.get('/cookie')
    expect(await (await client.get('/cookie')).text()).toBe('')
  })
})

describe('a compressed body', () => {
  const text = 'all work and no play '.repeat(5_000)
  const answer = (coding: string, bytes: Buffer): string =>
    `HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\nContent-Length: ${bytes.length}\r\n\r\n${bytes.toString('latin1')}`

  test.each<[string, string, Buffer]>([
    ['gzip', 'gzip', gzipSync(text)],
    ['x-gzip', 'x-gzip', gzipSync(text)],
    ['deflate', 'deflate', deflateSync(text)],
    ['deflate without its header', 'deflate', deflateRawSync(text)],
    ['brotli', 'br', brotliCompressSync(text)],
    ['two codings', 'deflate, gzip', gzipSync(deflateSync(text))],
  ])('is decoded: %s', async (_, coding, bytes) => {
    for (const slowly of [false, true]) {
      using peer = scripted(async (line) => {
        await line.request()
        await (slowly ? line.sendSlowly(answer(coding, bytes)) : line.send(answer(coding, bytes)))
        await line.ended()
      })
      using client = createClient()
      const response = await client.get(peer.url)
      expect(await response.text()).toBe(text)
      expect(client.stats[0]).toMatchObject({ idle: 1 })
    }
  })

  test('is asked for in the codings that Node has, zstd among them if it is', async () => {
    using peer = scripted(async (line) => {
      await line.send(ok(/accept-encoding: (.*)/i.exec(await line.request())?.[1] ?? ''))
      await line.ended()
    })
    using client = createClient()
    const hasZstd = 'zstdCompressSync' in zlib
    expect(await (await client.get(peer.url)).text()).toBe(`gzip, deflate, br${hasZstd ? ', zstd' : ''}`)
    // And whoever can take it gets it from a server that can give it.
    const page = (): HttpResponse => html('all work and no play '.repeat(5_000))
    const pressed = compose([compress()], page)
    await using server = await serve({ port: 0 }, pressed)
    const headers = { 'accept-encoding': 'zstd, gzip;q=0.5' }
    const response = await client.get(server.url, { headers })
    expect(response.headers.get('content-encoding')).toBe(hasZstd ? 'zstd' : 'gzip')
    expect(await response.text()).toBe('all work and no play '.repeat(5_000))
  })

  test('is left as it is where decompress is false, and where nobody knows the coding', async () => {
    for (const [coding, options] of [
      ['gzip', { decompress: false }],
      ['mystery', {}],
    ] as const) {
      using peer = scripted(async (line) => {
        const request = await line.request()
        expect(/accept-encoding/i.test(request)).toBe(coding === 'mystery')
        await line.send(answer(coding, Buffer.from('raw')))
      })
      using client = createClient(options)
      expect(await (await client.get(peer.url)).text()).toBe('raw')
    }
  })

  test('that stands for far more than maxResponseBytes is refused before it is all there', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000))
    using peer = scripted(async (line) => {
      await line.answer(answer('gzip', bomb))
      await line.ended()
    })
    using client = createClient({ maxResponseBytes: 1_000_000 })
    const response = await client.get(peer.url)
    await expect(response.text()).rejects.toMatchObject({ code: 'HTTP_LIMIT', limit: 'maxResponseBytes' })
  })

  test.each([
    ['damaged', Buffer.from('this is no gzip at all')],
    ['cut', gzipSync(text).subarray(0, 40)],
  ])('that is %s is no body', async (_, bytes) => {
    using peer = scripted(async (line) => {
      await line.answer(answer('gzip', bytes))
      await line.ended()
    })
    using client = createClient()
    await expect((await client.get(peer.url)).text()).rejects.toMatchObject({
      code: 'HTTP_SYNTAX',
      phase: 'body',
    })
    expect(client.stats[0]).toMatchObject({ idle: 1 })
  })
})

describe('fetch', () => {
  test('takes what fetch takes and gives what it gives', async () => {
    using client = fresh()
    const response = await client.fetch(`${url}/`, { method: 'post', body: 'x', headers: { a: 'b' } })
    expect([response.ok, response.status, response.statusText, response.redirected]).toEqual([
      true,
      200,
      'OK',
      false,
    ])
    expect(await response.json()).toMatchObject({ method: 'POST', body: 'x' })
    expect(Buffer.from(await (await client.fetch(`${url}/`)).arrayBuffer()).toString()).toContain('"GET"')
  })

  test('follows redirects, gives them, or fails, as it is told', async () => {
    using client = fresh()
    const there = `${url}/to/302/${encodeURIComponent('/end')}`
    expect((await client.fetch(there)).url).toBe(`${url}/end`)
    expect((await client.fetch(there, { redirect: 'manual' })).status).toBe(302)
    await expect(client.fetch(there, { redirect: 'error' })).rejects.toMatchObject({ code: 'HTTP_REDIRECT' })
  })
})

describe('forms as bodies', () => {
  const form = (): FormData => {
    const made = new FormData()
    made.append('word', 'naïve')
    made.append('file', new File(['content'], 'a.txt', { type: 'text/plain' }))
    return made
  }
  const isForm = ({ headers, body }: Seen): void => {
    expect(headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
    expect(Number(headers['content-length'])).toBe(Buffer.byteLength(body))
    expect(body).toMatch(/name="word"\r\n\r\nnaïve\r\n.*filename="a.txt".*text\/plain.*content/s)
  }

  test('a FormData goes out as one', async () => {
    isForm(await seen('/', { method: 'POST', body: form() }))
  })

  test('so does what formBody has made', async () => {
    isForm(await seen('/', { method: 'POST', body: formBody(form() as Iterable<[string, File]>) }))
  })

  test('a FormData is sent again where a redirect wants it, and what formBody has made is not', async () => {
    isForm(await seen(`/to/307/${encodeURIComponent('/there')}`, { method: 'POST', body: form() }))
    const once = seen('/to/307/there', { method: 'POST', body: formBody([['a', 'b']]) })
    await expect(once).rejects.toMatchObject({ code: 'HTTP_REDIRECT' })
  })
})

describe('a call that comes to nothing', () => {
  test.each([
    ['a URL that is none', { url: 'nothing' }, 'HTTP_URL'],
    ['an option that is not known', { url: '/', wrong: 1 }, 'ERR_UNKNOWN_OPTION'],
    ['a field that cannot be', { url: '/', headers: { a: '\n' } }, 'HTTP_HEADER'],
    ['a method that is none', { url: '/', method: 'A B' }, 'HTTP_HEADER'],
    ['a signal that was aborted', { url: '/', signal: AbortSignal.abort({ code: 'GONE' }) }, 'GONE'],
  ])('because of %s closes what its body holds', async (_what, options, code) => {
    let closed = 0
    const file = { fd: 0, offset: 0, length: 1, close: () => closed++ }
    using client = createClient({ proxy: 'none', ...(options.url === '/' ? { baseUrl: url } : {}) })
    const asked = client.request({ method: 'POST', ...options, body: { file } } as never)
    await expect(asked).rejects.toMatchObject({ code })
    expect(closed).toBe(1)
  })

  test('because the client is closed closes what its body holds', async () => {
    let closed = 0
    const client = fresh()
    client.close()
    const asked = client.post('/', { body: { file: { fd: 0, offset: 0, length: 1, close: () => closed++ } } })
    await expect(asked).rejects.toMatchObject({ code: 'HTTP_CLOSED' })
    expect(closed).toBe(1)
  })

  test.each([null, 7, 'text'])('because its options are %j says so', async (options) => {
    using client = fresh()
    await expect(client.post('/', options as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  })

  test.each([
    ['localhost:8080', 'was http://localhost:8080 meant?'],
    ['localhost:8080/path?q', 'was http://localhost:8080 meant?'],
    ['127.0.0.1:8080', 'http:// or https://'],
    ['example.com/path', 'http:// or https://, or the client needs a baseUrl'],
    ['/path', 'or the client needs a baseUrl'],
    ['ftp://example.com', 'ftp: is not spoken here'],
    ['http://', 'that is no URL'],
  ])('because of the URL %s gives a hint', async (text, hint) => {
    using client = createClient()
    await expect(client.get(text)).rejects.toThrow(
      expect.objectContaining({ code: 'HTTP_URL', message: expect.stringContaining(hint) }),
    )
  })
})
