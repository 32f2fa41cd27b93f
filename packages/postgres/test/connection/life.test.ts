import { inParallel, sleep, spawn, whereAll, withTimeout, yieldSlice } from '@shrapnel/core'
import { expectFlatHeap, type PostgresServer, startCuttingProxy, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../../src/client/client.js'
import type { PostgresConnection } from '../../src/connection/connection.js'
import type { Notification } from '../../src/connection/session-hub.js'
import type { QuerySettings } from '../../src/connection/settings.js'
import { sql } from '../../src/sql.js'
import type { ServerReport } from '../../src/wire/index.js'
import { connectTrusting } from './trust-backend.js'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
}, 60_000)
afterAll(() => server.stop())

const open = (settings: QuerySettings = {}) => connectTrusting({ socketPath: server.socketPath }, settings)

describe('a connection that is lost', () => {
  test('settles everybody, and says who may try again', async () => {
    await using db = await open({ maxPipelined: 3 })
    const queries = Array.from({ length: 6 }, (_, i) => spawn(() => db.query(`select ${i}, pg_sleep(100)`)))
    const waiting = spawn(() => db.reserve())
    const settled = Promise.allSettled([...queries, waiting].map((coroutine) => coroutine.join()))
    await sleep(20)
    await server.psql(`select pg_terminate_backend(${db.processId})`)
    const outcomes = await settled
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason)).toMatchObject([
      ...Array.from({ length: 3 }, (_, i) => ({
        code: 'PG_BROKEN',
        sqlState: '57P01',
        safeToRetry: false,
        query: `select ${i}, pg_sleep(100)`,
      })),
      ...Array.from({ length: 3 }, () => ({ code: 'PG_BROKEN', sqlState: '57P01', safeToRetry: true })),
      { code: 'PG_BROKEN', safeToRetry: true },
    ])
    expect(db.isOpen).toBe(false)
    expect(db.lossReason).toMatchObject({ code: 'PG_BROKEN', sqlState: '57P01' })
    await expect(db.query('select 1')).rejects.toMatchObject({ code: 'PG_BROKEN', safeToRetry: true })
    await expect(db.reserve()).rejects.toMatchObject({ code: 'PG_BROKEN' })
  })

  test('while idle is noticed without a round trip', async () => {
    await using db = await open()
    const reasons: string[] = []
    db.onClose((reason) => reasons.push(reason.code))
    await db.query('select 1')
    expect(await db.isBroken()).toBe(false)
    await server.psql(`select pg_terminate_backend(${db.processId})`)
    // The loop of Node has not been round since: only the kernel knows.
    await expect.poll(() => db.isBroken()).toBe(true)
    expect(db.isOpen).toBe(false)
    expect(reasons).toEqual(['PG_BROKEN'])
  })

  test('by the network, at any byte of the answers, settles everybody', async () => {
    const many = (db: PostgresConnection) =>
      Promise.allSettled(Array.from({ length: 5 }, (_, i) => db.query(sql`select ${i}::int as n`)))
    const whole = await startCuttingProxy({ upstream: server })
    const uncut = await connectTrusting(whole)
    const first = whole.bytesToClient
    await many(uncut)
    const last = whole.bytesToClient
    uncut.close()
    await whole.close()
    expect(last - first).toBeGreaterThan(100)
    for (let bytes = first; bytes < last; bytes += 11) {
      await using proxy = await startCuttingProxy({
        upstream: server,
        toClient: { cutAfterBytes: bytes, cut: bytes % 2 === 0 ? 'reset' : 'end' },
      })
      const db = await connectTrusting(proxy)
      const outcomes = await many(db)
      expect(
        outcomes.map((outcome, i) =>
          outcome.status === 'fulfilled' ? outcome.value[0]?.n === i : outcome.reason.code,
        ),
      ).toSatisfy(
        (kinds: unknown[]) =>
          kinds.every((kind) => kind === true || kind === 'PG_BROKEN') && kinds.at(-1) === 'PG_BROKEN',
      )
      expect(db.isOpen).toBe(false)
    }
  })
})

