/** TLS, UNIX sockets and proxies: the ways to a server, against servers that are not ours where there are such. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect as netConnect } from 'node:net'
import { type Socket, setResolver, sleep, spawn, tcp, unix } from '@shrapnel/core'
import {
  type CertificateAuthority,
  makeCertificateAuthority,
  type NginxFacts,
  type RealServer,
  startNginx,
  temporaryFolder,
} from '@shrapnel/test-support'
import { SessionCache, type TlsStream, tls } from '@shrapnel/tls'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { isExcepted, proxyChooser } from '../src/client/proxy.js'
import { makeTarget } from '../src/client/target.js'
import { createClient, serve } from '../src/index.js'
import { answering, ok, scripted } from './scripted-server.js'

let authority: CertificateAuthority
let nginx: RealServer
const long = 'nginx says a lot. '.repeat(20_000)

beforeAll(async () => {
  authority = await makeCertificateAuthority()
  const certificate = await authority.issue()
  nginx = await startNginx({
    certificate,
    files: { 'long.txt': long },
    directives: 'gzip on; gzip_types text/plain; gzip_min_length 100;',
  })
})

afterAll(async () => {
  await nginx?.stop()
  await authority?.close()
})

const tlsOptions = () => ({ ca: authority.certificatePem, sessions: new SessionCache() })

describe('nginx over TLS', () => {
  test('is verified, speaks HTTP/1.1, and sessions are resumed', async () => {
    using client = createClient({ tls: tlsOptions(), maxIdleConnections: 0 })
    const reused: string[] = []
    for (let i = 0; i < 3; i++) {
      const facts = await (await client.get(`https://localhost:${nginx.port}/`)).json<NginxFacts>()
      expect(facts).toMatchObject({ alpn: 'http/1.1', protocol: 'TLSv1.3' })
      reused.push(facts.reused)
    }
    expect(reused).toEqual(['.', 'r', 'r'])
  })

  test('sends files whole, in ranges and compressed', async () => {
    using client = createClient({ tls: tlsOptions() })
    const url = `https://127.0.0.1:${nginx.port}/files/long.txt`
    const whole = await client.get(url)
    expect(whole.headers.get('content-encoding')).toBe(undefined)
    expect(await whole.text()).toBe(long)
    const part = await client.get(url, { headers: { range: 'bytes=5-9' } })
    expect([part.status, await part.text()]).toEqual([206, long.slice(5, 10)])
    const head = await client.head(url)
    expect([head.headers.get('content-length'), await head.text()]).toEqual([`${long.length}`, ''])
    expect(client.stats[0]).toMatchObject({ connections: 1, idle: 1 })
  })

  test('is refused without the authority, unless nobody is to verify', async () => {
    using strict = createClient()
    const url = `https://localhost:${nginx.port}/`
    await expect(strict.get(url)).rejects.toMatchObject({ code: expect.stringMatching(/^TLS_CERTIFICATE_/) })
    using lax = createClient({ tls: { verify: false } })
    expect((await lax.get(url)).status).toBe(200)
  })

  test('many requests at a time, pipelined too', async () => {
    for (const pipelining of [1, 5]) {
      using client = createClient({ tls: tlsOptions(), maxConnectionsPerOrigin: 4, pipelining })
      const url = `https://localhost:${nginx.port}/files/long.txt`
      const all = await Promise.all(Array.from({ length: 40 }, async () => (await client.get(url)).text()))
      expect(all.every((text) => text === long)).toBe(true)
      expect(client.stats[0]?.connections).toBeLessThanOrEqual(4)
    }
  })

  test('a connection that was closed in this very turn is noticed before it is used', async () => {
    const certificate = await authority.issue()
    const listener = tls.listen({ port: 0, cert: certificate.chainPem, key: certificate.keyPem })
    const streams: TlsStream[] = []
    const serving = spawn({ daemon: true }, async () => {
      for await (const stream of listener) {
        streams.push(stream)
        await stream.recv()
        await stream.send(ok('x'))
      }
    })
    using client = createClient({ tls: tlsOptions() })
    for (let i = 0; i < 5; i++) {
      const response = await client.post(`https://localhost:${listener.port}/`, { body: `${i}` })
      expect(await response.text()).toBe('x')
      await sleep(5)
      streams[i]?.close()
    }
    expect(streams).toHaveLength(5)
    serving.shutdown()
    listener.close()
  })

  test('a redirect from https to http is refused unless asked for', async () => {
    using plain = answering(ok('plain'))
    const away = `/away`
    const certificate = await authority.issue()
    await using other = await startNginx({
      certificate,
      directives: `location ${away} { return 302 ${plain.url}/; }`,
    })
    using client = createClient({ tls: tlsOptions() })
    const url = `https://localhost:${other.port}${away}`
    await expect(client.get(url)).rejects.toMatchObject({ code: 'HTTP_REDIRECT' })
    expect(await (await client.get(url, { allowInsecureRedirects: true })).text()).toBe('plain')
  })
})

describe('a UNIX socket', () => {
  test('takes the place of the host', async () => {
    await using folder = await temporaryFolder()
    const path = `${folder.path}/http.sock`
    const server = createServer((request, response) =>
      response.end(`${request.headers.host}${request.url}`),
    ).listen(path)
    await once(server, 'listening')
    using client = createClient()
    expect(await (await client.get('http://docker/v1?a', { socketPath: path })).text()).toBe('docker/v1?a')
    using all = createClient({ socketPath: path })
    expect(await (await all.get('http://docker/')).text()).toBe('docker/')
    client.close()
    all.close()
    server.close()
    await once(server, 'close')
    const listener = unix.listen({ path, replaceStale: true })
    listener.close()
  })
})

/** Copies both ways until either ends. */
async function join(one: Socket, other: Socket): Promise<void> {
  const copy = async (from: Socket, to: Socket): Promise<void> => {
    for (let bytes = await from.recv(); bytes.length > 0; bytes = await from.recv()) await to.send(bytes)
    to.shutdown()
  }
  const back = spawn({ daemon: true }, () => copy(other, one))
  await copy(one, other).catch(() => {})
  await back.join().catch(() => {})
}

