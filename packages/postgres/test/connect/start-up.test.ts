import { inspect } from 'node:util'
import { type Socket, setExceptionNotifier, spawn, yieldSlice } from '@shrapnel/core'
import { expectNoDescriptorLeak } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import type { ConnectOptions } from '../../src/connect/connect-options.js'
import type { BackendMessage, ServerReport } from '../../src/wire/backend-message.js'
import type { FrontendMessage } from '../../src/wire/frontend-message.js'
import { failureOf, open } from './connecting.js'
import {
  authentication,
  bytesOf,
  KEY,
  OK,
  parameter,
  READY,
  refusal,
  type Script,
  ScriptedServer,
} from './scripted-server.js'

const PASSWORD = 'hunter2'

/** Opens a session with a server that plays `script`; `sslMode` is `disable` unless it is in `more`. */
async function meet(script: Script, more: ConnectOptions = {}) {
  await using server = new ScriptedServer(script)
  const notices: ServerReport[] = []
  const backend = await open(optionsFor(server.port, more), { onNotice: (notice) => notices.push(notice) })
  backend.stream.close()
  return { backend, notices, startups: server.startups, connections: server.connections }
}

function optionsFor(port: number, more: ConnectOptions = {}): ConnectOptions {
  return { host: '127.0.0.1', port, user: 'ada', password: PASSWORD, sslMode: 'disable', ...more }
}

/** What a session fails with; the password is nowhere in it. */
async function refused(script: Script, more: ConnectOptions = {}) {
  const error = await failureOf(() => meet(script, more))
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(PASSWORD)
  expect(error.name).toBe('PostgresError')
  return error
}

const sends =
  (...parts: readonly (BackendMessage | Uint8Array | string)[]): Script =>
  async (peer) => {
    await peer.startup()
    await peer.send(...parts)
    await peer.untilClosed()
  }

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const header = (type: string, length: number, body = '') => {
  const head = Buffer.from(`${type}\0\0\0\0`)
  head.writeInt32BE(length, 1)
  return Buffer.concat([head, Buffer.from(body)])
}

