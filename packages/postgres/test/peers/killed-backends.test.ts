/** Backends of a real server that end in the middle of what they do: terminated in good order, killed, shut down with their server. */
import { all, spawn, withTimeout } from '@shrapnel/core'
import { expectNoDescriptorLeak, type PostgresServer, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sql } from '../../src/index.js'
import { connect } from './opening.js'
import { type Pool, pool } from './pool-stub.js'
import { ending, endings } from './settled.js'

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres({ config: { shared_buffers: '16MB' } })
  await server.psql('create table kept (id int)')
}, 60_000)

afterAll(() => server.stop())

const place = () => ({ host: server.unixFolder, port: server.port, user: 'postgres', database: 'postgres' })

/** Ends one backend of `db` in one of the ways there are. */
const ways: Record<string, (processId: number) => Promise<void>> = {
  pg_terminate_backend: async (processId) =>
    void (await server.psql(`select pg_terminate_backend(${processId}, 5000)`)),
  'kill -9': async (processId) => server.killBackend(processId),
}

const ANSWER = 'select pg_backend_pid() as pid'

/** Until the server lets people in again. */
async function recovered(db: Pool): Promise<number> {
  for (;;) {
    try {
      const [row] = await withTimeout(10_000, () => db.query<{ pid: number }>(ANSWER))
      return row?.pid ?? 0
    } catch (error) {
      if (!/^PG_(?:BROKEN|CONNECT|SERVER)/.test(ending(error))) throw error
    }
  }
}

describe.for(Object.entries(ways))('%s', ([, endBackend]) => {
  test('a query that runs is told, and whoever waits behind it', async () => {
    await using connection = await connect(place())
    const [row] = await connection.query<{ pid: number }>(ANSWER)
    const ended = endings(
      connection.query('select pg_sleep(60)'),
      connection.query('insert into kept values (1)'),
      connection.query('select 2'),
    )
    await expect
      .poll(() =>
        server.psql(
          `select state from pg_stat_activity where query like '%pg_sleep(60)%' and pid = ${row?.pid}`,
        ),
      )
      .toBe('active')
    await endBackend(row?.pid ?? 0)
    const [first, ...others] = await ended
    expect(first).toMatch(/^PG_(?:BROKEN|SERVER)(?: 57P01)?$/)
    for (const each of others) expect(each).toMatch(/^PG_BROKEN(?: 57P01)?$/)
    expect((await endings(connection.query('select 1')))[0]).toMatch(/^PG_(?:BROKEN|CLOSED)/)
    await using db = pool({ ...place(), max: 1 })
    await recovered(db)
    expect(await server.psql('select count(*) from kept where id = 1')).toBe('0')
  }, 30_000)

  test('an idle connection of a pool is replaced before it is lent', async () => {
    await using db = pool({ ...place(), max: 1 })
    const [row] = await db.query<{ pid: number }>(ANSWER)
    await endBackend(row?.pid ?? 0)
    await expect.poll(() => server.psql('select 1').catch(() => ''), { timeout: 10_000 }).toBe('1')
    expect(await recovered(db)).not.toBe(row?.pid)
  }, 30_000)

  test('a transaction is over for good: what it had done is undone, what it does is refused, nothing goes on elsewhere', async () => {
    await using db = pool({ ...place(), max: 2 })
    await db.query('truncate kept')
    const after: string[] = []
    const outcome = await endings(
      db.begin(async (tx) => {
        const [row] = await tx.query<{ pid: number }>(ANSWER)
        await tx.query('insert into kept values (10)')
        await endBackend(row?.pid ?? 0)
        after.push(...(await endings(tx.query('insert into kept values (11)'))))
        after.push(...(await endings(tx.query('insert into kept values (12)'), tx.query('commit'))))
      }),
    )
    expect(outcome[0]).toMatch(/^PG_BROKEN(?: 57P01)?(?: \(safe\))?$/)
    for (const each of after) expect(each).toMatch(/^PG_(?:BROKEN|CLOSED)(?: 57P0.)?(?: \(safe\))?$/)
    expect(after).toHaveLength(3)
    await recovered(db)
    expect(await server.psql('select count(*) from kept')).toBe('0')
  }, 30_000)

  test('many coroutines on a pool all settle, and it serves again', async () => {
    const before = all().length
    await expectNoDescriptorLeak(async () => {
      await using db = pool({ ...place(), max: 4 })
      const [row] = await db.query<{ pid: number }>(ANSWER)
      const crowd = Array.from({ length: 50 }, (_, i) =>
        spawn(() => endings(db.query(sql`select ${i}::int, pg_sleep(0.02)`))),
      )
      await endBackend(row?.pid ?? 0)
      for (const each of crowd)
        expect((await each.join())[0]).toMatch(/^(?:done|PG_(?:BROKEN|CONNECT|SERVER).*)$/)
      await recovered(db)
    })
    expect(all().length).toBe(before)
  }, 30_000)
})

test('a pool outlives a server that is shut down and comes back', async () => {
  await using db = pool({ ...place(), max: 3 })
  await db.query(ANSWER)
  await server.halt()
  const [gone] = await endings(db.query(ANSWER))
  expect(gone).toMatch(/^PG_(?:BROKEN|CONNECT)/)
  await server.start()
  expect(await recovered(db)).toBeGreaterThan(0)
}, 30_000)
