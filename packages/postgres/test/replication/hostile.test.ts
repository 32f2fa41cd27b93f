/** A server that a test plays: what no honest one sends in a replication, and what an honest one may do at any time. */
import { all, withTimeout } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import { type ReplicationOptions, replicate } from '../../src/index.js'
import type { BackendMessage } from '../../src/wire/backend-message.js'
import type { FrontendMessage } from '../../src/wire/frontend-message.js'
import { MessageWriter } from '../../src/wire/message-writer.js'
import { decodeStandbyStatus, encodeKeepalive, encodeXLogData } from '../../src/wire/replication/envelope.js'
import {
  column,
  expectMessages,
  letIn,
  READY,
  refusal,
  row,
  type Step,
  send,
  sendRaw,
  startScriptedServer,
} from '../scripted-server.js'

const WAIT_MS = 10_000
const COPY_BOTH: BackendMessage = { kind: 'copy-both', format: 0, columnFormats: [] }
const DONE: readonly BackendMessage[] = [
  { kind: 'copy-done' },
  { kind: 'command-complete', tag: 'START_STREAMING' },
  READY,
]

/** Up to the beginning of the stream. */
function started(senderTimeoutMs = 0): readonly Step[] {
  return [
    letIn(),
    expectMessages('query'),
    send(
      { kind: 'row-description', columns: [column('setting')] },
      row(`${senderTimeoutMs}`),
      { kind: 'command-complete', tag: 'SELECT 1' },
      READY,
    ),
    expectMessages('query'),
    send(COPY_BOTH),
  ]
}

const int = (value: number, bytes: number) => {
  const buffer = Buffer.alloc(bytes)
  buffer.writeIntBE(value, 0, bytes)
  return buffer
}
const long = (value: bigint) => {
  const buffer = Buffer.alloc(8)
  buffer.writeBigInt64BE(value)
  return buffer
}
const text = (value: string) => Buffer.from(`${value}\0`)
const BEGIN = Buffer.concat([Buffer.from('B'), long(200n), long(0n), int(7, 4)])
const COMMIT = Buffer.concat([Buffer.from('C'), int(0, 1), long(150n), long(200n), long(0n)])
const relation = (columns: number, typeOid = 23) =>
  Buffer.concat([
    Buffer.from('R'),
    int(1, 4),
    text('public'),
    text('t'),
    Buffer.from('d'),
    int(columns, 2),
    ...(columns === 1 ? [int(1, 1), text('id'), int(typeOid, 4), int(-1, 4)] : []),
  ])
const insert = (value: string, length = value.length) =>
  Buffer.concat([
    Buffer.from('I'),
    int(1, 4),
    Buffer.from('N'),
    int(1, 2),
    Buffer.from('t'),
    int(length, 4),
    Buffer.from(value),
  ])

function data(bytes: Buffer, walStart = 100n): Buffer {
  const writer = new MessageWriter()
  encodeXLogData(writer, { walStart, walEnd: walStart, sentAt: new Date(0), data: bytes })
  return writer.take()
}

function keepalive(walEnd: bigint, isReplyRequested: boolean): Buffer {
  const writer = new MessageWriter()
  encodeKeepalive(writer, { walEnd, sentAt: new Date(0), isReplyRequested })
  return writer.take()
}

const open = (url: string, options: Partial<ReplicationOptions> & { drainTimeoutMs?: number } = {}) => {
  const { drainTimeoutMs = 1_000, ...rest } = options
  return replicate({ url, drainTimeoutMs }, { slot: 's', publications: ['p'], ...rest })
}

const statusOf = (message: FrontendMessage) => {
  if (message.kind !== 'copy-data') throw new Error(`${message.kind} is no report`)
  return decodeStandbyStatus(message.data, 0, message.data.length)
}

const copyData = (...bytes: number[]) => Buffer.from([0x64, 0, 0, 0, bytes.length + 4, ...bytes])

