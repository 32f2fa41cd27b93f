import { mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { tcp } from '@shrapnel/core'
import {
  type CertificateAuthority,
  curl,
  makeCertificateAuthority,
  type TemporaryFolder,
  temporaryFolder,
} from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FilesOptions, files, type Handler, serve } from '../src/index.js'
import { type AskedAnswer, ask } from './asked.js'
import { bodyText, fieldsOf, madeRequest } from './made-request.js'

const CHANGED_S = 1_700_000_000
let folder: TemporaryFolder
let root: string

beforeAll(async () => {
  folder = await temporaryFolder()
  root = join(folder.path, 'root')
  mkdirSync(join(root, 'sub', 'deep'), { recursive: true })
  const texts: readonly (readonly [string, string])[] = [
    ['index.html', '<p>root'],
    ['sub/index.html', '<p>sub'],
    ['site.css', 'p {}'],
    ['site.css.br', 'BR'],
    ['site.css.gz', 'GZIP'],
    ['page.html', '<p>'],
    ['page.html.gz', 'GZIP'],
    ['data.unknown-type', '?'],
    ['no-type', '?'],
    ['picture.svg', '<svg/>'],
    ['script.mjs', '1'],
    ['"quo te" 100%.txt', 'x'],
    ['été <b>&\'".txt', 'x'],
    ['.hidden', 'x'],
  ]
  for (const [name, text] of texts) {
    writeFileSync(join(root, name), text)
    utimesSync(join(root, name), CHANGED_S, CHANGED_S)
  }
})
afterAll(() => folder.remove())