describe('a server that lets us in', () => {
  const GREETING = [
    OK,
    parameter('server_version', '16.1'),
    { kind: 'notice', report: { severity: 'NOTICE', message: 'welcome' } },
    KEY,
    parameter('TimeZone', 'UTC'),
    READY,
  ] as const satisfies readonly BackendMessage[]

  test('is what it says it is', async () => {
    const { backend, notices, startups } = await meet(sends(...GREETING), {
      applicationName: 'tests',
      timeZone: 'UTC',
      options: '-c a=b',
      runtime: { search_path: 'app' },
      database: 'engine',
    })
    expect(Object.fromEntries(backend.parameters)).toEqual({ server_version: '16.1', TimeZone: 'UTC' })
    expect(backend).toMatchObject({ processId: 4711, status: 'idle', minorVersion: 0 })
    expect(backend.secretKey).toEqual(hex('01020304'))
    expect(backend.target).toMatch(/^127\.0\.0\.1:[0-9]+\/engine$/)
    expect(notices).toEqual([{ severity: 'NOTICE', message: 'welcome' }])
    const [startup] = startups
    expect(startup).toMatchObject({ kind: 'startup', majorVersion: 3, minorVersion: 0 })
    expect(Object.fromEntries((startup as FrontendMessage & { kind: 'startup' }).parameters)).toEqual({
      user: 'ada',
      database: 'engine',
      client_encoding: 'UTF8',
      DateStyle: 'ISO',
      application_name: 'tests',
      TimeZone: 'UTC',
      options: '-c a=b',
      search_path: 'app',
    })
  })

  test('may send its greeting in any pieces', async () => {
    const bytes = bytesOf(GREETING)
    for (let at = 1; at < bytes.length; at++) {
      const { backend, notices } = await meet(async (peer) => {
        await peer.startup()
        await peer.send(bytes.subarray(0, at))
        await peer.send(bytes.subarray(at))
        await peer.untilClosed()
      })
      expect([backend.processId, backend.parameters.size, notices.length], `cut at ${at}`).toEqual([
        4711, 2, 1,
      ])
    }
  })

  test('byte by byte, and what comes behind its greeting is left for the connection', async () => {
    const notification: BackendMessage = { kind: 'notification', processId: 1, channel: 'c', payload: 'p' }
    await using server = new ScriptedServer(async (peer) => {
      await peer.startup()
      for (const byte of bytesOf(GREETING.slice(0, -1))) await peer.send(Uint8Array.of(byte))
      await peer.send(READY, notification)
      await peer.untilClosed()
    })
    const backend = await open(optionsFor(server.port))
    if (!backend.cutter.next()) backend.cutter.push(await backend.stream.recv())
    expect(backend.cutter.isInside || backend.cutter.type === 'A'.charCodeAt(0)).toBe(true)
    expect(backend.cutter.maxMessageBytes).toBe(64 * 1024 * 1024)
    backend.stream.close()
  })

  test('is told no more than a server takes', async () => {
    const applicationName = (bytes: number) => ({ applicationName: 'x'.repeat(bytes) })
    const { backend } = await meet(sends(...GREETING), applicationName(9900))
    expect(backend.processId).toBe(4711)
    expect(await refused(sends(...GREETING), applicationName(10_000))).toMatchObject({ code: 'PG_OPTION' })
  })

  test('is asked now and then whether it is still there, as the options say', async () => {
    await using server = new ScriptedServer(sends(...GREETING))
    const socketWith = async (more: ConnectOptions) =>
      (await open(optionsFor(server.port, more))).stream as Socket
    const often = await socketWith({ keepAliveIdleMs: 5000, keepAliveIntervalMs: 1500, keepAliveProbes: 4 })
    expect(often.getOption('keepAlive')).toBe(1)
    expect(often.getOption('keepAliveIdleSeconds')).toBe(5)
    expect(often.getOption('keepAliveIntervalSeconds')).toBe(2)
    expect(often.getOption('keepAliveProbes')).toBe(4)
    expect(often.getOption('noDelay')).toBe(1)
    const never = await socketWith({ keepAlive: false })
    expect(never.getOption('keepAlive')).toBe(0)
    for (const socket of [often, never]) socket.close()
  })

  test('and gives no key can not be asked to cancel', async () => {
    await using server = new ScriptedServer(sends(OK, READY))
    const backend = await open(optionsFor(server.port))
    expect(await failureOf(() => backend.requestCancel())).toMatchObject({ code: 'PG_USAGE' })
    backend.stream.close()
  })

  test('whose notices make their listener fail lets us in all the same, and that is reported', async () => {
    await using server = new ScriptedServer(sends(...GREETING))
    const failing = new Error('the listener of notices fails')
    const reported: unknown[] = []
    const previous = setExceptionNotifier((error) => reported.push(error))
    const backend = await open(optionsFor(server.port), {
      onNotice: () => {
        throw failing
      },
    })
    setExceptionNotifier(previous)
    expect([backend.processId, reported]).toEqual([4711, [failing]])
    backend.stream.close()
  })
})