const hostile: readonly (readonly [why: string, bytes: Buffer, code: string])[] = [
  ['an envelope of an unknown kind', copyData(0x21), 'PG_PROTOCOL'],
  ['an empty envelope', copyData(), 'PG_PROTOCOL'],
  ['a keepalive that is too short', copyData(0x6b, 0, 0), 'PG_PROTOCOL'],
  ['data that is too short', copyData(0x77, 1, 2, 3), 'PG_PROTOCOL'],
  ['a change of an unknown kind', data(Buffer.from('?')), 'PG_PROTOCOL'],
  ['a change without a byte', data(Buffer.alloc(0)), 'PG_PROTOCOL'],
  ['a row of a table that was not described', data(insert('1')), 'PG_PROTOCOL'],
  ['a table of more columns than there can be', data(relation(1665)), 'PG_LIMIT'],
  ['a table of fewer columns than none', data(relation(-1)), 'PG_PROTOCOL'],
  [
    'a value beyond its message',
    Buffer.concat([data(relation(1)), data(insert('1', 2 ** 31 - 1))]),
    'PG_PROTOCOL',
  ],
  ['a value of a negative length', Buffer.concat([data(relation(1)), data(insert('1', -5))]), 'PG_PROTOCOL'],
  ['a value that is none of its type', Buffer.concat([data(relation(1)), data(insert('x'))]), 'PG_PROTOCOL'],
  ['bytes behind a change', data(Buffer.concat([BEGIN, Buffer.from('!')])), 'PG_PROTOCOL'],
  ['the end of a block that was not begun', data(Buffer.from('E')), 'PG_PROTOCOL'],
  ['a row outside of any copy', Buffer.from([0x44, 0, 0, 0, 6, 0, 0]), 'PG_PROTOCOL'],
  ['a message of an unknown type', Buffer.from('?\0\0\0\x04', 'latin1'), 'PG_PROTOCOL'],
  ['a length above the limit', Buffer.from([0x64, 0x7f, 0xff, 0xff, 0xff]), 'PG_LIMIT'],
  ['a length shorter than itself', Buffer.from([0x64, 0, 0, 0, 3]), 'PG_PROTOCOL'],
]

describe('ends the iteration, and no other connection is tried:', () => {
  test.for(hostile)('%s', async ([, bytes, code]) => {
    const before = all().length
    await using server = await startScriptedServer([[...started(), sendRaw(bytes), (peer) => peer.ended()]])
    const changes = open(server.url)
    const failure = await withTimeout(WAIT_MS, async () => {
      for (;;) {
        try {
          await changes.next()
        } catch (error) {
          return error
        }
      }
    })
    expect(failure).toMatchObject({ code })
    await changes.close()
    await expect(changes.next()).rejects.toBe(failure)
    expect(server.peers).toHaveLength(1)
    await expect.poll(() => all().length).toBe(before)
  })

  test('a value that the codec of the program refuses', async () => {
    await using server = await startScriptedServer([
      [...started(), sendRaw(data(relation(1)), data(insert('1'))), (peer) => peer.ended()],
    ])
    const refuse = () => {
      throw new Error('not that one')
    }
    const types = { int4: { name: 'mine', fromText: refuse, toText: String } }
    const changes = replicate({ url: server.url, types: types as never }, { slot: 's', publications: ['p'] })
    expect((await changes.next()).value).toMatchObject({ kind: 'relation' })
    await expect(changes.next()).rejects.toMatchObject({ code: 'PG_PROTOCOL', message: /not that one/ })
  })
})

describe('a report', () => {
  test('is sent when the server asks for one, while the program takes nothing', async () => {
    await using server = await startScriptedServer([
      [
        ...started(),
        expectMessages('copy-data'),
        sendRaw(keepalive(50n, true)),
        async (peer) => expect(statusOf(await peer.next())).toMatchObject({ written: 50n, flushed: 50n }),
        sendRaw(data(BEGIN), data(COMMIT, 150n), keepalive(300n, true)),
        // What is not acknowledged is not said to be.
        async (peer) => expect(statusOf(await peer.next())).toMatchObject({ written: 300n, flushed: 50n }),
        async (peer) => expect(statusOf(await peer.next())).toMatchObject({ flushed: 300n }),
        expectMessages('copy-data', 'copy-done'),
        send(...DONE),
        expectMessages('terminate'),
      ],
    ])
    const changes = open(server.url)
    await changes.ready()
    await expect
      .poll(() => server.peers[0]?.received.filter(({ kind }) => kind === 'copy-data').length)
      .toBe(3)
    expect((await changes.next()).value).toMatchObject({ kind: 'begin', lsn: 100n })
    expect((await changes.next()).value).toMatchObject({ kind: 'commit', lsn: 200n })
    expect(() => changes.acknowledge(201n)).toThrow(RangeError)
    changes.acknowledge(200n)
    expect(changes.acknowledged).toBe(300n)
    await expect
      .poll(() => server.peers[0]?.received.filter(({ kind }) => kind === 'copy-data').length)
      .toBe(4)
    await changes.close()
    await server.finished()
  })

  test('is sent in time for a server that has little patience, and a buffer that is full', async () => {
    const rows = Array.from({ length: 100 }, () => data(insert('1')))
    await using server = await startScriptedServer([
      [
        ...started(90),
        sendRaw(data(BEGIN), data(relation(1)), ...rows),
        expectMessages(...Array.from({ length: 5 }, () => 'copy-data' as const)),
        (peer) => peer.ended(),
      ],
    ])
    const changes = open(server.url, { maxBufferedBytes: 1, drainTimeoutMs: 50 })
    await changes.ready()
    await expect.poll(() => server.peers[0]?.received.length, { timeout: WAIT_MS }).toBeGreaterThan(9)
    for (let i = 0; i < 102; i++) expect((await changes.next()).done).toBe(false)
    await changes.close()
  })
})

