/** Our client through proxies that are not ours, which ask for a password or not, and die: tinyproxy (HTTP, CONNECT) and microsocks (SOCKS5). */
import { sleep } from '@shrapnel/core'
import {
  type CertificateAuthority,
  expectNoDescriptorLeak,
  freePort,
  makeCertificateAuthority,
  type NginxFacts,
  type ProxyOptions,
  type RealServer,
  startMicrosocks,
  startNginx,
  startTinyproxy,
} from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ClientOptions, createClient, type HttpClient, type Server, serve } from '../../src/index.js'
import { answering, digest, patternBytes } from './answering.js'

let authority: CertificateAuthority
let nginx: RealServer
let plain: Server

beforeAll(async () => {
  authority = await makeCertificateAuthority()
  nginx = await startNginx({
    certificate: await authority.issue(),
    directives: 'location /hosts { return 200 $host; }',
    files: { 'large.bin': patternBytes(20_000_000) },
  })
  plain = await serve({ port: 0, onError: () => {} }, (request) => {
    if (request.path === '/seen')
      return { body: [...request.headers].map((pair) => `${pair.join(': ')}\n`).join('') }
    return answering(request)
  })
})
afterAll(async () => {
  await plain?.stop()
  await nginx?.stop()
  await authority?.close()
})

interface Kind {
  readonly name: string
  /** What is before `user:password@host`. */
  readonly scheme: string
  readonly password: string
  start(options?: ProxyOptions): Promise<RealServer>
  /** Of the refusal of who has no password. */
  readonly asks: number | undefined
}

const KINDS: readonly Kind[] = [
  { name: 'tinyproxy', scheme: 'http', password: 'open7sesame', start: startTinyproxy, asks: 407 },
  { name: 'microsocks', scheme: 'socks5', password: 'a:b@c/d%', start: startMicrosocks, asks: undefined },
]

describe.each(KINDS)('$name', ({ scheme, password, start, asks }) => {
  let open: RealServer
  let guarded: RealServer
  beforeAll(async () => {
    ;[open, guarded] = await Promise.all([start(), start({ username: 'me', password })])
  })
  afterAll(async () => {
    await Promise.all([open?.stop(), guarded?.stop()])
  })
  const through = (proxy: RealServer, credentials = '', options: ClientOptions = {}): HttpClient =>
    createClient({
      proxy: `${scheme}://${credentials}127.0.0.1:${proxy.port}`,
      tls: { ca: authority.certificatePem },
      ...options,
    })
  const secureUrl = (path = '/'): string => `https://localhost:${nginx.port}${path}`

  test('leads to https, and the connection is kept', async () => {
    using client = through(open, '', { maxConnectionsPerOrigin: 1 })
    for (let i = 0; i < 5; i++) {
      const facts = await (await client.get(secureUrl())).json<NginxFacts>()
      expect(facts).toMatchObject({ serverName: 'localhost', alpn: 'http/1.1' })
    }
    expect(client.stats[0]).toMatchObject({ connections: 1, idle: 1 })
  })

  test('leads to plain http', async () => {
    using client = through(open)
    expect(await (await client.get(`${plain.url}/hello`)).text()).toBe('Hello, world!')
    expect(digest(await (await client.get(`${plain.url}/large?3000000`)).bytes())).toBe(
      digest(patternBytes(3_000_000)),
    )
    const bytes = patternBytes(1_000_000)
    const sent = await client.post(`${plain.url}/summary`, { body: bytes })
    expect(await sent.json()).toMatchObject({ length: bytes.length, sha1: digest(bytes) })
    const inPieces = await client.post(`${plain.url}/summary`, { body: () => [bytes, bytes] })
    expect(await inPieces.json()).toMatchObject({ length: 2 * bytes.length })
  })

  test('is told user and password, which the server does not see', async () => {
    using client = through(guarded, `me:${encodeURIComponent(password)}@`)
    expect((await client.get(secureUrl())).status).toBe(200)
    const seen = await (await client.get(`${plain.url}/seen`)).text()
    expect(seen.toLowerCase()).not.toContain('authorization')
  })

  test.each([
    ['no password', '', asks],
    // tinyproxy's word for it is that of servers.
    ['a wrong one', 'me:wrong@', asks && 401],
  ])('refuses whoever has %s, and says so', async (_, credentials, status) => {
    using client = through(guarded, credentials)
    await expect(client.get(secureUrl())).rejects.toMatchObject({
      code: 'HTTP_PROXY',
      phase: 'connect',
      status,
      safeToRetry: true,
    })
    expect(client.stats[0]).toMatchObject({ connections: 0, connecting: 0, waiting: 0 })
    // A request that is passed on has an answer of the proxy's own.
    const plainly = await client.get(`${plain.url}/hello`).then(
      (response) => response.status,
      (error) => error.code,
    )
    expect(plainly).toBe(status ?? 'HTTP_PROXY')
  })

  test('cannot reach everybody, and says so', async () => {
    using client = through(open)
    const port = await freePort()
    await expect(client.get(`https://127.0.0.1:${port}/`)).rejects.toMatchObject({
      code: 'HTTP_PROXY',
      phase: 'connect',
    })
  })

  test('carries many requests at a time', async () => {
    using client = through(open, '', { maxConnectionsPerOrigin: 8 })
    const texts = await Promise.all(
      Array.from({ length: 60 }, async (_, i) =>
        (await client.get(i % 2 === 0 ? secureUrl('/hosts') : `${plain.url}/x?${i}`)).text(),
      ),
    )
    expect(texts).toEqual(texts.map((_, i) => (i % 2 === 0 ? 'localhost' : `/x?${i}`)))
  })

  test('dies in the middle of a download: that is cut, and the next proxy serves', async () => {
    await expectNoDescriptorLeak(async () => {
      const dying = await start()
      using client = through(dying)
      const response = await client.get(`${plain.url}/large?20000000`)
      expect((await response.body.recv()).length).toBeGreaterThan(0)
      process.kill(dying.pid, 'SIGKILL')
      await expect(response.bytes()).rejects.toMatchObject({ code: 'HTTP_CUT', phase: 'body' })
      await dying.ended()
      await expect(client.get(secureUrl())).rejects.toMatchObject({ code: 'ECONNREFUSED' })
      await dying.stop()
      client.close()
      using other = through(open)
      expect((await other.get(secureUrl())).status).toBe(200)
      other.close()
    })
  })

  test('dies in the middle of a tunnel: what is under way is cut', async () => {
    const dying = await start()
    using client = through(dying)
    const response = await client.get(secureUrl('/files/large.bin'))
    expect((await response.body.recv()).length).toBeGreaterThan(0)
    process.kill(dying.pid, 'SIGKILL')
    await expect(response.bytes()).rejects.toMatchObject({
      code: 'HTTP_CUT',
      phase: 'body',
    })
    while (client.stats[0]?.connections !== 0) await sleep(1)
    await dying.stop()
  })
})
