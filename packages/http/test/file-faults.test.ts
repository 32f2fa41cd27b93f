import { appendFileSync, mkdirSync, readSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run, spawn, start, tcp, yieldSlice } from '@shrapnel/core'
import {
  expectNoDescriptorLeak,
  openDescriptors,
  type TemporaryFolder,
  temporaryFolder,
} from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  compress,
  type FilesHandler,
  type FilesOptions,
  files,
  type HttpResponse,
  serve,
} from '../src/index.js'
import { ask } from './asked.js'
import { fieldsOf, madeRequest } from './made-request.js'

/** More than all buffers on the way hold. */
const LONG_BYTES = 40_000_000

let folder: TemporaryFolder
let root: string
beforeAll(async () => {
  folder = await temporaryFolder()
  root = join(folder.path, 'root')
  mkdirSync(join(root, 'inside'), { recursive: true })
  mkdirSync(join(folder.path, 'outside'))
  writeFileSync(join(root, 'a.txt'), 'inside')
  writeFileSync(join(root, 'inside', 'x.txt'), 'inside')
  writeFileSync(join(folder.path, 'outside', 'x.txt'), 'SECRET')
})
afterAll(() => folder.remove())

function longFile(name: string): string {
  const path = join(root, name)
  writeFileSync(path, '')
  truncateSync(path, LONG_BYTES)
  return path
}

