/** The laws of applications of Hono: the answers here are those of @hono/node-server, and streams end when they should. */
import { request as ask, type IncomingHttpHeaders, type RequestOptions } from 'node:http'
import type { AddressInfo, Server as NetServer } from 'node:net'
import { serve as servePeer } from '@hono/node-server'
import { Event, tcp } from '@shrapnel/core'
import { Hono } from 'hono'
import { stream } from 'hono/streaming'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fetchHandler, type Server, serve } from '../src/index.js'
import { overSocket } from './conversation.js'
import { makeApplication } from './hono-application.js'

/** How a body is cut is the server's business. */
const FRAMING = ['date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding']

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

function fetched(port: number, options: RequestOptions, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = ask({ host: '127.0.0.1', port, agent: false, ...options }, (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('error', reject)
      response.on('end', () => {
        const headers = { ...response.headers }
        for (const name of FRAMING) delete headers[name]
        // The peer says it of every body that has no type.
        if (headers['content-type'] === 'text/plain; charset=UTF-8') delete headers['content-type']
        if (headers['content-type'] === 'text/plain;charset=UTF-8') delete headers['content-type']
        resolve({ status: response.statusCode, headers, body: Buffer.concat(pieces).toString('latin1') })
      })
    })
    asked.on('error', reject)
    asked.end(body, 'latin1')
  })
}

const multipart =
  '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' +
  '--b\r\nContent-Disposition: form-data; name="f"; filename="n.txt"\r\nContent-Type: text/css\r\n\r\ndata\r\n--b--\r\n'

const gets = [
  '/', '/empty', '/html', '/bytes', '/plain', '/blob', '/form', '/static-json', '/clone', '/redirect', '/nowhere',
  '/user/42/x?q=1&t=a&t=b', '/user/%C3%A4%20/x', '/url', '/url?a=%20b&c=\'d\'', '/url/../url', '/url?a/../b', '/headers', '/header',
  '/cookies', '/error', '/stream', '/stream-text', '/sse', '/api/thing', '/api/set', '/tagged/text', '/small/text', '//url',
] // biome-ignore format: a table
const posts: readonly (readonly [path: string, type: string, body: string])[] = [
  ['/json', 'application/json', '{"a":[1,"\xc3\xa4"]}'],
  ['/bad-json', 'application/json', '{"a":'],
  ['/text', 'text/plain', 'some text'],
  ['/text', 'text/plain;charset=iso-8859-1', '\xef\xbb\xbf\xc3\xa4\xff'],
  ['/text', 'text/plain', ''],
  ['/length', 'application/octet-stream', '\x00'.repeat(200_000)],
  ['/blob', 'application/octet-stream', 'abc'],
  ['/twice', 'text/plain', 'x'],
  ['/clone', 'text/plain', 'x'],
  ['/echo-stream', 'text/plain', 'y'.repeat(200_000)],
  ['/form', 'multipart/form-data; boundary=b', multipart],
  ['/form', 'application/x-www-form-urlencoded', 'a=1&b=%20+&a=2'],
]

