import { closeSync, openSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { Event, memoryStreamPair, sleep, yieldSlice } from '@shrapnel/core'
import { runProgram, temporaryFolder } from '@shrapnel/test-support'
import { describe, expect, test, vi } from 'vitest'
import {
  type AccessLogEntry,
  type AccessLogFormat,
  accessLog,
  compose,
  type Handler,
  HttpError,
  type HttpResponse,
  LogFile,
  setAuthenticatedUser,
} from '../../src/index.js'
import { get, inMemory, lastGet, overSocket } from '../conversation.js'
import { call, makeRequest, type Parts } from './handmade-request.js'

async function lineOf(handler: Handler, parts: Parts, format: AccessLogFormat): Promise<string> {
  const lines: string[] = []
  const app = compose([accessLog({ format, write: (line) => void lines.push(line) })], handler)
  await call(app, parts)
  expect(lines).toHaveLength(1)
  return lines[0] as string
}

const asAda: Handler = (request) => {
  setAuthenticatedUser(request, 'ada l')
  return { status: 201, body: 'é' }
}
const parts: Parts = {
  method: 'PUT',
  target: '/a?b',
  headers: { Referer: 'http://r/', 'User-Agent': 'curl/8 "x"\\' },
}

describe('an access log', () => {
  test('has the common form', async () => {
    expect(await lineOf(asAda, parts, 'common')).toMatch(
      /^127\.0\.0\.1 - ada\\x20l \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "PUT \/a\?b HTTP\/1\.1" 201 2\n$/,
    )
  })

  test('has the combined form', async () => {
    expect(await lineOf(asAda, parts, 'combined')).toMatch(
      / "PUT \/a\?b HTTP\/1\.1" 201 2 "http:\/\/r\/" "curl\/8 \\x22x\\x22\\x5c"\n$/,
    )
    expect(await lineOf(() => ({}), { peer: null }, 'combined')).toMatch(
      /^- - - \[.*\] "GET \/ HTTP\/1.1" 200 - "-" "-"\n$/,
    )
  })

  test('has the form of JSON, one object a line', async () => {
    const line = await lineOf(asAda, parts, 'json')
    expect(line.endsWith('}\n')).toBe(true)
    expect(JSON.parse(line)).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      peer: '127.0.0.1', port: 4711, user: 'ada l', method: 'PUT', target: '/a?b', version: '1.1', status: 201, sentBytes: 2,
      durationMs: expect.any(Number), referer: 'http://r/', userAgent: 'curl/8 "x"\\',
    }) // biome-ignore format: a table
  })

  test.each(['common', 'combined', 'json'] as const)(
    'in the %s form stays one line, whatever the client says',
    async (format) => {
      const nasty = '"\n\r\0\x1b[31m\u2028\x85é\\" 200 "'
      const request = {
        ...makeRequest({ target: `/${nasty}` }),
        method: `GET${nasty}`,
        headers: { get: () => nasty.repeat(500) } as unknown as ReturnType<typeof makeRequest>['headers'],
      }
      setAuthenticatedUser(request, nasty)
      const lines: string[] = []
      await accessLog({ format, write: (line) => void lines.push(line) })(request, () => ({ body: 'x' }))
      const line = lines[0] as string
      expect(line.slice(0, -1)).toMatch(format === 'json' ? /^[\x20-\u{10ffff}]*$/u : /^[\x20-\x7e]*$/)
      expect(line.endsWith('\n')).toBe(true)
      expect(line.length).toBeLessThan(40_000)
      const quotes = format === 'json' ? Object.keys(JSON.parse(line)).length : line.split('"').length
      expect(quotes).toBe({ common: 3, combined: 7, json: 13 }[format])
    },
  )

  test.each<[string, Handler, string, number, number]>([
    ['bytes', () => ({ body: Buffer.alloc(10) }), 'GET', 200, 10],
    ['nothing', () => ({ status: 204 }), 'GET', 204, 0],
    ['HEAD', () => ({ body: 'long' }), 'HEAD', 200, 0],
    ['an error that says its status', () => { throw new HttpError('HTTP_LIMIT', 'x', { status: 413 }) }, 'GET', 413, 0],
    ['another error', async () => { throw new Error('x') }, 'GET', 500, 0],
  ])('says what became of %s', async (_what, handler, method, status, sentBytes) => {
    const entries: AccessLogEntry[] = []
    const filter = (entry: AccessLogEntry): boolean => entries.push(entry) < 0
    const write = vi.fn()
    await call(compose([accessLog({ filter, write })], handler), { method }).catch(() => {})
    expect(entries).toMatchObject([{ status, sentBytes, isBroken: false }])
    expect(write).not.toHaveBeenCalled()
  }) // biome-ignore format: a table

  test('counts what is sent in pieces, when it is sent', async () => {
    const lines: string[] = []
    const bodies: Record<string, () => HttpResponse['body']> = {
      '/pieces': async function* () {
        yield 'ab'
        expect(lines).toEqual([])
        yield Buffer.from('cdé')
      },
      '/stream': () => {
        const [near, far] = memoryStreamPair()
        void (async () => {
          await far.send('hello')
          await far.shutdown()
        })()
        return near
      },
    }
    const handler = compose([accessLog({ format: 'json', write: (line) => void lines.push(line) })], ({ path }) => ({
      body: bodies[path]?.() ?? null,
    }))
    for (const [path, sentBytes] of [['/pieces', 6], ['/stream', 5]] as const) {
      lines.length = 0
      await using talk = await inMemory(handler)
      await talk.ask(lastGet(path))
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ target: path, status: 200, sentBytes }])
    }
  }) // biome-ignore format: a table

  test('counts a file when the server closes it', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'file')
    const fd = openSync(path, 'w+')
    closeSync(fd)
    const entries: AccessLogEntry[] = []
    const app = compose([accessLog({ write: () => {}, filter: (entry) => entries.push(entry) > 0 })], () => ({
      body: { file: { fd: 0, offset: 0, length: 12, close: () => {} } },
    }))
    const { body } = await call(app)
    expect(entries).toEqual([])
    const { file } = body as { file: { close(): void } }
    file.close()
    file.close()
    expect(entries).toMatchObject([{ status: 200, sentBytes: 12 }])
  })

  test.each([['before its answer', 499, 0], ['in the middle of one', 200, 2]] as const)(
    'knows a client that went away %s',
    async (_when, status, sentBytes) => {
      const entries = new Event<AccessLogEntry>()
      const waits = new Event()
      const filter = (entry: AccessLogEntry): boolean => entries.set(entry)
      const stuck = async (): Promise<void> => {
        waits.set()
        await sleep(Number.POSITIVE_INFINITY)
      }
      await using talk = await overSocket(
        compose([accessLog({ filter, write: () => {} })], async () => {
          if (status === 499) await stuck()
          return {
            body: (async function* () {
              yield 'ab'
              await stuck()
            })(),
          }
        }),
      )
      await talk.send(get())
      await waits.wait()
      talk.client.close()
      expect(await entries.wait()).toMatchObject({ status, sentBytes, isBroken: true })
    },
  ) // biome-ignore format: a table

  test.each([
    ['combined', 'NONSENSE\r\n\r\n', / "-" 400 - "-" "-"\n$/],
    ['common', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', / "-" 400 -\n$/],
    [
      'json',
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      /"status":431,"sentBytes":0,"refused":"HTTP_LIMIT"}\n$/,
    ],
  ] as const)('has what the server refused, in the %s form', async (format, sent, expected) => {
    const lines: string[] = []
    const log = accessLog({ format, write: (line) => void lines.push(line) })
    await using talk = await overSocket(
      compose([log], () => ({})),
      { onRefused: log.refused },
    )
    await talk.send(sent)
    await talk.rest()
    expect(lines).toEqual([expect.stringMatching(expected)])
  })

  test.each([
    [{ format: 'apache' }, 'ERR_INVALID_ARG_VALUE'],
    [{ write: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [{ file: 'x' }, 'ERR_UNKNOWN_OPTION'],
  ])('refuses the options %j', (options, code) => {
    expect(() => accessLog(options as object)).toThrow(expect.objectContaining({ code }))
  })
})

