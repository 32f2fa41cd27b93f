/** What the two sides may speak, and what is said when they have nothing in common. */
import { isDisconnect, memoryStreamPair, type Stream, socketPair } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import { type TlsErrorCode, type TlsStream, tls } from '../src/index.js'
import type { ClientOptions, ServerOptions } from '../src/options.js'
import { house } from './house.js'

const here = house()
const MODES: readonly (readonly [string, () => readonly [Stream, Stream]])[] = [
  ['sockets', () => socketPair()],
  ['streams', () => memoryStreamPair()],
]
const V12 = { maxVersion: 'TLSv1.2' } as const
const V13 = { minVersion: 'TLSv1.3' } as const

function both(
  [left, right]: readonly [Stream, Stream],
  client: ClientOptions,
  server: Partial<ServerOptions>,
): readonly [Promise<TlsStream>, Promise<TlsStream>] {
  return [
    tls.upgrade(left, { ...here.client, sessions: 'none', ...client }),
    tls.upgrade(right, { ...here.server, ...server, isServer: true }),
  ]
}

/** The client is gone as soon as it has seen enough. */
async function sent(stream: Stream, bytes: Buffer): Promise<void> {
  try {
    await stream.send(bytes)
  } catch (error) {
    if (!isDisconnect(error)) throw error
  }
}

