/** The programs that others use: openssl, curl, nginx, and an auditor. */
import { createHash } from 'node:crypto'
import { BufferedReader, spawn } from '@shrapnel/core'
import {
  type Certificate,
  commandPath,
  runTestssl,
  startNginx,
  startOpensslClient,
  startOpensslServer,
  startServer,
} from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TlsListener, type TlsStream, tls } from '../src/index.js'
import { house } from './house.js'

const here = house()
const TIMEOUT_MS = 60_000

/** One of each family that is left: AEADs of both versions, and what a 1.2 peer without them may ask for. */
const CIPHERS = [
  ['TLSv1.3', 'TLS_AES_128_GCM_SHA256', 'ec-p256'],
  ['TLSv1.3', 'TLS_AES_256_GCM_SHA384', 'ec-p384'],
  ['TLSv1.3', 'TLS_CHACHA20_POLY1305_SHA256', 'ed25519'],
  ['TLSv1.3', 'TLS_AES_128_GCM_SHA256', 'rsa-2048'],
  ['TLSv1.2', 'ECDHE-ECDSA-AES128-GCM-SHA256', 'ec-p256'],
  ['TLSv1.2', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ec-p384'],
  ['TLSv1.2', 'ECDHE-ECDSA-CHACHA20-POLY1305', 'ed25519'],
  ['TLSv1.2', 'ECDHE-RSA-AES128-GCM-SHA256', 'rsa-2048'],
  ['TLSv1.2', 'ECDHE-RSA-AES128-SHA256', 'rsa-2048'],
  ['TLSv1.2', 'ECDHE-ECDSA-AES256-SHA384', 'ec-p256'],
] as const

const cipherArgs = (version: string, cipher: string): string[] =>
  version === 'TLSv1.3' ? ['-tls1_3', '-ciphersuites', cipher] : ['-tls1_2', '-cipher', cipher]

async function echo(stream: TlsStream): Promise<void> {
  for (let bytes = await stream.recv(); bytes.length > 0; bytes = await stream.recv())
    await stream.send(bytes)
  await stream.end()
}

/** Without an AEAD: only of a server that is told to. */
const onServer = (cipher: string): { ciphers?: string } =>
  /-AES\d+-SHA\d+$/.test(cipher) ? { ciphers: cipher } : {}

/** A server that does `session` with everybody. What a session fails with is in `failures`, by its code. */
function serve(
  { chainPem, keyPem }: Certificate,
  session: (stream: TlsStream) => Promise<void>,
  options: { readonly ciphers?: string } = {},
): { readonly listener: TlsListener; readonly failures: string[] } {
  const failures: string[] = []
  const failed = (error: unknown): void => {
    failures.push((error as { code: string }).code)
  }
  const listener = tls.listen({
    port: 0,
    cert: chainPem,
    key: keyPem,
    onHandshakeFailure: failed,
    ...options,
  })
  spawn(async () => {
    for await (const stream of listener)
      spawn(async () => {
        await session(stream).catch(failed)
        stream.close()
      })
  })
  return { listener, failures }
}

describe.each(CIPHERS)('%s with %s and a key of %s', { timeout: TIMEOUT_MS }, (version, cipher, keyType) => {
  test('is agreed on with openssl s_client, which verifies us and is echoed', async () => {
    const { listener } = serve(await here.authority.issue({ keyType }), echo, onServer(cipher))
    await using client = await startOpensslClient({
      port: listener.port,
      authority: here.authority,
      args: cipherArgs(version, cipher),
    })
    expect(await client.handshake()).toMatchObject({ protocol: version, cipher, verifyError: 0 })
    client.write('there and back\n')
    await client.until(/there and back/)
    listener.close()
  })

  test('is agreed on with openssl s_server, which answers', async () => {
    const certificate = await here.authority.issue({ keyType })
    const args = ['-rev', ...cipherArgs(version, cipher)]
    await using server = await startOpensslServer({ certificate, args })
    const client = await tls.connect('localhost', server.port, here.client)
    expect(client.facts).toMatchObject({ protocol: version, cipher })
    await client.send('there and back\n')
    expect(await new BufferedReader(client).readLine()).toBe('kcab dna ereht')
    client.close()
  })
})

describe('openssl, which asks for more', { timeout: TIMEOUT_MS }, () => {
  test.each(['k', 'K'])('is followed through a KeyUpdate of its client (%s)', async (command) => {
    const { listener, failures } = serve(await here.authority.issue(), echo)
    await using client = await startOpensslClient({ port: listener.port, authority: here.authority })
    await client.handshake()
    client.write(`${command}\n`)
    await client.until(/^KEYUPDATE$/)
    client.write('with new keys\n')
    await client.until(/^with new keys$/)
    expect(failures).toEqual([])
    listener.close()
  })

  test.each(['k', 'K'])('is followed through a KeyUpdate of its server (%s)', async (command) => {
    await using server = await startOpensslServer({ certificate: await here.authority.issue() })
    const client = await tls.connect('localhost', server.port, here.client)
    const lines = new BufferedReader(client)
    server.write(`${command}\n`)
    await server.until(/SSL_do_handshake/)
    server.write('with new keys\n')
    expect(await lines.readLine()).toBe('with new keys')
    await client.send('from the client\n')
    await server.until(/from the client/)
    client.close()
  })

  test('may not renegotiate as a client', async () => {
    const { listener } = serve(await here.authority.issue(), echo)
    const args = ['-tls1_2']
    await using client = await startOpensslClient({ port: listener.port, authority: here.authority, args })
    await client.handshake()
    client.write('R\n')
    await client.until(/no renegotiation/)
    listener.close()
  })

  test('may not renegotiate as a server', async () => {
    const certificate = await here.authority.issue()
    await using server = await startOpensslServer({ certificate, args: ['-tls1_2'] })
    const client = await tls.connect('localhost', server.port, here.client)
    const receiving = spawn(async () => (await client.recv()).length).join()
    receiving.catch(() => {})
    server.write('r\n')
    await server.until(/no renegotiation|SSL_do_handshake/)
    server.write('Q\n')
    await expect(receiving).rejects.toMatchObject({ code: 'TLS_ALERT', alert: { by: 'peer' } })
    expect(server.output()).not.toMatch(/Renegotiation.*succe/i)
    client.close()
  })
})

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const BIG = Buffer.alloc(8_000_000, 'not all the same, 17')

describe('HTTP', { timeout: TIMEOUT_MS }, () => {
  test.each(['--tlsv1.2 --tls-max 1.2', '--tlsv1.3'])(
    'curl %s sends and gets what is big',
    async (options) => {
      const { listener, failures } = serve(await here.authority.issue(), async (stream) => {
        const head = new BufferedReader(stream)
        const request = String(await head.readUntil('\r\n\r\n'))
        const length = Number(/content-length: (\d+)/i.exec(request)?.[1])
        if (/expect: 100/i.test(request)) await stream.send('HTTP/1.1 100 Continue\r\n\r\n')
        const hash = createHash('sha256')
        for (let count = 0; count < length; ) {
          const bytes = await head.read()
          count += bytes.length
          hash.update(bytes)
        }
        const said = `x-sha256: ${hash.digest('hex')}\r\n`
        await stream.sendv([`HTTP/1.1 200 OK\r\ncontent-length: ${BIG.length}\r\n${said}\r\n`, BIG])
        await stream.end()
      })
      const ca = here.authority.certificatePath
      await using curl = await startServer({
        command: 'sh',
        args: [
          '-c',
          `head -c 5000000 /dev/zero | "$0" -sS ${options} --cacert "$1" -D head --data-binary @- "$2" | sha256sum; cat head`,
          commandPath('curl'),
          ca,
          `https://localhost:${listener.port}/`,
        ],
        ready: { started: true },
      })
      expect(await curl.ended()).toMatchObject({ code: 0 })
      expect(curl.output()).toContain(sha256(BIG))
      expect(curl.output()).toContain(sha256(Buffer.alloc(5_000_000)))
      expect(failures).toEqual([])
      listener.close()
    },
  )

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('nginx with %s serves a big file', async (version) => {
    await using nginx = await startNginx({
      certificate: await here.authority.issue(),
      directives: `ssl_protocols ${version};`,
      files: { big: BIG },
    })
    const conn = await tls.connect('localhost', nginx.port, here.client)
    expect(conn.facts.protocol).toBe(version)
    await conn.send('GET /files/big HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    const reader = new BufferedReader(conn)
    expect(String(await reader.readUntil('\r\n\r\n'))).toMatch(/^HTTP\/1\.1 200 /)
    const hash = createHash('sha256')
    for (let bytes = await reader.read(); bytes.length > 0; bytes = await reader.read()) hash.update(bytes)
    expect(hash.digest('hex')).toBe(sha256(BIG))
    expect(await conn.end()).toBe(true)
  })
})

describe('testssl.sh', { timeout: 240_000 }, () => {
  let listener: TlsListener
  beforeAll(async () => {
    listener = serve(await here.authority.issue(), echo).listener
  })
  afterAll(() => listener.close())

  test('finds nothing that is worse than low', async () => {
    const report = await runTestssl(listener.port, {
      authority: here.authority,
      sections: [
        'protocols',
        'server-preference',
        'ciphers',
        'heartbleed',
        'ccs-injection',
        'ticketbleed',
        'renegotiation',
        'compression',
      ],
      timeoutMs: 230_000,
    })
    expect(report.worseThan('LOW')).toEqual([])
    const severities = new Map(report.findings.map(({ id, severity }) => [id, severity]))
    const good = ['TLS1_2', 'TLS1_3', 'cipher_order', 'heartbleed', 'CCS']
    expect(good.filter((id) => severities.get(id) !== 'OK')).toEqual([])
    expect(severities.has('ticketbleed')).toBe(true)
  })
})
