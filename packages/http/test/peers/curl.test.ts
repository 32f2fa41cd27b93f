/** curl, with the options that people give it, and a server that does what servers do: files, forms, sessions, passwords. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { curl, type TemporaryFolder, temporaryFolder } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  compose,
  compress,
  cookies,
  digestAuth,
  files,
  json,
  redirect,
  router,
  type Server,
  serve,
  setCookie,
  text,
} from '../../src/index.js'
import { answering, digest, patternBytes } from './answering.js'

const BYTES = patternBytes(3_000_000)
const PAGE = '<p>much of it twice</p>\n'.repeat(2_000)

let folder: TemporaryFolder
let server: Server
let peers: Set<number>

beforeAll(async () => {
  folder = await temporaryFolder()
  await writeFile(join(folder.path, 'data.bin'), BYTES)
  await writeFile(join(folder.path, 'page.html'), PAGE)
  const guarded = digestAuth({ realm: 'inside', users: { ada: 'lovelace' } })
  const app = router()
    .get('/files/*rest', files(folder.path, { prefix: '/files' }))
    .get('/pressed/*rest', compose([compress()], files(folder.path, { prefix: '/pressed' })))
    .all('/inside/*rest', compose([guarded], answering))
    .post('/form', async (request) => {
      const form = await request.body.formData()
      const names = [...form.keys()]
      const file = form.get('file')
      return json({ names, file: file instanceof File ? [file.name, file.type, file.size] : file })
    })
    .post('/json', async (request) => json({ got: await request.body.json() }))
    .get('/login', () =>
      text('in', { headers: { 'set-cookie': setCookie('who', 'ada', { secure: false }) } }),
    )
    .get('/who', (request) => text(cookies(request).get('who') ?? 'nobody'))
    .get('/away', () => redirect('/there', 302))
    .post('/away', () => redirect('/there', 307))
    .all('/there', async (request) => text(`${request.method} ${await request.body.text()}`))
    .all('/*rest', answering)
  peers = new Set()
  server = await serve({ port: 0 }, (request) => {
    peers.add(request.peer?.port ?? 0)
    return app(request)
  })
})
afterAll(async () => {
  expect(await server.stop({ graceMs: 5_000 })).toBe(0)
  await folder.remove()
})

const url = (path: string): string => `${server.url}${path}`
const inFolder = (name: string): string => join(folder.path, name)

/** What it writes, and that it is content. */
async function run(
  path: string,
  args: readonly string[] = [],
  stdin: string | Uint8Array = '',
): Promise<string> {
  const { code, stdout, stderr } = await curl(url(path), { args, stdin })
  expect([code, stderr]).toEqual([0, ''])
  return stdout
}

const CODE = ['--write-out', '%{http_code}']

describe('files', () => {
  test.each([
    ['0-9', BYTES.subarray(0, 10)],
    ['2999990-', BYTES.subarray(2_999_990)],
    ['-7', BYTES.subarray(-7)],
  ])('-r %s', async (range, part) => {
    const out = inFolder('range')
    expect(await run('/files/data.bin', ['-r', range, '-o', out, ...CODE])).toBe('206')
    expect((await readFile(out)).equals(part)).toBe(true)
    expect(await run('/files/data.bin', ['-r', '3000000-', ...CODE])).toMatch(/416$/)
  })

  test('-r of several parts', async () => {
    const answer = await run('/files/page.html', ['-r', '0-2,3-5,20-30', '--include'])
    expect(answer).toMatch(/^HTTP\/1\.1 206 /)
    expect(answer).toMatch(/content-type: multipart\/byteranges; boundary=/i)
  })

  test('-C - goes on where a file was cut', async () => {
    const out = inFolder('resumed')
    await writeFile(out, BYTES.subarray(0, 1_234_567))
    expect(await run('/files/data.bin', ['-C', '-', '-o', out, ...CODE])).toBe('206')
    expect(digest(await readFile(out))).toBe(digest(BYTES))
  })

  test('-z and --etag-compare get nothing that they have', async () => {
    const out = inFolder('page.html.got')
    const tag = inFolder('etag')
    expect(await run('/files/page.html', ['--etag-save', tag, '-R', '-o', out, ...CODE])).toBe('200')
    expect(await run('/files/page.html', ['--etag-compare', tag, ...CODE])).toBe('304')
    expect(await run('/files/page.html', ['-z', out, ...CODE])).toBe('304')
  })

  test.each(['br', 'gzip', 'zstd, br;q=0.5', 'deflate, gzip, br, zstd'])(
    '--compressed, of %s',
    async (codings) => {
      const args = ['--compressed', '-H', `Accept-Encoding: ${codings}`]
      expect(await run('/pressed/page.html', args)).toBe(PAGE)
      const size = Number(
        await run('/pressed/page.html', [...args, '-o', inFolder('x'), '-w', '%{size_download}']),
      )
      expect(size).toBeLessThan(PAGE.length / 10)
    },
  )

  test('--head says what GET would', async () => {
    const fields = (answer: string): string[] =>
      answer.split('\r\n').filter((line) => /^(content|etag|last-modified|accept)/i.test(line))
    const head = await run('/files/page.html', ['--head'])
    const get = await run('/files/page.html', ['-D', '-', '-o', inFolder('x')])
    expect(fields(head)).toEqual(fields(get))
    expect(fields(head)).toContain(`Content-Length: ${PAGE.length}`)
  })

  test('HTTP/1.0 gets what has no length until the end', async () => {
    const answer = await run('/pieces?3', ['-0', '--include'])
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(answer).not.toMatch(/transfer-encoding/i)
    const size = await run('/pieces?3', ['-0', '-o', inFolder('x'), '-w', '%{size_download}'])
    expect(size).toBe('120000')
  })

  test('many at a time, and one after another over one connection', async () => {
    peers.clear()
    const urls = Array.from({ length: 19 }, (_, i) => url(`/x?${i}`))
    await run('/last', urls)
    expect(peers.size).toBe(1)
    const text = await run('/last', [
      '--no-progress-meter',
      '--parallel',
      '--parallel-max',
      '20',
      '--parallel-immediate',
      ...urls,
    ])
    expect(text.match(/\/x\?\d+|\/last/g)).toHaveLength(20)
  })
})

