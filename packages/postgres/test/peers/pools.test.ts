/** Pools of a real server that is killed, restarted, cut off and replaced: everybody who waits hears, and the pool serves again. */
import { all, spawn } from '@shrapnel/core'
import {
  expectNoDescriptorLeak,
  type PostgresServer,
  startCuttingProxy,
  startPgbouncer,
  startPostgres,
  startPostgresStandby,
} from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Pool, pool, sql } from '../../src/index.js'
import { ending, endings } from './settled.js'

const ANSWER = 'select pg_backend_pid() as pid'
const LOGIN = { user: 'postgres', database: 'postgres' }

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres()
  await server.psql('create table kept (id int)')
}, 60_000)

afterAll(() => server.stop())

const place = () => ({ host: server.unixFolder, port: server.port, ...LOGIN })

const ways: Record<string, (processId: number) => Promise<void>> = {
  pg_terminate_backend: async (processId) =>
    void (await server.psql(`select pg_terminate_backend(${processId}, 5000)`)),
  'kill -9': (processId) => server.killBackend(processId),
}

/** Until the pool serves again: the process of a backend. */
async function recovered(db: Pool): Promise<number> {
  for (;;) {
    try {
      const [row] = await db.query<{ pid: number }>(ANSWER)
      return row?.pid ?? 0
    } catch (error) {
      if (!/^PG_(?:BROKEN|CONNECT|SERVER 57P03)/.test(ending(error))) throw error
    }
  }
}

describe.for(Object.entries(ways))('%s', ([, endBackend]) => {
  test('a connection that nobody uses is replaced', async () => {
    await using db = pool(place(), { maxConnections: 1 })
    const pid = await recovered(db)
    await endBackend(pid)
    expect(await recovered(db)).not.toBe(pid)
  }, 30_000)

  test('a transaction is over for good, and nothing of it happens on another connection', async () => {
    await using db = pool(place(), { maxConnections: 3 })
    await db.query('truncate kept')
    const after: string[] = []
    const outcome = await endings(
      db.begin(async (tx) => {
        const [row] = await tx.query<{ pid: number }>(ANSWER)
        await tx.query('insert into kept values (10)')
        await endBackend(row?.pid ?? 0)
        after.push(...(await endings(tx.query('insert into kept values (11)'))))
        await recovered(db)
        after.push(
          ...(await endings(
            tx.query('insert into kept values (12)'),
            tx.query('insert into kept values (13)'),
          )),
        )
      }),
    )
    expect(outcome[0]).toMatch(/^PG_BROKEN(?: 57P0.)?(?: \(safe\))?$/)
    expect(after).toHaveLength(3)
    for (const each of after) expect(each).toMatch(/^PG_(?:BROKEN|CLOSED)(?: 57P0.)?(?: \(safe\))?$/)
    expect(await db.query('select id from kept')).toEqual([])
  }, 30_000)

  test('a crowd settles to the last, and only what was done is there', async () => {
    const before = all().length
    await expectNoDescriptorLeak(async () => {
      await using db = pool(place(), { maxConnections: 4 })
      await db.query('truncate kept')
      const pid = await recovered(db)
      const crowd = Array.from({ length: 200 }, (_, i) =>
        spawn(
          async () =>
            [
              i,
              ...(await endings(db.query(sql`insert into kept select ${i}::int from pg_sleep(0.002)`))),
            ] as const,
        ),
      )
      await crowd[3]?.join()
      await endBackend(pid)
      const said: (readonly [number, ...string[]])[] = []
      for (const each of crowd) said.push(await each.join())
      for (const [, how = ''] of said)
        expect(how).toMatch(/^(?:done|PG_(?:BROKEN|CONNECT|SERVER)(?: 57P0.)?(?: \(safe\))?)$/)
      await recovered(db)
      // `synchronous_commit` is off, so that a crash may lose what was done: then there is less.
      const there = new Set((await db.query<{ id: number }>('select id from kept')).map(({ id }) => id))
      const unsafe = said.filter(([i, how = '']) => how.endsWith('(safe)') && there.has(i))
      expect(unsafe).toEqual([])
    })
    await expect.poll(() => all().length, { interval: 5 }).toBe(before)
  }, 30_000)
})

test('a pool outlives its server', async () => {
  await using db = pool(place(), { maxConnections: 3 })
  await db.query(ANSWER)
  await server.halt()
  const [gone] = await endings(db.query(ANSWER))
  expect(gone).toMatch(/^PG_(?:BROKEN|CONNECT)/)
  await server.start()
  expect(await recovered(db)).toBeGreaterThan(0)
}, 30_000)

