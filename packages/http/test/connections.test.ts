/** Connections as a whole: how many there may be, how they end, and what those are told that are not served. */
import { Event, setExceptionNotifier, sleep, spawn, tcp, yieldSlice } from '@shrapnel/core'
import { type CertificateAuthority, makeCertificateAuthority } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient, type HttpError, type HttpResponse, type Server, serve } from '../src/index.js'
import { answers, get, inMemory, lastGet, overSocket, post } from './conversation.js'

let authority: CertificateAuthority
let tls: { cert: string; key: string }
beforeAll(async () => {
  authority = await makeCertificateAuthority()
  const { chainPem, keyPem } = await authority.issue()
  tls = { cert: chainPem, key: keyPem }
}, 60_000)
afterAll(() => authority.close())

const hello = (): HttpResponse => ({ body: 'hello' })

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await yieldSlice()
}

describe('the limit of connections', () => {
  test('is told to the client with 503, and to onRefused', async () => {
    const refused: HttpError[] = []
    const onRefused = (error: HttpError): void => void refused.push(error)
    await using server = await serve({ port: 0, maxConnections: 1, onRefused }, hello)
    using first = await tcp.connect('127.0.0.1', server.port)
    await until(() => server.connections === 1)
    using second = await tcp.connect('127.0.0.1', server.port)
    await second.send(get())
    const text = String(await second.recv())
    expect(text).toMatch(/^HTTP\/1.1 503 Service Unavailable\r\n/)
    expect(text).toMatch(/Connection: close\r\n/)
    expect(refused).toMatchObject([{ code: 'HTTP_LIMIT', limit: 'maxConnections', status: 503 }])
    await first.send(lastGet())
    expect(String(await first.recv())).toMatch(/^HTTP\/1.1 200/)
  })

  test('counts those that are in the handshake of TLS', async () => {
    await using server = await serve({ port: 0, tls, maxConnections: 1 }, hello)
    using stalled = await tcp.connect('127.0.0.1', server.port)
    await until(() => server.connections === 1)
    using client = createClient({ tls: { ca: authority.certificatePem } })
    expect((await client.get(`https://localhost:${server.port}/`)).status).toBe(503)
    stalled.close()
    await until(() => server.connections === 0)
    expect((await client.get(`https://localhost:${server.port}/`)).status).toBe(200)
  })
})

test('plain HTTP on a port of HTTPS is told so', async () => {
  const refused: HttpError[] = []
  const onRefused = (error: HttpError): void => void refused.push(error)
  await using server = await serve({ port: 0, tls, onRefused }, hello)
  using client = createClient()
  const answer = await client.get(`http://127.0.0.1:${server.port}/`)
  expect(answer.status).toBe(400)
  expect(await answer.text()).toBe('a plain HTTP request was sent to a port of HTTPS\n')
  expect(refused).toMatchObject([{ code: 'HTTP_SYNTAX', status: 400 }])
})

test('what is neither HTTP nor TLS gets no answer on a port of HTTPS', async () => {
  await using server = await serve({ port: 0, tls }, hello)
  using client = await tcp.connect('127.0.0.1', server.port)
  await client.send('SSH-2.0-nothing\r\n')
  expect(await client.recv()).toHaveLength(0)
})

describe('stop', () => {
  test('called by a handler waits for the others, and the answer goes out', async () => {
    const other = new Event()
    const inside = new Event()
    const server: Server = await serve({ port: 0 }, async ({ path }) => {
      if (path === '/other') {
        inside.set()
        await other.wait()
        return { body: 'other' }
      }
      other.set()
      return { body: `cut off ${await server.stop()}` }
    })
    using client = createClient()
    const asked = client.get(`${server.url}/other`)
    await inside.wait()
    const answer = await client.get(`${server.url}/stop`)
    expect(await answer.text()).toBe('cut off 0')
    expect(await (await asked).text()).toBe('other')
    await until(() => server.connections === 0)
  })

  test('called from elsewhere waits for a handler that stops the server too', async () => {
    const inside = new Event()
    const go = new Event()
    const server: Server = await serve({ port: 0 }, async () => {
      inside.set()
      await server.stop()
      await go.wait()
      return { body: 'the end' }
    })
    using client = createClient()
    const asked = client.get(server.url)
    await inside.wait()
    const stopping = spawn(() => server.stop())
    await yieldSlice()
    expect(stopping.isDead).toBe(false)
    go.set()
    expect(await (await asked).text()).toBe('the end')
    expect(await stopping.join()).toBe(0)
    expect(server.connections).toBe(0)
  })

  test('called by two handlers waits for neither', async () => {
    const both = new Event()
    let count = 0
    const server: Server = await serve({ port: 0 }, async () => {
      if (++count === 2) both.set()
      await both.wait()
      return { body: String(await server.stop()) }
    })
    using client = createClient()
    const texts = await Promise.all(
      ['/1', '/2'].map(async (path) => (await client.get(`${server.url}${path}`)).text()),
    )
    expect(texts).toEqual(['0', '0'])
  })

  test('called by a handler cuts the others off when their time is up, and not itself', async () => {
    const inside = new Event()
    const server: Server = await serve({ port: 0 }, async ({ path }) => {
      if (path === '/stop') return { body: `cut off ${await server.stop({ graceMs: 0 })}` }
      inside.set()
      return new Event<HttpResponse>().wait()
    })
    using client = createClient()
    const asked = client.get(`${server.url}/other`).catch((error: HttpError) => error.code)
    await inside.wait()
    expect(await (await client.get(`${server.url}/stop`)).text()).toBe('cut off 1')
    expect(await asked).toBe('HTTP_CUT')
  })
})

