/** Whoever asks, inside of a transaction, the connection that waits for the transaction: told at once, in place of waiting for itself. */
import { group, sleep, spawn, withTimeout } from '@shrapnel/core'
import { type PostgresServer, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Connection, connect, pool, sql } from '../../src/index.js'
import { endings } from '../peers/settled.js'

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres()
}, 60_000)

afterAll(() => server.stop())

const LONG_ENOUGH_MS = 10_000

const asked: Record<string, (connection: Connection) => PromiseLike<unknown>> = {
  'a query': (connection) => connection.query(sql`select ${1}::int`),
  'a script': (connection) => connection.script('select 1; select 2'),
  'a transaction': (connection) => connection.begin((tx) => tx.query('select 1')),
  'a stream': (connection) => connection.stream('select 1').next(),
  'a cursor': (connection) => connection.cursor('select 1').read(1),
  'COPY out': (connection) => connection.copyTo('copy (select 1) to stdout').next(),
  'COPY in': (connection) => connection.copyFrom('copy pg_temp.nothing from stdin', ['1\n']),
  'a reservation': (connection) => connection.reserve(),
  'its end': (connection) => connection.end(),
}

describe('inside of a transaction on one connection, of that connection', () => {
  test.for(Object.entries(asked))('%s is refused at once, and the transaction goes on', async ([, ask]) => {
    await using connection = await connect(server.url)
    const [said, rows] = await withTimeout(LONG_ENOUGH_MS, () =>
      connection.begin(
        async (tx) => [await endings(ask(connection)), [...(await tx.query('select 2 as n'))]] as const,
      ),
    )
    expect(said).toEqual(['PG_USAGE (safe)'])
    expect(rows).toEqual([{ n: 2 }])
    expect([...(await connection.query('select 3 as n'))]).toEqual([{ n: 3 }])
  })

  test('it is the same in the children of a group, in a time limit and in a savepoint', async () => {
    await using connection = await connect(server.url)
    const said = await withTimeout(LONG_ENOUGH_MS, () =>
      connection.begin((tx) =>
        tx.savepoint(() =>
          withTimeout(LONG_ENOUGH_MS, async () => {
            const ends: string[] = []
            await group(async (children) => {
              children.spawn(async () => void ends.push(...(await endings(connection.query('select 1')))))
            })
            return ends
          }),
        ),
      ),
    )
    expect(said).toEqual(['PG_USAGE (safe)'])
  })

  test('a connection that a pool has lent is no other', async () => {
    await using db = pool(server.url, { maxConnections: 1 })
    await using lease = await db.lease()
    const said = await withTimeout(LONG_ENOUGH_MS, () => lease.begin(() => endings(lease.query('select 1'))))
    expect(said).toEqual(['PG_USAGE (safe)'])
  })
})

describe('that waits, and is answered', () => {
  test('what is asked beside the transaction, by the same coroutine', async () => {
    await using connection = await connect(server.url)
    const [inside, beside] = await withTimeout(LONG_ENOUGH_MS, () =>
      Promise.all([
        connection.begin(async (tx) => {
          await tx.query('select 1')
          await sleep(5)
          return [...(await tx.query('select 1 as n'))]
        }),
        connection.query('select 2 as n').then((rows) => [...rows]),
      ]),
    )
    expect([inside, beside]).toEqual([[{ n: 1 }], [{ n: 2 }]])
  })

  test('what others ask whom its function has only started', async () => {
    await using connection = await connect(server.url)
    const other = await connection.begin(async (tx) => {
      await tx.query('select 1')
      return { asks: spawn(() => connection.query('select 2 as n')) }
    })
    expect([...(await other.asks.join())]).toEqual([{ n: 2 }])
  })

  test('what its function left behind, once it has returned', async () => {
    await using connection = await connect(server.url)
    const left = await connection.begin(async (tx) => {
      await tx.query('select 1')
      return {
        late: (async () => {
          while (connection.isReserved) await sleep(1)
          return [...(await connection.query('select 2 as n'))]
        })(),
      }
    })
    expect(await left.late).toEqual([{ n: 2 }])
  })

  test('what a pool is asked for, which has other connections', async () => {
    await using db = pool(server.url, { maxConnections: 2 })
    expect(await db.begin(async () => [...(await db.query('select 2 as n'))])).toEqual([{ n: 2 }])
  })
})
