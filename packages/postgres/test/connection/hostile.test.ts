import { spawn, withTimeout } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import type { BackendMessage } from '../../src/wire/backend-message.js'
import { answer, bytesOf, column, failure, ready, ScriptedBackend } from './scripted-backend.js'

const raw = (type: string, length: number, body = ''): Buffer => {
  const bytes = Buffer.alloc(5 + body.length)
  bytes.write(type, 'latin1')
  bytes.writeInt32BE(length, 1)
  bytes.write(body, 5, 'latin1')
  return bytes
}
const row = (...values: (string | null)[]): BackendMessage => ({
  kind: 'data-row',
  values: values.map((value) => (value === null ? null : Buffer.from(value))),
})
const untilBound: readonly BackendMessage[] = answer('x').slice(0, 4)
const untilDone: readonly BackendMessage[] = answer('x').slice(0, -1)

test('an answer is understood wherever it is split', async () => {
  const backend = new ScriptedBackend({ prepare: false })
  const notice: BackendMessage = { kind: 'notice', report: { severity: 'NOTICE', message: 'ü' } }
  const whole = bytesOf([
    notice,
    ...untilBound,
    row('first'),
    { kind: 'notification', processId: 3, channel: 'c', payload: 'p' },
    row('a second one that is long'),
    { kind: 'parameter-status', name: 'TimeZone', value: 'UTC' },
    { kind: 'command-complete', tag: 'SELECT 2' },
    ready(),
  ])
  for (let at = 0; at < whole.length; at++) {
    const result = spawn(() => backend.db.query('select v'))
    await backend.hear()
    await backend.peer.send(whole.subarray(0, at))
    await backend.peer.send(whole.subarray(at))
    expect(await result.join(), `split at ${at}`).toEqual([
      { v: 'first' },
      { v: 'a second one that is long' },
    ])
  }
  for (let size = 1; size < 9; size++) {
    const result = spawn(() => backend.db.query('select v'))
    await backend.hear()
    for (let at = 0; at < whole.length; at += size) await backend.peer.send(whole.subarray(at, at + size))
    expect(await result.join()).toHaveLength(2)
  }
  expect(backend.db.isReusable).toBe(true)
})

const hostile: readonly (readonly [why: string, bytes: Buffer, code: string])[] = [
  ['a length shorter than itself', raw('D', 3), 'PG_PROTOCOL'],
  ['a negative length', raw('D', -1), 'PG_PROTOCOL'],
  ['a length above the limit', raw('D', 0x7fff_ffff), 'PG_LIMIT'],
  ['a message of an unknown type', raw('?', 4), 'PG_PROTOCOL'],
  ['a message of the start-up', raw('R', 8, '\0\0\0\0'), 'PG_PROTOCOL'],
  ['ReadyForQuery before any answer', bytesOf([ready()]), 'PG_PROTOCOL'],
  ['ReadyForQuery with an unknown status', raw('Z', 5, '?'), 'PG_PROTOCOL'],
  ['ReadyForQuery in place of the end of the result', bytesOf([...untilBound, ready()]), 'PG_PROTOCOL'],
  ['a row before it is described', bytesOf([row('x')]), 'PG_PROTOCOL'],
  ['a row before Bind is answered', bytesOf([...untilBound.slice(0, 3), row('x')]), 'PG_PROTOCOL'],
  ['a row after the end', bytesOf([...untilDone, row('x')]), 'PG_PROTOCOL'],
  ['a second end', bytesOf([...untilDone, { kind: 'command-complete', tag: 'SELECT 1' }]), 'PG_PROTOCOL'],
  [
    'a second answer to Parse',
    bytesOf([{ kind: 'parse-complete' }, { kind: 'parse-complete' }]),
    'PG_PROTOCOL',
  ],
  ['a description before Parse is answered', bytesOf([untilBound[2] as BackendMessage]), 'PG_PROTOCOL'],
  [
    'a second description',
    bytesOf([...untilBound.slice(0, 3), untilBound[2] as BackendMessage]),
    'PG_PROTOCOL',
  ],
  [
    'an answer to Bind without a description',
    bytesOf([{ kind: 'parse-complete' }, { kind: 'bind-complete' }]),
    'PG_PROTOCOL',
  ],
  ['a row with too many values', bytesOf([...untilBound, row('x', 'y')]), 'PG_PROTOCOL'],
  ['a row with too few values', bytesOf([...untilBound, row()]), 'PG_PROTOCOL'],
  [
    'a value longer than its row',
    Buffer.concat([bytesOf(untilBound), raw('D', 12, '\0\x01\0\0\0\x09xx')]),
    'PG_PROTOCOL',
  ],
  [
    'bytes behind the last value',
    Buffer.concat([bytesOf(untilBound), raw('D', 13, '\0\x01\0\0\0\x01xyz')]),
    'PG_PROTOCOL',
  ],
  ['more columns than can be', raw('T', 6, '\x7f\xff'), 'PG_PROTOCOL'],
  [
    'more columns than may be',
    Buffer.concat([
      bytesOf(untilBound.slice(0, 2)),
      bytesOf([{ kind: 'row-description', columns: Array.from({ length: 9 }, () => column('v', 25)) }]),
    ]),
    'PG_LIMIT',
  ],
  ['an error without its end', raw('E', 9, 'Mtext'), 'PG_PROTOCOL'],
  ['a suspended portal', bytesOf([...untilBound, { kind: 'portal-suspended' }]), 'PG_PROTOCOL'],
  ['data of COPY', bytesOf([...untilBound, { kind: 'copy-data', data: Buffer.from('x') }]), 'PG_PROTOCOL'],
  ['a result of a function', bytesOf([{ kind: 'function-call', value: null }]), 'PG_PROTOCOL'],
  [
    'COPY in both directions',
    bytesOf([...untilBound, { kind: 'copy-both', format: 0, columnFormats: [] }]),
    'PG_USAGE',
  ],
  [
    'a change of the encoding',
    bytesOf([{ kind: 'parameter-status', name: 'client_encoding', value: 'LATIN1' }]),
    'PG_USAGE',
  ],
  ['the end, in the middle of a message', raw('D', 100, 'x'), 'PG_BROKEN'],
]

