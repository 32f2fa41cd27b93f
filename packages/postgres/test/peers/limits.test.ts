/** A connection at its limits and the server's: large, many, empty, often. */
import { inParallel, withTimeout } from '@shrapnel/core'
import { expectFlatHeap, type PostgresServer, seededRandom, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, type PostgresError } from '../../src/index.js'

const MIB = 1024 * 1024

let server: PostgresServer

beforeAll(async () => {
  // What it would log of each query that fails is kept by the test, on the heap that is measured.
  server = await startPostgres()
  await server.psql(`alter system set log_min_messages = 'panic'`)
  await server.psql('select pg_reload_conf()')
}, 60_000)

afterAll(() => server.stop())

const codeOf = async (asked: Promise<unknown>) => {
  try {
    await asked
    return 'none'
  } catch (error) {
    const { code, limit, sqlState } = error as PostgresError
    return [code, limit ?? sqlState].join(' ')
  }
}

describe('a value', () => {
  test('of 100 megabytes goes out, and comes back where the limits allow it', async () => {
    const bytes = Buffer.alloc(100 * MIB, 'abc')
    await using wide = await connect({
      url: server.url,
      maxMessageBytes: 400 * MIB,
      maxResultBytes: 400 * MIB,
    })
    const [row] = await wide.query<{ length: number; back: Buffer }>(
      'select length($1::bytea) as length, $1::bytea as back',
      [bytes],
    )
    expect(row?.length).toBe(bytes.length)
    expect(row?.back.equals(bytes)).toBe(true)
  }, 60_000)

  test('beyond the limits ends its query or its connection, as the limit says, and names it', async () => {
    await using db = await connect({ url: server.url, maxMessageBytes: 2 * MIB, maxResultBytes: MIB })
    expect(await codeOf(db.query(`select repeat('x', ${(3 * MIB) / 2}) as x`))).toBe(
      'PG_LIMIT maxResultBytes',
    )
    expect(await codeOf(db.query(`select repeat('x', 1000) from generate_series(1, 10000)`))).toBe(
      'PG_LIMIT maxResultBytes',
    )
    expect((await db.query('select 1 as one'))[0]).toEqual({ one: 1 })
    expect(await codeOf(db.query(`select repeat('x', ${3 * MIB}) as x`))).toBe('PG_LIMIT maxMessageBytes')
    expect(db.isOpen).toBe(false)
  })

  test('with a NUL is refused before it is sent, or by the server, and hurts nobody beside it', async () => {
    await using db = await connect(server.url)
    const [nul, beside] = await Promise.all([
      codeOf(db.query('select $1::text as x', ['a\0b'])),
      db.query('select 1 as one'),
    ])
    expect(nul).toMatch(/^PG_(?:PARAMETER|SERVER 22021)/)
    expect(beside[0]).toEqual({ one: 1 })
    expect(await codeOf(db.query('select \0'))).toMatch(/^PG_PARAMETER|ERR_/)
    expect((await db.query('select $1::bytea as x', [Buffer.from('a\0b')]))[0]).toEqual({
      x: Buffer.from('a\0b'),
    })
    expect((await db.query('select 1 as one'))[0]).toEqual({ one: 1 })
  })
})