describe('the protocol that is spoken', () => {
  const negotiation = (minorVersion: number, ...unknownOptions: string[]): BackendMessage => ({
    kind: 'negotiate-protocol-version',
    minorVersion,
    unknownOptions,
  })
  const longKey: BackendMessage = { kind: 'backend-key-data', processId: 1, secretKey: Buffer.alloc(32, 7) }

  test('is 3.2 with its long key where that is asked for', async () => {
    for (const more of [
      { maxProtocolVersion: '3.2' },
      { maxProtocolVersion: 'latest' },
      { minProtocolVersion: '3.2' },
    ] as const) {
      const { backend, startups } = await meet(sends(OK, longKey, READY), more)
      expect(startups[0]).toMatchObject({ minorVersion: 2 })
      expect(backend.minorVersion).toBe(2)
      expect(backend.secretKey).toEqual(Buffer.alloc(32, 7))
    }
  })

  test('is 3.0 if the server knows no other, even if it says so twice', async () => {
    const script = sends(negotiation(0), OK, negotiation(0), KEY, READY)
    expect(await refused(script, { maxProtocolVersion: '3.2' })).toMatchObject({ code: 'PG_PROTOCOL' })
    const { backend } = await meet(sends(negotiation(0), negotiation(0), OK, KEY, READY), {
      maxProtocolVersion: '3.2',
    })
    expect(backend.minorVersion).toBe(0)
  })

  test('is not older than it must be', async () => {
    const error = await refused(sends(negotiation(0), OK, KEY, READY), { minProtocolVersion: '3.2' })
    expect(error).toMatchObject({ code: 'PG_CONNECT' })
  })

  test('is nothing that nobody asked for', async () => {
    for (const message of [negotiation(0), negotiation(2), negotiation(0, 'a')])
      expect(await refused(sends(message, OK, KEY, READY))).toMatchObject({ code: 'PG_PROTOCOL' })
    for (const message of [negotiation(1), negotiation(2), negotiation(3), negotiation(0, '_pq_.x')])
      expect(await refused(sends(message, OK), { maxProtocolVersion: '3.2' })).toMatchObject({
        code: 'PG_PROTOCOL',
      })
  })
})

describe('a hostile start-up', () => {
  const many = (message: BackendMessage) => Array.from({ length: 1100 }, () => message)
  const notice: BackendMessage = { kind: 'notice', report: { severity: 'NOTICE', message: 'x' } }
  const md5 = authentication({ method: 'md5-password', salt: Buffer.alloc(4) })
  const rows: readonly (readonly [why: string, script: Script, code: string, limit?: string])[] = [
    ['endless notices', sends(OK, ...many(notice)), 'PG_LIMIT', 'maxStartupMessages'],
    ['endless settings', sends(OK, ...many(parameter('a', 'b'))), 'PG_LIMIT', 'maxStartupMessages'],
    ['endless keys', sends(OK, ...many(KEY)), 'PG_LIMIT', 'maxStartupMessages'],
    ['a message longer than the limit', sends(header('R', 30_001)), 'PG_LIMIT', 'maxStartupMessageBytes'],
    ['a long setting', sends(OK, header('S', 0x7fffffff)), 'PG_LIMIT', 'maxStartupMessageBytes'],
    ['an error longer than the limit', sends(header('E', 30_001)), 'PG_LIMIT', 'maxStartupMessageBytes'],
    ['a length of 3', sends(header('R', 3)), 'PG_PROTOCOL'],
    ['a length of 0', sends(header('R', 0)), 'PG_PROTOCOL'],
    ['a length of -1', sends(header('R', -1)), 'PG_PROTOCOL'],
    ['a length that is too short for its type', sends(header('R', 4)), 'PG_PROTOCOL'],
    ['bytes behind the last field', sends(header('R', 9, '\0\0\0\0x')), 'PG_PROTOCOL'],
    ['an unknown type', sends(header('!', 4)), 'PG_PROTOCOL'],
    ['HTTP', sends('HTTP/1.1 400 Bad Request\r\n\r\n'), 'PG_LIMIT', 'maxStartupMessageBytes'],
    ['an unknown way of authentication', sends(header('R', 8, '\0\0\0\x63')), 'PG_PROTOCOL'],
    ['ready before it let anybody in', sends(READY), 'PG_PROTOCOL'],
    ['a key before it let anybody in', sends(KEY), 'PG_PROTOCOL'],
    ['a setting before it let anybody in', sends(parameter('a', 'b')), 'PG_PROTOCOL'],
    ['a notice before it let anybody in', sends(notice), 'PG_PROTOCOL'],
    ['a row', sends(OK, { kind: 'data-row', values: [] }), 'PG_PROTOCOL'],
    ['a question after the answer', sends(OK, md5), 'PG_PROTOCOL'],
    [
      'a notification',
      sends(OK, { kind: 'notification', processId: 1, channel: 'c', payload: '' }),
      'PG_PROTOCOL',
    ],
    ['MD5 twice', sends(md5, md5), 'PG_PROTOCOL'],
    [
      'MD5, and then SASL',
      sends(md5, authentication({ method: 'sasl', mechanisms: ['SCRAM-SHA-256'] })),
      'PG_PROTOCOL',
    ],
    ['a salt that is too short', sends(header('R', 9, '\0\0\0\x05x')), 'PG_PROTOCOL'],
    ['GSS', sends(authentication({ method: 'gss' })), 'PG_AUTH'],
    ['SSPI', sends(authentication({ method: 'sspi' })), 'PG_AUTH'],
    ['Kerberos', sends(authentication({ method: 'kerberos-v5' })), 'PG_AUTH'],
    ['GSS that goes on', sends(authentication({ method: 'gss-continue', data: Buffer.alloc(0) })), 'PG_AUTH'],
    ['a status that is none', sends(OK, header('Z', 5, '?')), 'PG_PROTOCOL'],
    ['a key of 3 bytes', sends(OK, header('K', 11, '\0\0\0\x01abc')), 'PG_PROTOCOL'],
    ['a key of 300 bytes', sends(OK, header('K', 308, `\0\0\0\x01${'k'.repeat(300)}`)), 'PG_LIMIT'],
  ]
  for (const [why, script, code, limit] of rows)
    test(`${why}: ${code}`, async () => {
      const error = await refused(script)
      expect([error.code, limit === undefined ? undefined : error.limit]).toEqual([code, limit])
    })

  test('limits are what the options say', async () => {
    const script = sends(OK, parameter('a', 'b'), KEY, READY)
    expect(await refused(script, { maxStartupMessages: 3 })).toMatchObject({ limit: 'maxStartupMessages' })
    expect((await meet(script, { maxStartupMessages: 4 })).backend.processId).toBe(4711)
    expect(await refused(script, { maxStartupMessageBytes: 11 })).toMatchObject({
      limit: 'maxStartupMessageBytes',
    })
    expect((await meet(script, { maxStartupMessageBytes: 12 })).backend.processId).toBe(4711)
  })
})

