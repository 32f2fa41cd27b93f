import { sleep } from '@shrapnel/core'
import { type Handler, html, redirect, router, type Server, serve } from '@shrapnel/http'
import { makeCertificateAuthority } from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fetchTitle } from '../../service/titles/fetch-title.js'
import { pageTitle } from '../../service/titles/page-title.js'
import { isPublic } from '../../service/titles/public-address.js'

const HTML = 'text/html; charset=utf-8'
/** Of the endless page, so many pieces were sent. */
let pieces = 0

function page(bytes: Uint8Array | string, type = HTML): Handler {
  return () => ({ headers: { 'content-type': type }, body: bytes })
}

const elsewhere = router()
  .get('/plain', page('<!doctype html><title>A plain page</title><p>text'))
  .get(
    '/latin',
    page(Buffer.from('<title>Caf\xe9 M\xfcller</title>', 'latin1'), 'text/html; charset=iso-8859-1'),
  )
  .get(
    '/meta',
    page(Buffer.from('<meta charset="windows-1252"><title>\x93quoted\x94</title>', 'latin1'), 'text/html'),
  )
  .get('/utf16', page(Buffer.from('\ufeff<title>Sechzehn</title>', 'utf16le'), 'text/html'))
  .get('/untitled', page('<p>no title at all</p>'))
  .get('/image', page('<title>not a page</title>', 'image/png'))
  .get('/gone', () => ({ status: 410, headers: { 'content-type': HTML }, body: '<title>Gone</title>' }))
  .get('/chain', () => redirect('/chain/2'))
  .get('/chain/2', () => redirect('../plain'))
  .get('/circle', () => redirect('/circle'))
  .get('/to-file', () => redirect('file:///etc/passwd'))
  .get('/slow', async () => {
    await sleep(60_000)
    return html('<title>late</title>')
  })
  .get('/endless', () => ({ headers: { 'content-type': HTML }, body: endless() }))
  .get('/endless-title', () => ({
    headers: { 'content-type': HTML },
    body: endless('<title>At the top</title>'),
  }))
  .get('/crumbs', () => ({ headers: { 'content-type': HTML }, body: crumbs('<title>In crumbs</title>') }))
  .get('/host', (request) => html(`<title>${request.headers.get('host')}</title>`))

/** One byte at a time, and then nothing more. */
async function* crumbs(text: string): AsyncGenerator<string> {
  for (const character of text) {
    yield character
    await sleep(1)
  }
  await sleep(60_000)
}

async function* endless(first = ''): AsyncGenerator<string> {
  yield first
  for (;;) {
    pieces++
    yield '<p>and more</p>'.repeat(1000)
  }
}

let server: Server
beforeAll(async () => {
  server = await serve({ port: 0 }, elsewhere)
})
afterAll(() => server.stop())

function fetchFrom(path: string, timeoutMs = 10_000): ReturnType<typeof fetchTitle> {
  return fetchTitle(`http://localhost:${server.port}${path}`, { allowsPrivate: true, timeoutMs })
}

test.each([
  ['/plain', 'A plain page'],
  ['/latin', 'Café Müller'],
  ['/meta', '“quoted”'],
  ['/utf16', 'Sechzehn'],
  ['/crumbs', 'In crumbs'],
  ['/chain', 'A plain page'],
])('the title of %s is found', async (path, title) => {
  expect(await fetchFrom(path)).toEqual({ title, problem: null })
})

test.each([
  ['/untitled', 'a page without a title'],
  ['/image', 'not a web page'],
  ['/gone', 'the server says 410'],
  ['/nowhere', 'the server says 404'],
  ['/circle', 'redirected too often'],
  ['/to-file', 'redirected to nowhere'],
])('%s has no title, and it is said why', async (path, problem) => {
  expect(await fetchFrom(path)).toEqual({ title: null, problem })
})

test('a page that does not come is given up', async () => {
  expect(await fetchFrom('/slow', 100)).toEqual({ title: null, problem: 'took too long' })
})

test('of a page that never ends no more is read than a title may take', async () => {
  pieces = 0
  expect(await fetchFrom('/endless')).toEqual({ title: null, problem: 'a page without a title' })
  // What was on its way is in the buffers of two sockets.
  expect(pieces).toBeLessThan(1000)
})

