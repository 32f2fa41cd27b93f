import { inParallel } from '@shrapnel/core'
import { type PostgresServer, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sql } from '../../src/sql.js'
import { connectTrusting } from './trust-backend.js'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
}, 60_000)
afterAll(() => server.stop())

const open = (settings = {}) => connectTrusting({ port: server.port }, settings)

describe('a query', () => {
  test('gives rows as objects, and what the server said of them', async () => {
    await using db = await open()
    const result = await db.query('select 1 as one, $1::text as word', ['ü'])
    expect([...result]).toEqual([{ one: 1, word: 'ü' }])
    expect(result.command).toBe('SELECT')
    expect(result.rowCount).toBe(1)
    expect(result.columns.map((column) => column.name)).toEqual(['one', 'word'])
    expect(result.map((row) => row.one)).toEqual([1])
    expect(Object.getPrototypeOf(result.map(String))).toBe(Array.prototype)
  })

  test('is the same the first time, when it is prepared, and later', async () => {
    await using db = await open()
    for (let round = 0; round < 3; round++) {
      const [row] =
        await db.query(sql`select ${1}::int4 as i, ${2n}::int8 as l, ${true}::bool as b, ${'x'}::text as t,
        ${1.5}::float8 as f, ${null}::int4 as n, ${Buffer.from('ab')} as y, now() - now() as d, '2020-01-02 03:04:05.678'::timestamp as at`)
      expect(row).toMatchObject({ i: 1, l: 2, b: true, t: 'x', f: 1.5, n: null, y: Buffer.from('ab') })
      expect(row?.at).toEqual(new Date('2020-01-02T03:04:05.678Z'))
    }
  })

  test('as one of many in one turn gets its own answer, or its own error', async () => {
    await using db = await open()
    const answers = await Promise.allSettled(
      Array.from({ length: 500 }, (_, i) => db.query('select 10 / $1::int4 as n, $2::int4 as i', [i % 5, i])),
    )
    expect(answers).toEqual(
      answers.map((_, i) =>
        i % 5 === 0
          ? { status: 'rejected', reason: expect.objectContaining({ code: 'PG_SERVER', sqlState: '22012' }) }
          : { status: 'fulfilled', value: [{ n: Math.trunc(10 / (i % 5)), i }] },
      ),
    )
    expect(db.isReusable).toBe(true)
  })
})

describe('coroutines', () => {
  test('share one connection', async () => {
    await using db = await open()
    const sums = await inParallel(
      Array.from({ length: 50 }, (_, i) => async () => {
        let sum = 0
        for (let j = 0; j < 20; j++) {
          const [row] = await db.query<{ n: number }>(sql`select ${i * j}::int as n`)
          sum += row?.n ?? 0
        }
        return sum
      }),
    )
    expect(sums).toEqual(Array.from({ length: 50 }, (_, i) => i * 190))
  })
})