describe('a server that sends', () => {
  for (const [why, bytes, code] of hostile)
    test(`${why} gets one error, and the connection is given up`, async () => {
      const backend = new ScriptedBackend({ maxColumns: 8 })
      const first = spawn(() => backend.db.query('select v'))
      const second = spawn(() => backend.db.query('select w'))
      const third = spawn(async () => await backend.db.reserve())
      await backend.hear(2)
      await backend.peer.send(bytes)
      if (code === 'PG_BROKEN') backend.peer.close()
      await expect(first.join()).rejects.toMatchObject({ code, query: 'select v', safeToRetry: false })
      await expect(second.join()).rejects.toMatchObject({
        code: 'PG_BROKEN',
        query: 'select w',
        safeToRetry: false,
      })
      await expect(third.join()).rejects.toMatchObject({ code: 'PG_BROKEN', safeToRetry: true })
      expect(backend.db.isOpen).toBe(false)
      expect((await backend.db.whenClosed.wait()).code).toBe(code)
      await expect(backend.db.query('select x')).rejects.toMatchObject({ safeToRetry: true })
      await backend.db.end()
    })

  test('an answer that nobody has asked for is not believed', async () => {
    for (const message of [ready(), row('x'), answer('x')[0] as BackendMessage]) {
      const backend = new ScriptedBackend()
      await backend.say(message)
      expect((await backend.db.whenClosed.wait()).code).toBe('PG_PROTOCOL')
    }
  })

  test('rows without an end is stopped at the limit', async () => {
    const backend = new ScriptedBackend({ drainTimeoutMs: 200 })
    const result = spawn(() => backend.db.query('select v', [], { maxResultBytes: 100_000 }))
    const behind = spawn(() => backend.db.query('select w'))
    await backend.hear(2)
    const flood = spawn(async () => {
      await backend.say(...untilBound)
      for (;;) await backend.say(row('x'.repeat(1000)))
    })
    await expect(result.join()).rejects.toMatchObject({ code: 'PG_LIMIT', limit: 'maxResultBytes' })
    await expect(behind.join()).rejects.toMatchObject({ code: 'PG_BROKEN' })
    expect((await backend.db.whenClosed.wait()).code).toBe('PG_TIMEOUT')
    expect(backend.cancels).toBe(1)
    await expect(flood.join()).rejects.toMatchObject({ syscall: 'write' })
  })

  test('its last words is quoted by everybody', async () => {
    const backend = new ScriptedBackend()
    const queries = ['a', 'b', 'c'].map((text) => spawn(() => backend.db.query(text)))
    await backend.hear(3)
    await backend.say(...answer('x'), failure('57P01', 'FATAL'))
    backend.peer.close()
    const [first, ...others] = await Promise.allSettled(queries.map((query) => query.join()))
    expect(first).toMatchObject({ value: [{ v: 'x' }] })
    for (const other of others)
      expect(other).toMatchObject({ reason: { code: 'PG_BROKEN', sqlState: '57P01', safeToRetry: false } })

    const idle = new ScriptedBackend()
    await idle.say(failure('57P01', 'FATAL'))
    idle.peer.close()
    expect(await idle.db.whenClosed.wait()).toMatchObject({ code: 'PG_BROKEN', sqlState: '57P01' })
  })
})

