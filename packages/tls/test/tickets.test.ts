/** Tickets of a server: who can open them, until when, and what happens to those that nobody can. */
import { once } from 'node:events'
import { connect as nodeConnect } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { memoryStreamPair, spawn } from '@shrapnel/core'
import { startOpensslClient, startServer } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { type ListenOptions, TicketKeys, type TlsListener, type TlsSession, tls } from '../src/index.js'
import { serverSide } from '../src/side.js'
import { secure } from '../src/upgrade.js'
import { house } from './house.js'

const here = house()
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const
const HOUR_MS = 3_600_000
const SECRET = Buffer.alloc(32, 'not a secret')

function greeter(options: Partial<ListenOptions>): TlsListener {
  const listener = tls.listen({ port: 0, ...here.server, ...options })
  spawn({ daemon: true }, async () => {
    for await (const stream of listener)
      spawn({ daemon: true }, async () => {
        await stream.send('hello')
        await stream.end()
      })
  })
  return listener
}

interface Visit {
  readonly isResumed: boolean
  readonly session: TlsSession | undefined
  readonly said: string
}

async function visit(port: number, version: 'TLSv1.2' | 'TLSv1.3', session?: TlsSession): Promise<Visit> {
  const stream = await tls.connect('localhost', port, {
    ca: here.client.ca,
    maxVersion: version,
    sessions: 'none',
    session,
  })
  const said = String(await stream.recv())
  const { isResumed } = stream.facts
  const taken = stream.takeSession()
  stream.close()
  return { isResumed, session: taken, said }
}

describe.each(VERSIONS)('by %s', (version) => {
  const rotation: readonly (readonly [what: string, shiftMs: number, isResumed: boolean])[] = [
    ['the same keys', 0, true],
    ['the keys before the last rotation', HOUR_MS, true],
    ['the keys of a machine whose clock is ahead', -HOUR_MS, true],
    ['keys that nobody should have any more', 5 * HOUR_MS, false],
    ['keys of the far future', -3 * HOUR_MS, false],
  ]
  test.each(rotation)('a ticket sealed with %s', async (_what, shiftMs, isResumed) => {
    const options = { secret: SECRET, rotationMs: HOUR_MS, lifetimeMs: 2 * HOUR_MS }
    using first = greeter({ tickets: new TicketKeys(options) })
    using second = greeter({ tickets: new TicketKeys(options, shiftMs) })
    const { session } = await visit(first.port, version)
    const again = await visit(second.port, version, session)
    expect(again).toMatchObject({ isResumed, said: 'hello' })
    // Whatever it was, the client has a good one now. In TLS 1.2 it need not be a new one.
    const isRenewed = version === 'TLSv1.3' || !isResumed || shiftMs > 0
    expect(again.session !== undefined).toBe(isRenewed)
    expect((await visit(second.port, version, again.session ?? session)).isResumed).toBe(true)
  })

  test('another secret, another rotation and another certificate make for a full handshake', async () => {
    const keys = new TicketKeys({ secret: SECRET })
    using first = greeter({ tickets: keys })
    const { session } = await visit(first.port, version)
    const other = await here.authority.issue()
    const servers: Partial<ListenOptions>[] = [
      { tickets: new TicketKeys() },
      { tickets: new TicketKeys({ secret: SECRET, rotationMs: HOUR_MS }) },
      { tickets: keys, cert: other.chainPem, key: other.keyPem },
      { tickets: false },
      { tickets: keys, ticketCount: 0 },
    ]
    for (const server of servers) {
      using second = greeter(server)
      expect(await visit(second.port, version, session)).toMatchObject({ isResumed: false, said: 'hello' })
    }
    expect((await visit(first.port, version, session)).isResumed).toBe(true)
  })

  test('two processes that share a secret go on with each other’s sessions', async () => {
    const env = { TICKET_KEYS: new TicketKeys().export() }
    const start = () =>
      startServer({
        command: process.execPath,
        args: [
          fileURLToPath(new URL('programs/serves-tickets.mjs', import.meta.url)),
          here.server.cert,
          here.server.key,
        ],
        env,
        ready: { line: /^port (?<port>\d+)$/ },
      })
    await using first = await start()
    await using second = await start()
    const one = await visit(first.port, version)
    const two = await visit(second.port, version, one.session)
    const three = await visit(first.port, version, two.session ?? one.session)
    expect([one, two, three].map(({ isResumed }) => isResumed)).toEqual([false, true, true])
    expect(two.said).not.toBe(one.said)
    expect(three.said).toBe(one.said)
  }, 30_000)

  test('a ticket that was changed anywhere makes for a full handshake, and no error', async () => {
    const keys = new TicketKeys({ secret: SECRET })
    using listener = greeter({ tickets: keys })
    const ask = async (session?: Buffer): Promise<readonly [isResumed: boolean, session: Buffer]> => {
      const client = nodeConnect({
        port: listener.port,
        host: 'localhost',
        ca: here.client.ca,
        maxVersion: version,
        ...(session === undefined ? {} : { session }),
      })
      // In TLS 1.2 a session that goes on need not give another one.
      client.on('session', (given) => {
        session = given
      })
      await once(client, 'secureConnect')
      const isResumed = client.isSessionReused()
      client.resume()
      await once(client, 'close')
      return [isResumed, session as Buffer]
    }
    const [, session] = await ask()
    // The name of the keys is 8 bytes of the secret's and the number of the time slot.
    const slot = Buffer.alloc(8)
    slot.writeBigUInt64BE(BigInt(Math.floor(Date.now() / keys.rotationMs)))
    const at = session.indexOf(slot)
    expect(at).toBeGreaterThan(0)
    const places = { id: -8, slot: 0, 'slot, a bit': 7, iv: 8, state: 40, 'state, later': 90 }
    for (const [place, offset] of Object.entries(places)) {
      const changed = Buffer.from(session)
      changed[at + offset] = (changed[at + offset] as number) ^ 1
      expect([place, (await ask(changed))[0]]).toEqual([place, false])
    }
    expect((await ask(session))[0]).toBe(true)
  })

  test('a session ends with the certificate that the client has shown, however often it goes on', async () => {
    const notAfter = new Date(Date.now() + HOUR_MS / 2)
    const { chainPem: cert, keyPem: key } = await here.authority.issue({ purpose: 'client', notAfter })
    const resumed: boolean[] = []
    let session: TlsSession | undefined
    // The clock of the third server is past that, and its keys are good.
    for (const shiftMs of [0, HOUR_MS / 4, HOUR_MS]) {
      const tickets = new TicketKeys({ secret: SECRET, lifetimeMs: 3 * HOUR_MS }, shiftMs)
      const side = serverSide({
        ...here.server,
        clientCertificates: 'require',
        clientCa: here.client.ca,
        tickets,
      })
      const [left, right] = memoryStreamPair()
      const [client, server] = await Promise.all([
        tls.upgrade(left, { ...here.client, cert, key, maxVersion: version, sessions: 'none', session }),
        secure(right, side),
      ])
      await server.send('!')
      await client.recv()
      resumed.push(server.facts.isResumed)
      session = client.takeSession() ?? session
      client.close()
      server.close()
    }
    expect(resumed).toEqual([false, true, false])
  })

  test('openssl s_client goes on with our tickets', async () => {
    using listener = greeter({})
    const { port } = listener
    const { authority } = here
    const file = `${authority.folder}/session-${version}`
    const flag = version === 'TLSv1.2' ? '-tls1_2' : '-tls1_3'
    const said: boolean[] = []
    for (const args of [
      ['-sess_out', file],
      ['-sess_in', file],
    ]) {
      await using client = await startOpensslClient({ port, authority, args: [...args, flag, '-nocommands'] })
      const { isResumed } = await client.handshake()
      await client.until(/hello/)
      said.push(isResumed)
    }
    expect(said).toEqual([false, true])
  })
})

