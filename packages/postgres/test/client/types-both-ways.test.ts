/** Values of every type as a program writes and reads them: through one connection, the first time and later, in results of every shape. */
import { type PostgresServer, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Connection, connect, Interval, Range, sql } from '../../src/index.js'
import { typeSamples } from '../wire/type-samples.js'

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres({ config: { timezone: 'UTC', lc_monetary: 'C' } })
  await server.psql(`create schema aside;
    create extension hstore schema aside;
    create type aside.mood as enum ('sad', 'very happy');
    create type public.mood as enum ('x');
    create type pair as (a int8, m aside.mood, r int4range, at timestamptz);
    create domain moods as aside.mood[];
    create domain checked as pair check ((value).a > 0);
    create type times as range (subtype = time)`)
}, 60_000)

afterAll(() => server.stop())

const open = (): Promise<Connection> => connect(server.url)

/** Of json, a string is json already; and the server has no equality for some, but gives them back all the same. */
const written = typeSamples.filter(({ isOneWay }) => isOneWay !== true)

test('what is written is what is read, the first time and later', async () => {
  await using db = await open()
  for (const { type, literal, value } of written)
    for (let round = 0; round < 2; round++) {
      const [row] = await db.query(`select $1::${type} as v`, [value])
      expect(row?.v, `${type} ${literal}`).toEqual(value)
    }
})

test('values of types of the database go both ways, in lists, in each other, and from a schema aside', async () => {
  const pair = { a: 2n ** 60n, m: 'very happy', r: new Range(1, 5), at: new Date('2026-01-01T00:00:00Z') }
  const samples: readonly (readonly [type: string, value: unknown])[] = [
    ['aside.mood', 'very happy'],
    ['public.mood', 'x'],
    ['aside.mood[]', ['sad', null]],
    ['aside.mood[]', [[['sad'], ['very happy']]]],
    ['moods', ['sad', 'very happy']],
    ['pair', pair],
    ['pair', { a: null, m: null, r: null, at: null }],
    ['pair', { a: 1, m: 'sad', r: Range.empty(), at: Infinity }],
    ['pair[]', [pair, null]],
    ['checked', { ...pair, a: 7 }],
    ['times', new Range('10:00:00', '11:30:00')],
    ['times[]', [new Range('10:00:00', null)]],
    ['times_multirange', [new Range('10:00:00', '11:30:00'), new Range('12:00:00', null)]],
    ['aside.hstore', { a: '1', 'b "c': null, '': '\\' }],
    ['aside.hstore[]', [{ a: '1' }, {}]],
  ]
  for (const isFresh of [true, false]) {
    await using one = await open()
    for (const [type, value] of samples) {
      await using other = isFresh ? await open() : null
      const db = other ?? one
      for (let round = 0; round < 2; round++)
        expect([...(await db.query(`select $1::${type} as v`, [value]))], `${type} ${round}`).toEqual([
          { v: value },
        ])
    }
  }
})

test('a result has the same values as objects, as arrays, as columns, in a stream, from a cursor and from a script', async () => {
  await using db = await open()
  const text = `select 9007199254740993::int8 as i, 0.10::numeric as n, 'infinity'::date as d, '{{1,2}}'::int4[] as l, '1 day'::interval as s,
    'very happy'::aside.mood as m, row(1, 'sad', '[1,5)', null)::pair as p, null::text as e from generate_series(1, 2)`
  const row = {
    i: 9007199254740993n,
    n: '0.10',
    d: Infinity,
    l: [[1, 2]],
    s: new Interval({ days: 1 }),
    m: 'very happy',
    p: { a: 1, m: 'sad', r: new Range(1, 5), at: null },
    e: null,
  }
  const values = Object.values(row)
  for (let round = 0; round < 2; round++) {
    expect([...(await db.query(text))]).toEqual([row, row])
    expect([...(await db.query(text, [], { rows: 'arrays' }))]).toEqual([values, values])
    expect([...(await db.query(text, [], { rows: 'columns' }))]).toEqual(
      values.map((value) => [value, value]),
    )
    const streamed: unknown[] = []
    for await (const each of db.stream(text)) streamed.push(each)
    expect(streamed).toEqual([row, row])
    await using cursor = db.cursor(text)
    expect(await cursor.read(5)).toEqual([row, row])
    await cursor.close()
    expect((await db.script(text)).map((result) => [...result])).toEqual([[row, row]])
  }
})

test('a type that was dropped and made anew is read anew', async () => {
  await using db = await open()
  for (const value of ['a', 'b', 'c']) {
    await db.script(`drop type if exists passing; create type passing as enum ('${value}')`)
    expect([...(await db.query(sql`select ${value}::passing as v, ${[value]}::passing[] as l`))]).toEqual([
      { v: value, l: [value] },
    ])
  }
})
