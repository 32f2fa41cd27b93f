/** What a server may not say to a stream, a cursor or a COPY; and every way to split what it may. */
import { spawn, withTimeout } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import type { BackendMessage } from '../../src/wire/backend-message.js'
import { bytesOf, column, failure, ready, ScriptedBackend } from '../connection/scripted-backend.js'

const row = (value: string): BackendMessage => ({ kind: 'data-row', values: [Buffer.from(value)] })
const described: readonly BackendMessage[] = [
  { kind: 'parse-complete' },
  { kind: 'parameter-description', typeOids: [] },
  { kind: 'row-description', columns: [column('v', 25)] },
  ready(),
]
const parsed: BackendMessage = { kind: 'parse-complete' }
const bound: BackendMessage = { kind: 'bind-complete' }
const suspended: BackendMessage = { kind: 'portal-suspended' }
const complete = (tag: string): BackendMessage => ({ kind: 'command-complete', tag })
const out: BackendMessage = { kind: 'copy-out', format: 0, columnFormats: [0] }
const into: BackendMessage = { kind: 'copy-in', format: 0, columnFormats: [0] }
const data = (text: string): BackendMessage => ({ kind: 'copy-data', data: Buffer.from(text) })
const done: BackendMessage = { kind: 'copy-done' }

async function listOf<R>(rows: AsyncIterable<R>): Promise<R[]> {
  const all: R[] = []
  for await (const each of rows) all.push(each)
  return all
}

/** A stream whose statement is described. */
async function streaming(options = {}) {
  const backend = new ScriptedBackend({ prepare: false })
  const read = spawn(() => listOf(backend.db.stream('select v', [], options)))
  await backend.hear()
  await backend.say(...described)
  await backend.hearUpTo(['flush'])
  return { backend, read }
}

test('the answers to a stream are understood wherever they are split', async () => {
  const first = bytesOf([parsed, bound, row('one'), row('two'), suspended])
  const second = bytesOf([row('three'), complete('SELECT 3')])
  for (let at = 0; at <= Math.max(first.length, second.length); at++) {
    const { backend, read } = await streaming({ batchRows: 2 })
    await backend.peer.send(first.subarray(0, at))
    await backend.peer.send(first.subarray(at))
    expect((await backend.hearUpTo(['flush'])).map(({ kind }) => kind)).toEqual(['execute', 'flush'])
    await backend.peer.send(second.subarray(0, at))
    await backend.peer.send(second.subarray(at))
    expect((await backend.hear()).map(({ kind }) => kind)).toEqual(['sync'])
    await backend.say(ready())
    expect(await read.join(), `split at ${at}`).toEqual([{ v: 'one' }, { v: 'two' }, { v: 'three' }])
    expect(backend.db.isReusable).toBe(true)
  }
})

const streams: readonly (readonly [why: string, messages: readonly BackendMessage[]])[] = [
  ['a row before Bind is answered', [row('x')]],
  ['an end before Bind is answered', [complete('SELECT 1')]],
  ['a second answer to Bind', [parsed, bound, bound]],
  ['ReadyForQuery that nobody asked for', [parsed, bound, ready()]],
  ['a row after the end', [parsed, bound, complete('SELECT 0'), row('x')]],
  ['a second end', [parsed, bound, complete('SELECT 0'), complete('SELECT 0')]],
  ['data of COPY', [parsed, bound, data('x')]],
  ['a row of no columns', [parsed, bound, { kind: 'data-row', values: [] }]],
]
test.each(streams)('a stream ends the connection that sends %s', async (_why, messages) => {
  const { backend, read } = await streaming()
  await backend.say(...messages)
  await expect(withTimeout(2_000, () => read.join())).rejects.toMatchObject({ code: 'PG_PROTOCOL' })
  expect(backend.db.isOpen).toBe(false)
})

test('a stream that hears of COPY is over, and says which method there is', async () => {
  const { backend, read } = await streaming()
  await backend.say(parsed, bound, into)
  await expect(read.join()).rejects.toMatchObject({ code: 'PG_USAGE' })
})