describe('a connection', () => {
  test('that is closed fails what is under way, and again does nothing', async () => {
    const db = await open()
    const slow = spawn(() => db.query('select pg_sleep(100)'))
    await sleep(10)
    db.close()
    db.close()
    await expect(slow.join()).rejects.toMatchObject({ code: 'PG_CLOSED', safeToRetry: false })
    await expect(db.query('select 1')).rejects.toMatchObject({ code: 'PG_CLOSED', safeToRetry: true })
    expect((await db.whenClosed.wait()).code).toBe('PG_CLOSED')
  })

  test('that ends answers what was asked for, and takes nothing new', async () => {
    const db = await open()
    const before = spawn(() => db.query('select 1 as n, pg_sleep(0.05)', [], { rows: 'arrays' }))
    await yieldSlice()
    const ended = spawn(() => db.end())
    await yieldSlice()
    expect(() => db.query('select 2')).toThrow(expect.objectContaining({ code: 'PG_CLOSED' }))
    expect(await before.join()).toEqual([[1, null]])
    await ended.join()
    expect(db.isOpen).toBe(false)
    await expect
      .poll(() => server.psql(`select count(*) from pg_stat_activity where pid = ${db.processId}`))
      .toBe('0')
  })

  test('opened by connect is the same', async () => {
    await using db = await connect({
      host: '127.0.0.1',
      port: server.port,
      user: 'postgres',
      database: 'postgres',
      applicationName: 'life',
      statementCacheSize: 3,
    })
    expect(await db.query(sql`select current_setting('application_name') as name`)).toEqual([
      { name: 'life' },
    ])
    await using other = await connect(`postgres://postgres@127.0.0.1:${server.port}/postgres`)
    expect(await other.query('select 1 as n')).toEqual([{ n: 1 }])
    await expect(connect({ port: server.port, maxPipelined: 0 })).rejects.toMatchObject({
      code: 'ERR_OUT_OF_RANGE',
    })
    await expect(connect({ port: server.port, maxPiplined: 1 } as object)).rejects.toMatchObject({
      code: 'ERR_UNKNOWN_OPTION',
    })
  })

  test('passes on what the server says by itself', async () => {
    const notices: ServerReport[] = []
    await using db = await open({ onNotice: (notice) => notices.push(notice) })
    await using other = await open()
    const told: Notification[] = []
    const parameters: string[] = []
    const stop = db.onNotification((notification) => told.push(notification))
    db.onParameter((name, value) => parameters.push(`${name}=${value}`))
    await db.query('listen news')
    await other.query(`select pg_notify('news', 'ü')`)
    await expect
      .poll(() => told)
      .toMatchObject([{ channel: 'news', payload: 'ü', processId: other.processId }])
    stop()
    await other.query(`select pg_notify('news', 'again')`)
    await db.query(`set time zone 'UTC'`)
    await db.query('drop table if exists nowhere')
    expect(told).toHaveLength(1)
    expect(parameters).toEqual(['TimeZone=UTC'])
    expect(db.parameters.get('TimeZone')).toBe('UTC')
    expect(notices).toMatchObject([{ severity: 'NOTICE', sqlState: '00000' }])
  })

  test('whose encoding is changed is given up; whose dates are written otherwise is not', async () => {
    await using dated = await open()
    await dated.query('set datestyle to german')
    for (let i = 0; i < 3; i++)
      expect(await dated.query(`select '2020-01-02 03:04:05'::timestamp as at`)).toEqual([
        { at: new Date('2020-01-02T03:04:05Z') },
      ])
    await using db = await open()
    await expect(db.query(`set client_encoding to latin1`)).rejects.toMatchObject({ code: 'PG_USAGE' })
    expect(db.isOpen).toBe(false)
  })

  test('says what it does', async () => {
    await using db = await open()
    const slow = spawn(() => db.query('select\n  pg_sleep(100)'))
    await sleep(5)
    expect(String(whereAll())).toContain(`query #1 on postgres ${db.id} (select pg_sleep(100))`)
    expect(String(whereAll())).toContain(`postgres ${db.id} reader`)
    expect(db.inFlight).toBe(1)
    slow.interrupt()
    await expect(slow.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
  })

  test('carries the values of a query into its error only if it is told to', async () => {
    await using quiet = await open()
    await using loud = await open({ errors: { parameters: true } })
    for (const db of [quiet, loud]) {
      const failure: unknown = await db.query('select 1 / $1::int', [0]).catch((error: unknown) => error)
      expect(failure).toMatchObject({
        code: 'PG_SERVER',
        sqlState: '22012',
        query: 'select 1 / $1::int',
        report: { severity: 'ERROR' },
      })
      expect((failure as { parameters?: unknown }).parameters).toEqual(db === loud ? [0] : undefined)
    }
    await expect(quiet.query('select $1', [undefined])).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    })
    await expect(quiet.query('select $1::int4range', [{}])).rejects.toMatchObject({ code: 'PG_PARAMETER' })
    await expect(quiet.query('select 1\0')).rejects.toMatchObject({ code: 'PG_PARAMETER' })
    expect(() => quiet.query('select 1', [], { timeoutMS: 3 } as object)).toThrow(
      expect.objectContaining({ code: 'ERR_UNKNOWN_OPTION' }),
    )
    expect(await quiet.query('select 1 as n')).toEqual([{ n: 1 }])
  })

  test('keeps no more after twenty thousand queries than before', async () => {
    await using db = await open()
    const round = () =>
      inParallel(Array.from({ length: 50 }, (_, i) => () => db.query(sql`select ${i}::int as n`)))
    // Node 22 compiles for longer than a tenth of the rounds.
    await expectFlatHeap(400, round, { warmUpRounds: 300 })
  })
})

