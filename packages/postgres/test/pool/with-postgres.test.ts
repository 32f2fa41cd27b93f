import { createHash } from 'node:crypto'
import { inParallel, sleep, spawn, withTimeout } from '@shrapnel/core'
import {
  expectNoDescriptorLeak,
  type PostgresServer,
  runProgram,
  seededRandom,
  startPostgres,
} from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Pool, type PostgresError, pool, sql } from '../../src/index.js'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
}, 60_000)
afterAll(() => server.stop())

const isQuiet = (db: Pool): boolean => {
  const { busy, draining, connecting, waiting } = db.stats
  return busy + draining + connecting + waiting === 0
}
const untilQuiet = async (db: Pool): Promise<void> => {
  while (!isQuiet(db)) await sleep(5)
}

test('a thousand coroutines on five connections each get their own answer', async () => {
  await using db = pool(server.url, { maxConnections: 5 })
  const answers = await inParallel(
    Array.from({ length: 1000 }, (_, i) => async () => {
      const [first] = await db.query(sql`select ${i}::int as i, pg_backend_pid() as pid`)
      const [second] = await db.query(sql`select md5(${String(i)}) as digest`)
      return [first?.i, second?.digest, first?.pid]
    }),
  )
  expect(answers.map(([i, digest]) => [i, digest])).toEqual(
    Array.from({ length: 1000 }, (_, i) => [i, createHash('md5').update(String(i)).digest('hex')]),
  )
  expect(new Set(answers.map(([, , pid]) => pid)).size).toBe(5)
  expect(db.stats).toMatchObject({
    open: 5,
    idle: 5,
    busy: 0,
    waiting: 0,
    totals: { opened: 5, queries: 2000 },
  })
})

test('a thousand transactions on five connections wait for their turn, and all run', async () => {
  await using db = pool(server.url, { maxConnections: 5 })
  await db.query('create table counted (n int)')
  await inParallel(
    Array.from(
      { length: 1000 },
      (_, i) => () => db.begin((tx) => tx.query(sql`insert into counted values (${i})`)),
    ),
  )
  const [row] = await db.query(
    'select count(*)::int as count, count(distinct n)::int as different from counted',
  )
  expect(row).toEqual({ count: 1000, different: 1000 })
  expect(db.stats).toMatchObject({ open: 5, totals: { opened: 5, leases: 1000 } })
})

test('one transaction after another needs one connection', async () => {
  await using db = pool(server.url)
  for (let i = 0; i < 20; i++) {
    await db.begin((tx) => tx.query('select 1'))
    await db.begin((tx) => tx.query('select 1/0')).catch(() => {})
    await db.use((connection) => connection.query('select 1'))
    await db.script('select 1; select 2')
  }
  expect(db.stats).toMatchObject({ open: 1, totals: { opened: 1, leases: 80 } })
})

test('when all backends are ended, everyone who waits settles, and the next query has a new one', async () => {
  await using db = pool(server.url, { maxConnections: 4, pipelining: 4 })
  const slow = Array.from({ length: 20 }, () => spawn(() => db.query('select pg_sleep(30)')))
  const inside = Array.from({ length: 4 }, () =>
    spawn(() => db.begin((tx) => tx.query('select pg_sleep(30)'))),
  )
  while (db.stats.busy < 4) await sleep(5)
  // Those in the queue get the next connections, and lose those too.
  const outcomes = Promise.allSettled([...slow, ...inside].map((each) => each.join()))
  let isOver = false
  const killing = spawn(async () => {
    while (!isOver) await server.terminateAll()
  })
  for (const outcome of await outcomes)
    expect(outcome).toMatchObject({
      status: 'rejected',
      reason: { code: expect.stringMatching(/^PG_(BROKEN|CONNECT|SERVER)$/) },
    })
  isOver = true
  await killing.join()
  expect((await db.query('select 1 as one'))[0]).toEqual({ one: 1 })
  expect(db.stats).toMatchObject({ waiting: 0, busy: 0 })
}, 30_000)

