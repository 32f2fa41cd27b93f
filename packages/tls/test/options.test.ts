/** What is refused before anything is sent. */
import { socketPair } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import { SessionCache, TicketKeys, tls } from '../src/index.js'
import { house, secured } from './house.js'

const here = house()

describe('options', () => {
  const wrong: readonly (readonly [why: string, options: object, code: string])[] = [
    ['no name to verify', { serverName: undefined }, 'ERR_INVALID_ARG_TYPE'],
    ['a name with NUL', { serverName: 'a\0b' }, 'ERR_OUT_OF_RANGE'],
    ['roots that are no PEM', { ca: 'nonsense' }, 'TLS_OPTION'],
    ['a certificate that is no PEM', { cert: 'nonsense' }, 'TLS_OPTION'],
    ['a number as a certificate', { cert: 5 }, 'ERR_INVALID_ARG_TYPE'],
    ['an old version', { minVersion: 'TLSv1.1' }, 'ERR_OUT_OF_RANGE'],
    ['a range of no versions', { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' }, 'ERR_OUT_OF_RANGE'],
    ['a time limit below 0', { handshakeTimeoutMs: -1 }, 'ERR_OUT_OF_RANGE'],
    ['a yes', { verify: 'yes' }, 'ERR_INVALID_ARG_TYPE'],
  ]
  test.each(wrong)('refuses %s, and the stream is as it was', async (_why, options, code) => {
    const ends = socketPair()
    await expect(tls.upgrade(ends[0], { ...here.client, ...options })).rejects.toMatchObject({ code })
    const [client, server] = await secured(ends, here)
    await client.send('fine')
    expect(String(await server.recv())).toBe('fine')
    client.close()
    server.close()
  })

  test('a key that is not the certificate’s is refused, by server and client', async () => {
    const { keyPem } = await here.authority.issue()
    const options = { port: 0, cert: here.server.cert, key: keyPem }
    expect(() => tls.listen(options)).toThrow(expect.objectContaining({ code: 'TLS_OPTION' }))
    expect(() => tls.listen({ port: 0 })).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
  })

  test('an encrypted key needs its passphrase', async () => {
    const { chainPem: cert, keyPem: key } = await here.authority.issue({ passphrase: 'open sesame' })
    expect(() => tls.listen({ port: 0, cert, key, passphrase: 'half a secret\0' })).toThrow(
      expect.objectContaining({
        code: 'ERR_OUT_OF_RANGE',
        message: expect.not.stringContaining('half a secret'),
      }),
    )
    for (const passphrase of [undefined, 'wrong'])
      expect(() =>
        tls.listen({ port: 0, cert, key, ...(passphrase === undefined ? {} : { passphrase }) }),
      ).toThrow(expect.objectContaining({ code: 'TLS_OPTION' }))
    tls.listen({ port: 0, cert, key, passphrase: 'open sesame' }).close()
  })
})

describe('a name that is no option is refused, and the error says which there are:', () => {
  const client = { ca: 'x' }
  const server = () => ({ ...here.server })
  const wrong: readonly (readonly [what: string, call: () => unknown])[] = [
    ['connect', () => tls.connect('localhost', 1, { ...client, servername: 'localhost' } as object)],
    ['connect, of a server', () => tls.connect('localhost', 1, { ...client, clientCa: 'x' } as object)],
    ['listen', () => tls.listen({ port: 0, ...server(), maxPendingHandshake: 1 } as never)],
    ['listen, of a client', () => tls.listen({ port: 0, ...server(), ca: 'x' } as never)],
    ['upgrade', () => tls.upgrade(socketPair()[0], { serverName: 'a', timeoutMs: 5 } as never)],
    [
      'upgrade, of the other side',
      () => tls.upgrade(socketPair()[0], { ...server(), isServer: true, ca: 'x' } as never),
    ],
    ['upgrade, of a socket', () => tls.upgrade(socketPair()[0], { serverName: 'a', noDelay: true } as never)],
    [
      'a further certificate',
      () => tls.context({ ...server(), certificates: [{ ...server(), alpn: ['h2'] } as never] }),
    ],
    [
      'a context by name',
      () => tls.listen({ port: 0, ...server(), contexts: { a: { ...server(), crls: 'x' } as never } }),
    ],
    ['TicketKeys', () => new TicketKeys({ rotateMs: 5000 } as object)],
    ['SessionCache', () => new SessionCache({ maxSession: 5 } as object)],
    ...['keyLog', 'handshakeTimeoutMs', 'contexts', 'port'].map(
      (name) => [`context, ${name}`, () => tls.context({ ...server(), [name]: undefined })] as const,
    ),
  ]
  test.each(wrong)('%s', async (_what, call) => {
    await expect(async () => call()).rejects.toMatchObject({
      code: 'ERR_UNKNOWN_OPTION',
      message: expect.stringMatching(/^there is no option \w+: there are \w+, /),
    })
  })

  test('setContext and end', async () => {
    const listener = tls.listen({ port: 0, ...here.server })
    const unknown = expect.objectContaining({ code: 'ERR_UNKNOWN_OPTION' })
    expect(() => listener.setContext({ port: 5 } as object)).toThrow(unknown)
    listener.close()
    const [client, peer] = await secured(socketPair(), here)
    await expect(client.end({ timeout: 5 } as object)).rejects.toEqual(unknown)
    expect(client.isClosed).toBe(false)
    client.close()
    peer.close()
  })
})

test.each(['TLSv1.3', 'TLSv1.2'] as const)(
  'a session of %s is resumed, without certificates',
  async (maxVersion) => {
    const [first, server] = await secured(socketPair(), here, { client: { maxVersion } })
    await server.send('!')
    await first.recv()
    const session = first.takeSession()
    expect(session).toBeDefined()
    expect(first.takeSession()).toBeUndefined()
    first.close()
    const [again, other] = await secured(socketPair(), here, { client: { maxVersion, session } })
    expect([first, again, other].map((end) => end.facts.isResumed)).toEqual([false, true, true])
    for (const end of [server, again, other]) end.close()
  },
)