test('the connection is lost in the middle of a stream: rows first, then the loss', async () => {
  const backend = new ScriptedBackend({ prepare: false })
  const stream = backend.db.stream('select v')
  const first = spawn(() => stream.next())
  await backend.hear()
  await backend.say(...described)
  await backend.hearUpTo(['flush'])
  await backend.say(parsed, bound, row('one'))
  expect(await first.join()).toEqual({ done: false, value: { v: 'one' } })
  const second = spawn(() => stream.next())
  backend.peer.close()
  await expect(second.join()).rejects.toMatchObject({ code: 'PG_BROKEN', safeToRetry: false })
  expect(await stream.next()).toEqual({ done: true, value: undefined })
})

describe('copyTo', () => {
  const copying = (options = {}) => {
    const backend = new ScriptedBackend()
    const read = spawn(() => listOf(backend.db.copyTo('copy t to stdout', options)))
    return { backend, read }
  }

  test('understands its answers wherever they are split', async () => {
    const notice: BackendMessage = { kind: 'notice', report: { severity: 'NOTICE', message: 'ü' } }
    const whole = bytesOf([
      parsed,
      bound,
      out,
      data('one\n'),
      notice,
      data(''),
      data('two\t\\N\n'),
      data('thr'),
      data('ee\n'),
      done,
      complete('COPY 3'),
      ready(),
    ])
    for (let at = 0; at <= whole.length; at++) {
      const { backend, read } = copying()
      await backend.hear()
      await backend.peer.send(whole.subarray(0, at))
      await backend.peer.send(whole.subarray(at))
      expect(Buffer.concat((await read.join()) as Buffer[]).toString(), `split at ${at}`).toBe(
        'one\ntwo\t\\N\nthree\n',
      )
      expect(backend.db.isReusable).toBe(true)
    }
    for (let size = 1; size < 12; size++) {
      const { backend, read } = copying({ rows: 'text' })
      await backend.hear()
      for (let at = 0; at < whole.length; at += size) await backend.peer.send(whole.subarray(at, at + size))
      expect(await read.join()).toEqual([['one'], ['two', null], ['three']])
    }
  })

  const hostile: readonly (readonly [why: string, messages: readonly BackendMessage[]])[] = [
    ['data before it has begun', [parsed, bound, data('x')]],
    ['the beginning before Bind is answered', [out]],
    ['a second beginning', [parsed, bound, out, out]],
    ['data after the end', [parsed, bound, out, done, data('x')]],
    ['a second end', [parsed, bound, out, done, done]],
    ['ReadyForQuery in the middle', [parsed, bound, out, data('x'), ready()]],
    ['a row', [parsed, bound, out, row('x')]],
    ['a beginning after the end', [parsed, bound, out, done, complete('COPY 0'), out]],
  ]
  test.each(hostile)('ends the connection that sends %s', async (_why, messages) => {
    const { backend, read } = copying()
    await backend.hear()
    await backend.say(...messages)
    await expect(withTimeout(2_000, () => read.join())).rejects.toMatchObject({ code: 'PG_PROTOCOL' })
    expect(backend.db.isOpen).toBe(false)
  })

  test('says of rows that cannot be read what is wrong, and of the connection nothing', async () => {
    const { backend, read } = copying({ rows: 'text', maxRowBytes: 10 })
    await backend.hear()
    await backend.say(parsed, bound, out, data('x'.repeat(50)), done, complete('COPY 1'), ready())
    await expect(read.join()).rejects.toMatchObject({ code: 'PG_PROTOCOL', cause: { code: 'PG_LIMIT' } })
    expect(backend.db.isReusable).toBe(true)
  })

  test('is over when the server refuses in the middle, with what came before', async () => {
    const backend = new ScriptedBackend()
    const copy = backend.db.copyTo('copy t to stdout')
    const first = spawn(() => copy.next())
    await backend.hear()
    await backend.say(parsed, bound, out, data('one\n'), failure('22012'), ready())
    expect((await first.join()).value?.toString()).toBe('one\n')
    await expect(copy.next()).rejects.toMatchObject({ code: 'PG_SERVER', sqlState: '22012' })
  })

  test('that is left cancels, and takes nothing new before that is settled', async () => {
    const backend = new ScriptedBackend()
    const copy = backend.db.copyTo('copy t to stdout')
    const first = spawn(() => copy.next())
    await backend.hear()
    await backend.say(parsed, bound, out, data('one\n'))
    await first.join()
    const left = spawn(() => copy.return())
    await backend.cancelAsked.wait()
    await backend.say(data('two\n'), failure('57014'), ready())
    backend.cancelDone.set(undefined)
    await left.join()
    expect(backend.cancels).toBe(1)
    const next = spawn(() => backend.db.query('select v'))
    await backend.hear()
    await backend.say(...described.slice(0, 3), bound, row('x'), complete('SELECT 1'), ready())
    expect(await next.join()).toEqual([{ v: 'x' }])
  })
})