test('a page is read until its title, and not on', async () => {
  expect(await fetchFrom('/endless-title')).toEqual({ title: 'At the top', problem: null })
})

test('the server is asked for by its name, though its address is connected to', async () => {
  expect((await fetchFrom('/host')).title).toBe(`localhost:${server.port}`)
})

test('nothing is fetched from an address that is not public, named or written out or redirected to', async () => {
  for (const host of ['localhost', '127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1'])
    expect(await fetchTitle(`http://${host}:${server.port}/plain`)).toEqual({
      title: null,
      problem: 'not a public address',
    })
})

test('who cannot be reached, and what is no HTTP, is said', async () => {
  expect((await fetchTitle('http://localhost:1/', { allowsPrivate: true })).problem).toBe('cannot be reached')
  expect((await fetchTitle('http://nobody.invalid/')).problem).toBe('there is no such host')
})

test('a certificate of nobody is not trusted', async () => {
  await using authority = await makeCertificateAuthority()
  const { certificatePem: cert, keyPem: key } = await authority.issue({ names: ['localhost'] })
  await using secure = await serve({ port: 0, tls: { cert, key } }, elsewhere)
  const found = await fetchTitle(`https://localhost:${secure.port}/plain`, { allowsPrivate: true })
  expect(found).toEqual({
    title: null,
    problem: 'certificate not trusted: of an unknown issuer',
  })
})

test.each([
  ['<title>\n  two\n  lines </title>', 'two lines'],
  ['<TITLE lang="de">Gro&szlig; &amp; klein &#8211; &#x1F41B;</TITLE>', 'Groß & klein – 🐛'],
  ['<!-- <title>old</title> --><title>new</title>', 'new'],
  ['<script>"<title>no</title>"</script><title>yes</title>', 'yes'],
  ['<title>&#0;&#xD800;&unknown;</title>', '\ufffd\ufffd&unknown;'],
  [`<title>${'x'.repeat(400)}</title>`, `${'x'.repeat(299)}…`],
  ['<title>  </title>', undefined],
  ['<title>&#147;&#x94;</title>', '“”'],
  ['<titles>no</titles>', undefined],
  ['<svg><title>cut', undefined],
  ['<!--><title>after an empty comment</title>', 'after an empty comment'],
  ['<title>\u202ereversed\u202c and not</title>', 'reversed and not'],
  ['<title>\u200b\u200d</title>', undefined],
  ['<title>&#128512; &lt;b&gt;</title>', '😀 <b>'],
])('of %j the title is %j', (text, title) => {
  expect(pageTitle(Buffer.from(text), HTML)).toBe(title)
})

test.each(['<!--', '<script', '<script>', '<title', '<title ', '<title>', '</title', '&#1', '\u202e '])(
  'a page of nothing but %j is looked through in no time',
  (piece) => {
    const page = Buffer.from(`<title>${piece.repeat(500_000 / piece.length)}`)
    const before = process.cpuUsage()
    pageTitle(page, HTML)
    expect(process.cpuUsage(before).user).toBeLessThan(1_000_000)
  },
)

test('a charset that nobody knows is as none', () => {
  expect(pageTitle(Buffer.from('<title>ü</title>'), 'text/html; charset=klingon')).toBe('ü')
})

test.each([
  '0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '169.254.169.254', '172.31.255.255', '192.168.1.1', '198.18.0.1',
  '224.0.0.1', '255.255.255.255', '::', '::1', '::ffff:10.0.0.1', '64:ff9b::a00:1', 'fe80::1', 'fe80::1%lo', 'fd00::1',
  'ff02::1', '2001:db8::1', '2002:a00:1::', '2001::1', '100::1',
])('%s is not a public address', (address) => {
  expect(isPublic(address)).toBe(false)
}) // biome-ignore format: a table

test.each(['1.1.1.1', '93.184.216.34', '172.32.0.1', '192.0.3.1', '2606:4700::1111', '2a00:1450:4001::200e'])(
  '%s is a public address',
  (address) => {
    expect(isPublic(address)).toBe(true)
  },
)
