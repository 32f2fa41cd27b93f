/** Streams and cursors against a real server. */
import { shield, sleep, spawn, withTimeout } from '@shrapnel/core'
import { collectGarbage, heapUsedAfterGc, type PostgresServer, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Connection, connect, pool, sql } from '../../src/index.js'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
}, 60_000)
afterAll(() => server.stop())

const place = () => ({ host: server.unixFolder, port: server.port, user: 'postgres', database: 'postgres' })
const open = (settings = {}) => connect({ ...place(), ...settings })
const ENDLESS = 'select generate_series(1, 1000000000) as n'

interface N {
  readonly n: number
}

async function expectClean(db: Connection): Promise<void> {
  expect(await db.query('select $1::int as n', [7])).toEqual([{ n: 7 }])
  expect(db.isReusable).toBe(true)
}

const stateOf = (db: { readonly processId: number }) =>
  server.psql(`select state from pg_stat_activity where pid = ${db.processId}`)

describe('a stream', () => {
  test('gives every row once and in order, whatever the sizes of its batches', async () => {
    await using db = await open()
    for (const batchRows of [1, 2, 3, 99, 100, 101, 1000]) {
      const found: number[] = []
      for await (const { n } of db.stream<N>(sql`select n from generate_series(1, 250) n`, { batchRows }))
        found.push(n)
      expect(found, `${batchRows} rows`).toEqual(Array.from({ length: 250 }, (_, i) => i + 1))
    }
    await expectClean(db)
  })

  test('decodes rows as query does, as objects, as arrays, and many at a time', async () => {
    await using db = await open()
    const text = `select 1 as n, 'x' as t, now() > 'epoch' as b, array[1,null]::int[] as l, '{"a":1}'::jsonb as j`
    const [row] = await db.query(text)
    for await (const each of db.stream(text)) expect(each).toEqual(row)
    for await (const each of db.stream<unknown[]>(text, [], { rows: 'arrays' }))
      expect(each).toEqual(Object.values(row ?? {}))
    const sizes: number[] = []
    for await (const rows of db.stream<N>(sql`select n from generate_series(1, 5000) n`, { batches: true }))
      sizes.push(rows.length)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(5000)
    expect(sizes.length).toBeLessThan(500)
  })

  test('takes values, empty results, and statements without rows', async () => {
    await using db = await open()
    const found: unknown[] = []
    for await (const row of db.stream('select $1::int + n as n from unnest($2::int[]) n', [1, [1, 2]]))
      found.push(row)
    expect(found).toEqual([{ n: 2 }, { n: 3 }])
    expect(await db.stream(sql`select 1 where false`).next()).toEqual({ done: true, value: undefined })
    expect(await db.stream('').next()).toEqual({ done: true, value: undefined })
    expect(await db.stream('create temp table made (n int)').next()).toEqual({ done: true, value: undefined })
    expect(await db.stream('insert into made values (1), (2) returning n').next()).toEqual({
      done: false,
      value: { n: 1 },
    })
    await expectClean(db)
  })

  test('reads types that only the catalogue knows', async () => {
    await using db = await open()
    await db.script(`create type mood as enum ('sad', 'happy'); create type pair as (a int, m mood)`)
    const found: unknown[] = []
    for await (const row of db.stream(`select (1, 'sad')::pair as p, array['happy']::mood[] as m`))
      found.push(row)
    expect(found).toEqual([{ p: { a: 1, m: 'sad' }, m: ['happy'] }])
  })

  test('that is left ends the query on the server at once, and the connection is used again', async () => {
    await using db = await open()
    let count = 0
    for await (const _ of db.stream(ENDLESS)) if (++count === 10) break
    await withTimeout(2_000, () => expectClean(db))
    expect(await stateOf(db)).toBe('idle')
    expect(count).toBe(10)
  })

  test('that is left while the server works on a batch cancels that', async () => {
    await using db = await open()
    const stream = db.stream(
      'select n, case when n > 3 then pg_sleep(100)::text end from generate_series(1, 10) n',
    )
    // Nothing comes before the batch is whole: what is left is one whose rows are never there.
    const reader = spawn(() => stream.next())
    await sleep(30)
    await withTimeout(2_000, () => stream.return())
    expect(await reader.join()).toEqual({ done: true, value: undefined })
    await withTimeout(2_000, () => expectClean(db))
  })

  test('keeps the others waiting in their order', async () => {
    await using db = await open()
    const order: string[] = []
    const stream = db.stream<N>(sql`select n from generate_series(1, 500) n`, { batchRows: 50 })
    await stream.next()
    const others = [1, 2].map((n) =>
      spawn(async () => {
        await db.query('select 1')
        order.push(`query ${n}`)
      }),
    )
    const early: number[] = []
    for await (const { n } of stream) {
      if (n === 300) await sleep(20)
      if (n === 301) early.push(order.length)
    }
    expect(early).toEqual([0])
    for (const other of others) await other.join()
    expect(order).toEqual(['query 1', 'query 2'])
    await expectClean(db)
  })

  test('that nobody reads sends nothing', async () => {
    await using db = await open()
    const stream = db.stream(ENDLESS)
    await expectClean(db)
    expect(await stream.return()).toEqual({ done: true, value: undefined })
    expect(await stream.next()).toEqual({ done: true, value: undefined })
  })

  test('that is forgotten lets go of its connection', async () => {
    await using db = await open()
    await (async () => void (await db.stream(ENDLESS).next()))()
    const behind = spawn(() => db.query('select 1 as n'))
    for (let i = 0; i < 100 && behind.state !== 'done'; i++) {
      collectGarbage()
      await sleep(5)
    }
    expect(await withTimeout(1_000, () => behind.join())).toEqual([{ n: 1 }])
  })

  test('that fails in the middle gives the rows before, then the error, once', async () => {
    await using db = await open()
    const stream = db.stream<N>('select 1 / (n - 150) as n from generate_series(1, 1000) n')
    let count = 0
    const read = async () => {
      for await (const _ of stream) count++
    }
    await expect(read()).rejects.toMatchObject({ code: 'PG_SERVER', sqlState: '22012' })
    expect(count).toBe(149)
    expect(await stream.next()).toEqual({ done: true, value: undefined })
    await expectClean(db)
    await expect(db.stream('select nonsense').next()).rejects.toMatchObject({ sqlState: '42703' })
    await expect(db.stream('select $1::int', ['x']).next()).rejects.toMatchObject({ sqlState: '22P02' })
    await expect(db.stream('copy (select 1) to stdout').next()).rejects.toMatchObject({ code: 'PG_USAGE' })
    await expectClean(db)
  })

  test('hears of a constraint that is only checked at its end', async () => {
    await using db = await open()
    await db.script(
      'create temp table a (n int primary key); create temp table b (n int references a deferrable initially deferred)',
    )
    const stream = db.stream('insert into b values (1) returning n')
    expect(await stream.next()).toMatchObject({ value: { n: 1 } })
    await expect(stream.next()).rejects.toMatchObject({ sqlState: '23503' })
    expect(await db.query('select * from b')).toEqual([])
  })

  test('prepares anew what a change has made stale', async () => {
    await using db = await open()
    await db.script('create table changing (n int); insert into changing values (1)')
    const read = async () => (await db.stream('select * from changing').next()).value
    expect(await read()).toEqual({ n: 1 })
    await db.query('alter table changing add t text')
    expect(await read()).toEqual({ n: 1, t: null })
    await db.query('deallocate all').catch(() => {})
    expect(await read()).toEqual({ n: 1, t: null })
  })

  test('keeps its statement unless told not to', async () => {
    await using db = await open()
    for await (const _ of db.stream('select 1 as kept'));
    for await (const _ of db.stream('select 1 as unkept', [], { prepare: false }));
    const kept = await db.query(
      `select statement from pg_prepared_statements where statement like 'select 1 as %'`,
    )
    expect(kept).toEqual([{ statement: 'select 1 as kept' }])
  })

  test('cancelled while it waits is cancelled on the server', async () => {
    await using db = await open()
    const slow = db.stream('select pg_sleep(100)')
    await expect(withTimeout(30, () => slow.next())).rejects.toMatchObject({ code: 'TIMEOUT' })
    await withTimeout(2_000, () => expectClean(db))
    expect(await slow.next()).toEqual({ done: true, value: undefined })
    await expect(db.stream('select pg_sleep(100)', [], { timeoutMs: 20 }).next()).rejects.toMatchObject({
      code: 'PG_TIMEOUT',
      limit: 'timeoutMs',
    })
    await withTimeout(2_000, () => expectClean(db))
  })

  test('cancelled before it was sent is never run', async () => {
    await using db = await open()
    await db.query('create temp table t (n int)')
    const reserved = await db.reserve()
    const doomed = spawn(() => db.stream('insert into t values (1) returning n').next())
    await sleep(5)
    doomed.interrupt()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    reserved.release()
    expect(await db.query('select * from t')).toEqual([])
  })

  test('interrupted at any moment leaves a clean connection', async () => {
    await using db = await open({ statementCacheSize: 4 })
    for (let ms = 0; ms < 40; ms++) {
      const reader = spawn(async () => {
        for await (const row of db.stream<N>(ENDLESS, [], { batchRows: 200 }))
          if (row.n % 64 === 0) await sleep(0)
      })
      await sleep(ms / 4)
      reader.interrupt()
      await expect(reader.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
      await withTimeout(5_000, () => expectClean(db))
    }
  })

  test('in whose loop something fails is left with that error', async () => {
    await using db = await open()
    const read = async () => {
      for await (const _ of db.stream(ENDLESS)) throw new Error('enough')
    }
    await expect(read()).rejects.toThrow('enough')
    await expectClean(db)
  })

  test('loses its server with the rows that came before', async () => {
    await using db = await open()
    let count = 0
    const read = async () => {
      for await (const _ of db.stream(ENDLESS)) {
        if (++count === 10) await server.psql(`select pg_terminate_backend(${db.processId}, 5000)`)
      }
    }
    await expect(read()).rejects.toMatchObject({ code: expect.stringMatching(/PG_BROKEN|PG_SERVER/) })
    expect(count).toBeGreaterThanOrEqual(10)
    expect(db.isOpen).toBe(false)
    await expect(db.stream('select 1').next()).rejects.toMatchObject({ code: 'PG_BROKEN' })
  })

  test('of a million rows takes no more memory than one of few', async () => {
    await using db = await open()
    const run = async (rows: number) => {
      let highest = 0
      let count = 0
      for await (const _ of db.stream(`select n, repeat('x', 100) as t from generate_series(1, ${rows}) n`))
        if (++count % 50_000 === 0 && count % 200_000 < 100_000)
          highest = Math.max(highest, await heapUsedAfterGc())
      return { count, highest }
    }
    await run(10_000)
    const few = await run(100_000)
    const many = await run(1_000_000)
    expect(many.count).toBe(1_000_000)
    expect(many.highest - few.highest).toBeLessThan(2_000_000)
  }, 30_000)

  test('of rows of a megabyte holds few of them', async () => {
    await using db = await open()
    let count = 0
    // What is held, and not what the allocator has not given back yet: that differs between versions of Node.
    const held = async () => (await heapUsedAfterGc()) + process.memoryUsage().external
    const before = await held()
    let most = 0
    for await (const { t } of db.stream<{ t: string }>(
      `select repeat('x', 1000000) || n as t from generate_series(1, 100) n`,
    )) {
      expect(t.length).toBeGreaterThan(1_000_000)
      if (++count % 20 === 0) most = Math.max(most, (await held()) - before)
    }
    expect(count).toBe(100)
    expect(most).toBeLessThan(20_000_000)
  }, 30_000)
})

describe('a stream in a transaction', () => {
  test('lets other queries run between its batches', async () => {
    await using db = await open()
    await db.query('create temp table seen (n int)')
    const total = await db.begin(async (tx) => {
      for await (const { n } of tx.stream<N>('select n from generate_series(1, 3000) n'))
        if (n % 1000 === 0) await tx.query('insert into seen values ($1)', [n])
      const [row] = await tx.query<N>('select count(*)::int as n from seen')
      return row?.n
    })
    expect(total).toBe(3)
    expect(await db.query(`select * from pg_cursors where name <> ''`)).toEqual([])
  })

  test('that is left, or read to its end, leaves no portal and a transaction that goes on', async () => {
    await using db = await open()
    await db.begin(async (tx) => {
      for await (const _ of tx.stream(ENDLESS)) break
      for await (const { n } of tx.stream<N>(ENDLESS)) if (n === 250) break
      for await (const _ of tx.stream('select 1'));
      expect(await tx.query('select * from pg_cursors where not is_holdable')).toHaveLength(1)
      await tx.savepoint(async (inner) => {
        for await (const _ of inner.stream(ENDLESS)) break
      })
      expect(await tx.query('select 1 as n')).toEqual([{ n: 1 }])
    })
    await expectClean(db)
  })

  test('goes on while a savepoint comes and goes', async () => {
    await using db = await open()
    await db.begin(async (tx) => {
      let count = 0
      const failures: unknown[] = []
      for await (const { n } of tx.stream<N>('select n from generate_series(1, 1000) n')) {
        count++
        if (n % 300 !== 0) continue
        await tx
          .savepoint((inner) => inner.query('select 1/0'))
          .catch((error) => failures.push(error.sqlState))
      }
      expect(failures).toEqual(['22012', '22012', '22012'])
      expect(count).toBe(1000)
    })
  })

  test('that nobody reads on is ended with the transaction', async () => {
    await using db = await open()
    const open_ = await withTimeout(2_000, () =>
      db.begin(async (tx) => {
        const stream = tx.stream(ENDLESS)
        await stream.next()
        return stream
      }),
    )
    await expectClean(db)
    expect(await open_.return()).toEqual({ done: true, value: undefined })
    await expect(db.begin(async (tx) => tx)).resolves.toSatisfy((tx: { isOver: boolean }) => tx.isOver)
  })

  test('that fails fails the transaction, told or not', async () => {
    await using db = await open()
    await expect(
      db.begin(async (tx) => {
        await tx.query('create temp table undone (n int)')
        await tx
          .stream('select 1/0')
          .next()
          .catch(() => {})
      }),
    ).rejects.toMatchObject({ sqlState: '22012' })
    await expect(
      db.begin(async (tx) => {
        await withTimeout(20, () => tx.stream('select pg_sleep(100)').next()).catch(() => {})
      }),
    ).rejects.toThrow('rolled back')
    await withTimeout(2_000, () => expectClean(db))
  })

  test('after its end is refused', async () => {
    await using db = await open()
    const tx = await db.begin(async (each) => each)
    await expect(tx.stream('select 1').next()).rejects.toMatchObject({ code: 'PG_CLOSED' })
    await expect(db.begin((each) => each.stream('commit').next())).rejects.toMatchObject({ code: 'PG_USAGE' })
  })
})

describe('a stream of a pool', () => {
  test('has a connection for its time, and gives it back', async () => {
    await using db = pool(place(), { maxConnections: 2 })
    let count = 0
    const seen: unknown[] = []
    for await (const _ of db.stream('select n from generate_series(1, 20000) n'))
      if (++count === 500) seen.push(db.stats.busy, ...(await db.query('select 1 as n')))
    expect(seen).toEqual([1, { n: 1 }])
    expect(db.stats).toMatchObject({ open: 2, idle: 2 })
    for await (const _ of db.stream(ENDLESS)) break
    await expect(withTimeout(20, () => db.stream('select pg_sleep(100)').next())).rejects.toMatchObject({
      code: 'TIMEOUT',
    })
    await using lease = await db.lease()
    for await (const _ of lease.stream(ENDLESS)) break
    expect(await lease.query('select 1 as n')).toEqual([{ n: 1 }])
    await expect(db.stream('begin').next()).rejects.toMatchObject({ code: 'PG_USAGE' })
  })

  test('is waited for in the queue, and leaves it', async () => {
    await using db = pool(place(), { maxConnections: 1 })
    const lease = await db.lease()
    await expect(withTimeout(20, () => db.stream('select 1').next())).rejects.toMatchObject({
      code: 'TIMEOUT',
    })
    lease.release()
    expect((await db.stream('select 1 as n').next()).value).toEqual({ n: 1 })
  })
})

describe('a cursor', () => {
  test('gives as many rows as it is asked for, and then none', async () => {
    await using db = await open()
    await using cursor = db.cursor<N>(sql`select n from generate_series(1, 10) n`)
    expect(await cursor.read(3)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
    expect(cursor.columns).toMatchObject([{ name: 'n' }])
    expect(await cursor.read(7)).toHaveLength(7)
    expect(await cursor.read(1)).toEqual([])
    expect(cursor.isClosed).toBe(true)
    await expectClean(db)
  })

  test('can be looped over, closed, limited and cancelled', async () => {
    await using db = await open()
    let count = 0
    for await (const { n } of db.cursor<N>(ENDLESS, [], { batchRows: 10 })) {
      count = n
      if (n === 25) break
    }
    expect(count).toBe(25)
    await expectClean(db)
    const large = db.cursor(`select repeat('x', 1000) from generate_series(1, 1000)`, [], {
      maxResultBytes: 100_000,
    })
    expect(await large.read(10)).toHaveLength(10)
    await expect(large.read(500)).rejects.toMatchObject({ code: 'PG_LIMIT', limit: 'maxResultBytes' })
    expect(await large.read(10)).toEqual([])
    await expectClean(db)
    const slow = db.cursor('select pg_sleep(100)')
    await expect(withTimeout(20, () => slow.read(1))).rejects.toMatchObject({ code: 'TIMEOUT' })
    await withTimeout(2_000, () => expectClean(db))
    await expect(db.cursor('select 1').read(0)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
    await expect(db.cursor('select 1/0').read(1)).rejects.toMatchObject({ sqlState: '22012' })
  })

  test('in a transaction is beside other cursors and queries', async () => {
    await using db = await open()
    await db.begin(async (tx) => {
      const one = tx.cursor<N>(ENDLESS)
      const two = tx.cursor<N>(ENDLESS)
      expect([await one.read(1), await two.read(2), await one.read(1)]).toEqual([
        [{ n: 1 }],
        [{ n: 1 }, { n: 2 }],
        [{ n: 2 }],
      ])
      await one.close()
      expect(await two.read(1)).toEqual([{ n: 3 }])
      expect(await one.read(1)).toEqual([])
    })
    await shield(2_000, () => expectClean(db))
  })
})

test('options that mean nothing are refused before anything is sent', async () => {
  await using db = await open()
  expect(() => db.stream('select 1', [], { batchRow: 1 } as object)).toThrow(/no option batchRow/)
  expect(() => db.stream('select 1', [], { batchRows: 0 })).toThrow(/batchRows/)
  expect(() => db.stream('select 1', [], { rows: 'columns' as 'arrays' })).toThrow(/objects or arrays/)
  expect(() => db.stream('select 1', [], { batches: 1 as unknown as true })).toThrow(/batches/)
  expect(() => db.cursor('select 1', [], { batches: true } as object)).toThrow(/no option batches/)
  expect(() => db.stream(1 as unknown as string)).toThrow(/the query/)
})
