/** Our client and nginx: connections that nginx ends, bodies in all its codings, ranges, uploads, names over TLS, redirects. */
import { createHash } from 'node:crypto'
import { setResolver, sleep } from '@shrapnel/core'
import {
  type CertificateAuthority,
  freePort,
  makeCertificateAuthority,
  type NginxFacts,
  type RealServer,
  startNginx,
} from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient, type Server, serve } from '../../src/index.js'
import { answering, digest, PIECE, patternBytes } from './answering.js'

const TEXT = 'nginx says a lot, and much of it twice. '.repeat(5_000)
const LARGE_BYTES = 30_000_000
const MIB = 1_048_576

let authority: CertificateAuthority
let nginx: RealServer
let behind: Server
let plain: string
let before: ReturnType<typeof setResolver>

beforeAll(async () => {
  before = setResolver((name) => (name.endsWith('.test') ? ['127.0.0.1'] : before(name)))
  authority = await makeCertificateAuthority()
  const [one, two] = await Promise.all([
    authority.issue({ names: ['one.test'] }),
    authority.issue({ names: ['two.test'] }),
  ])
  behind = await serve({ port: 0 }, answering)
  const plainPort = await freePort()
  plain = `http://127.0.0.1:${plainPort}`
  nginx = await startNginx({
    certificate: one,
    modules: ['ngx_http_brotli_filter_module'],
    files: { 'text.txt': TEXT, 'bytes.bin': patternBytes(100_000) },
    directives: 'server_name one.test;',
    blocks: `
      gzip_types text/plain; gzip_min_length 100; brotli_types text/plain;
      upstream behind { server 127.0.0.1:${behind.port}; keepalive 4; }
      server {
        listen 127.0.0.1:$PORT ssl; server_name two.test;
        ssl_certificate ${two.chainPath}; ssl_certificate_key ${two.keyPath};
        location / { return 200 'two'; }
      }
      server {
        listen 127.0.0.1:${plainPort};
        client_max_body_size 40m;
        location /few/ { keepalive_requests 3; return 200 $connection_requests; }
        location /short/ { keepalive_timeout 20ms; return 200 $connection; }
        location /advised/ { keepalive_timeout 60s 1s; return 200 $connection; }
        location /never/ { keepalive_timeout 0; return 200 $connection; }
        location /files/ { root .; types { text/plain txt; } default_type application/octet-stream; }
        location /gzip/ { alias files/; gzip on; types { text/plain txt; } }
        location /br/ { alias files/; brotli on; types { text/plain txt; } }
        location /both/ { alias files/; gzip on; brotli on; types { text/plain txt; } }
        location /put/ { dav_methods PUT DELETE; create_full_put_path on; root files; }
        location /small/ { client_max_body_size 1k; dav_methods PUT; root files; }
        location /behind/ { proxy_pass http://behind/; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
        location /secure/ { return 301 https://one.test:$PORT/; }
        location /round/ { return 302 /round/; }
        location /kept/ { return 308 /put/kept.bin; }
      }`,
  })
})
afterAll(async () => {
  await nginx?.stop()
  await behind?.stop()
  await authority?.close()
  setResolver(before)
})

