/** Other programs on the other side: OpenSSL's own, and Node's own TLS. */
import { spawn as start } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, connect as nodeConnect } from 'node:tls'
import { spawn, tcp } from '@shrapnel/core'
import { startServer } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { receive, receiveAll } from '../../core/test/stream/stream-contract.js'
import { type TlsListener, tls } from '../src/index.js'
import { house } from './house.js'

const here = house()
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const
/** More than a socket holds. */
const BIG = Buffer.alloc(3_000_000, 'interoperation ')

describe('our server', () => {
  let listener: TlsListener
  const failures: unknown[] = []

  beforeAll(() => {
    listener = tls.listen({
      port: 0,
      ...here.server,
      onHandshakeFailure: (error) => failures.push(error),
    })
    spawn(async () => {
      for await (const stream of listener)
        spawn(async () => {
          for (let bytes = await stream.recv(); bytes.length > 0; bytes = await stream.recv())
            await stream.send(bytes)
          await stream.end()
        })
    })
  })
  afterAll(() => listener.close())

  test.each(VERSIONS)('echoes to node:tls by %s, and both end in order', async (version) => {
    const { ca } = here.client
    const options = { port: listener.port, host: 'localhost', ca, minVersion: version, maxVersion: version }
    const client = nodeConnect(options)
    await once(client, 'secureConnect')
    expect(client.getProtocol()).toBe(version)
    client.end(BIG)
    const chunks: Buffer[] = []
    for await (const chunk of client) chunks.push(chunk)
    expect(Buffer.concat(chunks).equals(BIG)).toBe(true)
  })

  test('echoes to openssl s_client, which verifies it', async () => {
    const { authority } = here
    const client = start(
      'openssl',
      ['s_client', '-connect', `127.0.0.1:${listener.port}`, '-servername', 'localhost', '-brief'].concat([
        '-CAfile',
        authority.certificatePath,
        '-verify_return_error',
        '-verify_hostname',
        'localhost',
      ]),
    )
    client.stdin.write('from s_client\n')
    let said = ''
    for await (const chunk of client.stdout) {
      said += chunk
      if (said.includes('from s_client')) client.stdin.end()
    }
    const [code] = client.exitCode === null ? await once(client, 'exit') : [client.exitCode]
    expect(said).toBe('from s_client\n')
    expect(code).toBe(0)
  })

  test('goes on after a client that does not trust it, and after one that speaks no TLS', async () => {
    const refused = tls.connect('localhost', listener.port, {
      ca: (await here.authority.stranger()).certificatePem,
    })
    await expect(refused).rejects.toMatchObject({ code: 'TLS_CERTIFICATE_ISSUER', alert: { by: 'us' } })
    const plain = await tcp.connect('127.0.0.1', listener.port)
    await plain.send('GET / HTTP/1.0\r\n\r\n')
    expect(await receiveAll(plain)).toHaveLength(0)
    plain.close()
    const client = await tls.connect('localhost', listener.port, here.client)
    await client.send('still there')
    expect(String(await client.recv())).toBe('still there')
    await client.end()
    expect(failures.map((error) => (error as { code: string }).code).sort()).toEqual([
      'TLS_ALERT',
      'TLS_NOT_TLS',
    ])
  })
})

describe('our client', () => {
  test.each(VERSIONS)('talks to node:tls by %s', async (version) => {
    const { cert, key } = here.server
    const server = createServer({ cert, key, minVersion: version, maxVersion: version }, (conn) => {
      conn.pipe(conn)
    })
    server.listen(0)
    await once(server, 'listening')
    const client = await tls.connect('127.0.0.1', (server.address() as AddressInfo).port, {
      ca: here.client.ca,
    })
    expect(client.facts.protocol).toBe(version)
    const sending = spawn(() => client.send(BIG))
    expect((await receive(client, BIG.length, 65_536)).equals(BIG)).toBe(true)
    await sending.join()
    expect(await client.end()).toBe(true)
    server.close()
  })

  test.each(VERSIONS)('talks to openssl s_server by %s', async (version) => {
    const { authority } = here
    const certificate = await authority.issue()
    await using server = await startServer({
      command: 'openssl',
      args: [
        's_server',
        '-accept',
        '127.0.0.1:0',
        '-cert',
        certificate.certificatePath,
        '-key',
        certificate.keyPath,
      ].concat(['-rev', version === 'TLSv1.2' ? '-tls1_2' : '-tls1_3']),
      ready: { line: /ACCEPT 127\.0\.0\.1:(?<port>\d+)/ },
    })
    const client = await tls.connect('localhost', server.port, here.client)
    expect(client.facts.protocol).toBe(version)
    await client.send('abc\n')
    expect(String(await client.recvExact(4))).toBe('cba\n')
    client.close()
  })

  test.each([
    ['an issuer that it does not know', { ca: 'other' }, 20, 'TLS_CERTIFICATE_ISSUER'],
    ['a name that it did not ask for', { serverName: 'elsewhere.example' }, 62, 'TLS_CERTIFICATE_NAME'],
    ['an address that it did not ask for', { serverName: '127.0.0.2' }, 64, 'TLS_CERTIFICATE_NAME'],
  ])('refuses %s during the handshake', async (_why, options, verifyCode, code) => {
    const listener = tls.listen({ port: 0, ...here.server })
    const ca = 'ca' in options ? (await here.authority.stranger()).certificatePem : here.client.ca
    const refused = tls.connect('localhost', listener.port, { ...here.client, ...options, ca })
    await expect(refused).rejects.toMatchObject({ code, verifyCode })
    const trusting = await tls.connect('localhost', listener.port, { verify: false })
    await trusting.end({ timeoutMs: 1 })
    listener.close()
  })
})
