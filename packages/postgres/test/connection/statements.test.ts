import { type PostgresServer, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { QuerySettings } from '../../src/connection/settings.js'
import { sql } from '../../src/sql.js'
import {
  binaryCodec,
  hstore,
  Interval,
  int8AsBigint,
  numericAsNumber,
  textCodec,
} from '../../src/wire/index.js'
import { typeSamples } from '../wire/type-samples.js'
import { connectTrusting } from './trust-backend.js'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
}, 60_000)
afterAll(() => server.stop())

const open = (settings: QuerySettings = {}) => connectTrusting({ socketPath: server.socketPath }, settings)
const countKept = 'select count(*)::int as n from pg_prepared_statements'

describe('statements on the server', () => {
  test('are as many as the cache may hold, and those used last', async () => {
    await using db = await open({ statementCacheSize: 5 })
    for (let i = 0; i < 40; i++) {
      expect(await db.query(`select ${i} as n`)).toEqual([{ n: i }])
      expect(await db.query('select $1::text as t', ['always'])).toEqual([{ t: 'always' }])
    }
    const kept = await db.query<{ statement: string }>('select statement from pg_prepared_statements')
    expect(kept.map((row) => row.statement).sort()).toEqual([
      'select $1::text as t',
      'select 37 as n',
      'select 38 as n',
      'select 39 as n',
      'select statement from pg_prepared_statements',
    ])
  })

  test('are none, with a cache of none, or if asked for', async () => {
    for (const settings of [{ statementCacheSize: 0 }, { prepare: false }]) {
      await using db = await open(settings)
      for (let i = 0; i < 3; i++) {
        expect(await db.query('select $1::int + 1 as n', [i])).toEqual([{ n: i + 1 }])
        expect(await db.query(sql`select ${[1, 2]}::int[] as l, ${new Date(0)}::timestamptz as at`)).toEqual([
          { l: [1, 2], at: new Date(0) },
        ])
      }
      expect(await db.query(countKept)).toEqual([{ n: 0 }])
    }
    await using db = await open()
    await db.query('select 1', [], { prepare: false })
    expect(await db.query(countKept)).toEqual([{ n: 1 }])
  })

  test('that many ask for at once are prepared once', async () => {
    await using db = await open()
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        db.query(sql`select ${i}::int as n, ${new Date(i)}::timestamptz as at`),
      ),
    )
    expect(answers.map(([row]) => row)).toEqual(answers.map((_, i) => ({ n: i, at: new Date(i) })))
    const others = await Promise.all(
      Array.from({ length: 100 }, (_, i) => db.query(sql`select ${i}::int8 as n`)),
    )
    expect(others.map(([row]) => row?.n)).toEqual(others.map((_, i) => i))
    expect(await db.query(countKept)).toEqual([{ n: 3 }])
  })

  test('that cannot be prepared fail for each who asks, and for each again', async () => {
    await using db = await open()
    for (let round = 0; round < 2; round++) {
      const answers = await Promise.allSettled(
        Array.from({ length: 5 }, (_, i) =>
          db.query(sql`select ${i % 2 === 0 ? i : new Date(i)}::int4 from nowhere`),
        ),
      )
      expect(answers.map((answer) => answer.status === 'rejected' && answer.reason.sqlState)).toEqual(
        Array(5).fill('42P01'),
      )
    }
    expect(await db.query('select 1 as n')).toEqual([{ n: 1 }])
  })

  test('with COPY in them are refused, or end the connection, in a sentence', async () => {
    await using db = await open()
    await db.query('create temp table t (n int)')
    await expect(db.query('copy t from stdin')).rejects.toMatchObject({ code: 'PG_USAGE' })
    await expect(db.query('copy t to stdout')).rejects.toMatchObject({ code: 'PG_USAGE' })
    await expect(db.script('copy t to stdout')).rejects.toMatchObject({ code: 'PG_USAGE' })
    expect(await db.query('select 1 as n')).toEqual([{ n: 1 }])
    const [copy, other] = await Promise.allSettled([db.script('copy t from stdin'), db.query('select 1')])
    expect(copy).toMatchObject({ reason: { code: 'PG_USAGE' } })
    expect(other).toMatchObject({ reason: { code: 'PG_BROKEN', safeToRetry: false } })
    expect(db.isOpen).toBe(false)
  })
})