const get = (target: string, fields = ''): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`

const isOpen = (path: string): boolean => openDescriptors().some(({ target }) => target === path)

async function untilClosed(path: string): Promise<void> {
  while (isOpen(path)) await yieldSlice()
}

const ways: readonly (readonly [name: string, options: FilesOptions, fields: string])[] = [
  ['by sendfile', {}, ''],
  ['in the thread pool', { threadPool: true }, ''],
  ['in several ranges', {}, `Range: bytes=0-0,2-${LONG_BYTES - 1}\r\n`],
]

describe.each(ways)('a file that is sent %s', (name, options, fields) => {
  test('is closed when the client goes away, and the server is well', async () => {
    const path = longFile(`gone-${name}`)
    await using server = await serve({ port: 0 }, files(root, options))
    const client = await tcp.connect('127.0.0.1', server.port)
    await client.send(get(`/${encodeURIComponent(`gone-${name}`)}`, fields))
    await client.recv()
    expect(isOpen(path)).toBe(true)
    client.reset()
    await untilClosed(path)
    expect((await ask(server.port, '/a.txt')).body.toString()).toBe('inside')
  })

  test('is closed when the server stops', async () => {
    const path = longFile(`stopped-${name}`)
    const server = await serve({ port: 0 }, files(root, options))
    using client = await tcp.connect('127.0.0.1', server.port)
    await client.send(get(`/${encodeURIComponent(`stopped-${name}`)}`, fields))
    await client.recv()
    await server.stop({ graceMs: 1 })
    await untilClosed(path)
  })

  test('and becomes shorter meanwhile cuts the connection', async () => {
    const path = longFile(`short-${name}`)
    const errors: unknown[] = []
    await using server = await serve(
      { port: 0, onError: (error) => errors.push(error) },
      files(root, options),
    )
    using client = await tcp.connect('127.0.0.1', server.port)
    await client.send(get(`/${encodeURIComponent(`short-${name}`)}`, fields))
    await client.recv()
    truncateSync(path, 1_000)
    const reading = async (): Promise<void> => {
      while ((await client.recv()).length > 0);
    }
    await expect(reading()).rejects.toMatchObject({ code: 'ECONNRESET' })
    await untilClosed(path)
    expect(errors).toMatchObject([{ code: 'HTTP_HEADER' }])
  })

  test('and becomes longer meanwhile is sent as long as it was', async () => {
    const path = longFile(`long-${name}`)
    await using server = await serve({ port: 0 }, files(root, options))
    using client = await tcp.connect('127.0.0.1', server.port)
    await client.send(get(`/${encodeURIComponent(`long-${name}`)}`, `${fields}Connection: close\r\n`))
    const first = await client.recv()
    appendFileSync(path, 'more')
    const text = first.toString('latin1')
    let left = Number(/Content-Length: (\d+)/.exec(text)?.[1]) + text.indexOf('\r\n\r\n') + 4 - first.length
    for (let bytes = await client.recv(); bytes.length > 0; bytes = await client.recv()) left -= bytes.length
    expect(left).toBe(0)
  })
})

describe('descriptors', () => {
  test('are closed whatever the answer', async () => {
    const handlers: readonly FilesHandler[] = [
      files(root, { listing: true }),
      files(root, { threadPool: true }),
    ]
    await expectNoDescriptorLeak(async () => {
      for (const handler of handlers) {
        await using server = await serve({ port: 0 }, handler)
        const { etag = '' } = (await ask(server.port, '/a.txt')).fields
        const asked: readonly (readonly [Record<string, string>, string, string])[] = [
          [{}, '/a.txt', 'HEAD'],
          [{ 'If-None-Match': etag }, '/a.txt', 'GET'],
          [{ 'If-Match': '"x"' }, '/a.txt', 'GET'],
          [{ Range: 'bytes=0-1' }, '/a.txt', 'GET'],
          [{ Range: 'bytes=0-1,3-4' }, '/a.txt', 'GET'],
          [{ Range: 'bytes=9-' }, '/a.txt', 'GET'],
          [{ Range: 'bytes=0-1,3-4' }, '/a.txt', 'HEAD'],
          [{}, '/a.txt/', 'GET'],
          [{}, '/inside', 'GET'],
          [{}, '/inside/', 'GET'],
          [{}, '/a.txt', 'POST'],
        ]
        for (const [fields, target, method] of asked) await ask(server.port, target, fields, method)
      }
    })
  })

  test('are closed when a function of the program fails', async () => {
    const wrong = (): never => {
      throw new Error('mine')
    }
    const options: readonly FilesOptions[] = [
      { etag: wrong },
      { headers: wrong },
      { download: wrong },
      { etag: () => 'x' },
    ]
    await expectNoDescriptorLeak(() => {
      for (const one of options) expect(() => files(root, one)(madeRequest('/a.txt'))).toThrow()
    })
  })

  test('are closed when a body is made, and nobody sends it', async () => {
    const handler = compress({ minBytes: 1 })
    await expectNoDescriptorLeak(async () => {
      await using server = await serve({ port: 0, onError: () => {} }, async (request) => {
        const response = await handler(request, files(root))
        return { ...response, status: 9 }
      })
      for (const fields of [{}, { 'Accept-Encoding': 'gzip' }, { Range: 'bytes=0-1,3-4' }])
        expect((await ask(server.port, '/a.txt', fields)).status).toBe(500)
    })
  })

  test('are closed when the opening is cancelled', async () => {
    const handler = files(root, { threadPool: true, precompressed: ['br', 'gzip'], listing: true })
    const request = madeRequest('/inside/', { 'Accept-Encoding': 'br' })
    await expectNoDescriptorLeak(async () => {
      for (let turns = 0; turns < 30; turns++) {
        let response: HttpResponse | undefined
        const asking = spawn(async () => {
          response = await handler(request)
        })
        for (let i = 0; i < turns; i++) await yieldSlice()
        asking.interrupt()
        await asking.join().catch(() => {})
        const body = response?.body
        if (typeof body === 'object' && body !== null && 'close' in body) (body as { close(): void }).close()
        await untilClosed(join(root, 'inside'))
      }
    })
  })

  test('of which none is left: 503, and well again afterwards', async () => {
    const program = fileURLToPath(new URL('programs/no-descriptors.mjs', import.meta.url))
    const command = 'ulimit -n 500; exec "$0" "$1" "$2" a.txt'
    const { stdout } = await run('sh', ['-c', command, process.execPath, program, root])
    expect(stdout.toString().trim()).toBe('EMFILE 503 503 200 200')
  })
})

describe('a link that somebody swaps while it is asked for', () => {
  test.each([
    ['at once', {}, 20_000],
    ['in the thread pool', { threadPool: true }, 1_000],
  ])('leads nowhere outside: %s', async (_how, options, rounds) => {
    const link = join(root, 'swapped')
    symlinkSync('inside', link)
    const program = fileURLToPath(new URL('programs/swap-links.mjs', import.meta.url))
    const swapping = start(process.execPath, [program, link, 'inside', '../outside'], { stdin: 'pipe' })
    const handler = files(root, { ...options, etag: ({ size }) => `"${size}"` })
    const request = madeRequest('/swapped/x.txt')
    const seen = new Map<string, number>()
    // A check before the open lets the secret through in about one of a thousand rounds.
    const isEnough = (round: number): boolean =>
      round >= rounds && (seen.get('inside') ?? 0) > 300 && (seen.get('404') ?? 0) > 300
    for (let round = 0; !isEnough(round); round++) {
      const response = await handler(request)
      const text = await contentOf(response)
      seen.set(text, (seen.get(text) ?? 0) + 1)
      if (text !== 'inside' && text !== '404') break
    }
    await swapping.stop()
    await run('rm', ['-f', link, `${link}.new`])
    expect([...seen.keys()].sort()).toEqual(['404', 'inside'])
  })
})

async function contentOf(response: HttpResponse): Promise<string> {
  const { status, body = null } = response
  if (status !== 200) return String(status)
  expect(fieldsOf(response).get('etag')).toBe('"6"')
  if (typeof body !== 'object' || body === null || !('file' in body)) {
    let text = ''
    for await (const piece of body as AsyncIterable<Buffer>) text += piece.toString()
    return text
  }
  const bytes = Buffer.alloc(10)
  const count = readSync(body.file.fd, bytes)
  body.file.close()
  return bytes.toString('utf8', 0, count)
}
