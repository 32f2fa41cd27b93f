/** Handlers that give what no handler should: each mistake is one 500 that says what is wrong, and the next request is served. */
import { Event, memoryStreamPair, sleep, spawn, whereAll } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import { createClient, type Handler, HttpError, serve, serveStream } from '../src/index.js'
import { answers, body, get, inMemory, overSocket, post, status } from './conversation.js'

async function* failing(...pieces: unknown[]): AsyncGenerator<string, void> {
  for (const piece of pieces) yield piece as string
  throw new Error('no more')
}

const close = (): void => {}
const mistakes: readonly (readonly [string, () => unknown, RegExp])[] = [
  ['nothing', () => undefined, /what a handler returns must be an object .* not undefined/],
  ['a number', () => 200, /not number/],
  ['text', () => 'hello', /not string/],
  ['a list', () => ['hello'], /not an instance of Array/],
  ['an object to be JSON', () => ({ body: { a: 1 } }), /body must be text.*for JSON, the text of it/],
  ['a list as body', () => ({ body: ['a'] }), /body must be/],
  ['an ArrayBuffer', () => ({ body: new ArrayBuffer(1) }), /body must be/],
  ['no file', () => ({ body: { file: { fd: 1, offset: 0, length: -1, close } } }), /body\.file\.length/],
  ['a field in the place of all', () => ({ headers: 'a=b' }), /headers must be an object.*not string/],
  ['fields that are null', () => ({ headers: null }), /headers must be an object.*not null/],
  ['an upgrade that is none', () => ({ status: 101, upgrade: 5 }), /upgrade must be a function/],
  ['a body that fails at once', () => ({ body: failing() }), /no more/],
  ['a piece that is no bytes', () => ({ body: failing(5) }), /a piece of a body must be/],
  ['more than it announced', () => ({ headers: { 'Content-Length': 1 }, body: failing('ab') }), /more bytes/],
]

describe('a handler that gives', () => {
  test.each(mistakes)('%s is a 500, and the connection goes on', async (_what, give, text) => {
    const errors: unknown[] = []
    const handler = (({ path }) => (path === '/' ? give() : { body: 'next' })) as Handler
    await using talk = await inMemory(handler, { onError: (error) => errors.push(error) })
    await talk.send(get() + get('/next'))
    const all = await talk.until(answers(2))
    expect(status(all)).toBe(500)
    expect(all).toMatch(/next$/)
    expect(errors.map(String)).toEqual([expect.stringMatching(text)])
  })

  test('what settles twice is answered once', async () => {
    const twice = {
      // biome-ignore lint/suspicious/noThenProperty: that is what is tried
      then(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
        resolve({ body: 'once' })
        reject(new Error('twice'))
        resolve({ body: 'again' })
      },
    }
    await using talk = await inMemory((({ path }) => (path === '/' ? twice : { body: 'next' })) as Handler)
    await talk.send(get() + get('/next'))
    expect(await talk.until(answers(2))).toMatch(
      /^HTTP\/1.1 200 .*\r\n\r\nonceHTTP\/1.1 200 .*\r\n\r\nnext$/s,
    )
  })

  test('the error of a request of its own is a 500, whatever status another server gave', async () => {
    const errors: unknown[] = []
    const handler: Handler = () => {
      throw new HttpError('HTTP_REDIRECT', 'secret', { status: 302, phase: 'head' })
    }
    await using talk = await inMemory(handler, { onError: (error) => errors.push(error) })
    await talk.send(get())
    const all = await talk.until(answers(1))
    expect(status(all)).toBe(500)
    expect(all).not.toMatch('secret')
    expect(errors).toHaveLength(1)
  })
})

test.each(['no JSON', ''])(
  'a response that is no JSON (%o) is not the fault of whoever asks',
  async (text) => {
    await using other = await serve({ port: 0 }, () => ({ body: text }))
    using client = createClient({ proxy: 'none' })
    const errors: unknown[] = []
    const handler: Handler = async () => ({
      body: JSON.stringify(await (await client.get(other.url)).json()),
    })
    await using talk = await inMemory(handler, { onError: (error) => errors.push(error) })
    await talk.send(get())
    expect(status(await talk.until(answers(1)))).toBe(500)
    expect(errors).toEqual([
      expect.objectContaining({ code: 'HTTP_SYNTAX', phase: 'body', status: undefined }),
    ])
    // Idle connections would keep the other server waiting.
    client.close()
  },
)

