import { Event, spawn } from '@shrapnel/core'
import { expect, test } from 'vitest'
import { PostgresError } from '../../src/errors.js'
import { fakePools, settle } from './fake-pool.js'

const fake = fakePools()
const refused = (): PostgresError => new PostgresError('PG_CONNECT', 'nobody there', { safeToRetry: true })

test('what connecting fails with is told at once to all who wait, if no connection is left that could serve them', async () => {
  fake.server.failure = refused()
  const db = fake.pool({ maxConnections: 3 })
  const outcomes = await Promise.allSettled([
    ...Array.from({ length: 10 }, () => db.query('q')),
    db.lease(),
    db.begin(async () => 'never'),
  ])
  for (const outcome of outcomes)
    expect(outcome).toMatchObject({
      status: 'rejected',
      reason: { code: 'PG_CONNECT', message: 'nobody there', safeToRetry: true, cause: fake.server.failure },
    })
  expect(db.stats).toMatchObject({ open: 0, connecting: 0, waiting: 0, totals: { failed: 3 } })
})

test('a server that is down is tried by one at a time, with pauses, and not by everybody', async () => {
  fake.server.failure = refused()
  const db = fake.pool()
  let failures = 0
  let isOver = false
  const all = Array.from({ length: 50 }, () =>
    spawn(async () => {
      while (!isOver) await db.query('q').catch(() => failures++)
    }),
  )
  await settle()
  const early = fake.server.attempts
  expect(early).toBeLessThanOrEqual(10)
  await fake.clock.advance(20_000)
  // From 50 ms doubled up to 2 s, of which half may be left out.
  expect(fake.server.attempts - early).toBeGreaterThan(8)
  expect(fake.server.attempts - early).toBeLessThan(32)
  expect(failures).toBeGreaterThan(50 * 8)
  fake.server.failure = null
  isOver = true
  await fake.clock.advance(2_000)
  for (const each of all) await each.join()
  expect(db.stats.open).toBeGreaterThan(0)
})

test('where other connections are open, a failure to open one more makes nobody fail: those serve all', async () => {
  const db = fake.pool({ maxConnections: 5 })
  const lease = await db.lease()
  fake.server.failure = refused()
  const all = Array.from({ length: 10 }, (_, i) => spawn(() => db.query(`q${i}`)))
  await settle()
  expect(db.stats).toMatchObject({ open: 1, waiting: 10 })
  lease.release()
  for (const each of all) expect(await each.join()).toMatchObject({ on: 1 })
})

test('who waits too long because no more connections can be had is told why', async () => {
  const db = fake.pool({ maxConnections: 5, queueTimeoutMs: 1_000 })
  await using _lease = await db.lease()
  fake.server.failure = refused()
  await Promise.all([
    expect(db.query('q')).rejects.toMatchObject({ code: 'PG_TIMEOUT', cause: fake.server.failure }),
    fake.clock.advance(1_000),
  ])
})

test('queries share what there is while more cannot be had', async () => {
  const db = fake.pool({ maxConnections: 2, pipelining: 8 })
  await db.query('first')
  fake.server.isPrompt = false
  fake.server.failure = refused()
  const all = Array.from({ length: 4 }, (_, i) => spawn(() => db.query(`q${i}`)))
  await settle()
  expect(fake.server.connections[0]?.queries).toHaveLength(4)
  fake.server.isPrompt = true
  while ((fake.server.connections[0]?.queries.length ?? 0) > 0) fake.server.connections[0]?.answer()
  for (const each of all) await each.join()
})

test('minConnections are opened at once, and again when they are lost', async () => {
  const db = fake.pool({ minConnections: 3 })
  await settle()
  expect(db.stats).toMatchObject({ open: 3, idle: 3 })
  fake.server.connections[1]?.die()
  await settle()
  expect(db.stats).toMatchObject({ open: 3, idle: 3, totals: { opened: 4, lost: 1 } })
  fake.server.failure = refused()
  for (const connection of fake.server.living) connection.die()
  await fake.clock.advance(5_000)
  expect(db.stats).toMatchObject({ open: 0 })
  fake.server.failure = null
  await fake.clock.advance(2_000)
  expect(db.stats).toMatchObject({ open: 3 })
})

test('onConnect has the connection first; if it fails, the connection is closed', async () => {
  const seen: number[] = []
  let isFailing = false
  const db = fake.pool({
    onConnect: async (connection) => {
      await connection.query('set something')
      seen.push(connection.id)
      if (isFailing) throw new Error('not this one')
    },
  })
  await db.query('q')
  expect(fake.server.heard).toEqual(['1: set something', '1: q'])
  isFailing = true
  fake.server.connections[0]?.die()
  await expect(db.query('q')).rejects.toMatchObject({ code: 'PG_CONNECT', message: 'not this one' })
  expect(seen).toEqual([1, 2])
  expect(fake.server.connections[1]?.isOpen).toBe(false)
  expect(db.stats).toMatchObject({ open: 0 })
})

test('a connection that ends while it is opened is none', async () => {
  const db = fake.pool()
  fake.server.gate = new Event()
  const query = spawn(() => db.query('q'))
  await settle()
  const open = fake.server.open
  void open
  fake.server.gate.set()
  await query.join()
  fake.server.connections[0]?.die()
  expect(db.stats.open).toBe(0)
  expect(await db.query('q')).toMatchObject({ on: 2 })
})