export function describeHono(overrideGlobals: boolean): void {
  const log: string[] = []
  const peerLog: string[] = []
  let ours: Server
  let peer: NetServer

  beforeAll(async () => {
    ours = await serve(
      { port: 0, onError: () => {} },
      fetchHandler(makeApplication(log), { overrideGlobals }),
    )
    const { fetch } = makeApplication(peerLog)
    // The platform's classes are ours to replace, or nobody's.
    const options = { fetch, port: 0, hostname: '127.0.0.1', overrideGlobalObjects: false }
    peer = await new Promise<NetServer>((resolve) => {
      const server = servePeer(options, () => resolve(server as NetServer))
    })
  })
  afterAll(async () => {
    await ours.stop({ graceMs: 1_000 })
    await new Promise((resolve) => peer.close(resolve))
  })

  const both = async (options: RequestOptions, body?: string): Promise<[Answer, Answer]> => {
    const { port } = peer.address() as AddressInfo
    return [await fetched(ours.port, options, body), await fetched(port, options, body)]
  }

  describe('the answer is that of @hono/node-server', () => {
    const headers = {
      host: 'localhost',
      'x-some': 'thing',
      cookie: 'a=1; b=2',
      'accept-encoding': 'gzip',
      origin: 'http://a',
    }
    test.each(gets)('to GET %s', async (path) => {
      const [answer, expected] = await both({ path, headers })
      expect(answer).toEqual(expected)
    })
    test.each(['/', '/stream', '/nowhere', '/small/text'])('to HEAD %s', async (path) => {
      const [answer, expected] = await both({ path, headers, method: 'HEAD' })
      expect(answer).toEqual(expected)
    })
    test.each(posts)('to POST %s of %s: %#', async (path, type, body) => {
      for (const framing of [{ 'content-length': body.length }, { 'transfer-encoding': 'chunked' }]) {
        const options = { path, method: 'POST', headers: { 'content-type': type, ...framing } }
        const [answer, expected] = await both(options, body)
        expect(answer).toEqual(expected)
      }
    })
    test.each([{ 'if-none-match': '"bb2ba69fbfcaf41b3ed6e7b5e1b1bf3ac4b4c6b6"' }, { 'if-none-match': '*' }])(
      'to a conditional request: %j',
      async (more) => {
        const [answer, expected] = await both({ path: '/tagged/text', headers: more })
        expect(answer).toEqual(expected)
      },
    )
    test('to OPTIONS, DELETE and a method that nobody knows', async () => {
      for (const method of ['OPTIONS', 'DELETE', 'PROPFIND', 'PATCH']) {
        const [answer, expected] = await both({ path: '/api/thing', method, headers })
        expect(answer).toEqual(expected)
      }
    })
    test('and so is what was logged', () => expect(log).toEqual(peerLog))
  })

  test('a Request can be made of the one that came', async () => {
    const answer = await fetched(ours.port, { path: '/again', method: 'POST' }, 'x')
    expect(answer.body).toBe('POST 1 x true')
  })

  test('HEAD says nothing of a length that nobody knows', async () => {
    await using talk = await overSocket(fetchHandler(makeApplication([]), { overrideGlobals }))
    await talk.send('HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    expect(await talk.rest()).not.toMatch(/content-length/i)
  })

  test('a middleware may read the body, and put another Request in the place of the first', async () => {
    const limited = { path: '/limited/text', method: 'POST', headers: { 'transfer-encoding': 'chunked' } }
    expect((await fetched(ours.port, limited, 'short')).body).toBe('short')
    expect((await fetched(ours.port, limited, 'not so short')).status).toBe(413)
  })

  test('an error is a 500, and a body that is too long a 413', async () => {
    const app = new Hono()
    app.post('/', async (c) => c.text(await c.req.text()))
    await using server = await serve({ port: 0, maxBodyBytes: 5 }, fetchHandler(app, { overrideGlobals }))
    const asked = { method: 'POST', headers: { 'transfer-encoding': 'chunked' } }
    expect((await fetched(server.port, asked, 'short')).status).toBe(200)
    expect((await fetched(server.port, asked, 'too long')).status).toBe(413)
    const errors: unknown[] = []
    const onError = (error: unknown): void => void errors.push(error)
    const bad = [() => Promise.reject(new Error('a')), () => 'no response' as never, () => Response.error()]
    for (const handler of bad) {
      await using failing = await serve({ port: 0, onError }, fetchHandler(handler, { overrideGlobals }))
      expect((await fetched(failing.port, {})).status).toBe(500)
    }
    expect(errors.length).toBe(3)
  })

  test('a stream is read as the client takes it, and cancelled when it goes away', async () => {
    const cancelled = new Event()
    const aborted = new Event()
    let pulls = 0
    const piece = new Uint8Array(65_536)
    const handler = (request: Request): Response => {
      request.signal.addEventListener('abort', () => aborted.set())
      const body = new ReadableStream({
        pull(controller) {
          pulls++
          controller.enqueue(piece)
        },
        cancel: () => void cancelled.set(),
      })
      return new Response(body)
    }
    await using server = await serve({ port: 0 }, fetchHandler(handler, { overrideGlobals }))
    const client = await tcp.connect('127.0.0.1', server.port)
    await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    for (let received = 0; received < 5_000_000; ) received += (await client.recv()).length
    // What the kernel holds for two sockets is a few megabytes; without back-pressure this would never end.
    expect(pulls).toBeLessThan(1_000)
    client.reset()
    await cancelled.wait()
    await aborted.wait()
  })

  test('a stream that waits is cancelled when the client goes away', async () => {
    const begun = new Event()
    const aborted = new Event()
    const signalled = new Event()
    const app = new Hono()
    app.get('/', (c) =>
      stream(c, async (out) => {
        out.onAbort(() => void aborted.set())
        await out.write('first')
        begun.set()
        c.req.raw.signal.addEventListener('abort', () => void signalled.set())
        await new Promise(() => {})
      }),
    )
    await using server = await serve({ port: 0 }, fetchHandler(app, { overrideGlobals }))
    const client = await tcp.connect('127.0.0.1', server.port)
    await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await begun.wait()
    client.close()
    await aborted.wait()
    await signalled.wait()
  })

  test('a request that was answered is not aborted', async () => {
    let signal: AbortSignal | undefined
    const handler = (request: Request): Response => {
      signal = request.signal
      return new Response('x')
    }
    await using server = await serve({ port: 0 }, fetchHandler(handler, { overrideGlobals }))
    await fetched(server.port, {})
    expect(signal?.aborted).toBe(false)
  })

  test('a Host that is none is a 400, and so is a backslash in the path, which a parser would take for a slash', async () => {
    expect((await fetched(ours.port, { path: '/a\\b' })).status).toBe(400)
    const client = await tcp.connect('127.0.0.1', ours.port)
    await client.send('GET / HTTP/1.1\r\nHost: a:99999\r\nConnection: close\r\n\r\n')
    expect((await client.recv()).toString()).toMatch(/^HTTP\/1\.1 400 /)
  })
}
