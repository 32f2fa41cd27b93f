/** Right and wrong certificates: what the client says of each, and what the server learns. Then the same for clients. */
import { X509Certificate } from 'node:crypto'
import { Event, memoryStreamPair, type Stream, socketPair, spawn } from '@shrapnel/core'
import { certificateCases } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { CertificateError, TlsError, type TlsErrorCode, type TlsStream, tls } from '../src/index.js'
import type { ClientOptions, ServerOptions } from '../src/options.js'
import { house } from './house.js'

const here = house()
/** Admits the certificates that a server should not have. */
const LAX = 'DEFAULT:@SECLEVEL=0'

const MODES: readonly (readonly [string, () => readonly [Stream, Stream]])[] = [
  ['sockets', () => socketPair()],
  ['streams', () => memoryStreamPair()],
]

/** What each row of the table gets: our code, the alert that the server sees, and what the sentence names. */
const REFUSED: Readonly<Record<string, readonly [code: TlsErrorCode, alert: string, words: RegExp]>> = {
  'name only in the CN': ['TLS_CERTIFICATE_NAME', 'bad_certificate', /not for localhost: it has no names/],
  expired: [
    'TLS_CERTIFICATE_EXPIRED',
    'certificate_expired',
    /CN=localhost expired on \d{4}-\d\d-\d\dT[\d:]+Z$/,
  ],
  'not yet valid': [
    'TLS_CERTIFICATE_NOT_YET_VALID',
    'bad_certificate',
    /not valid before \d{4}-\d\d-.*; it is \d{4}/,
  ],
  'expired intermediate': [
    'TLS_CERTIFICATE_EXPIRED',
    'certificate_expired',
    /CN=Test authority .* of the peer's chain expired/,
  ],
  'wrong name': ['TLS_CERTIFICATE_NAME', 'bad_certificate', /not for localhost: it is for DNS:other\.test/],
  'name in the CN beside other names': [
    'TLS_CERTIFICATE_NAME',
    'bad_certificate',
    /not for localhost: it is for DNS:other/,
  ],
  'for an address, asked by name': [
    'TLS_CERTIFICATE_NAME',
    'bad_certificate',
    /it is for IP Address:127\.0\.0\.1/,
  ],
  'for a name, asked by address': [
    'TLS_CERTIFICATE_NAME',
    'bad_certificate',
    /not for 127\.0\.0\.1: it is for DNS:localhost/,
  ],
  'wildcard, two labels': [
    'TLS_CERTIFICATE_NAME',
    'bad_certificate',
    /not for a\.b\.example\.test: .*\*\.example\.test/,
  ],
  'wildcard, no label': ['TLS_CERTIFICATE_NAME', 'bad_certificate', /not for example\.test/],
  'self-signed': ['TLS_CERTIFICATE_SELF_SIGNED', 'unknown_ca', /signed by itself/],
  'unknown issuer': ['TLS_CERTIFICATE_ISSUER', 'unknown_ca', /was issued by CN=Test authority/],
  'missing intermediate': [
    'TLS_CERTIFICATE_ISSUER',
    'unknown_ca',
    /was issued by CN=Test authority .*forgot an intermediate/,
  ],
  'issued by what is no authority': ['TLS_CERTIFICATE_CHAIN', 'unknown_ca', /has no right to/],
  'more intermediates than allowed': [
    'TLS_CERTIFICATE_CHAIN',
    'unknown_ca',
    /more intermediate certificates than/,
  ],
  'wrong purpose': ['TLS_CERTIFICATE_PURPOSE', 'unsupported_certificate', /not for servers .*serverAuth/],
  revoked: ['TLS_CERTIFICATE_REVOKED', 'certificate_revoked', /was revoked by CN=Test authority/],
  'weak key, RSA of 1024 bits': [
    'TLS_CERTIFICATE_WEAK',
    'bad_certificate',
    /RSA of 1024 bits; 2048 are needed/,
  ],
  'weak signature, SHA-1': ['TLS_CERTIFICATE_WEAK', 'bad_certificate', /SHA-1/],
}

/** What both sides of a handshake get. */
async function meet(
  [left, right]: readonly [Stream, Stream],
  client: ClientOptions,
  server: ServerOptions,
): Promise<readonly [unknown, unknown]> {
  const ends = await Promise.allSettled([
    tls.upgrade(left, client),
    tls.upgrade(right, { ...server, isServer: true }),
  ])
  for (const end of ends) if (end.status === 'fulfilled') end.value.close()
  return [outcome(ends[0]), outcome(ends[1])]
}