describe('a late cancel', () => {
  async function cancelled(second: string) {
    const backend = new ScriptedBackend()
    const doomed = spawn(() => backend.db.query('select slow'))
    const innocent = spawn(() => backend.db.query(second))
    await backend.hear(2)
    doomed.interrupt()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await backend.cancelAsked.wait()
    return { backend, innocent }
  }

  test('that hits the next query has it run once more', async () => {
    const { backend, innocent } = await cancelled('select innocent')
    await backend.say(...answer('too late'), failure('57014'), ready())
    backend.cancelDone.set(undefined)
    expect((await backend.hear()).filter((message) => message.kind === 'parse')).toMatchObject([
      { text: 'select innocent' },
    ])
    await backend.say(...answer('well'))
    expect(await innocent.join()).toEqual([{ v: 'well' }])
    expect(backend.db.isReusable).toBe(true)
    expect(backend.cancels).toBe(1)
  })

  test('that hits what may have committed fails it', async () => {
    const { backend, innocent } = await cancelled('call innocent()')
    await backend.say(...answer('too late'), failure('57014'), ready())
    backend.cancelDone.set(undefined)
    await expect(innocent.join()).rejects.toMatchObject({
      code: 'PG_SERVER',
      sqlState: '57014',
      safeToRetry: false,
    })
  })

  test('that hits a transaction fails it', async () => {
    const { backend, innocent } = await cancelled('select innocent')
    await backend.say(...answer('too late'), failure('57014'), ready('failed'))
    backend.cancelDone.set(undefined)
    await expect(innocent.join()).rejects.toMatchObject({ code: 'PG_SERVER', sqlState: '57014' })
  })

  test('is waited for before anything else is sent', async () => {
    const { backend, innocent } = await cancelled('select innocent')
    await backend.say(...answer('too late'), ...answer('well'))
    expect(await innocent.join()).toEqual([{ v: 'well' }])
    const next = spawn(() => backend.db.query('select next'))
    await expect(withTimeout(20, () => backend.hear())).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(backend.db.isDraining).toBe(true)
    expect(backend.db.isReusable).toBe(false)
    backend.cancelDone.set(undefined)
    expect(await backend.hear()).toMatchObject([{ kind: 'parse', text: 'select next' }, {}, {}, {}, {}])
    await backend.say(...answer('next'))
    expect(await next.join()).toEqual([{ v: 'next' }])
  })

  test('that came too early is asked for again', async () => {
    const { backend, innocent } = await cancelled('select innocent')
    backend.cancelDone.set(undefined)
    await expect.poll(() => backend.cancels).toBe(3)
    await backend.say(failure('57014'), ready(), ...answer('well'))
    expect(await innocent.join()).toEqual([{ v: 'well' }])
    expect(backend.db.isReusable).toBe(true)
  })

  test('of which nobody knows whether it is still to come costs the connection, not its answers', async () => {
    const { backend, innocent } = await cancelled('select innocent')
    backend.cancelDone.set(new Error('unreachable'))
    await backend.say(...answer('by itself'), ...answer('well'))
    expect(await innocent.join()).toEqual([{ v: 'well' }])
    expect((await backend.db.whenClosed.wait()).code).toBe('PG_BROKEN')
  })

  test('is not sent for what is answered in the same moment', async () => {
    const backend = new ScriptedBackend()
    const doomed = spawn(() => backend.db.query('select fast'))
    const first = spawn(() => backend.db.query('select first'))
    await backend.hear(2)
    await backend.say(...answer('x'), ...answer('y'))
    await first.join()
    const result = await doomed.join()
    doomed.interrupt()
    expect(result).toEqual([{ v: 'x' }])
    expect(backend.cancels).toBe(0)
  })
})
