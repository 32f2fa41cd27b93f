/** Several certificates behind one port, chosen by the name that a client asks for; and others while the server runs. */
import { Event, memoryStreamPair, type Stream, socketPair, spawn, yieldSlice } from '@shrapnel/core'
import type { Certificate } from '@shrapnel/test-support'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Contexts, TlsContext, type TlsStream, tls } from '../src/index.js'
import type { ClientOptions, ServerOptions } from '../src/options.js'
import { house } from './house.js'

const here = house()
const certificates = new Map<string, Certificate>()
const MODES: readonly (readonly [string, () => readonly [Stream, Stream]])[] = [
  ['sockets', () => socketPair()],
  ['streams', () => memoryStreamPair()],
]

beforeAll(async () => {
  for (const name of ['a.test', '*.b.test', 'c.b.test'])
    certificates.set(name, await here.authority.issue({ names: [name] }))
}, 60_000)

function credentials(name: string): { cert: string; key: string } {
  const certificate = certificates.get(name) as Certificate
  return { cert: certificate.chainPem, key: certificate.keyPem }
}

async function meet(
  [left, right]: readonly [Stream, Stream],
  client: ClientOptions,
  server: ServerOptions,
): Promise<readonly [TlsStream, TlsStream]> {
  return Promise.all([
    tls.upgrade(left, { ca: here.authority.certificatePem, ...client }),
    tls.upgrade(right, { ...server, isServer: true }),
  ])
}

/** The names in the certificate that a client gets. */
async function shown(
  pair: readonly [Stream, Stream],
  serverName: string,
  server: ServerOptions,
  more: ClientOptions = {},
): Promise<string | undefined> {
  const [client, accepted] = await meet(pair, { serverName, verify: false, ...more }, server)
  const names = client.peerCertificate?.subjectAltName
  client.close()
  accepted.close()
  return names
}

describe.each(MODES)('over %s', (_mode, pair) => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'a client gets the certificate for the name it asks for, by %s',
    async (maxVersion) => {
      const contexts: Contexts = {
        'A.test': credentials('a.test'),
        '*.b.test': tls.context(credentials('*.b.test')),
        'c.b.test': credentials('c.b.test'),
      }
      const server = { ...here.server, contexts, maxVersion }
      const get = (name: string) => shown(pair(), name, server)
      expect(await get('a.test')).toBe('DNS:a.test')
      expect(await get('A.TEST')).toBe('DNS:a.test')
      expect(await get('c.b.test')).toBe('DNS:c.b.test')
      expect(await get('d.b.test')).toBe('DNS:*.b.test')
      for (const other of ['e.d.b.test', 'b.test', 'unknown.test', '127.0.0.1'])
        expect(await get(other)).toContain('DNS:localhost')
    },
  )

  test('without a certificate for all, who asks for another name is refused, and both are told', async () => {
    const ends = await Promise.allSettled([
      ...[pair()].flatMap(([left, right]) => [
        tls.upgrade(left, { ca: here.authority.certificatePem, serverName: 'z.test' }),
        tls.upgrade(right, { contexts: { 'a.test': credentials('a.test') }, isServer: true }),
      ]),
    ])
    const [client, server] = ends.map((end) => (end.status === 'rejected' ? end.reason : undefined))
    expect(server).toMatchObject({ code: 'TLS_SERVER_NAME' })
    expect(String(server)).toMatch(/"z\.test".*a\.test/)
    expect(client).toMatchObject({ code: 'TLS_ALERT', alert: { name: 'unrecognized_name', by: 'peer' } })
  })

  test('a function is asked, and may wait; undefined is the certificate for all', async () => {
    const asked: unknown[] = []
    const contexts = async (name: string | undefined) => {
      asked.push(name)
      await yieldSlice()
      return name === 'a.test' ? credentials('a.test') : undefined
    }
    expect(await shown(pair(), 'a.test', { contexts })).toBe('DNS:a.test')
    expect(await shown(pair(), '127.0.0.1', { ...here.server, contexts })).toContain('DNS:localhost')
    expect(asked).toEqual(['a.test', undefined])
  })

  test('what the function throws is what the handshake fails with, and the client is told that something is wrong', async () => {
    const [left, right] = pair()
    const broken = new Error('the disk is gone')
    const contexts = () => {
      throw broken
    }
    const [client, server] = await Promise.allSettled([
      tls.upgrade(left, here.client),
      tls.upgrade(right, { contexts, isServer: true }),
    ])
    expect(server).toMatchObject({ reason: broken })
    expect(client).toMatchObject({ reason: { code: 'TLS_ALERT', alert: { name: 'internal_error' } } })
  })

  test('a handshake that is cancelled while the function waits closes the connection', async () => {
    const [left, right] = pair()
    const gone = expect(tls.upgrade(left, here.client)).rejects.toThrow()
    const asked = new Event()
    const never = new Event()
    const contexts = async () => {
      asked.set()
      await never.wait()
      return undefined
    }
    const server = spawn(() => tls.upgrade(right, { contexts, isServer: true }))
    await asked.wait()
    server.interrupt()
    await expect(server.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await gone
    expect(right.isClosed).toBe(true)
  })

  test('what a context says of versions, protocols and clients goes before what is said for all', async () => {
    const server: ServerOptions = {
      ...here.server,
      alpn: ['h2'],
      contexts: {
        'a.test': {
          ...credentials('a.test'),
          alpn: ['http/1.1'],
          groups: 'P-384',
          clientCertificates: 'request',
          clientCa: here.authority.certificatePem,
        },
      },
    }
    const own = await here.authority.issue({ purpose: 'client' })
    const identity = { cert: own.chainPem, key: own.keyPem, alpn: ['h2', 'http/1.1'] }
    const [client, accepted] = await meet(pair(), { serverName: 'a.test', ...identity }, server)
    expect([client.alpn, accepted.alpn, client.group]).toEqual(['http/1.1', 'http/1.1', 'secp384r1'])
    expect([client.serverName, accepted.serverName]).toEqual(['a.test', 'a.test'])
    expect(accepted.peerCertificate?.fingerprint256).toBe(own.fingerprint)
    const [other, known] = await meet(pair(), { serverName: 'localhost', ...identity }, server)
    expect([other.alpn, known.peerCertificate]).toEqual(['h2', undefined])
    for (const each of [client, accepted, other, known]) each.close()
  })
})