test('idle connections that the server has ended are noticed before they are used', async () => {
  await using db = pool(server.url, { maxConnections: 3 })
  for (let round = 0; round < 5; round++) {
    const leases = await Promise.all([db.lease(), db.lease(), db.lease()])
    for (const lease of leases) lease.release()
    await server.terminateAll()
    expect((await db.query('select 1 as one'))[0]).toEqual({ one: 1 })
    await db.begin((tx) => tx.query('select 1'))
  }
  expect(db.stats.totals.lost).toBe(15)
})

test('a server that restarts is found again, and nothing waits for ever meanwhile', async () => {
  await using db = pool(server.url, { maxConnections: 3, minConnections: 1 })
  await db.query('select 1')
  await server.halt()
  const down = await Promise.allSettled([db.query('select 1'), db.begin(async (tx) => tx.query('select 1'))])
  for (const outcome of down)
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'PG_CONNECT', safeToRetry: true } })
  await server.start()
  expect((await db.query('select 1 as one'))[0]).toEqual({ one: 1 })
}, 30_000)

test('every wait can be cancelled, and the pool is as good as before', async () => {
  await using db = pool(server.url, { maxConnections: 2 })
  const random = seededRandom(7)
  const waits: readonly (() => Promise<unknown>)[] = [
    () => db.query('select pg_sleep(0.02)'),
    () => db.script('select 1; select pg_sleep(0.02)'),
    () => db.begin((tx) => tx.query('select pg_sleep(0.02)')),
    () => db.begin((tx) => tx.savepoint((inner) => inner.query('select pg_sleep(0.02)'))),
    () => db.use((connection) => connection.query('select pg_sleep(0.02)')),
    () =>
      db.use((connection) =>
        connection.begin((tx) =>
          inParallel([() => tx.query('select 1'), () => tx.query('select pg_sleep(0.02)')]),
        ),
      ),
  ]
  for (let round = 0; round < 10; round++) {
    const all = waits.flatMap((wait) => [spawn(wait), spawn(wait)])
    for (const each of all) {
      await sleep(random() * 8)
      each.interrupt()
    }
    await Promise.allSettled(all.map((each) => each.join()))
    await untilQuiet(db)
    expect(
      await inParallel([1, 2, 3].map((i) => async () => (await db.query(sql`select ${i}::int as i`))[0]?.i)),
    ).toEqual([1, 2, 3])
  }
  const [left] = await db.query(
    "select count(*)::int as n from pg_stat_activity where state = 'active' and query like '%pg_sleep%' and pid <> pg_backend_pid()",
  )
  expect(left).toEqual({ n: 0 })
  expect(db.stats.open).toBeLessThanOrEqual(2)
}, 30_000)