function outcome(end: PromiseSettledResult<unknown>): unknown {
  return end.status === 'fulfilled' ? end.value : end.reason
}

describe.each(MODES)('over %s', (_mode, pair) => {
  test.each(certificateCases)('a certificate that is: $name', async (row) => {
    const { certificate, presentedPem, crlPem } = await row.make(here.authority)
    const [client, server] = await meet(
      pair(),
      {
        ca: here.authority.certificatePem,
        serverName: row.host,
        ...(row.needs === 'crl' ? { crl: crlPem } : {}),
      },
      { cert: presentedPem, key: certificate.keyPem, ciphers: LAX },
    )
    const refused = REFUSED[row.name]
    expect(client instanceof CertificateError).toBe(refused !== undefined)
    expect(server instanceof TlsError).toBe(refused !== undefined)
    if (refused === undefined) return
    const [code, alert, words] = refused
    const byUs = { name: alert, by: 'us' }
    const facts = row.verifyError === 0 ? {} : { verifyCode: row.verifyError, reason: row.reason }
    expect(client).toMatchObject({ code, alert: byUs, ...facts })
    expect(String(client)).toMatch(words)
    expect((client as CertificateError).certificate).toBeInstanceOf(X509Certificate)
    expect(server).toMatchObject({ code: 'TLS_ALERT', alert: { name: alert, by: 'peer' } })
    expect(String(server)).toContain(alert)
  })
})

describe('revocation', () => {
  test('a certificate that no list covers is refused, and so is a list that is too old', async () => {
    const certificate = await here.authority.issue()
    const server = { cert: certificate.chainPem, key: certificate.keyPem }
    const stranger = await here.authority.stranger()
    const foreign = await meet(socketPair(), { ...here.client, crl: await stranger.crl() }, server)
    expect(foreign[0]).toMatchObject({ code: 'TLS_CERTIFICATE_CRL', verifyCode: 3 })
    const old = await meet(
      socketPair(),
      { ...here.client, crl: await here.authority.crl({ expired: true }) },
      server,
    )
    expect(old[0]).toMatchObject({ code: 'TLS_CERTIFICATE_CRL', verifyCode: 12 })
    const good = await meet(socketPair(), { ...here.client, crl: [await here.authority.crl()] }, server)
    expect(good[0]).not.toBeInstanceOf(Error)
  })

  test('maxIntermediates limits the chain', async () => {
    const certificate = await (await here.authority.intermediate()).issue()
    const server = { cert: certificate.chainPem, key: certificate.keyPem }
    const [none] = await meet(socketPair(), { ...here.client, maxIntermediates: 0 }, server)
    expect(none).toMatchObject({ code: 'TLS_CERTIFICATE_CHAIN', verifyCode: 22 })
    const [one] = await meet(socketPair(), { ...here.client, maxIntermediates: 1 }, server)
    expect(one).not.toBeInstanceOf(Error)
  })
})