describe('copyFrom', () => {
  const copying = async (source: Iterable<string> = ['one\n', 'two\n']) => {
    const backend = new ScriptedBackend()
    const copied = spawn(() => backend.db.copyFrom('copy t from stdin', source))
    const asked = (await backend.hearUpTo(['flush'])).map(({ kind }) => kind)
    expect(asked).toEqual(['parse', 'bind', 'execute', 'flush'])
    return { backend, copied }
  }

  test('says what is to be copied, and no more, once the server is ready for it', async () => {
    const { backend, copied } = await copying()
    await backend.say(parsed, bound, into)
    const heard = await backend.hear()
    expect(heard.map(({ kind }) => kind)).toEqual(['copy-data', 'copy-done', 'sync'])
    expect(heard[0]).toMatchObject({ data: Buffer.from('one\ntwo\n') })
    await backend.say(complete('COPY 2'), ready())
    expect(await copied.join()).toBe(2)
  })

  const hostile: readonly (readonly [why: string, messages: readonly BackendMessage[]])[] = [
    ['the beginning before Bind is answered', [into]],
    ['a second beginning', [parsed, bound, into, into]],
    ['data', [parsed, bound, into, data('x')]],
    ['a row', [parsed, bound, into, row('x')]],
    ['ReadyForQuery before the end', [parsed, bound, ready()]],
    ['a second end', [parsed, bound, into, complete('COPY 0'), complete('COPY 0')]],
    ['the beginning of a replication', [parsed, bound, { kind: 'copy-both', format: 0, columnFormats: [] }]],
  ]
  test.each(hostile)('ends the connection that sends %s', async (_why, messages) => {
    const { backend, copied } = await copying()
    await backend.say(...messages)
    await expect(withTimeout(2_000, () => copied.join())).rejects.toMatchObject({ code: 'PG_PROTOCOL' })
    expect(backend.db.isOpen).toBe(false)
  })

  test('is refused before it has begun: nothing is sent, and the source is not asked', async () => {
    let asked = 0
    const { backend, copied } = await copying(
      (function* () {
        asked++
        yield 'x'
      })(),
    )
    await backend.say(failure('42501'))
    expect((await backend.hear()).map(({ kind }) => kind)).toEqual(['sync'])
    await backend.say(ready())
    await expect(copied.join()).rejects.toMatchObject({ sqlState: '42501' })
    expect(asked).toBe(0)
    expect(backend.db.isReusable).toBe(true)
  })

  test('cancelled before the server has begun is ended when it has', async () => {
    const { backend, copied } = await copying()
    backend.cancelDone.set(undefined)
    copied.interrupt()
    await expect(copied.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await backend.say(parsed, bound, into)
    expect((await backend.hear()).map(({ kind }) => kind)).toEqual(['copy-fail', 'sync'])
    await backend.say(failure('57014'), ready())
    await expect.poll(() => backend.db.isReusable).toBe(true)
  })

  test('loses its server before it has begun, and in the middle', async () => {
    const early = await copying()
    await early.backend.say(parsed)
    early.backend.peer.close()
    await expect(early.copied.join()).rejects.toMatchObject({ code: 'PG_BROKEN' })
    let isClosed = false
    const endless = (function* () {
      try {
        for (;;) yield 'x\n'.repeat(50_000)
      } finally {
        isClosed = true
      }
    })()
    const late = await copying(endless)
    await late.backend.say(parsed, bound, into)
    await late.backend.peer.recv(1_000)
    late.backend.peer.close()
    await expect(late.copied.join()).rejects.toMatchObject({ code: 'PG_BROKEN' })
    expect(isClosed).toBe(true)
  })
})
