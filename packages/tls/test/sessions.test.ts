/** A client that goes on with earlier sessions: which ones, and above all which not. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import { memoryStreamPair, sleep, socketPair, spawn, tcp, withTimeout } from '@shrapnel/core'
import { startNginx, startOpensslServer } from '@shrapnel/test-support'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  type ClientOptions,
  type ConnectOptions,
  type ListenOptions,
  SessionCache,
  TicketKeys,
  type TlsListener,
  type TlsStream,
  tls,
} from '../src/index.js'
import { clientSide } from '../src/side.js'
import { secure } from '../src/upgrade.js'
import { house, secured } from './house.js'

const here = house()
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const
const HOUR_MS = 3_600_000

afterEach(() => {
  vi.restoreAllMocks()
  tls.sessions.clear()
})

/** Greets each client, so that it has something to receive its tickets with. */
function greeter(options: Partial<ListenOptions> = {}): TlsListener {
  const listener = tls.listen({ port: 0, ...here.server, ...options })
  spawn({ daemon: true }, async () => {
    for await (const stream of listener)
      spawn({ daemon: true }, async () => {
        await stream.send('hello')
        await stream.recv()
        stream.close()
      })
  })
  return listener
}

/** Whether the connection went on with an earlier session. It takes what the server gives. */
async function visit(port: number, options: ConnectOptions = {}): Promise<boolean> {
  const stream = await tls.connect('localhost', port, { ca: here.client.ca, ...options })
  await stream.recvExact(5)
  const { isResumed } = stream.facts
  stream.close()
  return isResumed
}

describe.each(VERSIONS)('by %s', (version) => {
  const only = { minVersion: version, maxVersion: version }

  test('a second connection goes on, and so does the hundredth', async () => {
    using listener = greeter(only)
    const resumed: boolean[] = []
    for (let i = 0; i < 100; i++) resumed.push(await visit(listener.port))
    expect(resumed).toEqual([false, ...Array(99).fill(true)])
    expect(tls.sessions.size).toBe(1)
  })

  test('over a Stream that is no socket, too', async () => {
    const resumed: boolean[] = []
    for (let i = 0; i < 3; i++) {
      const [client, server] = await secured(memoryStreamPair(), here, { client: only })
      await server.send('!')
      await client.recv()
      resumed.push(client.facts.isResumed)
      client.close()
      server.close()
    }
    expect(resumed).toEqual([false, true, true])
  })

  test('a session is asked for again with node:tls, openssl s_server and nginx', async () => {
    const { cert, key } = here.server
    const node = createServer({ cert, key, ...only }, (conn) => conn.end('hello')).listen(0)
    await once(node, 'listening')
    const certificate = await here.authority.issue()
    await using openssl = await startOpensslServer({ certificate, args: ['-www'] })
    await using nginx = await startNginx({ certificate, directives: 'ssl_session_tickets on;' })
    const ask = async (port: number, isWeb: boolean): Promise<boolean> => {
      const stream = await tls.connect('localhost', port, { ca: here.client.ca, ...only })
      if (isWeb) await stream.send('GET / HTTP/1.0\r\n\r\n')
      await stream.recv()
      await stream.end()
      return stream.facts.isResumed
    }
    for (const [port, isWeb] of [
      [(node.address() as AddressInfo).port, false],
      [openssl.port, true],
      [nginx.port, true],
    ] as const)
      expect([await ask(port, isWeb), await ask(port, isWeb), await ask(port, isWeb)]).toEqual([
        false,
        true,
        true,
      ])
    node.close()
  })
})