describe.each(MODES)('over %s', (_mode, pair) => {
  const agreed: readonly (readonly [string, ClientOptions, Partial<ServerOptions>, Partial<TlsStream>])[] = [
    ['the newest version', {}, {}, { protocol: 'TLSv1.3', alpn: undefined, serverName: 'localhost' }],
    ['the version of the older', {}, V12, { protocol: 'TLSv1.2' }],
    [
      'the server’s first application protocol',
      { alpn: ['a', 'h2', 'http/1.1'] },
      { alpn: ['http/1.1', 'h2'] },
      { alpn: 'http/1.1' },
    ],
    ['no application protocol, if the server knows of none', { alpn: ['h2'] }, {}, { alpn: undefined }],
    ['no application protocol, if the client offers none', {}, { alpn: ['h2'] }, { alpn: undefined }],
    ['a group', { groups: ['P-384'] }, {}, { group: 'secp384r1' }],
    [
      'a cipher of TLS 1.2',
      { ...V12, ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' },
      {},
      { cipher: 'ECDHE-ECDSA-AES256-GCM-SHA384' },
    ],
    [
      'the server’s first cipher',
      { ...V12, ciphers: ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384'] },
      { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256' },
      { cipher: 'ECDHE-ECDSA-AES256-GCM-SHA384' },
    ],
    [
      'a suite of TLS 1.3',
      { ciphersuites: 'TLS_AES_128_GCM_SHA256' },
      {},
      { cipher: 'TLS_AES_128_GCM_SHA256' },
    ],
  ]
  test.each(agreed)('agree on %s', async (_what, client, server, facts) => {
    const ends = await Promise.all(both(pair(), client, server))
    for (const end of ends) {
      expect(end).toMatchObject(facts)
      expect(end.facts).toMatchObject(facts)
      expect(end.handshakeMs).toBeGreaterThan(0)
      expect(end.isResumed).toBe(false)
      end.close()
    }
  })

  type Refusal = readonly [
    what: string,
    client: ClientOptions,
    server: Partial<ServerOptions>,
    code: TlsErrorCode,
    alert: string,
    words: RegExp,
  ]
  const refusals: readonly Refusal[] = [
    [
      'version, the server being newer',
      V12,
      V13,
      'TLS_VERSION',
      'protocol_version',
      /we speak TLSv1\.3 only, the client speaks TLSv1\.2$/,
    ],
    [
      'version, the client being newer',
      V13,
      V12,
      'TLS_VERSION',
      'protocol_version',
      /we speak TLSv1\.2 only, the client speaks TLSv1\.3$/,
    ],
    [
      'cipher',
      { ...V12, ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' },
      { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
      'TLS_CIPHER',
      'handshake_failure',
      /the client offers ECDHE-ECDSA-AES256-GCM-SHA384.*we speak .*ECDHE-ECDSA-AES128-GCM-SHA256/,
    ],
    ['group', { ...V13, groups: 'P-384' }, { groups: 'P-521' }, 'TLS_CIPHER', 'handshake_failure', /group/],
    [
      'signature algorithm',
      { ...V13, signatureAlgorithms: 'RSA-PSS+SHA256' },
      {},
      'TLS_CIPHER',
      'handshake_failure',
      /signature algorithm/,
    ],
    [
      'application protocol',
      { alpn: ['h2', 'spdy/3'] },
      { alpn: ['http/1.1', 'dot'] },
      'TLS_ALPN',
      'no_application_protocol',
      /the client offers h2, spdy\/3, we speak http\/1\.1, dot$/,
    ],
  ]
  test.each(refusals)(
    'without a common %s both are told why',
    async (_what, client, server, code, alert, words) => {
      const [told, refused] = await Promise.allSettled(both(pair(), client, server))
      expect(refused).toMatchObject({ reason: { code, alert: { name: alert, by: 'us' } } })
      expect(refused.status === 'rejected' && String(refused.reason)).toMatch(words)
      expect(told).toMatchObject({ reason: { code: 'TLS_ALERT', alert: { name: alert, by: 'peer' } } })
    },
  )

  const strangers: readonly (readonly [what: string, says: string, words: RegExp])[] = [
    ['HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n', /plain HTTP/],
    ['SSH', 'SSH-2.0-OpenSSH_9.2p1\r\n', /SSH/],
    ['SMTP', '220 mail.test ESMTP\r\n', /plain SMTP or FTP.*upgrade/],
    ['IMAP', '* OK IMAP4rev1 ready\r\n', /IMAP/],
    ['MySQL', 'J\0\0\0\n8.0.36\0', /MySQL/],
    ['something else', '\x01\x02\x03\x04\x05\x06', /unknown protocol.*\\u0001\\u0002/],
  ]
  test.each(strangers)(
    'a server that speaks %s is recognised, whole and byte by byte',
    async (_what, says, words) => {
      for (const size of [says.length, 1]) {
        const [left, right] = pair()
        const client = tls.upgrade(left, here.client)
        const refused = expect(client).rejects.toMatchObject({
          code: 'TLS_NOT_TLS',
          message: expect.stringMatching(words),
        })
        for (let at = 0; at < says.length && !right.isClosed; at += size)
          await sent(right, Buffer.from(says.slice(at, at + size), 'latin1'))
        await refused
        right.close()
      }
    },
  )

  test('a client that speaks plain HTTP is recognised', async () => {
    const [left, right] = pair()
    await left.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const server = tls.upgrade(right, { ...here.server, isServer: true })
    await expect(server).rejects.toMatchObject({
      code: 'TLS_NOT_TLS',
      message: expect.stringContaining('plain HTTP; the client used http: for a port with TLS'),
    })
    left.close()
  })
})

test('a server of an older version only is told apart by what it chose', async () => {
  const [left, right] = socketPair()
  const client = tls.upgrade(left, { ...here.client, ...V13 })
  const refused = expect(client).rejects.toMatchObject({
    code: 'TLS_VERSION',
    message: expect.stringContaining('we speak TLSv1.3 only, the server wants TLSv1.2'),
  })
  await right.recv()
  // A ServerHello of TLS 1.2 without extensions (RFC 5246, 7.4.1.3): 32 bytes of random, no session, a cipher.
  const hello = Buffer.concat([
    Buffer.from('0303', 'hex'),
    Buffer.alloc(32, 7),
    Buffer.from('00c02b00', 'hex'),
  ])
  const header = Buffer.from([0x16, 3, 3, 0, hello.length + 4, 2, 0, 0, hello.length])
  await right.send(Buffer.concat([header, hello]))
  await refused
  right.close()
})

describe('what cannot be chosen is refused with the name of the option', () => {
  const wrong: readonly (readonly [why: string, options: object, code: string])[] = [
    ['ciphers that nobody knows', { ciphers: 'NONSENSE' }, 'TLS_OPTION'],
    ['suites that nobody knows', { ciphersuites: 'TLS_NONSENSE' }, 'TLS_OPTION'],
    ['groups that nobody knows', { groups: ['P-256', 'P-1'] }, 'TLS_OPTION'],
    ['signature algorithms that nobody knows', { signatureAlgorithms: 'NONSENSE' }, 'TLS_OPTION'],
    ['no ciphers', { ciphers: [] }, 'ERR_OUT_OF_RANGE'],
    ['a number of groups', { groups: 2 }, 'ERR_INVALID_ARG_TYPE'],
    ['a protocol that is no list', { alpn: 'h2' }, 'ERR_INVALID_ARG_TYPE'],
    ['a protocol without a name', { alpn: [''] }, 'ERR_OUT_OF_RANGE'],
    ['a protocol with a long name', { alpn: ['x'.repeat(256)] }, 'ERR_OUT_OF_RANGE'],
    ['no protocols', { alpn: [] }, 'ERR_OUT_OF_RANGE'],
    ['depth below 0', { maxIntermediates: -1 }, 'ERR_OUT_OF_RANGE'],
    ['a check that is no function', { checkPeer: true }, 'ERR_INVALID_ARG_TYPE'],
    ['a list of revoked that is none', { crl: 'nonsense' }, 'TLS_OPTION'],
    ['no roots', { ca: [] }, 'ERR_OUT_OF_RANGE'],
    ['a name that is none', { serverName: 'a\u00adb\u0378.test' }, 'ERR_OUT_OF_RANGE'],
  ]
  test.each(wrong)('%s', async (_why, options, code) => {
    const [left, right] = socketPair()
    await expect(tls.upgrade(left, { ...here.client, ...options })).rejects.toMatchObject({ code })
    expect(left.isClosed).toBe(false)
    left.close()
    right.close()
  })

  test.each([
    ['clientCertificates that are unknown', { clientCertificates: 'maybe' }, 'ERR_OUT_OF_RANGE'],
    ['clientCertificates without clientCa', { clientCertificates: 'require' }, 'ERR_INVALID_ARG_TYPE'],
  ])('%s', (_why, options, code) => {
    expect(() => tls.listen({ port: 0, ...here.server, ...(options as object) })).toThrow(
      expect.objectContaining({ code }),
    )
  })
})
