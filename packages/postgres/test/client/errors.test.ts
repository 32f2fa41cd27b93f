/** What the server says of an error is there for the program: each field, by its name. */
import { type PostgresServer, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, type PostgresError, type ServerReport, sql } from '../../src/index.js'

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres()
  await server.psql(`create schema shop; create domain shop.price as int constraint positive check (value > 0);
    create table shop.item (name text constraint item_name unique, price shop.price not null);
    create function shop.fail() returns void language plpgsql as
      $$ begin raise exception using errcode = 'SH001', message = 'sold out', detail = 'none left', hint = 'come again'; end $$`)
}, 60_000)

afterAll(() => server.stop())

test('an error of the server has every field that it sent, and the text of its query', async () => {
  await using db = await connect(server.url)
  await db.query(`insert into shop.item values ('a', 1)`)
  const cases: readonly (readonly [text: string, values: readonly unknown[], report: ServerReport])[] = [
    [
      'insert into shop.item values ($1, 1)',
      ['a'],
      {
        sqlState: '23505',
        schema: 'shop',
        table: 'item',
        constraint: 'item_name',
        detail: 'Key (name)=(a) already exists.',
      },
    ],
    [
      'insert into shop.item values ($1, null)',
      ['b'],
      { sqlState: '23502', schema: 'shop', table: 'item', column: 'price' },
    ],
    [
      'insert into shop.item values ($1, -1)',
      ['b'],
      { sqlState: '23514', schema: 'shop', dataType: 'price', constraint: 'positive' },
    ],
    ['select 1 +* 2', [], { sqlState: '42883', position: 10 }],
    [
      'select shop.fail()',
      [],
      {
        sqlState: 'SH001',
        message: 'sold out',
        detail: 'none left',
        hint: 'come again',
        where: 'PL/pgSQL function shop.fail() line 1 at RAISE',
      },
    ],
  ]
  for (const [query, values, report] of cases)
    for (const isFirst of [true, false]) {
      const error = (await db.query(query, values).catch((reason: unknown) => reason)) as PostgresError
      expect(error, `${query} ${isFirst}`).toMatchObject({
        code: 'PG_SERVER',
        sqlState: report.sqlState,
        query,
        safeToRetry: false,
      })
      expect(error.report).toMatchObject({ severity: 'ERROR', ...report })
      expect(error.report?.file).toMatch(/\.c$/)
      expect(error.report?.line).toBeGreaterThan(0)
      expect(error.report?.routine).toMatch(/\w/)
    }
  await expect(db.query(sql`select ${0} / 0`)).rejects.toMatchObject({
    message: expect.stringContaining('division'),
  })
})

test('notices come with their fields, in their order, before the end of the query that makes them', async () => {
  const notices: string[] = []
  await using db = await connect({
    url: server.url,
    onNotice: ({ severity, message }) => void notices.push(`${severity} ${message}`),
  })
  await db.query(`do $$ begin raise notice 'one'; raise warning 'two'; end $$`)
  expect(notices).toEqual(['NOTICE one', 'WARNING two'])
})