describe('a server that refuses', () => {
  const rows: readonly (readonly [sqlState: string, code: string, safeToRetry: boolean])[] = [
    ['28P01', 'PG_AUTH', false],
    ['28000', 'PG_AUTH', false],
    ['3D000', 'PG_AUTH', false],
    ['42501', 'PG_AUTH', false],
    ['53300', 'PG_SERVER', true],
    ['57P03', 'PG_SERVER', true],
    ['08P01', 'PG_SERVER', true],
  ]
  for (const [sqlState, code, safeToRetry] of rows)
    test(`${sqlState} is ${code}, before it lets us in and after`, async () => {
      for (const script of [sends(refusal(sqlState, 'no')), sends(OK, refusal(sqlState, 'no'))]) {
        const error = await refused(script)
        expect(error).toMatchObject({ code, sqlState, safeToRetry, report: { message: 'no' } })
        expect(error.message).toMatch(/^127\.0\.0\.1:[0-9]+: no$/)
      }
    })

  test('as it did twenty years ago, when it cannot start a process', async () => {
    for (const text of ['Ecould not fork new process\n\0', 'Ecould not\u0007 fork new process', 'Ecould'])
      expect(
        await refused(async (peer) => {
          await peer.startup()
          for (const byte of Buffer.from(text)) await peer.send(Uint8Array.of(byte))
          peer.stream.close()
        }),
      ).toMatchObject({ code: 'PG_SERVER', safeToRetry: true })
    const endless = await refused(sends(`E${'x'.repeat(10_000)}`))
    expect(endless.code).toBe('PG_SERVER')
    expect(endless.message.length).toBeLessThan(5000)
  })

  test('and has gone before it has read a word', async () => {
    for (const leave of ['close', 'reset'] as const)
      for (let i = 0; i < 20; i++) {
        const error = await refused(async (peer) => {
          await peer.send(refusal('53300', 'sorry, too many clients already'))
          peer.socket[leave]()
        })
        expect(
          leave === 'close' ? error.sqlState : ['PG_SERVER', 'PG_CONNECT'].includes(error.code as string),
        ).toBe(leave === 'close' ? '53300' : true)
      }
  })

  test('and closes at any step', async () => {
    const greeting = bytesOf([OK, parameter('server_version', '16.1'), KEY, READY])
    const closers: readonly Script[] = [
      async () => {},
      async (peer) => void (await peer.startup()),
      ...Array.from(
        { length: greeting.length - 1 },
        (_, i): Script =>
          async (peer) => {
            await peer.startup()
            await peer.send(greeting.subarray(0, i + 1))
          },
      ),
    ]
    for (const closer of closers)
      expect(await refused(closer)).toMatchObject({ code: 'PG_CONNECT', safeToRetry: true })
  })
})