describe('an origin', () => {
  test('is looked up by the resolver of the program, and one address after another is tried', async () => {
    const asked: string[] = []
    const before = setResolver((host) => {
      asked.push(host)
      return host === 'nowhere.example' ? [] : ['127.0.0.3', '127.0.0.1']
    })
    onTestFinished(() => void setResolver(before))
    await using server = await serve({ port: 0 }, ({ headers }) => ({ body: headers.get('host') ?? '' }))
    using client = createClient()
    const response = await client.get(`http://www.example:${server.port}/`)
    expect(await response.text()).toBe(`www.example:${server.port}`)
    await client.get(`http://www.example:${server.port}/again`)
    expect(asked).toEqual(['www.example'])
    await expect(client.get('http://nowhere.example/')).rejects.toMatchObject({ code: 'ENOTFOUND' })
  })

  test('is connected to from localAddress', async () => {
    await using server = await serve({ port: 0 }, ({ peer }) => ({ body: peer?.address ?? '' }))
    using client = createClient({ localAddress: '127.0.0.2' })
    expect(await (await client.get(server.url)).text()).toBe('127.0.0.2')
  })
})

describe('a proxy', () => {
  test('gets the whole URL of plain HTTP, and its own credentials', async () => {
    using proxy = scripted(async (line) => {
      const request = await line.request()
      await line.send(ok(request))
      await line.ended()
    })
    using client = createClient({ proxy: `http://me:secret@127.0.0.1:${proxy.port}` })
    const request = await (await client.get('http://example.invalid/a?b')).text()
    expect(request).toMatch(/^GET http:\/\/example\.invalid\/a\?b HTTP\/1\.1\r\nHost: example\.invalid\r\n/)
    expect(request).toContain(`Proxy-Authorization: Basic ${Buffer.from('me:secret').toString('base64')}\r\n`)
  })

  test('opens a tunnel for https, of which it sees nothing', async () => {
    const asked: string[] = []
    using proxy = scripted(async (line) => {
      asked.push(await line.request())
      const upstream = await tcp.connect('127.0.0.1', nginx.port)
      await line.send('HTTP/1.1 200 Connection established\r\n\r\n')
      await join(line.socket, upstream)
      upstream.close()
    })
    using client = createClient({ proxy: proxy.url, tls: tlsOptions() })
    const facts = await (await client.get(`https://localhost:${nginx.port}/`)).json<NginxFacts>()
    expect(facts.serverName).toBe('localhost')
    expect(asked).toEqual([
      `CONNECT localhost:${nginx.port} HTTP/1.1\r\nHost: localhost:${nginx.port}\r\n\r\n`,
    ])
    client.close()
  })

  test.each<[string, string, number | undefined]>([
    ['refuses', 'HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n', 407],
    ['answers what is no HTTP', 'hello\r\n\r\n', undefined],
    ['says more than its answer', 'HTTP/1.1 200 OK\r\n\r\nsurprise', undefined],
    ['closes', '', undefined],
  ])('that %s is an error', async (_, answer, status) => {
    using proxy = scripted(async (line) => {
      await line.answer(answer)
    })
    using client = createClient({ proxy: proxy.url })
    await expect(client.get('https://example.invalid/')).rejects.toMatchObject({ code: 'HTTP_PROXY', status })
    expect(client.stats[0]).toMatchObject({ connections: 0, connecting: 0 })
  })

  test('of SOCKS5 gets names as they are, and a user and password where it asks', async () => {
    using target = answering(ok('through'))
    for (const withPassword of [false, true]) {
      const greetings: string[] = []
      using proxy = scripted(async (line) => {
        const take = async (count: number) => (await line.socket.recvExact(count)).toString('latin1')
        const [, count] = Buffer.from(await take(2), 'latin1')
        const methods = await take(count as number)
        await line.send(withPassword ? '\x05\x02' : '\x05\x00')
        if (withPassword) {
          greetings.push(await take(1 + 1 + 2 + 1 + 6))
          await line.send('\x01\x00')
        }
        greetings.push(methods, await take(4 + 1 + 'example.invalid'.length + 2))
        const upstream = await tcp.connect('127.0.0.1', target.port)
        await line.send('\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50')
        await join(line.socket, upstream)
        upstream.close()
      })
      const user = withPassword ? 'me:secret@' : ''
      using client = createClient({ proxy: `socks5h://${user}127.0.0.1:${proxy.port}` })
      expect(await (await client.get('http://example.invalid/')).text()).toBe('through')
      const asked = '\x05\x01\x00\x03\x0fexample.invalid\x00\x50'
      expect(greetings).toEqual(withPassword ? ['\x01\x02me\x06secret', '\x00\x02', asked] : ['\x00', asked])
      client.close()
    }
  })

  test.each<[string, readonly string[]]>([
    ['speaks something else', ['HTTP/1.1 400 Bad Request\r\n\r\n']],
    ['wants another way of authentication', ['\x05\xff']],
    ['cannot reach the host', ['\x05\x00', '\x05\x04\x00\x01\x00\x00\x00\x00\x00\x00']],
    ['ends in the middle', ['\x05']],
  ])('of SOCKS5 that %s is an error', async (_, answers) => {
    using proxy = scripted(async (line) => {
      for (const answer of answers) {
        await line.socket.recv()
        await line.send(answer)
      }
      line.socket.shutdown()
      await line.ended()
    })
    using client = createClient({ proxy: `socks5://127.0.0.1:${proxy.port}` })
    await expect(client.get('http://10.0.0.1/')).rejects.toMatchObject({
      code: 'HTTP_PROXY',
      phase: 'connect',
    })
  })

  test('is chosen by the environment as curl chooses', () => {
    const environment = {
      http_proxy: 'http://plain:1',
      HTTPS_PROXY: 'secure:2',
      no_proxy: 'localhost, .example.org,10.0.0.0/8 [::1] special:8080',
    }
    const choose = proxyChooser('env', environment)
    const proxyOf = (url: string) => choose(makeTarget(new URL(url)))?.host
    expect(proxyOf('http://a/')).toBe('plain')
    expect(proxyOf('https://a/')).toBe('secure')
    for (const url of [
      'http://localhost/',
      'http://a.example.org',
      'https://example.org',
      'http://10.1.2.3/',
      'http://[::1]/',
      'http://special:8080/',
    ])
      expect(proxyOf(url)).toBe(undefined)
    for (const url of ['http://example.organic', 'http://11.1.2.3/', 'http://special/'])
      expect(proxyOf(url)).toBe('plain')
    expect(
      proxyChooser('env', { HTTP_PROXY: 'http://sent-by-a-client:1' })(makeTarget(new URL('http://a/'))),
    ).toBe(null)
    expect(
      proxyChooser('env', { ALL_PROXY: 'socks5://all' })(makeTarget(new URL('http://a/'))),
    ).toMatchObject({
      kind: 'socks5',
      host: 'all',
      port: 1080,
    })
    expect(isExcepted({ host: 'anything', port: 80 }, '*')).toBe(true)
  })

  test('whose scheme nobody knows is refused when the client is made', () => {
    expect(() => createClient({ proxy: 'ftp://a' })).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    )
  })
})

