import { Event, memoryStreamPair, TimeoutError, withTimeout } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import type { Handler, HttpRequest } from '../src/index.js'
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

const chunked = (text: string, fields = ''): string =>
  `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n${fields}\r\n${text}`

const echo: Handler = async (request) => ({ body: await request.body.text() })

const places: readonly (readonly [string, Converse])[] = [
  ['in memory', inMemory],
  ['over a socket', overSocket],
]

describe.each(places)('the body of a request %s', (_where, converse) => {
  test.each([
    ['with a length', post('hello')],
    ['in chunks', chunked('2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n')],
  ])('%s is the same whole and byte by byte', async (_how, text) => {
    await using talk = await converse(echo)
    await talk.send(text)
    expect(body(await talk.until(answers(1)))).toBe('hello')
    for (const byte of text) await talk.send(byte)
    expect(body(await talk.until(answers(1)))).toBe('hello')
  })

  test('is a stream, and may be the body of the answer', async () => {
    await using talk = await converse(({ body }) => ({ body }))
    await talk.send(chunked('2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n'))
    const text = await talk.until((all) => all.endsWith('0\r\n\r\n'))
    // Chunks that came together go on together.
    expect(body(text)).toBe('5\r\nhello\r\n0\r\n\r\n')
  })

  test('is iterated over, received in small pieces and into a place of the caller', async () => {
    const place = Buffer.alloc(2)
    const seen: unknown[] = []
    await using talk = await converse(async ({ body }) => {
      seen.push((await body.recv(3)).toString())
      seen.push(await body.recvInto(place), place.toString())
      for await (const bytes of body) seen.push(bytes.toString())
      seen.push(body.isFinished, body.length, (await body.recv()).length)
      return {}
    })
    await talk.send(post('abcdefgh'))
    await talk.until(answers(1))
    expect(seen).toEqual(['abc', 2, 'de', 'fgh', true, 8, 0])
  })

  test('comes straight into a place of the caller, who may be cancelled and come again', async () => {
    const waits = new Event()
    await using talk = await converse(async ({ body }) => {
      const place = Buffer.alloc(100_000)
      const late = await withTimeout(5, () => Promise.resolve(body.recvInto(place))).catch(
        (error) => error instanceof TimeoutError,
      )
      waits.set()
      let text = ''
      for (let count = await body.recvInto(place); count > 0; count = await body.recvInto(place))
        text += place.toString('latin1', 0, count)
      return { body: `${late} ${text.length} ${text === 'abcdefg'.repeat(50_000)} ${body.isFinished}` }
    })
    const text = post('abcdefg'.repeat(50_000))
    await talk.send(text.slice(0, text.indexOf('\r\n\r\n') + 4))
    await waits.wait()
    await talk.send(text.slice(text.indexOf('\r\n\r\n') + 4) + post('xyz'))
    expect((await talk.until(answers(1))).split('\r\n\r\n')[1]).toMatch(/^true 350000 true true/)
  })

  test('of none is empty', async () => {
    await using talk = await converse(async ({ body }) => ({
      body: `${body.length} ${body.isFinished} [${await body.text()}]`,
    }))
    expect(body(await talk.ask(lastGet()))).toBe('0 true []')
  })

  test('has its trailers once it has ended', async () => {
    await using talk = await converse(async (request) => {
      const before = request.trailers.size
      await request.body.bytes()
      return { body: `${before} ${request.trailers.get('x-sum')}` }
    })
    await talk.send(chunked('1\r\na\r\n0\r\nX-Sum: 12\r\n\r\n'))
    expect(body(await talk.until(answers(1)))).toBe('0 12')
  })

  test('is text in its charset, and JSON or a 400', async () => {
    await using talk = await converse(async ({ path, body }) => ({
      body: path === '/text' ? await body.text() : String((await body.json<{ a: number }>()).a),
    }))
    await talk.send(post('\xe4', 'Content-Type: text/plain; charset="ISO-8859-1"\r\n', '/text'))
    expect(Buffer.from(body(await talk.until(answers(1))), 'latin1').toString()).toBe('ä')
    await talk.send(post('\x80\x93\x81', 'Content-Type: text/plain; charset=windows-1252\r\n', '/text'))
    expect(Buffer.from(body(await talk.until(answers(1))), 'latin1').toString()).toBe('€“\x81')
    await talk.send(post('\xa4', 'Content-Type: text/plain; charset=iso-8859-15\r\n', '/text'))
    expect(Buffer.from(body(await talk.until(answers(1))), 'latin1').toString()).toBe('€')
    await talk.send(post('\xe4', 'Content-Type: text/plain; charset=klingon\r\n', '/text'))
    expect(status(await talk.until(answers(1)))).toBe(415)
    await talk.send(post('{"a":1}') + post('{"a":'))
    expect((await talk.until(answers(2))).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400'])
  })

  test('that is long comes whole', async () => {
    const text = 'abcdefg'.repeat(400_000)
    await using talk = await converse(async ({ body }) => {
      const bytes = await body.bytes()
      return { body: `${bytes.length} ${bytes.toString('latin1') === text}` }
    })
    await talk.send(post(text))
    expect(body(await talk.until(answers(1)))).toBe(`${text.length} true`)
    await talk.send(chunked(`10\r\n0123456789abcdef\r\n${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`))
    expect(body(await talk.until(answers(1)))).toBe(`${text.length + 16} false`)
  })

  test('that a handler was cancelled at is still there', async () => {
    const waits = new Event()
    await using talk = await converse(async ({ body }) => {
      const late = await withTimeout(5, () => body.bytes()).catch((error) => error instanceof TimeoutError)
      const again = await withTimeout(5, () => body.recv(100_000)).then((bytes) => bytes.toString())
      const empty = await withTimeout(5, () => body.recv()).catch((error) => error instanceof TimeoutError)
      waits.set()
      return { body: `${late} ${again} ${empty} ${await body.text()}` }
    })
    await talk.send(post('hello world').slice(0, -6))
    await waits.wait()
    await talk.send(' world')
    expect(body(await talk.until(answers(1)))).toBe('true hello true  world')
  })

  test('is asked for with 100 Continue when somebody reads it', async () => {
    await using talk = await converse(echo)
    await talk.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n')
    expect(await talk.until((text) => text.endsWith('\r\n\r\n'))).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    await talk.send('hello')
    expect(body(await talk.until(answers(1)))).toBe('hello')
    await talk.send(post('again', 'Expect: 100-continue\r\n'))
    expect(await talk.until(answers(1))).toMatch(/^HTTP\/1.1 200 .*again$/s)
  })

  test('is asked for before the answer of a handler that asks and does not wait', async () => {
    const codes: unknown[] = []
    await using talk = await converse(({ body }) => {
      Promise.resolve(body.recv()).catch((error) => codes.push(error.code))
      return { body: 'done' }
    })
    await talk.send(`${get()}POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n`)
    const text = await talk.until((all) => all.split('done').length === 3)
    expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 100', 'HTTP/1.1 200'])
    expect(codes).toEqual(['HTTP_CUT'])
    await talk.send(`12345${get()}`)
    expect(body(await talk.until(answers(1)))).toBe('done')
  })

  test('is not asked for by a handler that answers without it, and then the connection ends', async () => {
    await using talk = await converse(() => ({ status: 403 }))
    const answer = await talk.ask(
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n',
    )
    expect(answer).toMatch(/^HTTP\/1.1 403 .*Connection: close\r\n\r\n$/s)
  })

  test.each([
    ['with a length', post('not read')],
    ['in chunks', chunked('3\r\nnot\r\n5\r\n read\r\n0\r\n\r\n')],
  ])('%s that nobody read is dropped, and the next request is served', async (_how, text) => {
    await using talk = await converse(({ path }) => ({ body: path }))
    await talk.send(text + get('/next'))
    expect((await talk.until(answers(2))).endsWith('/next')).toBe(true)
    for (const byte of text) await talk.send(byte)
    await talk.send(get('/last'))
    expect((await talk.until(answers(2))).endsWith('/last')).toBe(true)
  })

  test('that nobody read and that is long ends the connection, and the answer is read all the same', async () => {
    await using talk = await converse(() => ({ status: 403, body: 'no' }), { maxDrainBytes: 1_000 })
    await talk.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n${'a'.repeat(100)}`)
    const answer = await talk.rest()
    expect(answer).toMatch(/^HTTP\/1.1 403 .*Connection: close\r\n\r\nno$/s)
  })

  test('in chunks that nobody read and that has no end is not dropped for ever', async () => {
    await using talk = await converse(() => ({ body: 'ok' }), { maxDrainBytes: 1_000 })
    await talk.send(chunked(`258\r\n${'a'.repeat(600)}\r\n`))
    expect(body(await talk.until(answers(1)))).toBe('ok')
    await talk.send(`258\r\n${'a'.repeat(600)}\r\n`)
    expect(await talk.rest()).toBe('')
  })

  test('that its length makes too long is refused before the handler', async () => {
    let calls = 0
    await using talk = await converse(
      () => {
        calls++
        return {}
      },
      { maxBodyBytes: 10 },
    )
    const answer = await talk.ask(post('01234567890'))
    expect(answer).toMatch(/^HTTP\/1.1 413 Content Too Large\r\n.*Connection: close\r\n\r\n.*maxBodyBytes/s)
    expect(calls).toBe(0)
  })

  test('that its chunks make too long is refused when it is', async () => {
    await using talk = await converse(echo, { maxBodyBytes: 10 })
    const answer = await talk.ask(chunked('6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n'))
    expect(answer).toMatch(/^HTTP\/1.1 413 .*Connection: close\r\n\r\n/s)
  })

  test('has a limit of each read, too', async () => {
    await using talk = await converse(async ({ body }) => ({ body: await body.bytes({ maxBytes: 3 }) }))
    await talk.send(post('012'))
    expect(body(await talk.until(answers(1)))).toBe('012')
    await talk.send(post('0123') + chunked('4\r\n0123\r\n0\r\n\r\n'))
    expect((await talk.until(answers(2))).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 413'])
  })

  test('in bad chunks is a 400, and the end of the connection', async () => {
    await using talk = await converse(echo)
    expect(await talk.ask(chunked('1\r\na\r\n1\nb\r\n0\r\n\r\n'))).toMatch(
      /^HTTP\/1.1 400 .*Connection: close\r\n\r\n/s,
    )
  })

  test('in bad chunks that nobody reads ends the connection behind the answer', async () => {
    await using talk = await converse(() => ({ body: 'ok' }))
    await talk.send(chunked('1\r\na\r\nx\r\n'))
    expect(await talk.rest()).toMatch(/^HTTP\/1.1 200 .*ok$/s)
  })

  test('cannot be sent', async () => {
    const codes: unknown[] = []
    await using talk = await converse(async ({ body }) => {
      for (const attempt of [body.send('a'), body.sendv(['a']), body.shutdown()])
        codes.push(await Promise.resolve(attempt).catch((error: { code: string }) => error.code))
      return {}
    })
    await talk.ask(lastGet())
    expect(codes).toEqual(['HTTP_READ_ONLY', 'HTTP_READ_ONLY', 'HTTP_READ_ONLY'])
  })
})

test('a body that is cut off fails with HTTP_CUT', async () => {
  const codes: unknown[] = []
  const ended = new Event()
  const handler: Handler = async ({ body }) => {
    codes.push(await body.bytes().catch((error: { code: string }) => error.code))
    codes.push(await body.bytes().catch((error: { code: string }) => error.code))
    ended.set()
    return {}
  }
  await using talk = await inMemory(handler, { allowHalfClose: true })
  await talk.send(post('hello').slice(0, -2))
  await talk.client.shutdown()
  await ended.wait()
  expect(codes).toEqual(['HTTP_CUT', 'HTTP_CUT'])
})

test('requests that come while a handler runs are held back beyond the limit', async () => {
  const go = new Event()
  const seen: HttpRequest[] = []
  const [client, server] = memoryStreamPair({ limitBytes: 1_000 })
  const { serveStream } = await import('../src/index.js')
  const { spawn } = await import('@shrapnel/core')
  const session = spawn(() =>
    serveStream(
      server,
      async (request) => {
        seen.push(request)
        await go.wait()
        return {}
      },
      { maxPipelinedBytes: 1_000 },
    ),
  )
  const sending = spawn(() => client.send(get('/', `X: ${'a'.repeat(900)}\r\n`).repeat(200)))
  await expect(withTimeout(20, () => sending.join())).rejects.toMatchObject({ code: 'TIMEOUT' })
  expect(seen).toHaveLength(1)
  go.set()
  const receiving = spawn(async () => {
    let text = ''
    while (!answers(200)(text)) text += (await client.recv()).toString()
  })
  await sending.join()
  await receiving.join()
  expect(seen).toHaveLength(200)
  client.close()
  await session.join()
})
