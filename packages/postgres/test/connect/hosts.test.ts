import { join } from 'node:path'
import { setResolver, sleep, spawn, unix, yieldSlice } from '@shrapnel/core'
import { expectNoDescriptorLeak, freePort, temporaryFolder } from '@shrapnel/test-support'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ConnectOptions, SessionTarget } from '../../src/connect/connect-options.js'
import type { BackendMessage } from '../../src/wire/backend-message.js'
import { failureOf, open } from './connecting.js'
import {
  authentication,
  KEY,
  OK,
  parameter,
  READY,
  refusal,
  type Script,
  ScriptedServer,
} from './scripted-server.js'

/** A server that answers what it is asked about itself: 14 and later say it of their own accord. */
function serverThat(
  is: { standby?: boolean; readOnly?: boolean; older?: boolean },
  queries: string[] = [],
): ScriptedServer {
  const { standby = false, readOnly = false, older = false } = is
  const onOff = (value: boolean) => (value ? 'on' : 'off')
  const reports = [
    parameter('in_hot_standby', onOff(standby)),
    parameter('default_transaction_read_only', onOff(readOnly)),
  ]
  return new ScriptedServer(async (peer) => {
    await peer.startup()
    await peer.send(OK, ...(older ? [] : reports), KEY, READY)
    for (;;) {
      const message = await peer.next()
      if (message.kind !== 'query') return
      queries.push(message.text)
      const value = message.text.startsWith('SHOW') ? onOff(readOnly || standby) : standby ? 't' : 'f'
      const row: BackendMessage = { kind: 'data-row', values: [Buffer.from(value)] }
      await peer.send(
        { kind: 'row-description', columns: [] },
        row,
        { kind: 'command-complete', tag: 'SHOW' },
        READY,
      )
    }
  })
}

