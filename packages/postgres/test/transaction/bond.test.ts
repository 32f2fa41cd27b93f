import { Interrupted, inParallel, spawn, withTimeout, yieldSlice } from '@shrapnel/core'
import { expect, test } from 'vitest'
import { begin } from '../../src/transaction/begin.js'
import { sessionsOf } from '../../src/transaction/begin-on.js'
import type { BackendMessage, TransactionStatus } from '../../src/wire/backend-message.js'
import type { FrontendMessage } from '../../src/wire/frontend-message.js'
import { answer, failure, ready, ScriptedBackend } from '../connection/scripted-backend.js'

const untilReady = (messages: BackendMessage[]): BackendMessage[] => messages.slice(0, -1)
const BEGUN: readonly BackendMessage[] = [
  { kind: 'parse-complete' },
  { kind: 'bind-complete' },
  { kind: 'command-complete', tag: 'BEGIN' },
]
const done = (tag: string, status: TransactionStatus = 'idle'): BackendMessage[] => [
  { kind: 'parse-complete' },
  { kind: 'parameter-description', typeOids: [] },
  { kind: 'no-data' },
  { kind: 'bind-complete' },
  { kind: 'command-complete', tag },
  ready(status),
]
const texts = (heard: readonly FrontendMessage[]): string[] =>
  heard.flatMap((message) => (message.kind === 'parse' || message.kind === 'query' ? [message.text] : []))
const backend = (): ScriptedBackend => new ScriptedBackend({ prepare: false })

test('BEGIN travels with the first query, before the same Sync', async () => {
  const server = backend()
  const result = spawn(() =>
    begin(sessionsOf(server.db), { isolation: 'repeatable read', readOnly: true }, async (tx) => {
      const [row] = await tx.query('select v')
      return row?.v
    }),
  )
  const first = await server.hear()
  expect(texts(first)).toEqual(['begin isolation level repeatable read, read only', 'select v'])
  expect(first.filter((message) => message.kind === 'sync')).toHaveLength(1)
  await server.say(...BEGUN, ...untilReady(answer('x')), ready('transaction'))
  expect(texts(await server.hear())).toEqual(['commit'])
  await server.say(...done('COMMIT'))
  expect(await result.join()).toBe('x')
  expect(server.db.isReusable).toBe(true)
})

test('when BEGIN fails nothing runs: neither the query behind it, nor those that were asked for in the same turn', async () => {
  const server = backend()
  const result = spawn(() =>
    begin(sessionsOf(server.db), async (tx) => {
      await Promise.allSettled([tx.query('insert 1'), tx.query('insert 2'), tx.query('insert 3')])
    }),
  )
  for (const insert of ['insert 1', 'insert 2', 'insert 3']) {
    expect(texts(await server.hear())).toEqual(['begin', insert])
    await server.say(failure('57014'), ready('idle'))
  }
  await expect(result.join()).rejects.toMatchObject({ code: 'PG_SERVER', sqlState: '57014' })
  expect(server.db.isReusable).toBe(true)
})

test('what was asked for with the first query goes out together once the transaction is begun', async () => {
  const server = backend()
  const result = spawn(() =>
    begin(sessionsOf(server.db), (tx) =>
      inParallel(['a', 'b', 'c'].map((text) => async () => (await tx.query(text))[0]?.v)),
    ),
  )
  await server.hear()
  await server.say(...BEGUN, ...untilReady(answer('1')), ready('transaction'))
  expect(texts(await server.hear(2))).toEqual(['b', 'c'])
  await server.say(
    ...untilReady(answer('2')),
    ready('transaction'),
    ...untilReady(answer('3')),
    ready('transaction'),
  )
  expect(texts(await server.hear())).toEqual(['commit'])
  await server.say(...done('COMMIT'))
  expect(await result.join()).toEqual(['1', '2', '3'])
})

test('a transaction without a query costs nothing', async () => {
  const server = backend()
  expect(await begin(sessionsOf(server.db), async () => 5)).toBe(5)
  await expect(
    begin(sessionsOf(server.db), async () => {
      throw new Error('no')
    }),
  ).rejects.toThrow('no')
  const query = spawn(() => server.db.query('select v'))
  expect(texts(await server.hear())).toEqual(['select v'])
  await server.say(...answer('x'))
  await query.join()
})

test('queries of others on the same connection wait until the transaction has ended', async () => {
  const server = backend()
  const transaction = spawn(() => begin(sessionsOf(server.db), (tx) => tx.query('mine')))
  await yieldSlice()
  const other = spawn(() => server.db.query('other'))
  expect(texts(await server.hear())).toEqual(['begin', 'mine'])
  await server.say(...BEGUN, ...untilReady(answer('1')), ready('transaction'))
  expect(texts(await server.hear())).toEqual(['commit'])
  await server.say(...done('COMMIT'))
  await transaction.join()
  expect(texts(await server.hear())).toEqual(['other'])
  await server.say(...answer('2'))
  await other.join()
})