describe('a server', () => {
  test('that says nothing is asked for a sign of life, and then given up', async () => {
    await using server = await startScriptedServer([
      [...started(), (peer) => peer.ended()],
      [...started(), sendRaw(data(BEGIN)), (peer) => peer.ended()],
    ])
    const changes = open(server.url, { serverTimeoutMs: 100, drainTimeoutMs: 50 })
    expect((await changes.next()).value).toMatchObject({
      kind: 'reconnected',
      cause: { code: 'PG_TIMEOUT', limit: 'serverTimeoutMs' },
    })
    const asked = server.peers[0]?.received.filter((each) => each.kind === 'copy-data').map(statusOf)
    expect(asked?.some(({ isReplyRequested }) => isReplyRequested)).toBe(true)
    expect((await changes.next()).value).toMatchObject({ kind: 'begin' })
    await changes.close()
  })

  test('that ends the copy is answered, and another connection begins where the last was acknowledged', async () => {
    await using server = await startScriptedServer([
      [
        ...started(),
        sendRaw(data(BEGIN), data(COMMIT, 150n)),
        async (peer) => {
          while (statusOf(await peer.next()).flushed < 200n);
        },
        send({ kind: 'copy-done' }),
        async (peer) => {
          while ((await peer.next()).kind !== 'copy-done');
        },
        send(...DONE.slice(1)),
      ],
      [
        letIn(),
        expectMessages('query'),
        send(READY),
        async (peer) => {
          const { text: command } = (await peer.expect('query')) as { text: string }
          expect(command).toContain('START_REPLICATION SLOT "s" LOGICAL 0/C8 ')
        },
        send(COPY_BOTH),
        (peer) => peer.ended(),
      ],
    ])
    const changes = open(server.url, { drainTimeoutMs: 50 })
    for (const kind of ['begin', 'commit']) expect((await changes.next()).value).toMatchObject({ kind })
    changes.acknowledge(200n)
    expect((await changes.next()).value).toMatchObject({ kind: 'reconnected', lsn: 200n })
    await changes.close()
    await server.finished()
  })

  test.for<[string, string, number]>([
    ['starting', '57P03', 3],
    ['full', '53300', 3],
    ['of another opinion', '42601', 1],
  ])('that is %s when it is asked again is asked %s', async ([, sqlState, times]) => {
    const refused: readonly Step[] = [letIn(), expectMessages('query'), send(refusal(sqlState), READY)]
    await using server = await startScriptedServer([
      [...started(), sendRaw(data(BEGIN)), (peer) => peer.end()],
      ...Array.from({ length: times === 1 ? 1 : 2 }, () => refused),
      [...started(), (peer) => peer.ended()],
    ])
    const changes = open(server.url, { drainTimeoutMs: 50 })
    const outcome = async () => {
      try {
        await changes.next()
        return (await changes.next()).value?.kind
      } catch (error) {
        return (error as { sqlState: string }).sqlState
      }
    }
    expect(await outcome()).toBe(times === 1 ? sqlState : 'reconnected')
    expect(server.peers).toHaveLength(times === 1 ? 2 : 4)
    await changes.close()
  })

  test('that does not end its side is left after the time for that', async () => {
    await using server = await startScriptedServer([[...started(), (peer) => peer.ended()]])
    const changes = open(server.url, { drainTimeoutMs: 50 })
    await changes.ready()
    await withTimeout(WAIT_MS, () => changes.close())
    expect(await changes.next()).toEqual({ done: true, value: undefined })
  })
})

test('options that mean nothing are refused before anything is opened', () => {
  const wrong: readonly (readonly [object, string])[] = [
    [{ slot: 'Upper', publications: ['p'] }, 'ERR_OUT_OF_RANGE'],
    [{ slot: 's"; drop', publications: ['p'] }, 'ERR_OUT_OF_RANGE'],
    [{ slot: 's' }, 'ERR_INVALID_ARG_TYPE'],
    [{ slot: 's', publications: [] }, 'ERR_OUT_OF_RANGE'],
    [{ slot: 's', publications: ['a\0b'] }, 'ERR_OUT_OF_RANGE'],
    [{ slot: 's', publications: ['p'], protoVersion: 1, streaming: true }, 'ERR_OUT_OF_RANGE'],
    [{ slot: 's', publications: ['p'], startLsn: 5 }, 'ERR_INVALID_ARG_TYPE'],
    [{ slot: 's', publications: ['p'], startLsn: 'x' }, 'ERR_OUT_OF_RANGE'],
    [{ slot: 's', publications: ['p'], streeming: true }, 'ERR_UNKNOWN_OPTION'],
    [{ slot: 's', publications: ['p'], binary: 1 }, 'ERR_INVALID_ARG_TYPE'],
  ]
  for (const [options, code] of wrong)
    expect(() => replicate('postgres://localhost', options as ReplicationOptions)).toThrow(
      expect.objectContaining({ code }),
    )
})