async function opened(
  servers: readonly (ScriptedServer | number)[],
  more: ConnectOptions = {},
): Promise<number> {
  const ports = servers.map((server) => (typeof server === 'number' ? server : server.port))
  const host = ports.map(() => '127.0.0.1')
  const backend = await open({
    host,
    port: ports,
    user: 'u',
    password: 'hunter2',
    sslMode: 'disable',
    ...more,
  })
  backend.stream.close()
  return ports.indexOf(Number(/:([0-9]+)\//.exec(backend.target)?.[1]))
}

const refusing = (...parts: readonly (BackendMessage | string)[]): ScriptedServer =>
  new ScriptedServer(async (peer) => {
    await peer.startup()
    await peer.send(...parts)
    await peer.untilClosed()
  })

describe('the first of several servers that will do', () => {
  const rows: readonly (readonly [why: string, first: () => ScriptedServer | Promise<number>])[] = [
    ['is not there', () => freePort()],
    ['starts', () => refusing(refusal('57P03', 'the database system is starting up'))],
    ['is full', () => refusing(refusal('53300', 'sorry, too many clients already'))],
    ['closes', () => new ScriptedServer(async () => {})],
    ['is no PostgreSQL', () => refusing('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['says nothing', () => new ScriptedServer((peer) => peer.untilClosed())],
  ]
  for (const [why, make] of rows)
    test(`is taken where the one before it ${why}`, async () => {
      const first = await make()
      await using second = serverThat({})
      expect(await opened([first, second], { connectTimeoutMs: 100 })).toBe(1)
      if (first instanceof ScriptedServer) await first[Symbol.asyncDispose]()
    })

  for (const [why, parts] of [
    ['a wrong password', [refusal('28P01', 'wrong password')]],
    ['a database that is not there', [OK, refusal('3D000', 'no such database')]],
    ['what we do not do', [authentication({ method: 'gss' })]],
  ] as const)
    test(`is not looked for after ${why}`, async () => {
      await using first = refusing(...parts)
      await using second = serverThat({})
      expect(await failureOf(() => opened([first, second]))).toMatchObject({ code: 'PG_AUTH' })
      expect(await failureOf(async () => opened([await freePort(), first, second]))).toMatchObject({
        code: 'PG_AUTH',
        cause: { errors: [{ code: 'PG_CONNECT' }, { code: 'PG_AUTH' }] },
      })
      expect(second.connections).toBe(0)
    })

  test('is none where all fail, and the error has all of them in their order', async () => {
    await using full = refusing(refusal('53300', 'too many'))
    await using silent = new ScriptedServer((peer) => peer.untilClosed())
    const error = await failureOf(async () =>
      opened([await freePort(), full, silent], { connectTimeoutMs: 50 }),
    )
    expect(error).toMatchObject({
      code: 'PG_CONNECT',
      safeToRetry: true,
      cause: {
        errors: [
          { code: 'PG_CONNECT', cause: { code: 'ECONNREFUSED' } },
          { code: 'PG_SERVER', sqlState: '53300' },
          { code: 'PG_TIMEOUT' },
        ],
      },
    })
  })

  test('can be left at each of them, and nothing stays open', async () => {
    const silent: Script = (peer) => peer.untilClosed()
    await using first = new ScriptedServer(silent)
    await using second = new ScriptedServer(silent)
    await expectNoDescriptorLeak(async () => {
      for (const [server, connectTimeoutMs] of [
        [first, 30_000],
        [second, 30],
      ] as const) {
        const before = server.silent
        const opening = spawn(() => opened([first, second], { connectTimeoutMs }))
        while (server.silent === before) await yieldSlice()
        opening.interrupt()
        expect(await failureOf(() => opening.join())).toMatchObject({ code: 'INTERRUPTED' })
      }
    })
  })
})

describe('targetSessionAttrs', () => {
  const kinds = {
    primary: {},
    'read-only primary': { readOnly: true },
    standby: { standby: true },
  } as const
  const wanted: Readonly<Record<SessionTarget, readonly (keyof typeof kinds)[]>> = {
    any: ['primary', 'read-only primary', 'standby'],
    'read-write': ['primary'],
    'read-only': ['read-only primary', 'standby'],
    primary: ['primary', 'read-only primary'],
    standby: ['standby'],
    'prefer-standby': ['primary', 'read-only primary', 'standby'],
  }
  for (const older of [false, true])
    for (const [target, allowed] of Object.entries(wanted) as [SessionTarget, readonly string[]][])
      test(`${target} takes a ${allowed.join(', a ')}${older ? ', of servers that must be asked' : ''}`, async () => {
        for (const [kind, is] of Object.entries(kinds)) {
          const queries: string[] = []
          await using server = serverThat({ ...is, older }, queries)
          const outcome = await opened([server], { targetSessionAttrs: target }).then(
            () => 'in',
            ({ code }: { code: string }) => code,
          )
          expect(outcome, kind).toBe(allowed.includes(kind) ? 'in' : 'PG_CONNECT')
          expect(queries).toHaveLength(older && target !== 'any' ? 1 : 0)
        }
      })

  test('prefer-standby takes the standby behind the primary, and the primary if there is none', async () => {
    await using primary = serverThat({})
    await using standby = serverThat({ standby: true })
    expect(await opened([primary, standby], { targetSessionAttrs: 'prefer-standby' })).toBe(1)
    expect(await opened([primary, await freePort()], { targetSessionAttrs: 'prefer-standby' })).toBe(0)
  })

  test('a server that is not wanted is told goodbye', async () => {
    const seen: string[] = []
    await using server = new ScriptedServer(async (peer) => {
      await peer.startup()
      await peer.send(OK, parameter('in_hot_standby', 'on'), KEY, READY)
      seen.push((await peer.next()).kind)
      await peer.untilClosed()
    })
    await failureOf(() => opened([server], { targetSessionAttrs: 'primary' }))
    while (server.silent === 0) await yieldSlice()
    expect(seen).toEqual(['terminate'])
  })

  test('a server that refuses the question, or answers something else, is not taken', async () => {
    const answers: readonly (readonly [readonly BackendMessage[], string])[] = [
      [[refusal('42883', 'no such function'), READY], 'PG_SERVER'],
      [[{ kind: 'copy-out', format: 0, columnFormats: [] }], 'PG_PROTOCOL'],
      [[{ kind: 'command-complete', tag: 'SELECT 0' }, READY], 'PG_CONNECT'],
    ]
    for (const [answer, code] of answers) {
      await using server = new ScriptedServer(async (peer) => {
        await peer.startup()
        await peer.send(OK, KEY, READY)
        await peer.next()
        await peer.send(...answer)
        await peer.untilClosed()
      })
      const error = await failureOf(() => opened([server], { targetSessionAttrs: 'standby' }))
      expect(error).toMatchObject({ code })
    }
  })
})

describe('names', () => {
  const addresses = new Map<string, readonly string[]>()
  let previous: ReturnType<typeof setResolver>
  beforeEach(() => {
    previous = setResolver((host) => {
      const found = addresses.get(host)
      if (found === undefined) throw Object.assign(new Error(`no such name ${host}`), { code: 'ENOTFOUND' })
      return found
    })
  })
  afterEach(() => {
    setResolver(previous)
    addresses.clear()
  })

  const named = (host: string, port: number, more: ConnectOptions = {}) =>
    open({ host, port, user: 'u', sslMode: 'disable', ...more })

  test('are looked up by the resolver of the core', async () => {
    addresses.set('db.test', ['127.0.0.1'])
    await using server = serverThat({})
    const backend = await named('db.test', server.port)
    expect(backend.target).toBe(`db.test:${server.port}/u`)
    backend.stream.close()
  })

  test('that lead nowhere are a failure of their own', async () => {
    addresses.set('empty.test', [])
    for (const more of [{}, { targetSessionAttrs: 'primary' }, { loadBalanceHosts: 'random' }] as const) {
      expect(await failureOf(() => named('missing.test', 1, more))).toMatchObject({
        code: 'PG_CONNECT',
        cause: { code: 'ENOTFOUND' },
      })
      expect(await failureOf(() => named('empty.test', 1, more))).toMatchObject({ code: 'PG_CONNECT' })
    }
    addresses.set('db.test', ['127.0.0.1'])
    await using server = serverThat({})
    const backend = await named('missing.test,empty.test,db.test', server.port, {
      targetSessionAttrs: 'primary',
    })
    backend.stream.close()
  })

  test('have each address tried where it may be another server', async () => {
    addresses.set('db.test', ['127.0.0.2', '127.0.0.1'])
    await using server = serverThat({})
    const backend = await named('db.test', server.port, { targetSessionAttrs: 'read-write' })
    expect(backend.target).toBe(`db.test:${server.port}/u`)
    backend.stream.close()
  })

  test('and hosts are in random order where that is wanted', async () => {
    addresses.set('db.test', ['127.0.0.1', '::1'])
    await using one = serverThat({})
    await using two = serverThat({})
    const seen = new Set<number>()
    for (let i = 0; i < 64 && seen.size < 2; i++)
      seen.add(await opened([one, two], { loadBalanceHosts: 'random' }))
    expect(seen).toEqual(new Set([0, 1]))
    const backend = await named('db.test', one.port, { loadBalanceHosts: 'random' })
    backend.stream.close()
  })

  test('that nobody answers for can be left, and have connectTimeoutMs', async () => {
    setResolver(async () => {
      await sleep(Number.POSITIVE_INFINITY)
      return []
    })
    for (const more of [{}, { targetSessionAttrs: 'primary' }] as const)
      expect(await failureOf(() => named('db.test', 1, { ...more, connectTimeoutMs: 20 }))).toMatchObject({
        code: 'PG_TIMEOUT',
      })
    const opening = spawn(() => named('db.test', 1, { targetSessionAttrs: 'primary' }))
    await yieldSlice()
    opening.interrupt()
    expect(await failureOf(() => opening.join())).toMatchObject({ code: 'INTERRUPTED' })
  })
})

test('a UNIX socket is reached by its folder, or in the abstract namespace, and never asked for TLS', async () => {
  await using folder = await temporaryFolder()
  for (const host of [folder.path, `@shrapnel-${process.pid}`]) {
    const path = host.startsWith('@') ? `\0${host.slice(1)}/.s.PGSQL.5432` : join(host, '.s.PGSQL.5432')
    const listener = unix.listen({ path })
    const session = spawn(async () => {
      const socket = await listener.accept()
      const first = await socket.recv()
      await socket.send(Buffer.from('5200000008000000005a0000000549', 'hex'))
      await socket.recv()
      socket.close()
      return first
    })
    const backend = await open({ host, user: 'u', sslMode: 'require' })
    expect(backend.target).toBe(`${host}:5432/u`)
    backend.stream.close()
    expect((await session.join()).readInt32BE(4)).toBe(0x0003_0000)
    listener.close()
  }
  const error = await failureOf(() => open({ host: folder.path, user: 'u' }))
  expect(error).toMatchObject({ code: 'PG_CONNECT', cause: { code: 'ENOENT' } })
})