describe('a connection that nginx ends', () => {
  test('after so many requests is followed by another, and no request is lost', async () => {
    using client = createClient({ maxConnectionsPerOrigin: 1 })
    const numbers: string[] = []
    for (let i = 0; i < 10; i++) numbers.push(await (await client.post(`${plain}/few/`)).text())
    expect(numbers.join('')).toBe('1231231231')
  })

  test('after each request is not used again', async () => {
    using client = createClient({ maxConnectionsPerOrigin: 1 })
    const names = new Set<string>()
    for (let i = 0; i < 5; i++) names.add(await (await client.post(`${plain}/never/`)).text())
    expect(names.size).toBe(5)
  })

  test('while it is idle is seen to be closed', async () => {
    using client = createClient({ maxConnectionsPerOrigin: 1 })
    const names = new Set<string>()
    for (let i = 0; i < 5; i++) {
      // Not idempotent: it could not be sent again.
      names.add(await (await client.post(`${plain}/short/`, { body: 'x' })).text())
      while (client.stats[0]?.connections !== 0) await sleep(1)
    }
    expect(names.size).toBe(5)
  })

  test('is closed before nginx would, if nginx says when', async () => {
    using client = createClient({ maxConnectionsPerOrigin: 1 })
    await (await client.get(`${plain}/advised/`)).text()
    while (client.stats[0]?.connections !== 0) await sleep(1)
    expect((await client.get(`${plain}/advised/`)).headers.get('keep-alive')).toBe('timeout=1')
  })

  test('with requests sent ahead loses none of them', async () => {
    using client = createClient({ maxConnectionsPerOrigin: 1, pipelining: 8 })
    const numbers = await Promise.all(
      Array.from({ length: 20 }, async () => (await client.get(`${plain}/few/`)).text()),
    )
    expect(numbers.sort().join('')).toBe('11111112222222333333')
  })
})

describe('a body', () => {
  test.each([
    ['gzip', 'gzip'],
    ['br', 'br'],
    ['both', 'br'],
  ])('of %s is asked for and decoded', async (folder, coding) => {
    using client = createClient()
    const response = await client.get(`${plain}/${folder}/text.txt`)
    expect(response.headers.get('content-encoding')).toBe(coding)
    expect(await response.text()).toBe(TEXT)
    const coded = await client.get(`${plain}/${folder}/text.txt`, {
      decompress: false,
      headers: { 'accept-encoding': coding },
    })
    expect(coded.headers.get('content-encoding')).toBe(coding)
    expect((await coded.bytes()).length).toBeLessThan(TEXT.length / 10)
  })

  test('in chunks through nginx comes whole', async () => {
    using client = createClient({ maxConnectionsPerOrigin: 1 })
    for (let i = 0; i < 5; i++) {
      const response = await client.get(`${plain}/behind/pieces?25`)
      expect(response.headers.get('transfer-encoding')).toBe('chunked')
      expect(digest(await response.bytes())).toBe(digest(patternBytes(1_000_000)))
    }
    expect(client.stats[0]).toMatchObject({ connections: 1, idle: 1 })
  })

  test('is the part that was asked for', async () => {
    using client = createClient()
    const url = `${plain}/files/bytes.bin`
    const all = patternBytes(100_000)
    const ask = async (range: string, fields = {}) => {
      const response = await client.get(url, { headers: { range, ...fields } })
      return [response.status, response.headers.get('content-range'), await response.bytes()] as const
    }
    expect(await ask('bytes=10-19')).toEqual([206, 'bytes 10-19/100000', all.subarray(10, 20)])
    expect(await ask('bytes=99990-')).toEqual([206, 'bytes 99990-99999/100000', all.subarray(99_990)])
    expect(await ask('bytes=-10')).toEqual([206, 'bytes 99990-99999/100000', all.subarray(99_990)])
    expect((await ask('bytes=100000-')).slice(0, 2)).toEqual([416, 'bytes */100000'])
    const etag = (await client.head(url)).headers.get('etag') as string
    expect((await ask('bytes=0-0', { 'if-range': etag }))[0]).toBe(206)
    expect((await ask('bytes=0-0', { 'if-range': '"other"' }))[0]).toBe(200)
    const several = await client.get(url, { headers: { range: 'bytes=0-1,10-11' } })
    expect(several.headers.get('content-type')).toMatch(/^multipart\/byteranges; boundary=/)
    expect((await several.text()).match(/Content-Range: bytes \d+-\d+/g)).toHaveLength(2)
  })

  test('is not sent again where nothing has changed', async () => {
    using client = createClient()
    const url = `${plain}/files/text.txt`
    const etag = (await client.head(url)).headers.get('etag') as string
    const response = await client.get(url, { headers: { 'if-none-match': etag } })
    expect([response.status, await response.text()]).toEqual([304, ''])
    expect(client.stats[0]).toMatchObject({ connections: 1, idle: 1 })
  })
})

