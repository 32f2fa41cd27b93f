/** PgBouncer in transaction mode: each transaction may be on another backend, with what others have left there. */
import { spawn } from '@shrapnel/core'
import { type Pgbouncer, type PostgresServer, startPgbouncer, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, sql } from '../../src/index.js'
import { endings } from './settled.js'

let server: PostgresServer
let bouncer: Pgbouncer

beforeAll(async () => {
  server = await startPostgres()
  await server.psql('create table kept (id int, at timestamptz, tags text[])')
  bouncer = await startPgbouncer({ upstream: server, poolSize: 2 })
}, 60_000)

afterAll(async () => {
  await bouncer.stop()
  await server.stop()
})

const place = () => ({ host: '127.0.0.1', port: bouncer.port, user: 'postgres', database: 'postgres' })

/** Twelve clients at once, twenty different statements, with values of each kind. */
async function crowd(): Promise<void> {
  const at = new Date('2026-11-21T13:37:00Z')
  const clients = Array.from({ length: 12 }, (_, client) =>
    spawn(async () => {
      await using db = await connect({ ...place(), prepare: false })
      for (let i = 0; i < 20; i++) {
        const [row] = await db.query(
          `select ${i} as statement, $1::int as client, $2::timestamptz as at, $3::text[] as tags`,
          [client, at, ['a', 'b']],
        )
        expect(row).toEqual({ statement: i, client, at, tags: ['a', 'b'] })
      }
    }),
  )
  for (const each of clients) await each.join()
}

describe('without prepared statements', () => {
  test('queries of many clients share two backends, and each gets its own answer', async () => {
    await crowd()
    expect(Number(await server.psql(BACKENDS))).toBeLessThanOrEqual(2)
  }, 30_000)

  test('a transaction stays on one backend', async () => {
    const transactions = Array.from({ length: 8 }, (_, i) =>
      spawn(async () => {
        await using connection = await connect({ ...place(), prepare: false })
        using tx = await connection.reserve()
        await tx.query('begin')
        const [first] = await tx.query('select pg_backend_pid() as pid')
        await tx.query(sql`insert into kept (id) values (${i})`)
        const [second] = await tx.query('select pg_backend_pid() as pid')
        await tx.query('commit')
        expect(second).toEqual(first)
      }),
    )
    for (const each of transactions) await each.join()
    expect(await server.psql('select count(distinct id) from kept')).toBe('8')
  }, 30_000)

  test('what is cancelled is cancelled, and the next query is not', async () => {
    await using connection = await connect({ ...place(), prepare: false })
    await expect(connection.query('select pg_sleep(60)', [], { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'PG_TIMEOUT',
    })
    expect(await connection.query('select 1 as one')).toEqual([{ one: 1 }])
    expect(
      await server.psql(
        `select count(*) from pg_stat_activity where state = 'active' and query like '%pg_sleep(60)%' and pid <> pg_backend_pid()`,
      ),
    ).toBe('0')
  }, 30_000)
})

describe('with prepared statements, which this PgBouncer knows nothing of', () => {
  test('a statement that another backend has not seen is prepared there, and one with its name is never taken for it', async () => {
    await using one = await connect(place())
    await using two = await connect(place())
    for (let i = 0; i < 10; i++) {
      // The same number of statements in each, so that names by number alone would be the same.
      const [a, b] = await Promise.all([
        one.query(sql`select 'one' as who, ${i}::int as i`),
        two.query(sql`select 'two' as who, ${i}::int as i`),
      ])
      expect([a[0], b[0]]).toEqual([
        { who: 'one', i },
        { who: 'two', i },
      ])
    }
  }, 30_000)
})

const BACKENDS = `select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`

test('a server that PgBouncer loses between two queries is not missed', async () => {
  await using connection = await connect({ ...place(), prepare: false })
  await connection.query('select 1')
  await server.terminateAll()
  expect(await connection.query('select 1 as one')).toEqual([{ one: 1 }])
}, 30_000)

test('a server that PgBouncer loses in the middle of a transaction takes the connection with it', async () => {
  await using connection = await connect({ ...place(), prepare: false })
  using tx = await connection.reserve()
  await tx.query('begin')
  await tx.query('insert into kept (id) values (1000)')
  await server.terminateAll()
  expect((await endings(tx.query('insert into kept (id) values (1001)')))[0]).toMatch(/^PG_(?:BROKEN|SERVER)/)
  expect((await endings(tx.query('commit')))[0]).toMatch(/^PG_BROKEN/)
  expect(await server.psql('select count(*) from kept where id >= 1000')).toBe('0')
}, 30_000)
