/** Bindings to the connection, as others compute them. */
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, connect as nodeConnect, type TLSSocket } from 'node:tls'
import { spawn } from '@shrapnel/core'
import { type KeyType, startOpensslClient, startOpensslServer } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { type TlsStream, tls } from '../src/index.js'
import { house, secured, TRANSPORTS } from './house.js'

const here = house()
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const
const LABEL = 'EXPORTER-Channel-Binding'
const EMPTY = Buffer.alloc(0)

describe.each(TRANSPORTS)('over %s', (_name, connect) => {
  test.each(VERSIONS)(
    'both ends have the same bindings, which no other connection has, by %s',
    async (version) => {
      const seen = new Set<string>()
      const options = { client: { maxVersion: version, sessions: 'none' } } as const
      for (let i = 0; i < 3; i++) {
        const [client, server] = await secured(await connect(here), here, options)
        for (const material of [
          (end: TlsStream) => end.channelBinding('tls-exporter'),
          (end: TlsStream) => end.exportKeyingMaterial('EXPORTER-test', 32),
          (end: TlsStream) => end.exportKeyingMaterial('EXPORTER-test', 77, Buffer.from('context')),
        ]) {
          expect(material(client)).toEqual(material(server))
          seen.add(material(client).toString('hex'))
        }
        expect(client.tlsServerEndPoint()).toEqual(server.tlsServerEndPoint())
        expect(client.channelBinding('tls-server-end-point')).toEqual(client.tlsServerEndPoint())
        client.close()
        server.close()
      }
      expect(seen.size).toBe(9)
    },
  )
})

test.each(VERSIONS)('node:tls has the same, with a context and without, by %s', async (maxVersion) => {
  const { cert, key } = here.server
  const server = createServer({ cert, key, maxVersion })
  const accepted = once(server, 'secureConnection')
  server.listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = await tls.connect('localhost', port, { ca: here.client.ca, sessions: 'none' })
  const [peer] = (await accepted) as [TLSSocket]
  for (const context of [EMPTY, Buffer.from('a context')])
    for (const length of [1, 32, 4097])
      expect(client.exportKeyingMaterial('EXPORTER-x', length, context)).toEqual(
        peer.exportKeyingMaterial(length, 'EXPORTER-x', context),
      )
  // Node's types want a context, which its own code does not.
  const bare = peer.exportKeyingMaterial.bind(peer) as (length: number, label: string) => Buffer
  expect(client.exportKeyingMaterial('EXPORTER-x', 32)).toEqual(bare(32, 'EXPORTER-x'))
  expect(client.channelBinding('tls-exporter')).toEqual(peer.exportKeyingMaterial(32, LABEL, EMPTY))
  // In TLS 1.2 nothing is not the same as an empty context (RFC 5705, 4).
  const isSame = client
    .exportKeyingMaterial('EXPORTER-x', 9, EMPTY)
    .equals(client.exportKeyingMaterial('EXPORTER-x', 9))
  expect(isSame).toBe(maxVersion === 'TLSv1.3')
  client.close()
  server.close()
})

test('openssl s_client and s_server have the same', async () => {
  const { authority } = here
  const args = ['-keymatexport', 'EXPORTER-openssl', '-keymatexportlen', '40']
  const pattern = /^ *Keying material: ([0-9A-F]{80})$/
  const certificate = await authority.issue()
  await using server = await startOpensslServer({ certificate, args })
  const ours = await tls.connect('localhost', server.port, { ca: here.client.ca })
  const [, theirs] = await server.until(pattern)
  expect(ours.exportKeyingMaterial('EXPORTER-openssl', 40).toString('hex').toUpperCase()).toBe(theirs)
  ours.close()

  using listener = tls.listen({ port: 0, ...here.server })
  const accepting = spawn(async () => listener.accept())
  await using client = await startOpensslClient({ port: listener.port, authority, args })
  const accepted = await accepting.join()
  const [, said] = await client.until(pattern)
  expect(accepted.exportKeyingMaterial('EXPORTER-openssl', 40).toString('hex').toUpperCase()).toBe(said)
  accepted.close()
})