describe('a body that', () => {
  test('nobody read before the answer is not taken for whole afterwards', async () => {
    const seen: unknown[] = []
    const done = new Event()
    const handler: Handler = async ({ body: incoming }) => {
      const first = await incoming.recv(2)
      spawn(async () => {
        await sleep(1)
        seen.push(await incoming.bytes().catch((error: HttpError) => error.code))
        done.set()
      })
      return { body: first }
    }
    await using talk = await inMemory(handler)
    await talk.send(post('hello'))
    expect(body(await talk.until(answers(1)))).toBe('he')
    await done.wait()
    expect(seen).toEqual(['HTTP_CUT'])
  })

  test('comes in chunks of one byte takes no more memory than its bytes', async () => {
    const handler: Handler = async (request) => {
      const bytes = await request.body.bytes()
      let pieces = 0
      for (const byte of bytes) if (byte !== 97) pieces++
      return { body: `${bytes.length} ${pieces}` }
    }
    const [client, server] = memoryStreamPair()
    const session = spawn(() => serveStream(server, handler))
    await client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 100; i++) await client.send('1\r\na\r\n'.repeat(2_000))
    const grown = process.memoryUsage().heapUsed - before
    await client.send('0\r\n\r\n')
    expect((await client.recv()).toString()).toMatch(/\r\n\r\n200000 0$/)
    expect(grown).toBeLessThan(16_000_000)
    client.close()
    await session.join()
  })

  test('the client cuts is no error of the program', async () => {
    const errors: unknown[] = []
    const handler: Handler = async (request) => ({ body: await request.body.bytes() })
    await using talk = await overSocket(handler, { onError: (error) => errors.push(error) })
    await talk.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc')
    await talk.client.shutdown()
    expect(await talk.rest()).toBe('')
    expect(errors).toEqual([])
  })

  test('is all here can be read after the client has ended', async () => {
    const go = new Event()
    const handler: Handler = async (request) => {
      await go.wait()
      return { body: await request.body.bytes() }
    }
    await using talk = await inMemory(handler, { allowHalfClose: true })
    await talk.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n')
    await talk.client.shutdown()
    await sleep(1)
    go.set()
    expect(body(await talk.rest())).toBe('ab')
  })
})

describe('a client that has gone', () => {
  test('has no further request begun for it, whatever the handler makes of being cancelled', async () => {
    const begun: string[] = []
    const waits = new Event()
    const errors: unknown[] = []
    const handler: Handler = async ({ path }) => {
      begun.push(path)
      waits.set()
      await sleep(Number.POSITIVE_INFINITY).catch(() => {
        throw new Error('of its own')
      })
      return {}
    }
    await using talk = await overSocket(handler, { onError: (error) => errors.push(error) })
    await talk.send(get('/1') + get('/2'))
    await waits.wait()
    await talk.client.shutdown()
    await talk.rest()
    expect(begun).toEqual(['/1'])
    expect(errors.map(String)).toEqual(['Error: of its own'])
  })

  test('while an answer was sent has the next handler cancelled', async () => {
    const cancelled = new Event()
    const wait = async (): Promise<never> => {
      try {
        return (await sleep(Number.POSITIVE_INFINITY)) as never
      } finally {
        cancelled.set()
      }
    }
    const handler: Handler = ({ path }) => (path === '/1' ? { body: Buffer.alloc(4_000_000) } : wait())
    await using talk = await overSocket(handler)
    await talk.send(get('/1') + get('/2'))
    await talk.client.shutdown()
    expect((await talk.rest()).length).toBeGreaterThan(4_000_000)
    await cancelled.wait()
  })

  test('before it was told to continue leaves no connection behind', async () => {
    const server = await serve({ port: 0 }, async (request) => ({ body: await request.body.bytes() }))
    const { connect } = await import('node:net')
    for (let i = 0; i < 100; i++) {
      const gone = new Event()
      const socket = connect(server.port, '127.0.0.1')
      socket.on('error', () => {}).on('close', () => gone.set())
      socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n', () =>
        socket.resetAndDestroy(),
      )
      await gone.wait()
    }
    expect(await server.stop({ graceMs: 2_000 })).toBe(0)
    expect(whereAll().children.map(({ name }) => name)).not.toContain('http')
  })
})