describe('a server that says nothing', () => {
  const silent: readonly (readonly [when: string, script: Script, more?: ConnectOptions])[] = [
    ['at all', (peer) => peer.untilClosed()],
    ['when it is asked for TLS', (peer) => peer.untilClosed(), { sslMode: 'prefer' }],
    [
      'behind its promise of TLS',
      async (peer) => {
        await peer.next()
        await peer.send('S')
        await peer.untilClosed()
      },
      { sslMode: 'prefer' },
    ],
    ['behind half a message', sends(bytesOf([OK]).subarray(0, 5))],
    ['when it has the password', sends(authentication({ method: 'cleartext-password' }))],
    ['when it has let us in', sends(OK, KEY)],
    ['to a query of ours', sends(OK, KEY, READY), { targetSessionAttrs: 'primary' }],
  ]
  for (const [when, script, more] of silent) {
    test(`${when} is given up after connectTimeoutMs`, async () => {
      const error = await refused(script, { ...more, connectTimeoutMs: 60 })
      expect(error).toMatchObject({ code: 'PG_TIMEOUT', limit: 'connectTimeoutMs', safeToRetry: true })
    })

    test(`${when} can be left, and nothing stays open`, async () => {
      await using server = new ScriptedServer(script)
      await expectNoDescriptorLeak(async () => {
        const opening = spawn(() => open(optionsFor(server.port, more)))
        const before = server.silent
        while (server.silent === before) await yieldSlice()
        opening.interrupt()
        expect(await failureOf(() => opening.join())).toMatchObject({ code: 'INTERRUPTED' })
      })
    })
  }
})

describe('settings that values depend on', () => {
  const answer: readonly BackendMessage[] = [{ kind: 'command-complete', tag: 'SET' }, READY]
  const script =
    (queries: string[], ...greeting: BackendMessage[]): Script =>
    async (peer) => {
      await peer.startup()
      await peer.send(OK, ...greeting, KEY, READY)
      for (;;) {
        const message = await peer.next()
        if (message.kind !== 'query') return
        queries.push(message.text)
        await peer.send(parameter('IntervalStyle', 'iso_8601'), ...answer)
      }
    }

  test('are set right where a server has others, and cost nothing where it has not', async () => {
    const queries: string[] = []
    const { backend } = await meet(
      script(
        queries,
        parameter('IntervalStyle', 'sql_standard'),
        parameter('DateStyle', 'SQL, DMY'),
        parameter('client_encoding', 'LATIN1'),
        parameter('server_version', '11.5'),
      ),
    )
    expect(queries).toEqual([
      "SET IntervalStyle TO iso_8601; SET DateStyle TO ISO; SET client_encoding TO 'UTF8'; SET extra_float_digits TO 3",
    ])
    expect(backend.parameters.get('IntervalStyle')).toBe('iso_8601')
    for (const style of ['postgres', 'iso_8601']) {
      const none: string[] = []
      await meet(
        script(
          none,
          parameter('IntervalStyle', style),
          parameter('DateStyle', 'ISO, MDY'),
          parameter('server_version', '16.1'),
        ),
      )
      expect(none).toEqual([])
    }
    const physical: string[] = []
    await meet(script(physical, parameter('IntervalStyle', 'sql_standard')), { replication: true })
    expect(physical).toEqual([])
  })
})