describe('tls-server-end-point', () => {
  const kinds: readonly (readonly [keyType: KeyType, hash: 'sha256' | 'sha384'])[] = [
    ['ec-p256', 'sha256'],
    ['ec-p384', 'sha384'],
    ['rsa-2048', 'sha384'],
  ]
  test.each(kinds)('of a certificate of %s signed with %s is a hash by that', async (keyType, hash) => {
    const { chainPem: cert, keyPem: key, certificatePem } = await here.authority.issue({ keyType, hash })
    for (const maxVersion of VERSIONS) {
      const [, connect] = TRANSPORTS[0] as (typeof TRANSPORTS)[number]
      const [client, server] = await secured(await connect(here), here, {
        client: { maxVersion, verify: false },
        server: { cert, key },
      })
      const expected = createHash(hash).update(new X509Certificate(certificatePem).raw).digest()
      expect(client.tlsServerEndPoint()).toEqual(expected)
      expect(server.tlsServerEndPoint()).toEqual(expected)
      client.close()
      server.close()
    }
  })

  // RFC 5929, 4.1: what is too weak is replaced.
  test('of a certificate signed with SHA-1 is a hash by SHA-256', async () => {
    const certificate = await here.authority.issue({ keyType: 'rsa-2048', hash: 'sha1' })
    await using server = await startOpensslServer({ certificate, args: ['-cipher', 'DEFAULT@SECLEVEL=0'] })
    const client = await tls.connect('localhost', server.port, { verify: false })
    const { raw } = new X509Certificate(certificate.certificatePem)
    expect(client.tlsServerEndPoint()).toEqual(createHash('sha256').update(raw).digest())
    client.close()
  })

  test('is there on a connection that goes on with a session', async () => {
    const resumed: boolean[] = []
    for (let i = 0; i < 2; i++) {
      const [, connect] = TRANSPORTS[2] as (typeof TRANSPORTS)[number]
      const [client, server] = await secured(await connect(here), here)
      await server.send('!')
      await client.recv()
      resumed.push(client.facts.isResumed)
      const { raw } = new X509Certificate(here.server.cert)
      const expected = createHash('sha256').update(raw).digest()
      expect([client.tlsServerEndPoint(), server.tlsServerEndPoint()]).toEqual([expected, expected])
      client.close()
      server.close()
    }
    expect(resumed).toEqual([false, true])
  })

  test('is not there for a signature without a hash of its own', async () => {
    const stranger = await here.authority.stranger({ keyType: 'ed25519' })
    const { chainPem: cert, keyPem: key } = await stranger.issue()
    const [, connect] = TRANSPORTS[0] as (typeof TRANSPORTS)[number]
    const [client, server] = await secured(await connect(here), here, {
      client: { ca: stranger.certificatePem },
      server: { cert, key },
    })
    for (const end of [client, server]) {
      expect(end.tlsServerEndPoint()).toBeUndefined()
      expect(() => end.channelBinding('tls-server-end-point')).toThrow(
        expect.objectContaining({ code: 'TLS_CHANNEL_BINDING' }),
      )
      expect(end.channelBinding('tls-exporter')).toHaveLength(32)
      end.close()
    }
  })
})

test('tls-exporter is not there in TLS 1.2 without the extended master secret', async () => {
  const { cert, key } = here.server
  // SSL_OP_NO_EXTENDED_MASTER_SECRET, which Node has no name for.
  const server = createServer({ cert, key, maxVersion: 'TLSv1.2', secureOptions: 1 }).listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = await tls.connect('localhost', port, { ca: here.client.ca })
  expect(() => client.channelBinding('tls-exporter')).toThrow(
    expect.objectContaining({ code: 'TLS_CHANNEL_BINDING' }),
  )
  expect(client.channelBinding('tls-server-end-point')).toHaveLength(32)
  client.close()
  server.close()
})

describe('refused:', () => {
  const wrong: readonly (readonly [why: string, call: (end: TlsStream) => unknown, code: string])[] = [
    ['an empty label', (end) => end.exportKeyingMaterial('', 1), 'ERR_OUT_OF_RANGE'],
    ['a long label', (end) => end.exportKeyingMaterial('x'.repeat(250), 1), 'ERR_OUT_OF_RANGE'],
    ['a number as a label', (end) => end.exportKeyingMaterial(1 as never, 1), 'ERR_INVALID_ARG_TYPE'],
    ['nothing at all', (end) => end.exportKeyingMaterial('x', 0), 'ERR_OUT_OF_RANGE'],
    ['too much', (end) => end.exportKeyingMaterial('x', 8161), 'ERR_OUT_OF_RANGE'],
    ['text as a context', (end) => end.exportKeyingMaterial('x', 1, 'c' as never), 'ERR_INVALID_ARG_TYPE'],
    ['tls-unique', (end) => end.channelBinding('tls-unique' as never), 'ERR_OUT_OF_RANGE'],
    ['a label of TLS itself', (end) => end.exportKeyingMaterial('key expansion', 1), 'TLS_OPTION'],
  ]
  test.each(wrong)('%s', async (_why, call, code) => {
    const [, connect] = TRANSPORTS[2] as (typeof TRANSPORTS)[number]
    const [client, server] = await secured(await connect(here), here, { client: { maxVersion: 'TLSv1.2' } })
    expect(() => call(client)).toThrow(expect.objectContaining({ code }))
    expect(client.exportKeyingMaterial('x'.repeat(249), 8160)).toHaveLength(8160)
    client.close()
    for (const late of [
      () => client.exportKeyingMaterial('x', 1),
      () => client.tlsServerEndPoint(),
      () => client.channelBinding('tls-exporter'),
    ])
      expect(late).toThrow(expect.objectContaining({ code: 'CLOSED' }))
    server.close()
  })
})

test('of a connection of node:tls to our server', async () => {
  using listener = tls.listen({ port: 0, ...here.server })
  const accepting = spawn(async () => listener.accept())
  const client = nodeConnect({ port: listener.port, host: 'localhost', ca: here.client.ca })
  await once(client, 'secureConnect')
  const accepted = await accepting.join()
  expect(accepted.channelBinding('tls-exporter')).toEqual(client.exportKeyingMaterial(32, LABEL, EMPTY))
  const { raw } = client.getPeerCertificate()
  expect(accepted.tlsServerEndPoint()).toEqual(createHash('sha256').update(raw).digest())
  client.destroy()
  accepted.close()
})