describe('a statement heals', () => {
  test('when its result has changed', async () => {
    await using db = await open()
    await db.script('create table changing (a int); insert into changing values (1)')
    const all = sql`select * from changing`
    for (let i = 0; i < 2; i++) expect(await db.query(all)).toEqual([{ a: 1 }])
    await db.query(`alter table changing add column b text default 'new'`)
    const answers = await Promise.all(Array.from({ length: 10 }, () => db.query(all)))
    for (const answer of answers) expect(answer).toEqual([{ a: 1, b: 'new' }])
    await db.query('alter table changing alter column a type text')
    expect(await db.query(all)).toEqual([{ a: '1', b: 'new' }])
  })

  test('when the server has forgotten it', async () => {
    await using db = await open()
    const one = sql`select ${1}::int as n`
    for (const forget of ['discard all', 'deallocate all', 'deallocate']) {
      expect(await db.query(one)).toEqual([{ n: 1 }])
      const [kept] = await db.query<{ name: string }>(
        `select name from pg_prepared_statements where statement like '%int as n'`,
      )
      await db.script(forget === 'deallocate' ? `deallocate ${kept?.name}` : forget)
      const answers = await Promise.all(Array.from({ length: 10 }, () => db.query(one)))
      for (const answer of answers) expect(answer).toEqual([{ n: 1 }])
    }
  })

  test('not inside of a transaction, but after it', async () => {
    await using db = await open()
    await db.script('create table moving (a int); insert into moving values (1)')
    const all = sql`select * from moving`
    await db.query(all)
    await db.query(all)
    {
      using reserved = await db.reserve()
      await reserved.query('begin')
      await reserved.query('alter table moving add column b int')
      await expect(reserved.query(all)).rejects.toMatchObject({
        code: 'PG_SERVER',
        sqlState: '0A000',
        safeToRetry: false,
      })
      await reserved.query('rollback')
      expect(await reserved.query(all)).toEqual([{ a: 1 }])
    }
    expect(await db.query(all)).toEqual([{ a: 1 }])
  })
})

