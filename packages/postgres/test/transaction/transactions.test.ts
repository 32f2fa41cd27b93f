import { Barrier, Event, inParallel, sleep, spawn, withTimeout } from '@shrapnel/core'
import { type PostgresServer, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connect, type Pool, pool, sql, type Transaction } from '../../src/index.js'

let server: PostgresServer
let db: Pool
beforeAll(async () => {
  server = await startPostgres({ config: { max_prepared_transactions: 5, deadlock_timeout: '50ms' } })
  db = pool(server.url, { maxConnections: 4 })
  await db.query('create table item (id int primary key, n int not null default 0)')
  // COMMIT of a transaction with a row above 1000 takes as many milliseconds.
  await db.script(`
    create function slow() returns trigger language plpgsql as $$
      begin perform pg_sleep(new.id / 1000.0); return null; end $$;
    create constraint trigger slow after insert on item deferrable initially deferred
      for each row when (new.id >= 1000) execute function slow();`)
}, 60_000)
afterAll(async () => {
  await db.close()
  await server.stop()
})
beforeEach(() => db.query('delete from item'))

const ids = async (): Promise<unknown[]> =>
  (await db.query('select id from item order by id')).map((row) => row.id)
const insert = (tx: Transaction, id: number) => tx.query(sql`insert into item values (${id})`)

