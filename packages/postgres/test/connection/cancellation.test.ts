import { sleep, spawn, withTimeout, yieldSlice } from '@shrapnel/core'
import { type PostgresServer, seededRandom, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PostgresConnection } from '../../src/connection/connection.js'
import { sql } from '../../src/sql.js'
import { connectTrusting, openTrusting } from './trust-backend.js'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres({ config: { max_connections: 100 } })
}, 60_000)
afterAll(() => server.stop())

const open = (settings = {}) => connectTrusting({ socketPath: server.socketPath }, settings)

async function expectClean(db: PostgresConnection): Promise<void> {
  // It waits until the cancelled one has been drained: a time limit of the connection's may be too short for that.
  const [row] = await db.query('select $1::int as n, pg_backend_pid() as pid', [7], { timeoutMs: 30_000 })
  expect(row).toEqual({ n: 7, pid: db.processId })
  expect(db.isOpen).toBe(true)
}

async function running(): Promise<number> {
  return Number(
    await server.psql(
      `select count(*) from pg_stat_activity where state = 'active' and query like '%pg_sleep%' and pid <> pg_backend_pid()`,
    ),
  )
}

describe('a query that is cancelled', () => {
  test('while the server runs it ends there, and the connection is used again', async () => {
    await using db = await open()
    await expect(withTimeout(30, () => db.query('select pg_sleep(100)'))).rejects.toMatchObject({
      code: 'TIMEOUT',
    })
    expect(db.isOpen).toBe(true)
    expect(db.isReusable).toBe(false)
    await expectClean(db)
    expect(db.isDraining).toBe(false)
    expect(await running()).toBe(0)
  })

  test('by its own time limit says so', async () => {
    await using db = await open()
    await expect(db.query('select pg_sleep(100)', [], { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'PG_TIMEOUT',
      limit: 'timeoutMs',
      safeToRetry: false,
      query: 'select pg_sleep(100)',
    })
    await expectClean(db)
    await using limited = await open({ queryTimeoutMs: 20 })
    await expect(limited.query(sql`select pg_sleep(100)`)).rejects.toMatchObject({ code: 'PG_TIMEOUT' })
    expect(await limited.query(sql`select pg_sleep(0.05)`, { timeoutMs: 30_000 })).toHaveLength(1)
    await expect(limited.script('select 1; select pg_sleep(100)')).rejects.toMatchObject({
      code: 'PG_TIMEOUT',
    })
    await expectClean(limited)
  })

  test('before it was sent is never run', async () => {
    await using db = await open()
    await db.query('create temp table t (n int)')
    using reserved = await db.reserve()
    const doomed = spawn(() => db.query('insert into t values (1)'))
    await yieldSlice()
    expect(doomed.waitingOn).toBe(`query #2 on postgres ${db.id} (insert into t values (1))`)
    doomed.interrupt()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    reserved.release()
    expect(await db.query('select * from t')).toEqual([])
  })

  test('in the middle of the pipeline leaves those around it alone', async () => {
    await using db = await open()
    const slow = spawn(() => db.query('select 1 as n, pg_sleep(0.2)', [], { rows: 'arrays' }))
    const doomed = spawn(() => db.query('select pg_sleep(100)'))
    const behind = Array.from({ length: 5 }, (_, i) => spawn(() => db.query('select $1::int as n', [i])))
    await sleep(20)
    doomed.interrupt()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(db.isDraining).toBe(true)
    expect(await slow.join()).toEqual([[1, null]])
    for (const [i, other] of behind.entries()) expect(await other.join()).toEqual([{ n: i }])
    await expectClean(db)
  })

  test('inside of a transaction leaves that failed, and the connection whole', async () => {
    await using db = await open()
    using reserved = await db.reserve()
    await reserved.query('begin')
    await expect(withTimeout(20, () => reserved.query('select pg_sleep(100)'))).rejects.toMatchObject({
      code: 'TIMEOUT',
    })
    await expect(reserved.query('select 1')).rejects.toMatchObject({ sqlState: '25P02' })
    expect(reserved.transactionStatus).toBe('failed')
    await reserved.query('rollback')
    expect(await reserved.query('select 1 as n')).toEqual([{ n: 1 }])
  })

  test('while it waits for a lock to be prepared is cancelled there, too', async () => {
    await using owner = await open()
    await using db = await open()
    await owner.script('create table locked (at timestamptz)')
    await owner.script('begin; lock table locked in access exclusive mode')
    await expect(
      withTimeout(50, () => db.query(sql`select * from locked where at = ${new Date(0)}`)),
    ).rejects.toMatchObject({ code: 'TIMEOUT' })
    await expectClean(db)
    await owner.script('commit')
    expect(await db.query(sql`select * from locked where at = ${new Date(0)}`)).toEqual([])
  })

  test('on a server that does not listen takes the connection with it', async () => {
    const backend = await openTrusting({ socketPath: server.socketPath })
    const deaf = { ...backend, requestCancel: () => Promise.reject(new Error('no way there')) }
    const db = new PostgresConnection(deaf, { drainTimeoutMs: 100 })
    await expect(withTimeout(20, () => db.query('select pg_sleep(2)'))).rejects.toMatchObject({
      code: 'TIMEOUT',
    })
    await expect(db.query('select 1')).rejects.toMatchObject({ code: 'PG_BROKEN', safeToRetry: true })
    expect((await db.whenClosed.wait()).code).toBe('PG_TIMEOUT')
  })
})

test('a thousand queries, some cancelled at any time: each of the others gets its own number', async () => {
  await using db = await open({ maxPipelined: 64 })
  const random = seededRandom(20)
  const queries = Array.from({ length: 1000 }, (_, i) => {
    const isDoomed = random() < 0.1
    return {
      i,
      isDoomed,
      coroutine: spawn(() =>
        db.query<{ n: number }>(sql`select ${i}::int as n, pg_sleep(${isDoomed ? 5 : 0.0001}::float8)`),
      ),
    }
  })
  const storm = spawn(async () => {
    for (const { isDoomed, coroutine } of queries) {
      if (!isDoomed) continue
      await sleep(random() * 3)
      coroutine.interrupt()
    }
  })
  const outcomes = await Promise.allSettled(queries.map(({ coroutine }) => coroutine.join()))
  await storm.join()
  expect(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value[0]?.n : outcome.reason.code)),
  ).toEqual(queries.map(({ i, isDoomed }) => (isDoomed ? 'INTERRUPTED' : i)))
  await expectClean(db)
  expect(db.isReusable).toBe(true)
}, 30_000)