test('contexts are checked before there is a connection', () => {
  const listen = (contexts: unknown) => () => tls.listen({ port: 0, contexts: contexts as Contexts }).close()
  for (const name of ['*', '*x.test', 'a.*.test', ''])
    expect(listen({ [name]: credentials('a.test') })).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    )
  for (const contexts of [5, null, { 'a.test': 5 }, { 'a.test': {} }])
    expect(listen(contexts)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
  expect(listen({ 'a.test': { cert: 'x', key: 'y' } })).toThrow(
    expect.objectContaining({ code: 'TLS_OPTION' }),
  )
  expect(() => tls.context({})).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
  expect(tls.context(here.server)).toBeInstanceOf(TlsContext)
})

test('a certificate is renewed while the server runs; connections that are there keep theirs', async () => {
  await using listener = tls.listen({ port: 0, ...here.server, alpn: ['echo'] })
  const connect = () =>
    tls.connect('localhost', listener.port, { ca: here.authority.certificatePem, alpn: ['echo'] })
  const before = await connect()
  const kept = await listener.accept()
  const renewed = await here.authority.issue()
  listener.setContext({ cert: renewed.chainPem, key: renewed.keyPem })
  const after = await connect()
  const fresh = await listener.accept()
  expect(after.peerCertificate?.fingerprint256).toBe(renewed.fingerprint)
  expect(before.peerCertificate?.fingerprint256).not.toBe(renewed.fingerprint)
  expect(after.alpn).toBe('echo')
  await kept.send('kept')
  expect(String(await before.recv())).toBe('kept')
  const wrong = { cert: renewed.chainPem, key: here.server.key }
  expect(() => listener.setContext(wrong)).toThrow(expect.objectContaining({ code: 'TLS_OPTION' }))
  const still = await connect()
  expect(still.peerCertificate?.fingerprint256).toBe(renewed.fingerprint)
  for (const each of [before, kept, after, fresh, still, await listener.accept()]) each.close()
})