describe('a session is not used under other conditions:', () => {
  let other: { cert: string; key: string; ca: string }
  beforeAll(async () => {
    const stranger = await here.authority.stranger()
    const { chainPem, keyPem } = await stranger.issue()
    other = { cert: chainPem, key: keyPem, ca: stranger.certificatePem }
  })

  const bad: readonly (readonly [why: string, weak: ConnectOptions, strict: ConnectOptions, code: number])[] =
    [
      ['one made without verification, with it', { verify: false }, {}, 20],
      ['one made for another name', { serverName: 'localhost' }, { serverName: 'other.test' }, 62],
      ['one made for an address, for a name', { serverName: '127.0.0.1' }, { serverName: 'other.test' }, 62],
    ]
  test.each(bad)('%s', async (_why, weak, strict, verifyCode) => {
    const isTrust = verifyCode === 20
    using listener = greeter(isTrust ? { cert: other.cert, key: other.key } : {})
    expect([await visit(listener.port, weak), await visit(listener.port, weak)]).toEqual([false, true])
    await expect(visit(listener.port, strict)).rejects.toMatchObject({ name: 'CertificateError', verifyCode })
    // Nor when it is handed over.
    const stream = await tls.connect('localhost', listener.port, { ca: here.client.ca, ...weak })
    await stream.recvExact(5)
    const session = stream.takeSession()
    expect(session).toBeDefined()
    await expect(visit(listener.port, { ...strict, session })).rejects.toMatchObject({ verifyCode })
    expect(await visit(listener.port, { ...weak, session })).toBe(true)
    stream.close()
  })

  test('one made with other roots', async () => {
    using listener = greeter({ cert: other.cert, key: other.key })
    expect(await visit(listener.port, { ca: other.ca })).toBe(false)
    expect(await visit(listener.port, { ca: [here.client.ca, other.ca] })).toBe(false)
    expect(await visit(listener.port, { ca: other.ca })).toBe(true)
    await expect(visit(listener.port)).rejects.toMatchObject({ code: 'TLS_CERTIFICATE_ISSUER' })
  })

  test('with another client certificate, version, stapling or port', async () => {
    using listener = greeter()
    using elsewhere = greeter()
    const client = await here.authority.issue({ purpose: 'client' })
    await visit(listener.port)
    const variants: ConnectOptions[] = [
      { cert: client.chainPem, key: client.keyPem },
      { maxVersion: 'TLSv1.2' },
      { minVersion: 'TLSv1.3' },
      { ocsp: 'accept' },
      { serverName: '127.0.0.1' },
    ]
    for (const variant of variants)
      expect([await visit(listener.port, variant), await visit(listener.port, variant)]).toEqual([
        false,
        true,
      ])
    expect(await visit(elsewhere.port)).toBe(false)
    expect(await visit(listener.port)).toBe(true)
    // What decides nothing changes nothing.
    expect(await visit(listener.port, { handshakeTimeoutMs: 9000, connectTimeoutMs: 9000 })).toBe(true)
  })

  test('with an option yet to come, whatever its value', async () => {
    const one = () => 1
    const futures = [undefined, true, 'true', one, () => 1, [Buffer.from('a')], [Buffer.from('b')]]
    const visits = async (future: unknown): Promise<boolean> => {
      const [left, right] = memoryStreamPair()
      const side = clientSide({ ...here.client, future } as ClientOptions, 'localhost', 1)
      const [client, server] = await Promise.all([
        secure(left, side),
        tls.upgrade(right, { ...here.server, isServer: true }),
      ])
      await server.send('!')
      await client.recv()
      client.close()
      server.close()
      return client.isResumed
    }
    for (const future of futures) expect([await visits(future), await visits(future)]).toEqual([false, true])
  })

  test('to another host on the same server', async () => {
    using listener = greeter()
    const both = { ca: here.client.ca, serverName: 'localhost' }
    for (const host of ['localhost', '127.0.0.1']) {
      const stream = await tls.connect(host, listener.port, both)
      await stream.recvExact(5)
      expect(stream.facts.isResumed).toBe(false)
      stream.close()
    }
    expect(tls.sessions.entries().map(({ host }) => host)).toEqual(['localhost', '127.0.0.1'])
  })

  test('over streams that lead nobody knows where, to nobody in particular', async () => {
    for (let i = 0; i < 2; i++) {
      const [left, right] = memoryStreamPair()
      const [client, server] = await Promise.all([
        tls.upgrade(left, { verify: false }),
        tls.upgrade(right, { ...here.server, isServer: true }),
      ])
      await server.send('!')
      await client.recv()
      expect(client.facts.isResumed).toBe(false)
      client.close()
      server.close()
    }
    expect(tls.sessions.size).toBe(0)
  })
})

