/** Whatever many coroutines do with one connection at once: each gets the answer to its own question, and the connection is clean in the end. */
import { Interrupted, inParallel, TimeoutError, withTimeout, yieldSlice } from '@shrapnel/core'
import { type PostgresServer, startPostgres } from '@shrapnel/test-support'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Connection, connect, PostgresError } from '../../src/index.js'

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres()
  await server.psql('create table made (id int primary key); create table shape (id int)')
  await server.psql('insert into shape values (1)')
}, 60_000)

afterAll(() => server.stop())

let ids = 0

/** What may come of something that was cancelled or told to hurry: that, or its answer. */
async function hurried<T>(ms: number, fn: () => Promise<T>): Promise<T | undefined> {
  try {
    return await withTimeout(ms, fn)
  } catch (error) {
    if (error instanceof TimeoutError || error instanceof Interrupted) return undefined
    if (error instanceof PostgresError && error.code === 'PG_TIMEOUT') return undefined
    throw error
  }
}

async function sqlStateOf(asked: Promise<unknown>): Promise<string> {
  try {
    await asked
    return 'none'
  } catch (error) {
    return (error as PostgresError).sqlState ?? String(error)
  }
}

/** Each says what is wrong, or nothing; `number` varies it. */
const STEPS: Readonly<
  Record<string, (db: Connection, number: number, kept: Set<number>) => Promise<unknown>>
> = {
  async asks(db, number) {
    const id = ++ids
    const [row] = await db.query(`select $1::int as id, ${number % 40} as n`, [id])
    expect(row).toEqual({ id, n: number % 40 })
  },
  async asksForMany(db, number) {
    const id = ++ids
    const rows = await db.query<[number, number]>(
      'select $1::int, i from generate_series(1, $2::int) i',
      [id, number],
      {
        rows: 'arrays',
      },
    )
    expect(rows).toHaveLength(number)
    expect(rows.every(([first], i) => first === id && rows[i]?.[1] === i + 1)).toBe(true)
  },
  async fails(db, number) {
    expect(await sqlStateOf(db.query('select 1 / $1::int', [0]))).toBe('22012')
    expect(await sqlStateOf(db.query(`select ${number} from nowhere`))).toBe('42P01')
    expect(await sqlStateOf(db.query(`selec ${number}`))).toBe('42601')
  },
  async runsAScript(db, number) {
    const [first, second] = await db.script(`select ${number} as a; select ${number + 1} as b`)
    expect([first?.[0], second?.[0]]).toEqual([{ a: number }, { b: number + 1 }])
  },
  async givesUp(db, number) {
    const id = ++ids
    const rows = await hurried(number % 7, () => db.query('select $1::int as id from pg_sleep(0.004)', [id]))
    expect(rows?.[0] ?? { id }).toEqual({ id })
  },
  async hasLittleTime(db, number) {
    const id = ++ids
    const rows = await hurried(1000, () =>
      db.query('select $1::int as id from pg_sleep(0.004)', [id], { timeoutMs: number % 7 }),
    )
    expect(rows?.[0] ?? { id }).toEqual({ id })
  },
  async commits(db, number, kept) {
    const id = ++ids
    await db.begin(async (tx) => {
      await tx.query('insert into made values ($1)', [id])
      for (let i = 0; i < number % 3; i++) await tx.query('select $1::int', [i])
    })
    kept.add(id)
  },
  async rollsBack(db) {
    using reserved = await db.reserve()
    await reserved.query('begin')
    await reserved.query('insert into made values ($1)', [++ids])
    // It is left open, and whoever comes next must not be in it.
  },
  async failsInside(db, number) {
    const id = ++ids
    const failing = db.begin(async (tx) => {
      await tx.query('insert into made values ($1)', [id])
      await tx.query(number % 2 === 0 ? 'select 1 / 0' : 'selec')
    })
    expect(await sqlStateOf(failing)).toBe(number % 2 === 0 ? '22012' : '42601')
  },
  async givesUpInside(db, number) {
    await hurried(number % 7, () =>
      db.begin(async (tx) => {
        await tx.query('insert into made values ($1)', [++ids])
        await tx.query('select pg_sleep(0.5)')
      }),
    )
  },
  async changesAShape(db, number) {
    await db.query(`alter table shape add column c${number} int`)
    await db.query(`alter table shape drop column c${number}`)
  },
  async looksAtTheShape(db) {
    expect((await db.query('select * from shape'))[0]).toMatchObject({ id: 1 })
  },
  async forgets(db) {
    await db.query('deallocate all')
  },
  async leavesAStream(db, number) {
    let n = 0
    for await (const row of db.stream('select i from generate_series(1, 5000) i')) {
      expect(row).toEqual({ i: ++n })
      if (n > number * 30) break
    }
  },
}

test('a program of random parts, on one connection', async () => {
  const part = fc.record({
    step: fc.constantFrom(...Object.keys(STEPS)),
    number: fc.integer({ min: 1, max: 200 }),
    after: fc.integer({ min: 0, max: 12 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 40 }), async (parts) => {
      const kept = new Set<number>()
      const first = ids
      await server.psql(
        'alter table shape rename to shape_; create table shape as select 1 as id; drop table shape_',
      )
      await using db = await connect({ url: server.url, statementCacheSize: 20, maxPipelined: 8 })
      let changes = 0
      await withTimeout(30_000, () =>
        inParallel(
          parts.map(({ step, number, after }) => async () => {
            for (let i = 0; i < after; i++) await yieldSlice()
            // Columns have names of their own.
            await STEPS[step]?.(db, step === 'changesAShape' ? 1000 + changes++ : number, kept)
          }),
        ),
      )
      expect((await db.query('select $1::int as id', [7]))[0]).toEqual({ id: 7 })
      await expect.poll(() => db.isReusable, { timeout: 10_000 }).toBe(true)
      expect(db.inFlight).toBe(0)
      const made = await db.query<{ id: number }>('select id from made where id > $1', [first])
      expect(new Set(made.map(({ id }) => id))).toEqual(kept)
    }),
    { numRuns: 12, seed: 20260101, interruptAfterTimeLimit: 45_000 },
  )
}, 90_000)