describe('a log file', () => {
  test('gets all lines in their order, and is added to', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'log')
    for (const from of [0, 500]) {
      await using file = new LogFile(path)
      for (let i = from; i < from + 500; i++) {
        file.write(`${i}\n`)
        if (i % 100 === 0) await yieldSlice()
      }
    }
    const expected = Array.from({ length: 1_000 }, (_, i) => `${i}\n`).join('')
    expect(readFileSync(path, 'utf8')).toBe(expected)
  })

  test('is opened again where it was moved away', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'log')
    const file = new LogFile(path)
    file.write('one\n')
    while (readFileSync(path, 'utf8') === '') await yieldSlice()
    renameSync(path, `${path}.1`)
    file.write('two\n')
    while (!readFileSync(`${path}.1`, 'utf8').includes('two')) await yieldSlice()
    file.reopen()
    file.write('three\n')
    await file.close()
    expect([readFileSync(`${path}.1`, 'utf8'), readFileSync(path, 'utf8')]).toEqual(['one\ntwo\n', 'three\n'])
  })

  test('drops what it cannot keep up with, and what comes when it is closed, and counts that', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'log')
    const file = new LogFile(path, { maxBufferedLength: 10 })
    for (let i = 0; i < 8; i++) file.write('abcd\n')
    expect(file.droppedLines).toBe(6)
    await file.close()
    file.write('late\n')
    expect(file.droppedLines).toBe(7)
    expect(readFileSync(path, 'utf8')).toBe('abcd\nabcd\n')
    expect(() => new LogFile(join(folder.path, 'none', 'log'))).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    )
  })

  test('says what a write failed with, and goes on', async () => {
    const file = new LogFile(openSync('/dev/full', 'w'))
    file.write('x\n')
    while (file.error === undefined) await yieldSlice()
    expect(file.error).toMatchObject({ code: 'ENOSPC' })
    expect(file.droppedLines).toBe(1)
    await file.close()
  })

  test('is written when the program ends, whatever is still waiting', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'log')
    const program = new URL('../programs/log-and-end.mjs', import.meta.url)
    const { code, stderr } = await runProgram(program.pathname, { args: [path] })
    expect({ log: readFileSync(path, 'utf8'), code, stderr }).toEqual({
      log: 'early\nlate\n',
      code: 0,
      stderr: '',
    })
  })
})