describe('time', () => {
  const later = (ms: number) => {
    const at = Date.now() + ms
    vi.spyOn(Date, 'now').mockReturnValue(at)
  }

  test('a session ends with the first certificate of the chain that expires', async () => {
    const soon = new Date(Date.now() + HOUR_MS)
    const between = await here.authority.intermediate({ notAfter: soon })
    const { chainPem: cert, keyPem: key } = await between.issue()
    using listener = greeter({ cert, key })
    expect([await visit(listener.port), await visit(listener.port)]).toEqual([false, true])
    const [entry] = tls.sessions.entries()
    expect(Math.abs((entry?.expiresAt ?? 0) - soon.getTime())).toBeLessThan(5000)
    later(HOUR_MS + 5000)
    expect(await visit(listener.port)).toBe(false)
    expect(tls.sessions.stats.expired).toBe(1)
  })

  test('however often a session goes on, a full handshake is due in the end', async () => {
    using listener = greeter({ tickets: new TicketKeys({ lifetimeMs: 48 * HOUR_MS }) })
    const sessions = new SessionCache({ maxAgeMs: 3 * HOUR_MS })
    const resumed: boolean[] = []
    for (let hour = 0; hour < 5; hour++) {
      resumed.push(await visit(listener.port, { sessions }))
      later(HOUR_MS - 60_000 * hour)
    }
    expect(resumed).toEqual([false, true, true, true, false])
  })

  test('a session ends when the server says so', async () => {
    using listener = greeter({ tickets: new TicketKeys({ lifetimeMs: 60_000 }) })
    await visit(listener.port)
    later(61_000)
    expect(await visit(listener.port)).toBe(false)
  })
})