describe('types', () => {
  test('are read alike the first time and later, and written alike', async () => {
    await using db = await open()
    for (const { type, literal, value } of typeSamples) {
      const text = `select $1::text::${type} as v`
      const first = await db.query(text, [literal])
      const second = await db.query(text, [literal])
      expect(second, `${type} ${literal}`).toEqual(first)
      expect(second[0]?.v, `${type} ${literal}`).toEqual(value)
    }
  })

  test('take numbers and booleans alike, whether they are known or not', async () => {
    await using db = await open()
    for (const [type, value, expected] of [
      ['bool', 1, true],
      ['text', true, 'true'],
      ['jsonb', false, false],
      ['date', 20200102, '2020-01-02'],
      ['numeric', 1.5, '1.5'],
      ['interval', 5, new Interval({ microseconds: 5_000_000 })],
    ] as const)
      for (let i = 0; i < 3; i++)
        expect(await db.query(`select $1::${type} as v`, [value])).toEqual([{ v: expected }])
    for (let i = 0; i < 3; i++)
      await expect(db.query('select $1::int4', [1.5])).rejects.toMatchObject({
        code: 'PG_SERVER',
        sqlState: '22P02',
      })
  })

  test('of the database are read from its catalogue when they appear', async () => {
    await using db = await open()
    await db.script(`create type mood as enum ('sad', 'ok'); create type pair as (a int, m mood[]);
      create domain small as int check (value < 10); create extension hstore`)
    const first =
      await db.query(`select 'ok'::mood as m, array['sad','ok']::mood[] as l, row(1, array['ok'])::pair as p, array[row(2, null)::pair] as ps,
      5::small as s, 'a=>1'::hstore as h`)
    const expected = { m: 'ok', l: ['sad', 'ok'], p: { a: 1, m: ['ok'] }, ps: [{ a: 2, m: null }], s: 5 }
    expect(first[0]).toMatchObject(expected)
    expect(first[0]?.h).toEqual(hstore.fromText('"a"=>"1"'))
    for (let i = 0; i < 3; i++) {
      const [row] = await db.query(
        sql`select ${'sad'}::mood as m, ${['sad', 'ok']}::mood[] as l, ${{ a: 1, m: ['ok'] }}::pair as p, ${7}::small as s`,
      )
      expect(row).toEqual({ m: 'sad', l: ['sad', 'ok'], p: { a: 1, m: ['ok'] }, s: 7 })
    }
    await db.query(`create type late as enum ('x')`)
    expect(await db.query(`select '{x}'::late[] as l`)).toEqual([{ l: ['x'] }])
    expect(await db.script(`create type later as enum ('y'); select '{y}'::later[] as l`)).toMatchObject([
      [],
      [{ l: ['y'] }],
    ])
    {
      await using fresh = await open({ prepare: false })
      expect(await fresh.query(sql`select ${{ a: 1, m: ['ok'] }}::pair as p`)).toEqual([
        { p: { a: 1, m: ['ok'] } },
      ])
    }
    await using fresh = await open()
    const many = await Promise.all(
      Array.from({ length: 20 }, () => fresh.query(sql`select ${['ok']}::mood[] as l`)),
    )
    for (const answer of many) expect(answer).toEqual([{ l: ['ok'] }])
  })

  test('are as the program says', async () => {
    await server.psql(`create type color as enum ('red')`)
    const color = { ...textCodec('color'), fromText: (text: string) => ({ color: text }) }
    await using db = await open({ types: { int8: int8AsBigint, numeric: numericAsNumber, color } })
    for (let i = 0; i < 2; i++)
      expect(
        await db.query(
          `select 5::int8 as l, '{5}'::int8[] as ls, 1.5::numeric as n, 'red'::color as c, '{red}'::color[] as cs`,
        ),
      ).toEqual([{ l: 5n, ls: [5n], n: 1.5, c: { color: 'red' }, cs: [{ color: 'red' }] }])
    db.registerType(
      'int4',
      binaryCodec({
        ...textCodec('int4'),
        fromText: Number,
        fromBinary: (bytes, from) => -bytes.readInt32BE(from),
      }),
    )
    expect(await db.query('select 5 as n')).toEqual([{ n: 5 }])
    expect(await db.query('select 5 as n')).toEqual([{ n: -5 }])
  })

  test('whose codec throws fail the query, and nobody else', async () => {
    const angry = {
      ...textCodec('bool'),
      fromText: () => {
        throw new Error('no')
      },
      fromBinary: undefined,
      resultFormat: 0 as const,
    }
    await using db = await open({ types: { bool: angry } })
    const [bad, good] = await Promise.allSettled([
      db.query('select true from generate_series(1, 1000)'),
      db.query('select 1 as n'),
    ])
    expect(bad).toMatchObject({ reason: { message: 'no' } })
    expect(good).toMatchObject({ value: [{ n: 1 }] })
  })
})

test('rows come as objects, arrays or columns', async () => {
  await using db = await open()
  const text = 'select i as a, i * 2 as b from generate_series(1, 3) i'
  for (let round = 0; round < 2; round++) {
    expect(await db.query(text)).toEqual([
      { a: 1, b: 2 },
      { a: 2, b: 4 },
      { a: 3, b: 6 },
    ])
    expect(await db.query(text, [], { rows: 'arrays' })).toEqual([
      [1, 2],
      [2, 4],
      [3, 6],
    ])
    expect(await db.query(text, [], { rows: 'columns' })).toEqual([
      [1, 2, 3],
      [2, 4, 6],
    ])
  }
  expect(await db.query('select 1 as a where false', [], { rows: 'columns' })).toEqual([[]])
})
