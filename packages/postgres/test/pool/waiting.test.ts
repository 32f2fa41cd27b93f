import { Event, spawn, withTimeout } from '@shrapnel/core'
import { expect, test } from 'vitest'
import type { Lease } from '../../src/pool/lease.js'
import { fakePools, settle } from './fake-pool.js'

const fake = fakePools()

test('a wait for a connection ends after queueTimeoutMs, and says why', async () => {
  const db = fake.pool({ maxConnections: 1, queueTimeoutMs: 500 })
  await using _lease = await db.lease()
  const waiting = spawn(() => db.query('late'))
  const failed = expect(waiting.join()).rejects.toMatchObject({
    code: 'PG_TIMEOUT',
    limit: 'queueTimeoutMs',
    safeToRetry: true,
  })
  await fake.clock.advance(499)
  expect(waiting.waitingOn).toBe('postgres pool: 1 of 1 connections busy, 0 opening, 1 wait')
  await fake.clock.advance(1)
  await failed
  expect(db.stats).toMatchObject({ waiting: 0, totals: { timedOut: 1 } })
})

test('timeoutMs of a query counts from the call, and not from when there is a connection', async () => {
  const db = fake.pool({ maxConnections: 1, queueTimeoutMs: 500 })
  const lease = await db.lease()
  const waiting = spawn(() => db.query('late', [], { timeoutMs: 200 }))
  const failed = expect(waiting.join()).rejects.toMatchObject({ code: 'PG_TIMEOUT', limit: 'timeoutMs' })
  await fake.clock.advance(200)
  await failed
  lease.release()
})

test('one more than maxQueued is refused at once', async () => {
  const db = fake.pool({ maxConnections: 1, maxQueued: 2 })
  const lease = await db.lease()
  const waiting = [spawn(() => db.query('1')), spawn(() => db.query('2'))]
  await settle()
  await expect(db.query('3')).rejects.toMatchObject({
    code: 'PG_LIMIT',
    limit: 'maxQueued',
    safeToRetry: true,
  })
  await expect(db.lease()).rejects.toMatchObject({ code: 'PG_LIMIT' })
  lease.release()
  for (const each of waiting) await each.join()
})