describe('a transaction', () => {
  test('is committed when its function returns, and gives what that gives', async () => {
    expect(
      await db.begin(async (tx) => {
        await insert(tx, 1)
        expect(await ids()).toEqual([])
        return 'result'
      }),
    ).toBe('result')
    expect(await ids()).toEqual([1])
  })

  test('is rolled back when its function fails, before anybody hears of it', async () => {
    await expect(
      db.begin(async (tx) => {
        await insert(tx, 1)
        throw new Error('mine')
      }),
    ).rejects.toThrow('mine')
    expect(await db.query('select 1 from pg_locks where mode = $1', ['RowExclusiveLock'])).toHaveLength(0)
    expect(await ids()).toEqual([])
  })

  test('is what the options say', async () => {
    const shown = await db.begin(
      { isolation: 'serializable', readOnly: true, deferrable: true },
      async (tx) =>
        inParallel(
          ['isolation', 'read_only', 'deferrable'].map((name) => async () => {
            const [row] = await tx.query(`select current_setting('transaction_${name}') as it`)
            return row?.it
          }),
        ),
    )
    expect(shown).toEqual(['serializable', 'on', 'on'])
    await expect(db.begin({ readOnly: true }, (tx) => insert(tx, 1))).rejects.toMatchObject({
      sqlState: '25006',
    })
    for (const options of [
      { isolation: 'x' },
      { readOnly: 1 },
      { retries: -1 },
      { timeout: 1 },
      { deferrable: true },
    ])
      expect(() => db.begin(options as object, async () => {})).toThrow()
  })

  test('is the same on one connection, and others of that wait', async () => {
    await using connection = await connect(server.url)
    const began = new Event()
    const transaction = spawn(() =>
      connection.begin(async (tx) => {
        await insert(tx, 1)
        began.set()
        await sleep(20)
        await insert(tx, 2)
      }),
    )
    await began.wait()
    expect((await connection.query('select id from item order by id')).map((row) => row.id)).toEqual([1, 2])
    await transaction.join()
  })

  test('with a failure that was swallowed is rolled back, and says so with what failed', async () => {
    await insertOutside(1)
    const swallowed = db.begin(async (tx) => {
      await insert(tx, 2)
      await insert(tx, 1).catch(() => {})
      return 'fine'
    })
    await expect(swallowed).rejects.toMatchObject({
      code: 'PG_SERVER',
      sqlState: '23505',
      safeToRetry: true,
      cause: { sqlState: '23505' },
    })
    expect(await ids()).toEqual([1])
  })

  test('waits for a query that its function forgot to wait for', async () => {
    await db.begin(async (tx) => {
      void insert(tx, 1)
      void tx.query('select pg_sleep(0.05)')
      void insert(tx, 2)
    })
    expect(await ids()).toEqual([1, 2])
  })

  test('fails if a query failed that its function forgot to wait for, and the process goes on', async () => {
    await insertOutside(1)
    await expect(
      db.begin(async (tx) => {
        void insert(tx, 2)
        void insert(tx, 1)
      }),
    ).rejects.toMatchObject({ sqlState: '23505' })
    expect(await ids()).toEqual([1])
  })

  test('of which a value cannot be sent can go on: nothing has reached the server', async () => {
    await db.begin(async (tx) => {
      await insert(tx, 1)
      await expect(tx.query('select $1::timestamptz', [new Date(Number.NaN)])).rejects.toMatchObject({
        code: 'PG_PARAMETER',
      })
      await insert(tx, 2)
    })
    expect(await ids()).toEqual([1, 2])
  })

  test('does not hide the first error behind those that follow from it', async () => {
    const outcomes = await db
      .begin((tx) => Promise.allSettled([tx.query('select 1/0'), tx.query('select 1'), tx.query('select 2')]))
      .catch((error: unknown) => error)
    expect(outcomes).toMatchObject({ sqlState: '22012' })
    let later: unknown
    const first = db.begin(async (tx) => {
      await tx.query('select 1')
      return await inParallel([
        () => tx.query('select 1/0'),
        () =>
          tx.query('select 2').catch((error: unknown) => {
            later = error
            throw error
          }),
      ])
    })
    await expect(first).rejects.toMatchObject({ code: 'IN_PARALLEL', cause: { sqlState: '22012' } })
    expect(later).toMatchObject({ sqlState: '25P02', cause: { sqlState: '22012' } })
  })

  test('that is over does nothing any more', async () => {
    let kept: Transaction | undefined
    await db.begin(async (tx) => {
      kept = tx
      await insert(tx, 1)
    })
    await expect(kept?.query('select 1')).rejects.toMatchObject({ code: 'PG_CLOSED' })
    await expect(kept?.script('select 1')).rejects.toMatchObject({ code: 'PG_CLOSED' })
    await expect(kept?.savepoint(async () => {})).rejects.toMatchObject({ code: 'PG_CLOSED' })
    expect(kept?.isOver).toBe(true)
  })

  test('is ended by its function alone', async () => {
    await db.begin(async (tx) => {
      for (const text of [
        'commit',
        'ROLLBACK',
        'end',
        'abort',
        'begin',
        '/* x */ rollback work',
        "prepare transaction 'x'",
      ])
        await expect(tx.query(text)).rejects.toMatchObject({ code: 'PG_USAGE' })
      await insert(tx, 1)
      await tx.query('savepoint mine')
      await insert(tx, 2)
      await tx.query('rollback to savepoint mine')
    })
    expect(await ids()).toEqual([1])
    let after: unknown
    const ended = db.begin(async (tx) => {
      await insert(tx, 2)
      const script = tx.script('select 1; commit')
      // Even if it is asked for before the script has ended the transaction.
      const behind = tx.query('insert into item values (4)')
      await script
      await expect(behind).rejects.toMatchObject({ code: 'PG_USAGE' })
      after = await tx.query('insert into item values (3)').catch((error: unknown) => error)
    })
    await expect(ended).rejects.toMatchObject({ code: 'PG_USAGE' })
    expect(after).toMatchObject({ code: 'PG_USAGE' })
    expect(await ids()).toEqual([1, 2])
  })

  test('runs what was asked for in that order, scripts among it', async () => {
    await db.begin(async (tx) => {
      const asked: Promise<unknown>[] = [
        insert(tx, 1),
        tx.script('update item set n = 5'),
        insert(tx, 2),
        tx.script('select 1'),
        insert(tx, 3),
      ]
      await asked[0]
      asked.push(tx.query('update item set id = id + 10'), insert(tx, 4))
      await Promise.all(asked)
    })
    const rows = await db.query('select id, n from item order by id')
    expect(rows.map(({ id, n }) => [id, n])).toEqual([
      [4, 0],
      [11, 5],
      [12, 0],
      [13, 0],
    ])
  })

  test('that lost its connection before anything could be asked for is not taken for done', async () => {
    const transaction = db.begin(async (tx) => {
      await server.psql(`select pg_terminate_backend(${tx.processId}, 5000)`)
      await sleep(20)
      await insert(tx, 1).catch(() => {})
    })
    await expect(transaction).rejects.toMatchObject({ code: 'PG_BROKEN', safeToRetry: true })
  })

  test('begins with a script as well', async () => {
    await expect(
      db.begin(async (tx) => {
        await tx.script('insert into item values (1); insert into item values (2)')
        throw new Error('no')
      }),
    ).rejects.toThrow('no')
    expect(await ids()).toEqual([])
  })

  test('that is prepared waits for its end under its name', async () => {
    await db.begin(async (tx) => {
      await insert(tx, 1)
      tx.prepareAs("it's \\ mine")
    })
    expect(await ids()).toEqual([])
    await db.begin(async (tx) => tx.prepareAs('empty'))
    await db.query("rollback prepared 'empty'")
    await db.query("commit prepared e'it''s \\\\ mine'")
    expect(await ids()).toEqual([1])
  })
})