describe('names', () => {
  test.each([
    ['another alphabet', 'BÜCHER.test', 'bücher.test'],
    ['the dot of the root', 'books.test.', 'books.test'],
    ['capitals', 'Books.TEST', 'books.test'],
  ])('may have %s', async (_what, serverName, name) => {
    const certificate = await here.authority.issue({ names: [name] })
    const pair = socketPair()
    const [client, server] = await Promise.all([
      tls.upgrade(pair[0], { ca: here.authority.certificatePem, serverName }),
      tls.upgrade(pair[1], { cert: certificate.chainPem, key: certificate.keyPem, isServer: true }),
    ])
    expect(server.serverName).toBe(client.serverName)
    expect(server.serverName?.toLowerCase()).toBe(
      serverName.startsWith('B\u00dc') ? 'xn--bcher-kva.test' : name,
    )
    client.close()
    server.close()
  })
})

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('certificates of clients, by %s', (maxVersion) => {
  const server = (more: Partial<ServerOptions>): ServerOptions => ({
    ...here.server,
    maxVersion,
    clientCertificates: 'require',
    clientCa: here.authority.certificatePem,
    ...more,
  })
  /** In TLS 1.3 the client's handshake is done before the server has judged. */
  const learns = async (
    [left, right]: readonly [Stream, Stream],
    client: ClientOptions,
    side: ServerOptions,
  ) => {
    const ends = await Promise.allSettled([
      tls.upgrade(left, { ...here.client, ...client }).then(async (stream) => {
        await stream.recv()
        return stream
      }),
      tls.upgrade(right, { ...side, isServer: true }),
    ])
    return [outcome(ends[0]), outcome(ends[1])]
  }

  test.each([
    [
      'none',
      {},
      'TLS_CERTIFICATE_MISSING',
      maxVersion === 'TLSv1.3' ? 'certificate_required' : 'handshake_failure',
    ],
    ['one for servers', { purpose: 'server' }, 'TLS_CERTIFICATE_PURPOSE', 'unsupported_certificate'],
    [
      'one that has expired',
      { purpose: 'client', notBefore: new Date(0), notAfter: new Date(1e12) },
      'TLS_CERTIFICATE_EXPIRED',
      'certificate_expired',
    ],
  ] as const)('who shows %s is refused, and told so', async (_what, wish, code, alert) => {
    const shown = 'purpose' in wish ? await here.authority.issue(wish) : undefined
    const options = shown === undefined ? {} : { cert: shown.chainPem, key: shown.keyPem }
    const [client, refused] = await learns(socketPair(), options, server({}))
    expect(refused).toBeInstanceOf(CertificateError)
    expect(refused).toMatchObject({ code, alert: { name: alert, by: 'us' } })
    expect(client).toMatchObject({ code: 'TLS_ALERT', alert: { name: alert, by: 'peer' } })
  })

  test('one that is in order is accepted, both know whom they talk to, and a resumed session too', async () => {
    const shown = await here.authority.issue({ purpose: 'client', names: [], commonName: 'Ada' })
    const identity = { cert: shown.chainPem, key: shown.keyPem, maxVersion }
    const talk = async (more: ClientOptions) => {
      const [left, right] = socketPair()
      const [client, accepted] = await Promise.all([
        tls.upgrade(left, { ...here.client, ...identity, ...more }),
        tls.upgrade(right, { ...server({}), isServer: true }),
      ])
      await accepted.send('!')
      await client.recv()
      return [client, accepted] as const
    }
    const [client, accepted] = await talk({})
    expect(accepted.peerCertificate?.subject).toBe('CN=Ada')
    expect(accepted.peerChain.map((each) => each.fingerprint256)).toEqual([shown.fingerprint])
    expect(client.peerCertificate?.subjectAltName).toContain('DNS:localhost')
    const session = client.takeSession()
    for (const each of [client, accepted]) each.close()
    const [again, known] = await talk({ session })
    expect([again.isResumed, known.isResumed]).toEqual([true, true])
    expect(known.peerCertificate?.subject).toBe('CN=Ada')
    for (const each of [again, known]) each.close()
    expect(known.peerCertificate?.subject).toBe('CN=Ada')
    expect(again.peerCertificate).toBeUndefined()
  })

  test('a session is not resumed where clients have to show something else', async () => {
    const shown = await here.authority.issue({ purpose: 'client' })
    const stranger = await here.authority.stranger()
    const contexts = {
      'strict.test': { clientCa: stranger.certificatePem },
    }
    const options = { ...here.client, cert: shown.chainPem, key: shown.keyPem, maxVersion, verify: false }
    const [left, right] = socketPair()
    const [client, accepted] = await Promise.all([
      tls.upgrade(left, options),
      tls.upgrade(right, { ...server({ contexts }), isServer: true }),
    ])
    await accepted.send('!')
    await client.recv()
    const session = client.takeSession()
    const [, refused] = await learns(
      socketPair(),
      { ...options, session, serverName: 'strict.test' },
      server({ contexts }),
    )
    expect(refused).toMatchObject({ code: 'TLS_CERTIFICATE_ISSUER' })
    for (const each of [client, accepted]) each.close()
  })

  test('request asks, and takes none for an answer; none does not ask', async () => {
    const shown = await here.authority.issue({ purpose: 'client' })
    const identity = { cert: shown.chainPem, key: shown.keyPem }
    const seen = async (client: ClientOptions, clientCertificates: 'request' | 'none') => {
      const [left, right] = socketPair()
      const [a, b] = await Promise.all([
        tls.upgrade(left, { ...here.client, ...client }),
        tls.upgrade(right, { ...server({ clientCertificates }), isServer: true }),
      ])
      const found = b.peerCertificate !== undefined
      a.close()
      b.close()
      return found
    }
    expect([
      await seen({}, 'request'),
      await seen(identity, 'request'),
      await seen(identity, 'none'),
    ]).toEqual([false, true, false])
  })
})