test('who is cancelled while it waits leaves the queue as if it had not been there', async () => {
  const db = fake.pool({ maxConnections: 1 })
  const lease = await db.lease()
  const order: number[] = []
  const all = Array.from({ length: 6 }, (_, i) =>
    spawn(async () => {
      await using _own = await db.lease()
      order.push(i)
    }),
  )
  await settle()
  for (const doomed of [0, 1, 2, 4, 5]) all[doomed]?.interrupt()
  await settle()
  expect(db.stats.waiting).toBe(1)
  lease.release()
  await all[3]?.join()
  for (const doomed of [0, 1, 2, 4, 5])
    await expect(all[doomed]?.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
  expect(order).toEqual([3])
  expect(db.stats).toMatchObject({ idle: 1, waiting: 0 })
})

test('a connection that was handed over is not lost by an interrupt that comes after', async () => {
  const db = fake.pool({ maxConnections: 1 })
  const lease = await db.lease()
  const all = Array.from({ length: 5 }, () =>
    spawn(async () => {
      await using own = await db.lease()
      await own.query('x')
    }),
  )
  const queries = Array.from({ length: 5 }, () => spawn(() => db.query('y')))
  await settle()
  lease.release()
  // In the same turn: the first one has been woken, and has not run.
  for (const each of [...all, ...queries]) each.interrupt()
  for (const each of [...all, ...queries]) await each.join().catch(() => {})
  expect(db.stats).toMatchObject({ idle: 1, waiting: 0, busy: 0 })
  await db.query('still there')
})

test('a connection that opens for somebody who has given up is there for the next', async () => {
  const db = fake.pool()
  fake.server.gate = new Event()
  await Promise.all([
    expect(withTimeout(100, () => db.query('gone'))).rejects.toMatchObject({ code: 'TIMEOUT' }),
    fake.clock.advance(100),
  ])
  expect(db.stats).toMatchObject({ connecting: 1, waiting: 0 })
  fake.server.gate.set()
  await settle()
  expect(db.stats).toMatchObject({ connecting: 0, idle: 1 })
  await db.query('here')
  expect(fake.server.attempts).toBe(1)
  expect(fake.server.heard).toEqual(['1: here'])
})

test('in a scope that is cancelled already nothing is taken', async () => {
  const db = fake.pool({ maxConnections: 1 })
  await db.query('first')
  const coroutine = spawn(async () => {
    const outcomes = await Promise.allSettled([db.query('never'), db.lease(), db.begin(async () => {})])
    return outcomes.map((outcome) => outcome.status)
  })
  coroutine.shutdown()
  await expect(coroutine.join()).rejects.toMatchObject({ code: 'SHUTDOWN' })
  const interrupted = spawn(async () => {
    interrupted.interrupt()
    await expect(db.query('never')).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(db.stats).toMatchObject({ idle: 1, busy: 0 })
  })
  await interrupted.join()
  expect(fake.server.heard).toEqual(['1: first'])
})

test('a draining connection counts for the bound until the server is done with it', async () => {
  const db = fake.pool({ maxConnections: 1 })
  await db.query('first')
  fake.server.isPrompt = false
  const slow = spawn(() => db.query('slow'))
  await settle()
  slow.interrupt()
  await expect(slow.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
  expect(db.stats).toMatchObject({ open: 1, draining: 1, idle: 0, busy: 0 })
  const next = spawn(() => db.query('next'))
  await settle()
  expect(db.stats).toMatchObject({ open: 1, connecting: 0, waiting: 1 })
  fake.server.connections[0]?.drained()
  await settle()
  fake.server.connections[0]?.answer()
  await next.join()
  expect(fake.server.attempts).toBe(1)
})

test('a draining connection that is given up is replaced', async () => {
  const db = fake.pool({ maxConnections: 1 })
  await db.query('first')
  fake.server.isPrompt = false
  const slow = spawn(() => db.query('slow'))
  await settle()
  slow.interrupt()
  await slow.join().catch(() => {})
  fake.server.isPrompt = true
  const next = spawn(() => db.query('next'))
  await settle()
  fake.server.connections[0]?.die()
  expect(await next.join()).toMatchObject({ on: 2 })
})

test('a connection found dead before it is used is replaced, and nothing was sent on it', async () => {
  const db = fake.pool()
  await db.query('one')
  const [first] = fake.server.connections
  first?.breaksAtLook()
  expect(await db.query('two')).toMatchObject({ on: 2 })
  expect(fake.server.heard).toEqual(['1: one', '2: two'])
  // Over TLS it takes a turn to know.
  const [, second] = fake.server.connections
  second?.breaksAtLook(settle())
  expect(await db.query('three')).toMatchObject({ on: 3 })
  const [, , third] = fake.server.connections
  if (third !== undefined) third.broken = settle().then(() => false)
  expect(await db.query('four')).toMatchObject({ on: 3 })
  expect(db.stats.totals).toMatchObject({ opened: 3, lost: 2 })
})

test('a connection that breaks in the turn in which it is handed over costs its waiter nothing but time', async () => {
  const db = fake.pool({ maxConnections: 1 })
  const lease = await db.lease()
  const query = spawn(() => db.query('q'))
  const leasing = spawn(async () => {
    await using own = await db.lease()
    return own.id
  })
  await settle()
  lease.release()
  fake.server.connections[0]?.die()
  expect(await query.join()).toMatchObject({ on: 2 })
  expect(await leasing.join()).toBe(2)
})

test('a lease that is over does nothing any more', async () => {
  const db = fake.pool()
  let kept: Lease | undefined
  await db.use(async (connection) => {
    kept = connection
    await connection.query('mine')
  })
  await expect(kept?.query('x')).rejects.toMatchObject({ code: 'PG_CLOSED' })
  await expect(kept?.script('x')).rejects.toMatchObject({ code: 'PG_CLOSED' })
  await expect(kept?.begin(async () => {})).rejects.toMatchObject({ code: 'PG_CLOSED' })
  kept?.release()
  expect(db.stats).toMatchObject({ open: 1, idle: 1 })
  const lease = await db.lease()
  lease.discard()
  expect(db.stats).toMatchObject({ open: 0 })
})