const insertOutside = (id: number) => db.query(sql`insert into item values (${id})`)

describe('a savepoint', () => {
  test('undoes what was done in it when its function fails, and nothing else', async () => {
    await db.begin(async (tx) => {
      await insert(tx, 1)
      await expect(
        tx.savepoint(async (inner) => {
          await insert(inner, 2)
          await inner.begin(async (innermost) => {
            await insert(innermost, 3)
          })
          await expect(inner.savepoint((innermost) => insert(innermost, 3))).rejects.toMatchObject({
            sqlState: '23505',
          })
          await insert(inner, 4)
          await insert(inner, 1)
        }),
      ).rejects.toMatchObject({ sqlState: '23505' })
      await tx.savepoint((inner) => insert(inner, 5))
    })
    expect(await ids()).toEqual([1, 5])
  })

  test('may be the first thing in a transaction', async () => {
    await db.begin((tx) => tx.savepoint((inner) => insert(inner, 1)))
    expect(await ids()).toEqual([1])
  })

  test('is undone if a query in it failed that nobody was told of', async () => {
    await db.begin(async (tx) => {
      await insert(tx, 1)
      await expect(
        tx.savepoint(async (inner) => {
          await insert(inner, 2)
          await insert(inner, 1).catch(() => {})
        }),
      ).rejects.toMatchObject({ sqlState: '23505' })
    })
    expect(await ids()).toEqual([1])
  })

  test('whose query was cancelled is undone, and the transaction goes on', async () => {
    await db.begin(async (tx) => {
      await insert(tx, 1)
      await expect(
        withTimeout(30, () =>
          tx.savepoint(async (inner) => {
            await insert(inner, 2)
            await inner.query('select pg_sleep(10)')
          }),
        ),
      ).rejects.toMatchObject({ code: 'TIMEOUT' })
      await insert(tx, 3)
    })
    expect(await ids()).toEqual([1, 3])
  })

  test('is alone: the transaction around it refuses to be used meanwhile', async () => {
    await db.begin(async (tx) => {
      await tx.savepoint(async (inner) => {
        await expect(insert(tx, 1)).rejects.toMatchObject({ code: 'PG_USAGE' })
        await expect(tx.savepoint(async () => {})).rejects.toMatchObject({ code: 'PG_USAGE' })
        await insert(inner, 2)
      })
      await insert(tx, 3)
    })
    expect(await ids()).toEqual([2, 3])
  })

  test('that was forgotten is waited for: nothing of it runs outside', async () => {
    const failures: unknown[] = []
    await db.begin(async (tx) => {
      await insert(tx, 1)
      tx.savepoint(async (inner) => {
        await sleep(20)
        await insert(inner, 2)
        await sleep(20)
        await insert(inner, 3)
      }).catch((error) => failures.push(error))
    })
    expect(failures).toEqual([])
    expect(await ids()).toEqual([1, 2, 3])
  })
})

