/** Backends of a real server that end in the middle of what they do: terminated in good order, killed, shut down with their server. */
import { all, spawn } from '@shrapnel/core'
import { expectNoDescriptorLeak, type PostgresServer, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, type PostgresConnection, sql } from '../../src/index.js'
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
  'kill -9': (processId) => server.killBackend(processId),
}

const ANSWER = 'select pg_backend_pid() as pid'

/** Until the server lets people in again: a connection. */
async function recovered(): Promise<PostgresConnection> {
  for (;;) {
    try {
      return await connect(place())
    } catch (error) {
      // 57P03: it is starting, or recovers.
      if (!/^PG_(?:CONNECT|BROKEN|SERVER 57P03)/.test(ending(error))) throw error
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
    await using other = await recovered()
    expect(await other.query('select * from kept where id = 1')).toEqual([])
  }, 30_000)

  test('a connection that does nothing finds out by itself', async () => {
    await using connection = await connect(place())
    const { processId, whenClosed } = connection
    const looks = spawn(() => whenClosed.wait())
    await endBackend(processId)
    expect(ending(await looks.join())).toMatch(/^PG_BROKEN/)
    expect([connection.isOpen, await connection.isBroken()]).toEqual([false, true])
    await using _other = await recovered()
  }, 30_000)

  test('a transaction is over for good: what it had done is undone, and what it does is refused', async () => {
    await using connection = await recovered()
    await connection.query('truncate kept')
    using tx = await connection.reserve()
    await tx.query('begin')
    await tx.query('insert into kept values (10)')
    await endBackend(connection.processId)
    const after = [
      ...(await endings(tx.query('insert into kept values (11)'))),
      ...(await endings(
        tx.query('insert into kept values (12)'),
        tx.query('commit'),
        connection.query('select 1'),
      )),
    ]
    expect(after).toHaveLength(4)
    for (const each of after) expect(each).toMatch(/^PG_BROKEN(?: 57P0.)?(?: \(safe\))?$/)
    await using other = await recovered()
    expect(await other.query('select * from kept')).toEqual([])
  }, 30_000)

  test('a crowd on one connection settles to the last, in the order in which it asked', async () => {
    const before = all().length
    await expectNoDescriptorLeak(async () => {
      const connection = await recovered()
      const crowd = Array.from({ length: 600 }, (_, i) =>
        endings(connection.query(sql`select ${i}::int as i, pg_sleep(0.001)`)),
      )
      await crowd[5]
      await endBackend(connection.processId)
      const said = (await Promise.all(crowd)).flat()
      const broken = said.findIndex((each) => each !== 'done')
      expect(broken).toBeGreaterThan(5)
      for (const each of said.slice(broken))
        expect(each).toMatch(/^PG_(?:BROKEN|SERVER)(?: 57P0.)?(?: \(safe\))?$/)
      // Not all were sent: those may be asked again.
      expect(said.at(-1)).toMatch(/\(safe\)$/)
      ;(await recovered()).close()
    })
    await expect.poll(() => all().length, { interval: 5 }).toBe(before)
  }, 30_000)
})
