import { spawn } from '@shrapnel/core'
import { expect, test } from 'vitest'
import { fakePools, settle } from './fake-pool.js'

const fake = fakePools()

test('a connection without work is closed after idleTimeoutMs, down to minConnections', async () => {
  const db = fake.pool({ minConnections: 1, maxConnections: 4, idleTimeoutMs: 10_000 })
  const leases = await Promise.all([db.lease(), db.lease(), db.lease()])
  for (const lease of leases) lease.release()
  await fake.clock.advance(9_000)
  await db.query('keeps one awake')
  await fake.clock.advance(1_500)
  expect(db.stats).toMatchObject({ open: 1, totals: { closed: 2 } })
  await fake.clock.advance(60_000)
  expect(db.stats).toMatchObject({ open: 1 })
})

test('with no minimum the last one is closed too, and the next query opens another', async () => {
  const db = fake.pool({ idleTimeoutMs: 1_000 })
  await db.query('q')
  await fake.clock.advance(1_000)
  expect(db.stats.open).toBe(0)
  expect(await db.query('q')).toMatchObject({ on: 2 })
})

test('a connection is closed when its life is over and it has nothing to do, and never before', async () => {
  const db = fake.pool({ maxConnections: 1, lifetimeMs: 10_000, lifetimeJitter: 0, idleTimeoutMs: Infinity })
  const lease = await db.lease()
  await fake.clock.advance(50_000)
  expect(db.stats.open).toBe(1)
  await lease.query('still mine')
  lease.release()
  await settle()
  expect(db.stats).toMatchObject({ open: 0, totals: { closed: 1, lost: 0 } })
  expect(await db.query('q')).toMatchObject({ on: 2 })
  await fake.clock.advance(10_000)
  expect(db.stats.open).toBe(0)
})

test('a connection that is old gets no more queries, however many come, and ends when those under way have', async () => {
  const db = fake.pool({ maxConnections: 2, pipelining: 8, lifetimeMs: 10_000, lifetimeJitter: 0 })
  fake.server.isPrompt = false
  const first = spawn(() => db.query('first'))
  await settle()
  await fake.clock.advance(9_000)
  const second = spawn(() => db.query('second'))
  await settle()
  await fake.clock.advance(2_000)
  const third = spawn(() => db.query('third'))
  await settle()
  expect(fake.server.connections.map((connection) => connection.queries.length)).toEqual([1, 2])
  fake.server.connections[0]?.answer()
  await settle()
  expect(fake.server.connections[0]?.isOpen).toBe(false)
  fake.server.connections[1]?.answer()
  fake.server.connections[1]?.answer()
  for (const each of [first, second, third]) await each.join()
})

test('lives differ by the jitter', async () => {
  const db = fake.pool({
    maxConnections: 50,
    lifetimeMs: 100_000,
    lifetimeJitter: 0.5,
    idleTimeoutMs: Infinity,
  })
  const leases = await Promise.all(Array.from({ length: 50 }, () => db.lease()))
  for (const lease of leases) lease.release()
  await fake.clock.advance(49_999)
  expect(db.stats.open).toBe(50)
  await fake.clock.advance(25_000)
  expect(db.stats.open).toBeGreaterThan(5)
  expect(db.stats.open).toBeLessThan(45)
  await fake.clock.advance(25_001)
  expect(db.stats.open).toBe(0)
})

test('a connection that comes back in a transaction is rolled back before another has it', async () => {
  const db = fake.pool({ maxConnections: 1 })
  const lease = await db.lease()
  const [connection] = fake.server.connections
  await lease.query('begin')
  if (connection !== undefined) connection.transactionStatus = 'transaction'
  lease.release()
  await db.query('innocent')
  expect(fake.server.heard).toEqual(['1: begin', '1: rollback', '1: innocent'])
})

test('a connection that cannot be rolled back is closed', async () => {
  const db = fake.pool({ maxConnections: 1 })
  const lease = await db.lease()
  const [connection] = fake.server.connections
  if (connection !== undefined) {
    connection.transactionStatus = 'transaction'
    connection.script = async () => []
  }
  lease.release()
  expect(await db.query('innocent')).toMatchObject({ on: 2 })
  const other = await db.lease()
  const [, second] = fake.server.connections
  if (second !== undefined) second.transactionStatus = 'failed'
  fake.server.isPrompt = false
  other.release()
  await fake.clock.advance(5_000)
  expect(second?.isOpen).toBe(false)
})

test('reset: session makes the session as new after a lease, and close closes it', async () => {
  const renewing = fake.pool({ maxConnections: 1, reset: 'session' })
  await renewing.use((connection) => connection.query('set x'))
  await renewing.query('next')
  expect(fake.server.heard[1]).toMatch(/^1: close all; .*reset all; unlisten \*; .*discard temp/)
  expect(fake.server.heard[2]).toBe('1: next')
  const closing = fake.pool({ maxConnections: 1, reset: 'close' })
  await closing.use((connection) => connection.query('set x'))
  await closing.query('next')
  expect(fake.server.heard.slice(3)).toEqual(['2: set x', '3: next'])
})

test('a query that begins a transaction is refused: others share the connection', async () => {
  const db = fake.pool()
  for (const text of [
    'begin',
    ' BEGIN isolation level serializable',
    '-- x\nstart transaction',
    '/* y */ begin',
  ])
    await expect(db.query(text)).rejects.toMatchObject({ code: 'PG_USAGE', query: text })
  expect(fake.server.heard).toEqual([])
  for (const text of ['beginning', 'select begin', 'started']) await db.query(text)
})