describe('the cache', () => {
  test('keeps several for each server, and each of TLS 1.3 is for one connection', async () => {
    using listener = greeter({ ticketCount: 3 })
    const sessions = new SessionCache()
    const open = async (): Promise<TlsStream> => {
      const stream = await tls.connect('localhost', listener.port, { ca: here.client.ca, sessions })
      // Three tickets, and the greeting behind them.
      await stream.recvExact(5)
      return stream
    }
    const first = await open()
    expect(sessions.size).toBe(3)
    const taken = await Promise.all(
      Array.from({ length: 4 }, () =>
        tls.connect('localhost', listener.port, { ca: here.client.ca, sessions }),
      ),
    )
    expect(taken.map((stream) => stream.facts.isResumed).sort()).toEqual([false, true, true, true])
    expect(sessions.stats).toMatchObject({ stored: 3, resumed: 3, missed: 2, declined: 0 })
    for (const stream of [first, ...taken]) stream.close()
  })

  test('is bounded for each server and in all, and forgets whom it saw longest ago', async () => {
    const listeners = Array.from({ length: 3 }, () => greeter({ ticketCount: 5 }))
    const sessions = new SessionCache({ maxSessions: 4, maxSessionsPerServer: 2 })
    for (const { port } of listeners) {
      await visit(port, { sessions })
      expect(sessions.size).toBeLessThanOrEqual(4)
    }
    expect(sessions.entries().map(({ port, sessions: count }) => [port, count])).toEqual([
      [listeners[1]?.port, 2],
      [listeners[2]?.port, 2],
    ])
    for (const listener of listeners) listener.close()
  })

  test('says whose sessions it holds, and no secret', async () => {
    using listener = greeter()
    const sessions = new SessionCache()
    await visit(listener.port, { sessions })
    expect(sessions.entries()).toEqual([
      {
        host: 'localhost',
        port: listener.port,
        serverName: 'localhost',
        isVerified: true,
        sessions: 1,
        expiresAt: expect.any(Number) as number,
      },
    ])
    sessions.clear()
    expect([sessions.size, sessions.entries()]).toEqual([0, []])
    expect(await visit(listener.port, { sessions })).toBe(false)
  })

  test("'none' keeps nothing, and a session that was taken can be handed over", async () => {
    using listener = greeter()
    const options = { ca: here.client.ca, sessions: 'none' } as const
    const stream = await tls.connect('localhost', listener.port, options)
    await stream.recvExact(5)
    expect(tls.sessions.size).toBe(0)
    expect(await visit(listener.port, options)).toBe(false)
    const session = stream.takeSession()
    expect(stream.takeSession()).toBeUndefined()
    // To another port, as FTP's data connections.
    using other = greeter()
    expect(await visit(other.port, { ...options, session })).toBe(true)
    stream.close()
  })

  test('one that was taken is nobody else’s', async () => {
    using listener = greeter()
    const stream = await tls.connect('localhost', listener.port, { ca: here.client.ca })
    await stream.recvExact(5)
    expect(stream.takeSession()).toMatchObject({ protocol: 'TLSv1.3' })
    expect(tls.sessions.size).toBe(0)
    expect(await visit(listener.port)).toBe(false)
    stream.close()
  })

  test('holds nothing of a connection that failed', async () => {
    const [left, right] = memoryStreamPair()
    const [client, server] = await secured([left, right], here)
    await server.send('!')
    await client.recv()
    expect(tls.sessions.size).toBe(1)
    await right.send(Buffer.from('1703030020'.padEnd(74, '0'), 'hex'))
    await expect(client.recv()).rejects.toMatchObject({ code: 'TLS_PROTOCOL' })
    expect([tls.sessions.size, tls.sessions.stats.discarded]).toEqual([0, 1])
    client.close()
  })

  test('holds nothing of a handshake that was given up, and the next one is a full one', async () => {
    using listener = greeter({ ticketCount: 2 })
    await visit(listener.port)
    expect(tls.sessions.size).toBe(2)
    // Somebody else answers there now, and never says a word.
    const { port } = listener
    listener.close()
    using mute = tcp.listen({ port })
    const stalled = tls.connect('localhost', port, { ca: here.client.ca, handshakeTimeoutMs: 20 })
    await expect(stalled).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(tls.sessions.size).toBe(0)
    mute.close()
    using again = greeter({ port })
    expect([await visit(port), await visit(again.port)]).toEqual([false, true])
  })

  test('outlives a cancelled receive, and what comes after it is kept', async () => {
    const [client, server] = await secured(socketPair(), here)
    await withTimeout(0, () => client.recv()).catch(() => undefined)
    await sleep(0)
    expect(client.isClosed).toBe(false)
    await server.send('!')
    await client.recv()
    expect(tls.sessions.size).toBe(1)
    client.close()
    server.close()
  })

  const wrong: readonly (readonly [why: string, make: () => unknown, code: string])[] = [
    ['a word', () => visit(1, { sessions: 'some' } as never), 'ERR_OUT_OF_RANGE'],
    ['a Map', () => visit(1, { sessions: new Map() } as never), 'ERR_INVALID_ARG_TYPE'],
    ['bytes as a session', () => visit(1, { session: Buffer.alloc(5) } as never), 'ERR_INVALID_ARG_TYPE'],
    ['no room', async () => new SessionCache({ maxSessions: 0 }), 'ERR_OUT_OF_RANGE'],
    ['eight days', async () => new SessionCache({ maxAgeMs: 8 * 24 * HOUR_MS }), 'ERR_OUT_OF_RANGE'],
  ]
  test.each(wrong)('refuses %s', async (_why, make, code) => {
    await expect(make()).rejects.toMatchObject({ code })
  })
})