describe('a query', () => {
  test('has 1,600 columns, and rows of each shape', async () => {
    await using db = await connect(server.url)
    const names = Array.from({ length: 1600 }, (_, i) => `c${i}`)
    const text = `select ${names.map((name, i) => `${i} as ${name}`).join(', ')}`
    for (let round = 0; round < 3; round++) {
      expect(Object.entries((await db.query(text))[0] as object)).toEqual(names.map((name, i) => [name, i]))
      expect((await db.query(text, [], { rows: 'arrays' }))[0]).toEqual(names.map((_, i) => i))
    }
    const more = `select ${Array.from({ length: 1665 }, () => 1).join(', ')}`
    expect(await codeOf(db.query(more))).toBe('PG_SERVER 54011')
    expect((await db.query('select 1 as one'))[0]).toEqual({ one: 1 })
  })

  test('may be empty, or a comment', async () => {
    await using db = await connect(server.url)
    for (const text of ['', ' ', ';', '-- nothing', '/* nothing */'])
      expect(await Promise.all([db.query(text), db.query(text), db.query('select 1 as one')])).toEqual([
        [],
        [],
        [{ one: 1 }],
      ])
    expect(await db.script('')).toEqual([])
  })

  test('has 65,535 values, and not one more', async () => {
    await using db = await connect(server.url)
    const count = 65_535
    const values = Array.from({ length: count }, (_, i) => i)
    const text = (n: number) =>
      `select ${Array.from({ length: n }, (_, i) => `$${i + 1}::int8`).join('+')} as sum`
    const list = (n: number) =>
      `select count(*)::int as n from (values ${Array.from({ length: n }, (_, i) => `($${i + 1}::int8)`).join(',')}) v`
    expect((await db.query(list(count), values))[0]).toEqual({ n: count })
    expect(await codeOf(db.query(text(count + 1), [...values, 0]))).toMatch(/^PG_LIMIT/)
    expect((await db.query('select 1 as one'))[0]).toEqual({ one: 1 })
  }, 60_000)

  test('with a storm of notices has its answer all the same', async () => {
    let notices = 0
    await using db = await connect({ url: server.url, onNotice: () => notices++ })
    const storm = db.query(`do $$ begin for i in 1..20000 loop raise notice 'storm %', i; end loop; end $$`)
    const beside = db.query('select 1 as one')
    await storm
    expect((await beside)[0]).toEqual({ one: 1 })
    expect(notices).toBe(20_000)
  })
})

describe('often', () => {
  test('2,000 statements, all different, leave as many on the server as are kept', async () => {
    await using db = await connect({ url: server.url, statementCacheSize: 50 })
    const prepared = async () =>
      Number((await db.script('select count(*)::int as n from pg_prepared_statements'))[0]?.[0]?.n)
    const ask = async (n: number) => expect((await db.query(`select ${n} as n`))[0]).toEqual({ n })
    for (let from = 0; from < 2000; from += 100)
      await inParallel(Array.from({ length: 100 }, (_, i) => () => ask(from + i)))
    // What made room is closed together with the next that is prepared.
    await ask(2000)
    expect(await prepared()).toBeLessThanOrEqual(51)
    for (let n = 1990; n < 2000; n++) await ask(n)
    expect(await prepared()).toBeLessThanOrEqual(51)
  }, 60_000)

  test('queries leave the heap as it was', async () => {
    await using db = await connect(server.url)
    await expectFlatHeap(1000, async () => {
      await inParallel(Array.from({ length: 100 }, (_, i) => () => db.query('select $1::int as n', [i])))
    })
  }, 120_000)

  test('cancelled queries leave the heap as it was, and each next query its own answer', async () => {
    await using db = await connect({ url: server.url, maxPipelined: 4 })
    let n = 0
    await expectFlatHeap(
      200,
      async () => {
        const gone = Array.from(
          { length: 100 },
          (_, i) => () => codeOf(db.query('select pg_sleep(0.0001 * $1::int)', [i], { timeoutMs: i % 3 })),
        )
        await inParallel(gone)
        const [row] = await db.query<{ n: number }>('select $1::int as n', [++n])
        if (row?.n !== n) throw new Error(`${n} was answered by ${String(row?.n)}`)
      },
      { warmUpRounds: 60, toleranceBytes: 600_000 },
    )
    expect(db.isOpen).toBe(true)
  }, 120_000)

  test('a late cancel never hits the next query, whenever it comes', async () => {
    await using db = await connect(server.url)
    const random = seededRandom(11)
    const hits: string[] = []
    for (let round = 0; round < 500; round++) {
      const ms = random() * 4
      const slept = codeOf(db.query('select pg_sleep(0.002)', [], { timeoutMs: ms }))
      await Promise.race([slept, db.query('select $1::int as n', [round])])
      const next = db.query('select $1::int as n', [round])
      try {
        const [row] = await withTimeout(20_000, () => next)
        if ((row as { n: number }).n !== round) hits.push(`round ${round}: ${JSON.stringify(row)}`)
      } catch (error) {
        hits.push(`round ${round}: ${String(error)}`)
      }
      await slept
    }
    expect(hits).toEqual([])
    expect(db.isOpen).toBe(true)
  }, 120_000)
})