describe('a conflict', () => {
  /** Two transactions that each read what the other writes. */
  const skew = (retries: number) => {
    let tries = 0
    const bothHaveRead = new Barrier(2)
    const one = (mine: number, others: number) => () =>
      db.begin({ isolation: 'serializable', retries }, async (tx) => {
        const [row] = await tx.query(sql`select n from item where id = ${others}`)
        if (++tries <= 2) await bothHaveRead.wait()
        await tx.query(sql`update item set n = ${Number(row?.n) + 1} where id = ${mine}`)
      })
    return Promise.allSettled([one(1, 2)(), one(2, 1)()]).then((outcomes) => ({ tries, outcomes }))
  }

  test('of serializable transactions is tried again on request, with the whole function', async () => {
    await db.query('insert into item values (1), (2)')
    const { tries, outcomes } = await skew(5)
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'fulfilled'])
    expect(tries).toBeGreaterThan(2)
    const numbers = (await db.query('select n from item order by n')).map((row) => row.n)
    expect(numbers).toEqual([1, 2])
  })

  test('is an error otherwise', async () => {
    await db.query('insert into item values (1), (2)')
    const { tries, outcomes } = await skew(0)
    expect(tries).toBe(2)
    const [refused] = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(refused).toMatchObject({ reason: { sqlState: '40001' } })
  })

  test('that is a deadlock is tried again too, even if the function did not tell of it', async () => {
    await db.query('insert into item values (1), (2)')
    let tries = 0
    const bothHaveOne = new Barrier(2)
    const one = (ids: readonly number[], isHiding: boolean) =>
      db.begin({ retries: 5 }, async (tx) => {
        tries += 1
        const isFirst = tries <= 2
        for (const id of ids) {
          const updated = tx.query(sql`update item set n = n + 1 where id = ${id}`)
          await (isHiding ? updated.catch(() => {}) : updated)
          if (isFirst && id === ids[0]) await bothHaveOne.wait()
        }
      })
    await Promise.all([one([1, 2], true), one([2, 1], true)])
    expect(tries).toBeGreaterThan(2)
    expect((await db.query('select n from item')).map((row) => row.n)).toEqual([2, 2])
  })

  test('of another kind is never tried again', async () => {
    let tries = 0
    const failing = db.begin({ retries: 5 }, async (tx) => {
      tries++
      await tx.query('select 1/0')
    })
    await expect(failing).rejects.toMatchObject({ sqlState: '22012' })
    expect(tries).toBe(1)
  })
})

describe('in the middle of a transaction', () => {
  test('the end of the backend ends it: nothing goes on on another connection', async () => {
    const seen: unknown[] = []
    const transaction = db.begin(async (tx) => {
      await insert(tx, 1)
      await server.psql(`select pg_terminate_backend(${tx.processId}, 5000)`)
      for (const id of [2, 3]) await insert(tx, id).catch((error) => seen.push(error.code))
      await tx.savepoint((inner) => insert(inner, 4)).catch((error) => seen.push(error.code))
      return 'swallowed'
    })
    await expect(transaction).rejects.toMatchObject({ code: 'PG_BROKEN' })
    expect(seen).toEqual(['PG_BROKEN', 'PG_BROKEN', 'PG_BROKEN'])
    expect(await ids()).toEqual([])
  })

  test('a timeout ends the query on the server, rolls back, and leaves a clean connection', async () => {
    await expect(
      db.begin({ timeoutMs: 50 }, async (tx) => {
        await insert(tx, 1)
        await tx.query('select pg_sleep(10)')
      }),
    ).rejects.toMatchObject({ code: 'PG_TIMEOUT', limit: 'timeoutMs', safeToRetry: true })
    expect(await ids()).toEqual([])
    expect(
      await db.query(
        "select 1 from pg_stat_activity where query like '%pg_sleep%' and state = 'active' and pid <> pg_backend_pid()",
      ),
    ).toHaveLength(0)
    expect(db.stats).toMatchObject({ busy: 0, draining: 0, waiting: 0 })
    // A limit of the function's own is its own.
    await expect(
      db.begin({ timeoutMs: 5_000 }, (tx) => withTimeout(20, () => tx.query('select pg_sleep(10)'))),
    ).rejects.toMatchObject({ code: 'TIMEOUT', timeoutMs: 20 })
  })

  test('a kill during COMMIT is told as what it is: nobody knows', async () => {
    let processId = 0
    const transaction = spawn(() =>
      db.begin(async (tx) => {
        processId = tx.processId
        await insert(tx, 2_000)
      }),
    )
    await untilCommitting()
    await server.psql(`select pg_terminate_backend(${processId}, 5000)`)
    await expect(transaction.join()).rejects.toMatchObject({ code: 'PG_COMMIT_UNKNOWN', safeToRetry: false })
    expect(await ids()).toEqual([])
  })

  test('an interrupt during COMMIT does not make a secret of its success', async () => {
    const transaction = spawn(() =>
      db.begin(async (tx) => {
        await insert(tx, 1_000)
        return 'done'
      }),
    )
    await untilCommitting()
    transaction.interrupt()
    expect(await transaction.join()).toBe('done')
    expect(await ids()).toEqual([1_000])
  })

  const untilCommitting = async (): Promise<void> => {
    while (
      (await db.query("select 1 from pg_stat_activity where query = 'commit' and state = 'active'"))
        .length === 0
    )
      await sleep(5)
  }
})
