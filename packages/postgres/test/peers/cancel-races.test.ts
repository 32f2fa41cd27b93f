/**
 * Cancellations that race with answers, in the middle of a pipeline: whoever was not cancelled gets what it asked for, once. Over a network where
 * a request to cancel takes its time, it arrives when other queries run.
 */
import { inParallel, spawn, withTimeout } from '@shrapnel/core'
import { type PostgresServer, seededRandom, startCuttingProxy, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, type PostgresConnection, sql } from '../../src/index.js'
import { endings } from './settled.js'

const ROUNDS = 60

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres()
  await server.psql('create unlogged table kept (id int)')
}, 60_000)

afterAll(() => server.stop())

const open = (port: number): Promise<PostgresConnection> =>
  connect({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', sslMode: 'disable' })

describe.for([0, 3, 12])('requests to cancel that are %i ms late', (delayMs) => {
  test('hit whom they are meant for, or nobody', async () => {
    const random = seededRandom(delayMs)
    await using proxy = await startCuttingProxy({ upstream: server })
    await using connection = await open(proxy.port)
    // The connection that is open keeps its pace: only those of requests to cancel are slow.
    proxy.reshape({ toUpstream: { delayMs } })
    await connection.query('truncate kept')
    const said: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const forMs = 1 + Math.floor(random() * 12)
      const doomed = endings(
        connection.query(sql`select pg_sleep(${forMs / 1000}::float8)`, { timeoutMs: 5 }),
      )
      // A mixture: short ones that would be hit, and some that have not been sent.
      const others = Array.from({ length: 3 }, (_, i) =>
        endings(
          connection.query(
            sql`insert into kept select ${round * 10 + i}::int from pg_sleep(${(random() * 4) / 1000}::float8)`,
          ),
        ),
      )
      said.push(...(await doomed))
      expect((await Promise.all(others)).flat()).toEqual(['done', 'done', 'done'])
    }
    // Those that waited for an earlier cancellation had not been sent.
    expect(new Set(said.map((each) => each.replace(' (safe)', '')))).toEqual(new Set(['done', 'PG_TIMEOUT']))
    expect(
      await connection.query('select count(*)::int as all, count(distinct id)::int as different from kept'),
    ).toEqual([{ all: 3 * ROUNDS, different: 3 * ROUNDS }])
    expect(connection.isOpen).toBe(true)
  }, 60_000)
})

test('many that are cancelled by their scopes, at any place of the pipeline, disturb no other', async () => {
  const random = seededRandom(7)
  await using connection = await open(server.port)
  await connection.query('truncate kept')
  let made = 0
  const workers = Array.from({ length: 8 }, (_, worker) => async () => {
    for (let i = 0; i < 25; i++) {
      const sleeps = (random() * 6) / 1000
      if (worker % 2 === 0) {
        await connection.query(
          sql`insert into kept select ${worker * 100 + i}::int from pg_sleep(${sleeps / 3}::float8)`,
        )
        made++
      } else {
        const limitMs = random() * 8
        await withTimeout(limitMs, () => connection.query(sql`select pg_sleep(${sleeps}::float8)`)).catch(
          (error: Error) => {
            if (Reflect.get(error, 'code') !== 'TIMEOUT') throw error
          },
        )
      }
    }
  })
  await inParallel(workers)
  expect(
    await connection.query('select count(*)::int as all, count(distinct id)::int as different from kept'),
  ).toEqual([{ all: made, different: made }])
  expect([connection.isOpen, connection.isDraining, connection.inFlight]).toEqual([true, false, 0])
}, 60_000)

test('a coroutine that is interrupted in its query goes on at once, and the connection when the server is done', async () => {
  await using connection = await open(server.port)
  const sleeper = spawn(() => connection.query('select pg_sleep(60)'))
  const waiter = spawn(() => connection.query('select 1 as one'))
  const running = `select count(*) from pg_stat_activity where state = 'active' and pid = ${connection.processId}`
  await expect.poll(() => server.psql(running), { interval: 10 }).toBe('1')
  sleeper.interrupt()
  await expect(sleeper.join()).rejects.toMatchObject({ name: 'Interrupted' })
  expect(connection.isDraining).toBe(true)
  expect(await waiter.join()).toEqual([{ one: 1 }])
  await expect.poll(() => connection.isDraining, { interval: 5 }).toBe(false)
  expect(await connection.query('select 2 as two')).toEqual([{ two: 2 }])
}, 30_000)