test('a network that breaks again and again leaves no transaction half done', async () => {
  await using proxy = await startCuttingProxy({ upstream: server })
  await using db = pool(
    { host: '127.0.0.1', port: proxy.port, sslMode: 'disable', ...LOGIN },
    { maxConnections: 4 },
  )
  await server.psql('truncate kept')
  let isOver = false
  let committed = 0
  const workers = Array.from({ length: 8 }, (_, worker) =>
    spawn(async () => {
      const said: string[] = []
      for (let i = 0; !isOver; i++) {
        const id = worker * 1_000_000 + i
        const twice = db.begin(async (tx) => {
          await tx.query(sql`insert into kept values (${id})`)
          await tx.query(sql`insert into kept values (${id})`)
        })
        said.push(...(await endings(twice)))
        if (said.at(-1) === 'done') committed++
      }
      return said
    }),
  )
  for (let cuts = 0; cuts < 12; cuts++) {
    const before = committed
    await expect.poll(() => committed, { interval: 1, timeout: 10_000 }).toBeGreaterThan(before + 20)
    proxy.cutNow(cuts % 2 === 0 ? 'reset' : 'end')
  }
  isOver = true
  const said = (await Promise.all(workers.map((each) => each.join()))).flat()
  for (const each of said)
    expect(each).toMatch(/^(?:done|PG_(?:BROKEN|CONNECT|COMMIT_UNKNOWN)(?: \(safe\))?)$/)
  const done = said.filter((each) => each === 'done').length
  const unknown = said.filter((each) => each.startsWith('PG_COMMIT_UNKNOWN')).length
  const counts = await recoveredRows(db)
  expect(counts.filter(({ n }) => n !== 2)).toEqual([])
  expect(counts.length).toBeGreaterThanOrEqual(done)
  expect(counts.length).toBeLessThanOrEqual(done + unknown)
}, 60_000)

async function recoveredRows(db: Pool): Promise<{ n: number }[]> {
  await recovered(db)
  return await db.query<{ n: number }>('select count(*)::int as n from kept group by id')
}

test('a listener whose connection breaks misses nothing without being told of a gap', async () => {
  await using proxy = await startCuttingProxy({ upstream: server })
  await using listening = pool({ host: '127.0.0.1', port: proxy.port, sslMode: 'disable', ...LOGIN })
  await using telling = pool(place())
  const listener = listening.listen('numbers')
  await listener.ready()
  let told = 0
  let isOver = false
  const teller = spawn(async () => {
    while (!isOver) await telling.notify('numbers', String(++told))
    await telling.notify('numbers', 'over')
  })
  const heard: (number | 'gap')[] = []
  const reader = spawn(async () => {
    for await (const event of listener) {
      if (event.kind === 'gap') heard.push('gap')
      else if (event.payload === 'over') return
      else heard.push(Number(event.payload))
    }
  })
  for (let cuts = 1; cuts <= 6; cuts++) {
    const before = heard.length
    await expect.poll(() => heard.length, { interval: 1, timeout: 10_000 }).toBeGreaterThan(before + 10)
    proxy.cutNow(cuts % 2 === 0 ? 'reset' : 'end')
    await expect
      .poll(() => heard.filter((each) => each === 'gap').length, { interval: 1, timeout: 10_000 })
      .toBe(cuts)
  }
  isOver = true
  await teller.join()
  await reader.join()
  const unexplained = heard.filter((each, i) => {
    const before = i === 0 ? 0 : (heard[i - 1] as number | 'gap')
    return each !== 'gap' && before !== 'gap' && each !== before + 1
  })
  expect(unexplained).toEqual([])
  const numbers = heard.filter((each) => each !== 'gap')
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
}, 60_000)

test('a pool that wants the primary finds the standby when it was promoted', async () => {
  await using primary = await startPostgres()
  await primary.psql('create table kept (id int)')
  await using standby = await startPostgresStandby(primary)
  const options = { ...LOGIN, host: ['127.0.0.1', '127.0.0.1'], port: [standby.port, primary.port] }
  await using db = pool({ ...options, targetSessionAttrs: 'primary' }, { maxConnections: 2 })
  await db.query('insert into kept values (1)')
  await standby.caughtUp()
  await primary.halt()
  expect((await endings(db.query('insert into kept values (2)')))[0]).toMatch(/^PG_(?:BROKEN|CONNECT)/)
  await standby.promote()
  await recovered(db)
  await db.query('insert into kept values (4)')
  expect(await db.query('select id from kept order by id')).toEqual([{ id: 1 }, { id: 4 }])
  await primary.start()
}, 60_000)

test('a pool behind PgBouncer, without prepared statements, shares two backends among many transactions', async () => {
  await using bouncer = await startPgbouncer({ upstream: server, poolSize: 2 })
  await using db = pool(
    { host: '127.0.0.1', port: bouncer.port, ...LOGIN, prepare: false },
    { maxConnections: 8 },
  )
  await db.query('truncate kept')
  const transactions = Array.from({ length: 40 }, (_, i) =>
    spawn(() =>
      db.begin(async (tx) => {
        const [first] = await tx.query(ANSWER)
        await tx.query(sql`insert into kept values (${i})`)
        const [second] = await tx.query(ANSWER)
        expect(second).toEqual(first)
      }),
    ),
  )
  for (const each of transactions) await each.join()
  expect(await db.query('select count(distinct id)::int as n from kept')).toEqual([{ n: 40 }])
}, 30_000)