test('as many tickets as was asked for', async () => {
  for (const ticketCount of [1, 2, 7]) {
    using listener = greeter({ ticketCount })
    let count = 0
    const client = nodeConnect({ port: listener.port, host: 'localhost', ca: here.client.ca })
    client.on('session', () => count++)
    client.resume()
    await once(client, 'close')
    expect(count).toBe(ticketCount)
  }
})

test('keys go through a line of text, and show their secret nowhere else', () => {
  const keys = new TicketKeys({ secret: SECRET, rotationMs: 5000, lifetimeMs: 6000 })
  const text = keys.export()
  expect(text).toMatch(/^[\w:-]+$/)
  const copy = TicketKeys.import(`${text}\n`)
  expect([copy.export(), copy.rotationMs, copy.lifetimeMs]).toEqual([text, 5000, 6000])
  const secret = SECRET.toString('base64url')
  expect(text).toContain(secret)
  expect(inspect(keys, { depth: 9, showHidden: true }) + JSON.stringify(keys)).not.toContain(secret)
  const broken = text.slice(0, -30)
  expect(() => TicketKeys.import(broken)).toThrow(
    expect.objectContaining({ code: 'TLS_OPTION', message: expect.not.stringContaining(broken.slice(-9)) }),
  )
})

describe('refused:', () => {
  const wrong: readonly (readonly [why: string, make: () => unknown, code: string])[] = [
    ['a short secret', () => new TicketKeys({ secret: Buffer.alloc(31) }), 'ERR_OUT_OF_RANGE'],
    ['text as a secret', () => new TicketKeys({ secret: 'x' as never }), 'ERR_INVALID_ARG_TYPE'],
    ['half a second', () => new TicketKeys({ rotationMs: 500 }), 'ERR_OUT_OF_RANGE'],
    ['parts of seconds', () => new TicketKeys({ lifetimeMs: 1500 }), 'ERR_OUT_OF_RANGE'],
    ['more than a week', () => new TicketKeys({ lifetimeMs: 8 * 24 * HOUR_MS }), 'ERR_OUT_OF_RANGE'],
    ['a yes', () => greeter({ tickets: 'yes' as never }), 'ERR_INVALID_ARG_TYPE'],
    ['too many tickets', () => greeter({ ticketCount: 33 }), 'ERR_OUT_OF_RANGE'],
  ]
  test.each(wrong)('%s', (_why, make, code) => {
    expect(make).toThrow(expect.objectContaining({ code }))
  })
})