test('connectTimeoutMs ends a connection that a proxy does not make', async () => {
  using proxy = scripted((line) => line.ended())
  using client = createClient({ proxy: proxy.url, connectTimeoutMs: 30 })
  await expect(client.get('https://example.invalid/')).rejects.toMatchObject({
    code: 'HTTP_TIMEOUT',
    limit: 'connectTimeoutMs',
    phase: 'connect',
    safeToRetry: true,
  })
  expect(client.stats[0]).toMatchObject({ connecting: 0, waiting: 0 })
})

test('a server that hangs up after each response does not stop requests that come in a crowd', async () => {
  let served = 0
  const server = createServer((_, response) => {
    served++
    if (served % 7 === 0) response.setHeader('connection', 'close')
    response.end('x')
  }).listen(0, '127.0.0.1')
  server.keepAliveTimeout = 1
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  using client = createClient({ maxConnectionsPerOrigin: 10 })
  const loops = Array.from({ length: 30 }, async () => {
    for (let i = 0; i < 30; i++)
      expect(await (await client.get(`http://127.0.0.1:${port}/`)).text()).toBe('x')
  })
  await Promise.all(loops)
  expect(served).toBeGreaterThanOrEqual(900)
  client.close()
  server.close()
  netConnect(port, '127.0.0.1').on('error', () => {})
  await once(server, 'close')
})
