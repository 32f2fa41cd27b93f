/** Much at once, large, and changing: what a busy program does to one connection of a real server. */
import { inParallel, spawn } from '@shrapnel/core'
import { type PostgresServer, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, type PostgresConnection, sql } from '../../src/index.js'
import { endings } from './settled.js'

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres()
}, 60_000)

afterAll(() => server.stop())

const open = (options: object = {}): Promise<PostgresConnection> =>
  connect({ host: server.unixFolder, port: server.port, user: 'postgres', database: 'postgres', ...options })

test('large values go both ways at once: neither side waits for the other to read', async () => {
  await using connection = await open()
  const large = 'x'.repeat(1_000_000)
  const echoes = Array.from(
    { length: 40 },
    (_, i) => () => connection.query<{ v: string }>(sql`select ${large + i}::text as v`),
  )
  const answers = await inParallel(echoes)
  for (const [i, [row]] of answers.entries()) expect(row?.v.length).toBe(large.length + String(i).length)
}, 30_000)

test('a result that is too long fails alone, and the server does not go on with it', async () => {
  await using connection = await open({ maxResultBytes: 1_000_000 })
  const long = endings(connection.query(`select repeat('x', 1000), generate_series(1, 100000000)`))
  const behind = connection.query('select 1 as one')
  expect(await long).toEqual(['PG_LIMIT'])
  expect(await behind).toEqual([{ one: 1 }])
}, 30_000)

test('more statements than are kept, from many coroutines at once, each get their own answers', async () => {
  await using connection = await open({ statementCacheSize: 3 })
  const workers = Array.from({ length: 20 }, (_, worker) => async () => {
    for (let i = 0; i < 15; i++) {
      const n = (worker * 7 + i) % 11
      expect(
        await connection.query(`select ${n} as n, $1::int as worker, $2::int[] as list`, [worker, [i, n]]),
      ).toEqual([{ n, worker, list: [i, n] }])
    }
  })
  await inParallel(workers)
  const kept = await connection.query<{ n: number }>('select count(*)::int as n from pg_prepared_statements')
  expect(kept[0]?.n).toBeLessThanOrEqual(4)
}, 30_000)

test("a table that changes and statements that are thrown away in the middle of a pipeline are nobody's error", async () => {
  await using connection = await open()
  await connection.script('create table changing (id int, a text); insert into changing values (1, $$one$$)')
  let isOver = false
  const readers = Array.from({ length: 10 }, () =>
    spawn(async () => {
      let read = 0
      while (!isOver) {
        const [row] = await connection.query<{ id: number }>('select * from changing where id = $1', [1])
        expect(row?.id).toBe(1)
        read++
      }
      return read
    }),
  )
  for (let i = 0; i < 12; i++) {
    await connection.query(`alter table changing add column c${i} int default ${i}`)
    await connection.query('deallocate all')
    await connection.query(`alter table changing alter column a type ${i % 2 === 0 ? 'varchar' : 'text'}`)
    await connection.query('discard all')
  }
  isOver = true
  for (const each of readers) expect(await each.join()).toBeGreaterThan(5)
}, 30_000)

test('what the server cancels by itself is its own error, and is not asked again', async () => {
  await using connection = await open()
  await connection.query('set statement_timeout = 30')
  const [first, second] = await endings(connection.query('select pg_sleep(10)'), connection.query('select 1'))
  expect([first, second]).toEqual(['PG_SERVER 57014', 'done'])
  const [, cancelled] = await Promise.all([
    expect
      .poll(
        () =>
          server.psql(
            `select pg_cancel_backend(pid) from pg_stat_activity where query = 'select pg_sleep(20)' and state = 'active'`,
          ),
        { interval: 10 },
      )
      .toBe('t'),
    endings(connection.query('set statement_timeout = 0'), connection.query('select pg_sleep(20)')),
  ])
  expect(cancelled).toEqual(['done', 'PG_SERVER 57014'])
}, 30_000)

test('a server that says no to more clients is told apart from one that is not there', async () => {
  await server.psql('alter role postgres connection limit 3; create role app login')
  await server.psql('alter role app connection limit 1')
  await using _one = await open({ user: 'app' })
  await expect(open({ user: 'app' })).rejects.toMatchObject({ sqlState: '53300' })
  await server.psql('alter role postgres connection limit -1')
}, 30_000)