async function* large(): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < LARGE_BYTES; sent += PIECE.length) yield PIECE
}

describe('an upload', () => {
  test.each([
    ['in chunks', () => ({ body: large() })],
    ['with its length', () => ({ body: large(), headers: { 'content-length': `${LARGE_BYTES}` } })],
    ['when nginx says go on', () => ({ body: large(), expectContinue: true, continueTimeoutMs: 20_000 })],
  ])('of 30 MB %s is all there, and comes back', async (_how, options) => {
    using client = createClient({ maxConnectionsPerOrigin: 1 })
    const url = `${plain}/put/large.bin`
    expect((await client.put(url, options())).status).toBe(201)
    const hash = createHash('sha1')
    for await (const bytes of (await client.get(url)).body) hash.update(bytes)
    expect(hash.digest('hex')).toBe(digest(patternBytes(LARGE_BYTES)))
    expect((await client.delete(url)).status).toBe(204)
    expect(client.stats[0]).toMatchObject({ connections: 1, idle: 1 })
  })

  test('that is too large is refused before it is sent, if the client waits', async () => {
    using client = createClient()
    let pulled = 0
    const body = async function* () {
      pulled++
      yield 'x'.repeat(MIB)
    }
    const options = {
      body,
      expectContinue: true,
      continueTimeoutMs: 20_000,
      headers: { 'content-length': `${MIB}` },
    }
    expect((await client.put(`${plain}/small/x`, options)).status).toBe(413)
    expect(pulled).toBe(0)
  })

  test('that is too large is refused while it is sent, and the client learns why', async () => {
    using client = createClient()
    for (let i = 0; i < 10; i++) {
      const response = await client.put(`${plain}/small/x`, { body: () => large() })
      expect([response.status, await response.text()]).toEqual([413, expect.stringContaining('413')])
    }
  })
})

describe('names', () => {
  test('over TLS choose the certificate and the server', async () => {
    using client = createClient({ tls: { ca: authority.certificatePem } })
    const facts = await (await client.get(`https://one.test:${nginx.port}/`)).json<NginxFacts>()
    expect(facts.serverName).toBe('one.test')
    expect(await (await client.get(`https://two.test:${nginx.port}/`)).text()).toBe('two')
    // The certificate is another's.
    await expect(client.get(`https://three.test:${nginx.port}/`)).rejects.toMatchObject({
      code: expect.stringMatching(/^TLS_CERTIFICATE_/),
    })
  })

  test('lead from http to https, to an authority that is trusted', async () => {
    using client = createClient({ tls: { ca: authority.certificatePem }, headers: { 'x-mine': 'kept' } })
    const response = await client.get(`${plain}/secure/`)
    expect([response.url, response.redirects]).toEqual([`https://one.test:${nginx.port}/`, 1])
    expect(await response.json<NginxFacts>()).toMatchObject({ serverName: 'one.test' })
    using other = createClient()
    await expect(other.get(`${plain}/secure/`)).rejects.toMatchObject({
      code: expect.stringMatching(/^TLS_CERTIFICATE_/),
    })
  })
})

test('a redirect that leads round and round has an end', async () => {
  using client = createClient()
  await expect(client.get(`${plain}/round/`)).rejects.toMatchObject({
    code: 'HTTP_REDIRECT',
    limit: 'maxRedirects',
  })
  expect(client.stats[0]).toMatchObject({ connections: 1, idle: 1 })
})

test('a redirect that keeps the method sends the body again', async () => {
  using client = createClient()
  const made = await client.put(`${plain}/kept/`, { body: 'again' })
  expect([made.status, made.redirects]).toEqual([201, 1])
  expect(await (await client.get(`${plain}/put/kept.bin`)).text()).toBe('again')
})