/** One request to a server of its own. */
async function askFiles(
  options: FilesOptions,
  target: string,
  fields: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<AskedAnswer> {
  await using server = await serve({ port: 0 }, files(root, options))
  return await ask(server.port, target, fields, method)
}

describe('a file is answered with', () => {
  test('its type, its length, its time, and a tag', async () => {
    const { status, fields, body } = await askFiles({}, '/site.css')
    expect(status).toBe(200)
    expect(body.toString()).toBe('p {}')
    expect(fields).toEqual({
      date: expect.any(String),
      etag: '"4-gqn3bayf40"'.replace(/-.*"/, `-${(CHANGED_S * 1e6).toString(36)}"`),
      'last-modified': 'Tue, 14 Nov 2023 22:13:20 GMT',
      'content-type': 'text/css; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'accept-ranges': 'bytes',
      'content-length': '4',
      connection: 'close',
    })
  })

  test.each([
    ['/page.html', 'text/html; charset=utf-8'],
    ['/script.mjs', 'text/javascript; charset=utf-8'],
    ['/picture.svg', 'image/svg+xml'],
    ['/data.unknown-type', 'application/octet-stream'],
    ['/no-type', 'application/octet-stream'],
  ])('%s: %s', async (target, type) => {
    expect((await askFiles({}, target)).fields['content-type']).toBe(type)
  })

  test('to HEAD: all but the body', async () => {
    const get = await askFiles({}, '/site.css')
    const head = await askFiles({}, '/site.css', {}, 'HEAD')
    expect(head.body.length).toBe(0)
    expect({ ...head.fields, date: '' }).toEqual({ ...get.fields, date: '' })
  })

  test('a weak tag while it is young, and another one when it has changed', async () => {
    const path = join(root, 'young.txt')
    writeFileSync(path, 'one')
    const first = (await askFiles({}, '/young.txt')).fields.etag
    expect(first).toMatch(/^W\/"/)
    const soon = Date.now() / 1_000 - 2
    utimesSync(path, soon, soon)
    const second = (await askFiles({}, '/young.txt')).fields.etag
    expect(second).toMatch(/^"/)
    writeFileSync(path, 'four')
    utimesSync(path, soon, soon)
    expect((await askFiles({}, '/young.txt')).fields.etag).not.toBe(second)
    rmSync(path)
  })

  test('how long it may be kept', async () => {
    const options = { maxAgeSeconds: 3_600, immutable: true }
    const { fields } = await askFiles(options, '/site.css')
    expect(fields['cache-control']).toBe('public, max-age=3600, immutable')
    const again = await askFiles(options, '/site.css', { 'If-None-Match': fields.etag ?? '' })
    expect([again.status, again.fields['cache-control']]).toEqual([304, 'public, max-age=3600, immutable'])
  })

  test("fields and a tag of the program's own", async () => {
    const options: FilesOptions = {
      etag: ({ name, size }) => `"${name}-${size}"`,
      headers: () => ({ 'content-type': 'text/x-css', 'X-Mine': 'yes' }),
    }
    const { fields } = await askFiles(options, '/site.css')
    expect(fields).toMatchObject({ etag: '"site.css-4"', 'content-type': 'text/x-css', 'x-mine': 'yes' })
    expect((await askFiles({ etag: false }, '/site.css')).fields.etag).toBe(undefined)
  })

  test.each([
    ['/site.css', true, 'attachment; filename="site.css"'],
    [
      '/%22quo%20te%22%20100%25.txt',
      true,
      'attachment; filename="\\"quo te\\" 100%.txt"; filename*=UTF-8\'\'%22quo%20te%22%20100%25.txt',
    ],
    ['/site.css', () => 'naïve.css', 'attachment; filename="na?ve.css"; filename*=UTF-8\'\'na%C3%AFve.css'],
    ['/site.css', () => '../../etc/x\r\ny', 'attachment; filename="x??y"; filename*=UTF-8\'\'x%0D%0Ay'],
    ['/site.css', () => false, undefined],
  ])('a name to save it as: %s', async (target, download, expected) => {
    expect((await askFiles({ download }, target)).fields['content-disposition']).toBe(expected)
  })
})

describe('a folder', () => {
  test('is its index, and without a slash a redirect that keeps the query', async () => {
    expect((await askFiles({}, '/')).body.toString()).toBe('<p>root')
    expect((await askFiles({}, '/sub/')).body.toString()).toBe('<p>sub')
    const { status, fields } = await askFiles({}, '/sub?a=/b')
    expect([status, fields.location]).toEqual([301, '/sub/?a=/b'])
  })

  test('without an index is not there', async () => {
    expect((await askFiles({}, '/sub/deep/')).status).toBe(404)
    expect((await askFiles({ index: false }, '/')).status).toBe(404)
    expect((await askFiles({ index: 'page.html' }, '/')).body.toString()).toBe('<p>')
  })

  test('is shown if that is asked for: sorted, escaped, without hidden files', async () => {
    symlinkSync('/etc', join(root, 'zz-link'))
    const { status, fields, body } = await askFiles({ listing: true, index: false }, '/')
    rmSync(join(root, 'zz-link'))
    expect([status, fields['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    const links = [...body.toString().matchAll(/<li><a href="(.*?)">(.*?)<\/a>/g)].map(([, to, shown]) => [
      to,
      shown,
    ])
    expect(links).toEqual([
      ['./sub/', 'sub/'],
      ['./%22quo%20te%22%20100%25.txt', '&quot;quo te&quot; 100%.txt'],
      ['./data.unknown-type', 'data.unknown-type'],
      ['./index.html', 'index.html'],
      ['./no-type', 'no-type'],
      ['./page.html', 'page.html'],
      ['./page.html.gz', 'page.html.gz'],
      ['./picture.svg', 'picture.svg'],
      ['./script.mjs', 'script.mjs'],
      ['./site.css', 'site.css'],
      ['./site.css.br', 'site.css.br'],
      ['./site.css.gz', 'site.css.gz'],
      ['./zz-link', 'zz-link'],
      ['./%C3%A9t%C3%A9%20%3Cb%3E%26&#39;%22.txt', 'été &lt;b&gt;&amp;&#39;&quot;.txt'],
    ])
  })

  test('that is shown says where it is cut, and leads up', async () => {
    const { body } = await askFiles({ listing: true, index: false, maxListed: 2 }, '/')
    expect(body.toString().match(/<li>/g)?.length).toBe(3)
    expect(body.toString()).toContain('<li>… and more</li>')
    expect((await askFiles({ listing: true }, '/sub/deep/')).body.toString()).toContain(
      '<a href="../">../</a>',
    )
  })
})

describe('a compressed form', () => {
  const precompressed = ['br', 'gzip'] as const
  test.each([
    ['br, gzip', 'br', 'BR'],
    ['gzip', 'gzip', 'GZIP'],
    ['gzip;q=1, br;q=0.5', 'gzip', 'GZIP'],
    ['*', 'br', 'BR'],
    ['br;q=0, *', 'gzip', 'GZIP'],
    ['zstd', undefined, 'p {}'],
    ['identity, br;q=0.5', undefined, 'p {}'],
    ['br;q=0, gzip;q=0', undefined, 'p {}'],
    ['', undefined, 'p {}'],
  ])('for %j is %s', async (accept, encoding, text) => {
    const { fields, body } = await askFiles({ precompressed }, '/site.css', { 'Accept-Encoding': accept })
    expect([fields['content-encoding'], body.toString()]).toEqual([encoding, text])
    expect(fields).toMatchObject({ vary: 'Accept-Encoding', 'content-type': 'text/css; charset=utf-8' })
  })

  test('has a tag of its own, and ranges', async () => {
    const plain = await askFiles({ precompressed }, '/site.css')
    const br = await askFiles({ precompressed }, '/site.css', { 'Accept-Encoding': 'br' })
    expect(br.fields.etag).not.toBe(plain.fields.etag)
    const part = await askFiles({ precompressed }, '/site.css', {
      'Accept-Encoding': 'br',
      Range: 'bytes=1-',
      'If-Range': br.fields.etag ?? '',
    })
    expect([part.status, part.body.toString(), part.fields['content-encoding']]).toEqual([206, 'R', 'br'])
  })

  test('that is missing leaves the next best', async () => {
    const { fields, body } = await askFiles({ precompressed }, '/page.html', {
      'Accept-Encoding': 'br, gzip',
    })
    expect([fields['content-encoding'], body.toString()]).toEqual(['gzip', 'GZIP'])
    expect((await askFiles({ precompressed }, '/no-type', { 'Accept-Encoding': 'br' })).body.toString()).toBe(
      '?',
    )
  })
})

describe('what is not for it', () => {
  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])(
    '%s is 405, with what is allowed',
    async (method) => {
      const { status, fields } = await askFiles({}, '/site.css', {}, method)
      expect([status, fields.allow]).toEqual([405, 'GET, HEAD'])
    },
  )

  const next: Handler = () => ({ body: 'next' })
  test.each([
    ['a file that is not there', '/nothing', 'GET'],
    ['a path that is no text', '/%ff', 'GET'],
    ['another method', '/site.css', 'POST'],
    ['a folder that is not shown', '/sub/deep/', 'GET'],
  ])('is left to the next handler: %s', async (_why, target, method) => {
    const request = madeRequest(target, {}, method)
    expect((await bodyText(await files(root)(request, next))).toString()).toBe('next')
    const { status = 200 } = await files(root, { fallsThrough: false })(request, next)
    expect(status).toBeGreaterThanOrEqual(400)
  })

  test('is what does not begin with the prefix', async () => {
    const handler = files(root, { prefix: '/static', threadPool: true })
    expect((await bodyText(await handler(madeRequest('/static/site.css')))).toString()).toBe('p {}')
    expect((await handler(madeRequest('/staticsite.css'))).status).toBe(404)
    expect((await handler(madeRequest('/site.css'))).status).toBe(404)
    expect((await handler(madeRequest('/static/../site.css'))).status).toBe(404)
    expect(fieldsOf(await handler(madeRequest('/static?x'))).get('location')).toBe('/static/?x')
    expect((await bodyText(await handler(madeRequest('/static/')))).toString()).toBe('<p>root')
  })
})

test('in the thread pool everything is the same', async () => {
  const options = { threadPool: true, precompressed: ['br', 'gzip'], listing: true } as const
  expect((await askFiles(options, '/site.css')).body.toString()).toBe('p {}')
  expect((await askFiles(options, '/site.css', { 'Accept-Encoding': 'br' })).body.toString()).toBe('BR')
  expect((await askFiles(options, '/site.css', { Range: 'bytes=1-2' })).body.toString()).toBe(' {')
  expect((await askFiles(options, '/nothing')).status).toBe(404)
  expect((await askFiles(options, '/sub/')).body.toString()).toBe('<p>sub')
  expect((await askFiles(options, '/sub/deep/')).status).toBe(200)
  const { status, body, fields } = await askFiles(options, '/site.css', {}, 'HEAD')
  expect([status, body.length, fields['content-length']]).toEqual([200, 0, '4'])
})

test('a root that is a link may be put elsewhere: the next request sees it', async () => {
  const link = join(folder.path, 'current')
  for (const release of ['1', '2']) {
    mkdirSync(join(folder.path, release))
    writeFileSync(join(folder.path, release, 'version'), release)
  }
  symlinkSync('1', link)
  const handler = files(pathToFileURL(link), { threadPool: true })
  expect((await bodyText(await handler(madeRequest('/version')))).toString()).toBe('1')
  rmSync(link)
  symlinkSync('2', link)
  expect((await bodyText(await handler(madeRequest('/version')))).toString()).toBe('2')
})

test('files that are asked for one behind the other come in that order, long ones between short ones', async () => {
  const long = Buffer.alloc(9_000_000, 'long')
  writeFileSync(join(root, 'long-between.bin'), long)
  await using server = await serve({ port: 0 }, files(root))
  using client = await tcp.connect('127.0.0.1', server.port)
  const names = ['site.css', 'page.html', 'long-between.bin', 'site.css', 'site.css']
  const asked = names.map((name) => `GET /${name} HTTP/1.1\r\nHost: a\r\n\r\n`).join('')
  await client.send(`${asked}GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
  const pieces: Buffer[] = []
  for (let bytes = await client.recv(); bytes.length > 0; bytes = await client.recv()) pieces.push(bytes)
  const bodies = Buffer.concat(pieces)
    .toString('latin1')
    .split(/HTTP\/1\.1 [\s\S]*?\r\n\r\n/)
    .slice(1)
  const texts = ['p {}', '<p>', long.toString('latin1'), 'p {}', 'p {}', 'Not Found\n']
  expect(bodies.length).toBe(6)
  expect(bodies.map((body, i) => body === texts[i])).toEqual(texts.map(() => true))
})

describe('it is not made', () => {
  test.each([
    ['without a folder', () => files(join(root, 'nothing')), 'ENOENT'],
    ['of a file', () => files(join(root, 'site.css')), 'ENOTDIR'],
    ['of nothing', () => files(''), 'ERR_INVALID_ARG_TYPE'],
    [
      'with an option that is misspelt',
      () => files(root, { dotfiles: true } as FilesOptions),
      'ERR_UNKNOWN_OPTION',
    ],
    ['with a prefix that ends in a slash', () => files(root, { prefix: '/a/' }), 'ERR_INVALID_ARG_TYPE'],
    ['with an index that is a path', () => files(root, { index: '../x' }), 'ERR_INVALID_ARG_TYPE'],
    ['with an age that is negative', () => files(root, { maxAgeSeconds: -1 }), 'ERR_OUT_OF_RANGE'],
    [
      'with a form that nobody has',
      () => files(root, { precompressed: ['lzw' as 'br'] }),
      'ERR_INVALID_ARG_TYPE',
    ],
    [
      'with a switch that is a number',
      () => files(root, { listing: 1 as unknown as boolean }),
      'ERR_INVALID_ARG_TYPE',
    ],
  ])('%s', (_why, make, code) => {
    expect(make).toThrow(expect.objectContaining({ code }))
  })
})

describe('curl', () => {
  let authority: CertificateAuthority
  beforeAll(async () => {
    authority = await makeCertificateAuthority()
  }, 60_000)
  afterAll(() => authority.close())

  test('takes a download up again where it was cut, over TLS', async () => {
    const bytes = Buffer.alloc(700_000, 'abcdefghijk')
    writeFileSync(join(root, 'long.bin'), bytes)
    const part = join(folder.path, 'part.bin')
    writeFileSync(part, bytes.subarray(0, 300_000))
    const { chainPem: cert, keyPem: key } = await authority.issue()
    await using server = await serve({ port: 0, tls: { cert, key } }, files(root))
    const { stdout } = await curl(`https://127.0.0.1:${server.port}/long.bin`, {
      authority,
      args: ['--continue-at', '-', '--output', part, '--write-out', '%{http_code}'],
    })
    expect(stdout.toString()).toBe('206')
    expect(readFileSync(part).equals(bytes)).toBe(true)
  })
})

describe('a name that is not there', () => {
  test.each([
    ['/page', { extensions: ['html'] }, 200, '<p>'],
    ['/site', { extensions: ['html', 'css'] }, 200, 'p {}'],
    ['/sub/index', { extensions: ['html'] }, 200, '<p>sub'],
    ['/page/', { extensions: ['html'] }, 404, 'Not Found\n'],
    ['/sub', { extensions: ['html'] }, 301, 'Moved Permanently\n'],
    ['/nothing', { extensions: ['html'] }, 404, 'Not Found\n'],
    ['/', { extensions: ['html'] }, 200, '<p>root'],
    ['/users/7', { fallback: 'index.html' }, 200, '<p>root'],
    ['/users/7/', { fallback: 'index.html' }, 200, '<p>root'],
    ['/v1.2/users', { fallback: 'sub/index.html' }, 200, '<p>sub'],
    ['/lost.js', { fallback: 'index.html' }, 404, 'Not Found\n'],
    ['/.hidden', { fallback: 'index.html' }, 404, 'Not Found\n'],
    ['/site.css', { fallback: 'index.html' }, 200, 'p {}'],
    ['/page', { fallback: 'index.html', extensions: ['html'] }, 200, '<p>'],
    ['/users', { fallback: 'lost.html' }, 404, 'Not Found\n'],
    ['/users', { fallback: 'sub' }, 404, 'Not Found\n'],
  ] as const)('%s with %j is %i', async (target, options, status, text) => {
    for (const threadPool of [false, true]) {
      const answer = await askFiles({ ...options, threadPool }, target)
      expect([answer.status, answer.body.toString()]).toEqual([status, text])
    }
  })

  test('is given by its fallback before the next handler is asked', async () => {
    const handler = files(root, { fallback: 'index.html' })
    const next: Handler = () => ({ body: 'next' })
    expect((await bodyText(await handler(madeRequest('/lost.js'), next))).toString()).toBe('next')
    const answer = await handler(madeRequest('/users'), next)
    expect(fieldsOf(answer).get('content-type')).toBe('text/html; charset=utf-8')
    if (typeof answer.body === 'object' && answer.body !== null && 'file' in answer.body)
      answer.body.file.close()
  })

  test.each([
    { extensions: ['.html'] },
    { extensions: 'html' },
    { extensions: ['a/b'] },
    { extensions: [''] },
    { fallback: '/index.html' },
    { fallback: '../secret' },
    { fallback: 'a/../../b' },
    { fallback: '' },
  ])('cannot be %j', (options) => {
    expect(() => files(root, options as FilesOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
  })
})