test('verify: chain takes a certificate for any name, but not of any authority, and no session that was made with it otherwise', async () => {
  const elsewhere = await here.authority.issue({ names: ['elsewhere.test'] })
  const stranger = await here.authority.stranger()
  const server: ServerOptions = { cert: elsewhere.chainPem, key: elsewhere.keyPem }
  const talk = async (client: ClientOptions) => {
    const [left, right] = socketPair()
    const ends = await Promise.allSettled([
      tls.upgrade(left, { ...here.client, ...client }),
      tls.upgrade(right, { ...server, isServer: true }),
    ])
    return ends
  }
  const [client, accepted] = await talk({ verify: 'chain' })
  expect([client.status, accepted.status]).toEqual(['fulfilled', 'fulfilled'])
  const stream = (client as PromiseFulfilledResult<TlsStream>).value
  expect(stream.serverName).toBe('localhost')
  await (accepted as PromiseFulfilledResult<TlsStream>).value.send('!')
  await stream.recv()
  const session = stream.takeSession()
  expect(session).toBeDefined()
  const [refused] = await talk({ ca: stranger.certificatePem, verify: 'chain' })
  expect(refused).toMatchObject({ reason: { code: 'TLS_CERTIFICATE_ISSUER' } })
  const [strict] = await talk(session === undefined ? {} : { session })
  expect(strict).toMatchObject({ reason: { code: 'TLS_CERTIFICATE_NAME' } })
})

test('checkPeer sees the peer before anybody gets the stream, may wait, and what it throws ends it', async () => {
  const refusal = new Error('not the fingerprint that is pinned')
  const [left, right] = socketPair()
  const [client] = await Promise.allSettled([
    tls.upgrade(left, {
      ...here.client,
      checkPeer: async (stream) => {
        await Promise.resolve()
        if (stream.peerCertificate?.fingerprint256 !== 'pinned') throw refusal
      },
    }),
    tls.upgrade(right, { ...here.server, isServer: true }),
  ])
  expect(outcome(client)).toBe(refusal)
  expect(left.isClosed).toBe(true)
})

test('peerChain is what the peer sent, its own first, and is read once', async () => {
  const certificate = await (await here.authority.intermediate()).issue()
  const [left, right] = memoryStreamPair()
  const [client, server] = await Promise.all([
    tls.upgrade(left, here.client),
    tls.upgrade(right, { cert: certificate.chainPem, key: certificate.keyPem, isServer: true }),
  ])
  const [own, above, ...more] = client.peerChain
  expect([own?.fingerprint256, above?.ca, more]).toEqual([certificate.fingerprint, true, []])
  expect(client.peerChain).toBe(client.peerChain)
  expect([server.peerChain, server.peerCertificate]).toEqual([[], undefined])
  client.close()
  server.close()
  expect(client.peerCertificate).toBe(own)
})

const NEVER: readonly (readonly [of: string, waits: () => unknown])[] = [
  ['ours', async () => new Event().wait()],
  ['of others', () => new Promise(() => {})],
  // biome-ignore lint/suspicious/noThenProperty: what has one is what is tried here.
  ['of no class', () => ({ then: () => {} })],
]
const HOOKS = ['checkPeer', 'contexts'].flatMap((option) =>
  NEVER.map(([of, waits]) => [option, of, waits] as const),
)

test.each(HOOKS)(
  '%s may wait no longer than a handshake may take, by promises %s',
  async (option, _of, waits) => {
    const [left, right] = socketPair()
    const [, server] = await Promise.allSettled([
      tls.upgrade(left, here.client).then(async (stream) => stream.recv()),
      tls.upgrade(right, { ...here.server, [option]: waits, handshakeTimeoutMs: 50, isServer: true }),
    ])
    expect(server).toMatchObject({ reason: { code: 'TIMEOUT' } })
    expect(right.isClosed).toBe(true)
  },
)

test.each(HOOKS)(
  'a handshake in which %s waits can be cancelled, by promises %s',
  async (option, _of, waits) => {
    const [left, right] = socketPair()
    const client = spawn(() => tls.upgrade(left, here.client).then(async (stream) => stream.recv()))
    client.join().catch(() => {})
    const asked = new Event()
    const hook = () => {
      asked.set()
      return waits()
    }
    const server = spawn(() => tls.upgrade(right, { ...here.server, [option]: hook, isServer: true }))
    await asked.wait()
    server.interrupt()
    await expect(server.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(right.isClosed).toBe(true)
    await client.join().catch(() => {})
    left.close()
    expect([left.isClosed, right.isClosed]).toEqual([true, true])
  },
)