/** A transaction whose COMMIT is under way. */
async function committing(server: ScriptedBackend, run: () => Promise<unknown>) {
  const transaction = spawn(run)
  await server.hear()
  await server.say(...BEGUN, ...untilReady(answer('1')), ready('transaction'))
  expect(texts(await server.hear())).toEqual(['commit'])
  return transaction
}

test('a connection that is lost during COMMIT leaves nobody in doubt that it is not known', async () => {
  const server = backend()
  const transaction = await committing(server, () => begin(sessionsOf(server.db), (tx) => tx.query('q')))
  server.peer.close()
  await expect(transaction.join()).rejects.toMatchObject({
    code: 'PG_COMMIT_UNKNOWN',
    safeToRetry: false,
    query: 'commit',
    cause: { code: 'PG_BROKEN' },
  })
})

test('a connection that is lost before COMMIT leaves nothing in doubt', async () => {
  const server = backend()
  const transaction = spawn(() =>
    begin(sessionsOf(server.db), async (tx) => {
      await tx.query('q').catch(() => {})
      await expect(tx.query('next')).rejects.toMatchObject({ code: 'PG_BROKEN' })
      return 'swallowed'
    }),
  )
  await server.hear()
  server.peer.close()
  await expect(transaction.join()).rejects.toMatchObject({ code: 'PG_BROKEN' })
})

test('an interrupt during COMMIT waits for its outcome, and tells the truth', async () => {
  const server = backend()
  const transaction = await committing(server, () =>
    begin(sessionsOf(server.db), async (tx) => (await tx.query('q'))[0]?.v),
  )
  transaction.interrupt()
  await yieldSlice()
  expect(transaction.state).toBe('waiting')
  await server.say(...done('COMMIT'))
  expect(await transaction.join()).toBe('1')
  expect(server.cancels).toBe(0)
  const refused = await committing(server, () => begin(sessionsOf(server.db), (tx) => tx.query('q')))
  refused.interrupt()
  await yieldSlice()
  await server.say(failure('40001'), ready('idle'))
  await expect(refused.join()).rejects.toMatchObject({ sqlState: '40001' })
  expect(server.db.isReusable).toBe(true)
})

test('a server that ends COMMIT with ROLLBACK has not committed', async () => {
  const server = backend()
  const transaction = await committing(server, () => begin(sessionsOf(server.db), (tx) => tx.query('q')))
  await server.say(...done('ROLLBACK'))
  await expect(transaction.join()).rejects.toMatchObject({ code: 'PG_USAGE' })
})

test('a query that is cancelled inside leaves only a rollback, and what is asked for next cannot run outside', async () => {
  const server = backend()
  const transaction = spawn(() =>
    begin(sessionsOf(server.db), async (tx) => {
      await withTimeout(1, () => tx.query('slow')).catch(() => {})
      await tx.query('next')
      return 'swallowed'
    }),
  )
  await server.hear()
  await server.cancelAsked.wait()
  server.cancelDone.set(undefined)
  await yieldSlice()
  await server.say(...BEGUN, failure('57014'), ready('failed'))
  // It was not known that BEGIN was done.
  expect(texts(await server.hear())).toEqual(['begin', 'next'])
  await server.say(failure('25P02'), ready('failed'))
  expect(texts(await server.hear())).toEqual(['rollback'])
  await server.say({ kind: 'command-complete', tag: 'ROLLBACK' }, ready('idle'))
  await expect(transaction.join()).rejects.toMatchObject({
    sqlState: '25P02',
    cause: { code: 'INTERRUPTED' },
  })
  expect(server.db.isReusable).toBe(true)
})

test('an interrupted transaction is rolled back when the server has ended the query, and not before', async () => {
  const server = backend()
  const transaction = spawn(() => begin(sessionsOf(server.db), (tx) => tx.query('slow')))
  await server.hear()
  transaction.interrupt()
  await server.cancelAsked.wait()
  server.cancelDone.set(undefined)
  await server.say(...BEGUN, failure('57014'), ready('failed'))
  expect(texts(await server.hear())).toEqual(['rollback'])
  expect(transaction.state).toBe('waiting')
  await server.say({ kind: 'command-complete', tag: 'ROLLBACK' }, ready('idle'))
  await expect(transaction.join()).rejects.toBeInstanceOf(Interrupted)
  expect(server.db.isReusable).toBe(true)
})
