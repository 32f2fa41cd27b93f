/** Names, protocols, versions and client certificates with programs that are not ours: openssl, nginx, curl. */
import { spawn } from '@shrapnel/core'
import {
  type Certificate,
  curl,
  type NginxFacts,
  startNginx,
  startOpensslClient,
  startOpensslServer,
} from '@shrapnel/test-support'
import { beforeAll, describe, expect, test } from 'vitest'
import { receiveAll } from '../../core/test/stream/stream-contract.js'
import { type TlsStream, tls } from '../src/index.js'
import type { ClientOptions } from '../src/options.js'
import { house } from './house.js'

const here = house()
let own: Certificate
let other: Certificate
let ada: Certificate

beforeAll(async () => {
  own = await here.authority.issue()
  other = await here.authority.issue({ names: ['other.test'] })
  ada = await here.authority.issue({ purpose: 'client', names: [], commonName: 'Ada' })
}, 60_000)

const credentials = ({ chainPem, keyPem }: Certificate) => ({ cert: chainPem, key: keyPem })

async function askNginx(port: number, options: ClientOptions): Promise<NginxFacts & { stream: TlsStream }> {
  const stream = await tls.connect('127.0.0.1', port, { ...here.client, ...options })
  await stream.send(`GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  const [, body = ''] = String(await receiveAll(stream)).split('\r\n\r\n')
  return { ...(JSON.parse(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1)) as NginxFacts), stream }
}

describe('our client', () => {
  test('tells nginx the name and the protocols, shows its certificate, and nginx verifies it', async () => {
    const { certificatePath } = here.authority
    const directives = `ssl_client_certificate ${certificatePath}; ssl_verify_client optional;`
    await using nginx = await startNginx({ certificate: own, directives })
    const named = await askNginx(nginx.port, { alpn: ['nonsense', 'http/1.1'], ...credentials(ada) })
    expect(named).toMatchObject({
      serverName: 'localhost',
      alpn: 'http/1.1',
      clientVerify: 'SUCCESS',
      protocol: 'TLSv1.3',
    })
    expect(named.stream).toMatchObject({ alpn: 'http/1.1', cipher: named.cipher })
    const silent = await askNginx(nginx.port, { maxVersion: 'TLSv1.2', serverName: '127.0.0.1' })
    expect(silent).toMatchObject({ serverName: '', alpn: '', clientVerify: 'NONE', protocol: 'TLSv1.2' })
    for (const { stream } of [named, silent]) stream.close()
  })

  test('says what it and an old nginx speak', async () => {
    await using nginx = await startNginx({ certificate: own, directives: 'ssl_protocols TLSv1.2;' })
    const refused = tls.connect('127.0.0.1', nginx.port, { ...here.client, minVersion: 'TLSv1.3' })
    await expect(refused).rejects.toMatchObject({
      code: 'TLS_ALERT',
      alert: { name: 'protocol_version', by: 'peer' },
      message: expect.stringContaining('we speak TLSv1.3 only'),
    })
  })

  test('shows s_server, which requires it, its certificate; without one it is told so', async () => {
    await using server = await startOpensslServer({
      certificate: own,
      clientAuthority: here.authority,
      args: ['-rev'],
    })
    const client = await tls.connect('localhost', server.port, { ...here.client, ...credentials(ada) })
    await client.send('abc\n')
    expect(String(await client.recvExact(4))).toBe('cba\n')
    client.close()
    const naked = await tls.connect('localhost', server.port, here.client)
    await expect(async () => naked.recv()).rejects.toMatchObject({
      code: 'TLS_ALERT',
      alert: { name: 'certificate_required', by: 'peer' },
    })
    naked.close()
  })

  test('tells s_server, which knows none of its protocols, that it goes on without', async () => {
    await using server = await startOpensslServer({ certificate: own, args: ['-alpn', 'h2'] })
    const client = await tls.connect('localhost', server.port, { ...here.client, alpn: ['http/1.1', 'h2'] })
    expect(client.alpn).toBe('h2')
    client.close()
  })
})

describe('our server', () => {
  async function serving(
    options: object,
  ): Promise<{ port: number; seen: TlsStream[]; failures: unknown[] } & AsyncDisposable> {
    const seen: TlsStream[] = []
    const failures: unknown[] = []
    const listener = tls.listen({
      port: 0,
      host: '127.0.0.1',
      ...credentials(own),
      onHandshakeFailure: (error: unknown) => failures.push(error),
      ...options,
    })
    spawn(async () => {
      for await (const stream of listener)
        spawn(async () => {
          seen.push(stream)
          void stream.peerCertificate
          // s_client goes without a word.
          const asked = await (async () => stream.recv())().catch(() => undefined)
          if (asked === undefined) return stream.close()
          await stream.send('HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nyes')
          await stream.end()
        })
    })
    const close = async () => listener.close()
    return { port: listener.port, seen, failures, [Symbol.asyncDispose]: close }
  }

  test('gives curl the certificate of the name in the URL, and agrees on its protocol', async () => {
    await using server = await serving({ alpn: ['http/1.1'], contexts: { 'other.test': credentials(other) } })
    const { authority } = here
    for (const name of ['localhost', 'other.test']) {
      const args = ['--resolve', `${name}:${server.port}:127.0.0.1`]
      expect(await curl(`https://${name}:${server.port}/`, { authority, args })).toMatchObject({
        code: 0,
        stdout: 'yes',
      })
    }
    expect(server.seen.map(({ serverName, alpn }) => [serverName, alpn])).toEqual([
      ['localhost', 'http/1.1'],
      ['other.test', 'http/1.1'],
    ])
  })

  test('requires a certificate of curl, and knows whose it is', async () => {
    const { authority } = here
    await using server = await serving({ clientCertificates: 'require', clientCa: authority.certificatePem })
    const url = `https://localhost:${server.port}/`
    expect(await curl(url, { authority, certificate: ada })).toMatchObject({ code: 0, stdout: 'yes' })
    expect((await curl(url, { authority })).code).not.toBe(0)
    const [seen] = server.seen
    expect(seen?.peerCertificate?.subject).toBe('CN=Ada')
    expect(server.failures).toMatchObject([{ code: 'TLS_CERTIFICATE_MISSING' }])
  })

  test('tells s_client whose certificates it takes, and refuses one of others', async () => {
    const { authority } = here
    await using server = await serving({ clientCertificates: 'require', clientCa: authority.certificatePem })
    await using client = await startOpensslClient({ port: server.port, authority, certificate: ada })
    expect(await client.handshake()).toMatchObject({ verifyError: 0 })
    expect(client.output()).toMatch(/Acceptable client certificate CA names\s+CN = Test authority/)
    const foreign = await (await authority.stranger()).issue({ purpose: 'client' })
    expect(
      (await curl(`https://localhost:${server.port}/`, { authority, certificate: foreign })).code,
    ).not.toBe(0)
    expect(server.failures).toMatchObject([{ code: 'TLS_CERTIFICATE_ISSUER' }])
  })

  test('has only ciphers with forward secrecy and authentication for s_client by TLS 1.2', async () => {
    await using server = await serving({})
    const { authority, client } = here
    for (const [ciphers, works] of [
      ['ECDHE-ECDSA-AES128-GCM-SHA256', true],
      ['ECDHE-ECDSA-AES128-SHA256', false],
    ] as const) {
      const args = ['-tls1_2', '-cipher', ciphers]
      await using peer = await startOpensslClient({
        port: server.port,
        authority,
        servername: client.serverName,
        args,
      })
      const done = await peer.handshake().then(
        () => true,
        () => false,
      )
      expect(done).toBe(works)
    }
    expect(server.failures).toMatchObject([{ code: 'TLS_CIPHER' }])
  })
})