describe('a reservation', () => {
  test('keeps others out, in the order they came', async () => {
    await using db = await open()
    const order: string[] = []
    const note = (what: string) => () => order.push(what)
    const reserved = await db.reserve()
    const others = [
      spawn(() => db.query('select 1').then(note('first'))),
      spawn(async () => {
        using second = await db.reserve()
        await second.query('select 2').then(note('second'))
        await sleep(5)
        await second.query('select 2').then(note('second again'))
      }),
      spawn(() => db.query('select 3').then(note('third'))),
    ]
    await reserved.query('begin')
    await sleep(10)
    await reserved.query('commit').then(note('transaction'))
    reserved.release()
    for (const other of others) await other.join()
    expect(order).toEqual(['transaction', 'first', 'second', 'second again', 'third'])
    expect(() => reserved.query('select 1')).toThrow(expect.objectContaining({ code: 'PG_CLOSED' }))
  })

  test('has its queries run in the order they were asked for, whatever they need before', async () => {
    await using db = await open()
    using reserved = await db.reserve()
    await reserved.query('create temp table numbers (id serial, n int, at timestamptz)')
    await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        i % 3 === 0
          ? reserved.query(sql`insert into numbers (n, at) values (${i}, ${new Date(i)})`)
          : reserved.query(`insert into numbers (n) values (${i})`),
      ),
    )
    expect(await reserved.query('select n from numbers order by id', [], { rows: 'columns' })).toEqual([
      Array.from({ length: 30 }, (_, i) => i),
    ])
  })

  test('that leaves a transaction open has it rolled back before others go on', async () => {
    await using db = await open()
    await db.query('create temp table left_open (n int)')
    {
      using reserved = await db.reserve()
      await reserved.script('begin; insert into left_open values (1)')
    }
    expect(await db.query('select * from left_open')).toEqual([])
    expect(db.transactionStatus).toBe('idle')
    expect(db.isReusable).toBe(true)
  })

  test('whose wait is cancelled leaves the line', async () => {
    await using db = await open()
    const reserved = await db.reserve()
    await expect(withTimeout(5, () => db.reserve())).rejects.toMatchObject({ code: 'TIMEOUT' })
    const other = spawn(() => db.query('select 1 as n'))
    reserved.release()
    reserved.release()
    expect(await other.join()).toEqual([{ n: 1 }])
    expect(db.inFlight).toBe(0)
  })
})