test('a client that leaves after an upgrade is nobody’s failure', async () => {
  const failures: unknown[] = []
  const before = setExceptionNotifier((error) => failures.push(error))
  try {
    const gone = new Event()
    await using server = await serve({ port: 0, onError: (error) => failures.push(error) }, () => ({
      status: 101,
      headers: { upgrade: 'words' },
      upgrade: async (stream) => {
        try {
          for (;;) {
            await stream.send('word '.repeat(10_000))
            await sleep(0)
          }
        } finally {
          gone.set()
        }
      },
    }))
    for (const leave of ['close', 'reset'] as const) {
      gone.reset()
      const client = await tcp.connect('127.0.0.1', server.port)
      await client.send(get('/', 'Connection: upgrade\r\nUpgrade: words\r\n'))
      await client.recv()
      client[leave]()
      await gone.wait()
    }
    await server.stop()
    expect(failures).toEqual([])
  } finally {
    setExceptionNotifier(before)
  }
})

describe.each([
  ['in memory', inMemory],
  ['over a socket', overSocket],
] as const)('a client %s', (_where, converse) => {
  test('that sends no more gets all of a long answer that was there when it ended', async () => {
    await using talk = await converse(async () => ({ body: 'x'.repeat(8_000_000) }))
    await talk.send(get())
    await talk.client.shutdown()
    let count = 0
    for (let bytes = await talk.client.recv(); bytes.length > 0; bytes = await talk.client.recv())
      count += bytes.length
    expect(count).toBeGreaterThan(8_000_000)
  })

  test('gets the answers before one that grows without waiting for its first piece', async () => {
    const next = new Event()
    async function* slowly(): AsyncGenerator<string> {
      await next.wait()
      yield 'late'
    }
    await using talk = await converse(({ path }) => ({ body: path === '/slow' ? slowly() : path }))
    await talk.send(get('/1') + get('/2') + get('/slow') + lastGet('/4'))
    const text = await talk.until(answers(2))
    expect(text).toMatch(/\/2$/)
    next.set()
    const rest = await talk.rest()
    expect(rest).toMatch(/^HTTP\/1.1 200 OK\r\n.*4\r\nlate\r\n0\r\n\r\nHTTP.*\/4$/s)
  })

  test('keeps its connection when a long body is answered with what is made of it', async () => {
    await using talk = await converse(
      (request) => ({ body: request.path === '/' ? request.body : request.path }),
      {
        maxDrainBytes: 10,
      },
    )
    const sending = spawn(() => talk.send(post('x'.repeat(100_000)) + lastGet('/next')))
    const text = await talk.rest()
    await sending.join()
    expect(text).toMatch(/^HTTP\/1.1 200.*0\r\n\r\nHTTP\/1.1 200.*\/next$/s)
  })

  test('that sends too little of a body that the answer is made of is told 408', async () => {
    await using talk = await converse((request) => ({ body: request.body }), { bodyTimeoutMs: 20 })
    await talk.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n')
    expect(await talk.rest()).toMatch(/^HTTP\/1.1 408 .*bodyTimeoutMs/s)
  })

  test('is not told to go on with its body in the middle of the answer', async () => {
    await using talk = await converse((request) => ({
      body: (async function* () {
        yield 'first'
        yield* request.body
      })(),
    }))
    await talk.send(post('', 'Expect: 100-continue\r\n').replace('Content-Length: 0', 'Content-Length: 4'))
    expect(await talk.until((text) => text.includes('first'))).not.toContain('100')
    await talk.send('last')
    expect(await talk.rest()).toMatch(/^\s*4\r\nlast\r\n0\r\n\r\n$/)
  })

  test('gets the answers before one that fails before its first piece', async () => {
    // biome-ignore lint/correctness/useYield: it is to fail before
    async function* failing(): AsyncGenerator<string> {
      await sleep(1)
      throw new Error('nothing there')
    }
    await using talk = await converse(({ path }) => ({ body: path === '/2' ? failing() : path }), {
      onError: () => {},
    })
    const text = await talk.ask(get('/1') + get('/2') + lastGet('/3'))
    expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 500', 'HTTP/1.1 200'])
  })
})