describe('uploads', () => {
  const summary = { length: BYTES.length, sha1: digest(BYTES) }

  test('-T waits for 100, and sends a file', async () => {
    const verbose = ['-T', inFolder('data.bin'), '--expect100-timeout', '5', '-v']
    const { stdout, stderr } = await curl(url('/summary'), { args: verbose })
    expect(JSON.parse(stdout)).toMatchObject({ method: 'PUT', framing: `${BYTES.length}`, ...summary })
    expect(stderr).toContain('< HTTP/1.1 100 Continue')
  })

  test('-T - sends what has no length', async () => {
    expect(JSON.parse(await run('/summary', ['-T', '-'], BYTES))).toMatchObject({
      framing: 'chunked',
      ...summary,
    })
  })

  test('-T of several files goes over one connection', async () => {
    peers.clear()
    const out = await run('/summary', ['-T', `{${inFolder('data.bin')},${inFolder('page.html')}}`])
    expect(out.match(/"length":\d+/g)).toEqual([`"length":${BYTES.length}`, `"length":${PAGE.length}`])
    expect(peers.size).toBe(1)
  })

  test('-F sends a form with a file', async () => {
    const form = ['-F', 'name=Ada', '-F', `file=@${inFolder('page.html')};type=text/html`, '-F', 'empty=']
    expect(JSON.parse(await run('/form', form))).toEqual({
      names: ['name', 'file', 'empty'],
      file: ['page.html', 'text/html', PAGE.length],
    })
    expect(JSON.parse(await run('/form', ['-d', 'a=1', '--data-urlencode', 'file=ü &']))).toEqual({
      names: ['a', 'file'],
      file: 'ü &',
    })
  })

  test('--json sends JSON', async () => {
    expect(await run('/json', ['--json', '{"a":[1]}'])).toBe('{"got":{"a":[1]}}')
  })
})

describe('--digest', () => {
  const user = ['--digest', '-u', 'ada:lovelace']

  test('answers the challenge, and counts over one connection', async () => {
    peers.clear()
    const urls = Array.from({ length: 5 }, (_, i) => url(`/inside/x?${i}`))
    const text = await run('/inside/last', [...user, ...urls])
    expect(text).toBe('/inside/x?0/inside/x?1/inside/x?2/inside/x?3/inside/x?4/inside/last')
    expect(peers.size).toBe(1)
  })

  test('sends a body behind the challenge, once', async () => {
    const answer = await run('/inside/summary', [...user, '-T', inFolder('data.bin')])
    expect(JSON.parse(answer)).toMatchObject({ length: BYTES.length, sha1: digest(BYTES) })
    const { stdout } = await curl(url('/inside/summary'), {
      args: [...user, '--data-binary', `@${inFolder('data.bin')}`],
    })
    expect(JSON.parse(stdout)).toMatchObject({ method: 'POST', sha1: digest(BYTES) })
  })

  test('is refused with a wrong password, and --anyauth finds the way', async () => {
    expect(await run('/inside/x', ['--digest', '-u', 'ada:wrong', '-o', inFolder('x'), ...CODE])).toBe('401')
    expect(await run('/inside/x', ['--anyauth', '-u', 'ada:lovelace', ...CODE])).toBe('/inside/x200')
  })
})

test('a cookie is kept in a jar, and sent back', async () => {
  const jar = inFolder('jar')
  expect(await run('/login', ['-c', jar])).toBe('in')
  expect(await run('/who', ['-b', jar])).toBe('ada')
  expect(await run('/who')).toBe('nobody')
})

test('redirects are followed, with the body where the method is kept', async () => {
  expect(await run('/away', ['-L'])).toBe('GET ')
  expect(await run('/away', ['-L', '-d', 'body'])).toBe('POST body')
})

describe('HTTP/2', () => {
  test('that is offered is not taken, with a body either', async () => {
    expect(await run('/there', ['--http2', '-d', 'body', '-w', ' %{http_version}'])).toBe('POST body 1.1')
    peers.clear()
    expect(await run('/hello', ['--http2', url('/hello')])).toBe('Hello, world!Hello, world!')
    expect(peers.size).toBe(1)
  })

  test('that is taken for granted is refused, and the server goes on', async () => {
    const { code } = await curl(url('/hello'), { args: ['--http2-prior-knowledge'] })
    expect(code).not.toBe(0)
    expect(await run('/hello')).toBe('Hello, world!')
  })
})

test('--max-time ends a download, and the server goes on', async () => {
  const { code } = await curl(url('/large?50000000'), {
    args: ['--limit-rate', '100k', '--max-time', '0.3', '-o', inFolder('x')],
  })
  expect(code).toBe(28)
  expect(await run('/hello')).toBe('Hello, world!')
})