test('money is neither made nor lost, whoever is killed or cancelled at whatever time', async () => {
  await using db = pool(server.url, { maxConnections: 5, queueTimeoutMs: 20_000 })
  await db.script(`
    create table account (id int primary key, balance int not null check (balance >= 0));
    insert into account select i, 100 from generate_series(0, 9) i;
    create table transfer (id int primary key)`)
  const random = seededRandom(42)
  const transfer = (id: number, from: number, to: number, amount: number) =>
    db.begin({ isolation: 'serializable', retries: 50 }, async (tx) => {
      const [source] = await tx.query<{ balance: number }>(
        sql`select balance from account where id = ${from}`,
      )
      if ((source?.balance ?? 0) < amount) return 'too little'
      await inParallel([
        () => tx.query(sql`update account set balance = balance - ${amount} where id = ${from}`),
        () => tx.query(sql`update account set balance = balance + ${amount} where id = ${to}`),
        () => tx.query(sql`insert into transfer values (${id})`),
      ])
      return 'moved'
    })
  const transfers = Array.from({ length: 300 }, (_, id) => {
    const from = Math.floor(random() * 10)
    const to = (from + 1 + Math.floor(random() * 9)) % 10
    const amount = 1 + Math.floor(random() * 30)
    const limitMs = random() < 0.2 ? random() * 60 : 20_000
    return { id, coroutine: spawn(() => withTimeout(limitMs, transfer, id, from, to, amount)) }
  })
  let isOver = false
  const killer = spawn(async () => {
    const one =
      'select pg_terminate_backend(pid, 5000) from pg_stat_activity where backend_type = $$client backend$$ and pid <> pg_backend_pid() order by random() limit 1'
    while (!isOver) {
      await server.psql(one)
      await sleep(random() * 20)
      transfers[Math.floor(random() * transfers.length)]?.coroutine.interrupt()
    }
  })
  const outcomes = await Promise.allSettled(transfers.map(({ coroutine }) => coroutine.join()))
  isOver = true
  await killer.join()
  const done = new Set((await db.query<{ id: number }>('select id from transfer')).map((row) => row.id))
  const [sum] = await db.query(
    'select sum(balance)::int as sum, min(balance)::int >= 0 as positive from account',
  )
  expect(sum).toEqual({ sum: 1000, positive: true })
  // What was told is true: done, not done, or not known.
  const lies = outcomes.flatMap((outcome, id) => {
    if (outcome.status === 'fulfilled')
      return done.has(id) === (outcome.value === 'moved') ? [] : [`${id} ${outcome.value}`]
    const { code } = outcome.reason as PostgresError
    return code !== 'PG_COMMIT_UNKNOWN' && done.has(id) ? [`${id} ${code}`] : []
  })
  expect(lies).toEqual([])
  expect(done.size).toBeGreaterThan(20)
  expect(outcomes.some((outcome) => outcome.status === 'rejected')).toBe(true)
  await untilQuiet(db)
}, 60_000)

test('a pool that was used, killed, cancelled and closed leaves no descriptor open', async () => {
  await expectNoDescriptorLeak(async () => {
    await using db = pool(server.url, { maxConnections: 3, minConnections: 1 })
    const listener = db.listen('channel')
    await listener.ready()
    const all = Array.from({ length: 10 }, () => spawn(() => db.query('select pg_sleep(5)')))
    while (db.stats.busy < 3) await sleep(5)
    for (const each of all.slice(0, 5)) each.interrupt()
    await server.terminateAll()
    await Promise.allSettled(all.map((each) => each.join()))
    await db.query('select 1')
  })
}, 30_000)

test('notifications come through, in order, over kills of the backend, with a gap for each', async () => {
  await using db = pool(server.url, { maxConnections: 2 })
  await using listener = db.listen(['news', 'Mixed "Case"'])
  await listener.ready()
  await db.notify('news', 'ü'.repeat(3_000))
  await db.notify('Mixed "Case"')
  expect((await listener.next()).value).toMatchObject({ channel: 'news', payload: 'ü'.repeat(3_000) })
  expect((await listener.next()).value).toMatchObject({ channel: 'Mixed "Case"', payload: '' })
  for (let round = 0; round < 5; round++) {
    await server.terminateAll()
    expect((await listener.next()).value).toMatchObject({ kind: 'gap', cause: { sqlState: '57P01' } })
    await db.begin(async (tx) => {
      for (let i = 0; i < 50; i++) await tx.query(sql`select pg_notify('news', ${String(i)})`)
    })
    for (let i = 0; i < 50; i++) expect((await listener.next()).value).toMatchObject({ payload: String(i) })
  }
  await expect(db.notify('news', 'x'.repeat(8_000))).rejects.toMatchObject({ sqlState: '22023' })
}, 30_000)

test('a program that does not close its pool still ends, and not before what it waits for', async () => {
  const program = new URL('../programs/leaves-pool-open.mjs', import.meta.url)
  const { code, stdout, stderr } = await runProgram(program, { args: [server.url], timeoutMs: 20_000 })
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'heard 1\nfalse 0\n', stderr: '' })
}, 30_000)
