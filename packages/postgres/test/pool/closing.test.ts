import { Event, spawn, withTimeout } from '@shrapnel/core'
import { expect, test } from 'vitest'
import { fakePools, settle } from './fake-pool.js'

const fake = fakePools()

test('close takes nothing new, and waits for what runs and for what was in the queue', async () => {
  const db = fake.pool({ maxConnections: 1, pipelining: 1 })
  const lease = await db.lease()
  const queued = [
    spawn(() => db.query('queued')),
    spawn(() => db.use((connection) => connection.query('too'))),
  ]
  await settle()
  const closing = spawn(() => db.close({ timeoutMs: 1_000 }))
  await settle()
  expect(db.isClosed).toBe(true)
  await expect(db.query('new')).rejects.toMatchObject({ code: 'PG_CLOSED', safeToRetry: true })
  await expect(db.lease()).rejects.toMatchObject({ code: 'PG_CLOSED' })
  await expect(db.begin(async () => {})).rejects.toMatchObject({ code: 'PG_CLOSED' })
  expect(() => db.listen('x')).toThrow(expect.objectContaining({ code: 'PG_CLOSED' }))
  await lease.query('still mine')
  expect(closing.state).toBe('waiting')
  lease.release()
  for (const each of queued) await each.join()
  await closing.join()
  expect(db.stats).toMatchObject({ open: 0, waiting: 0 })
  await db.close()
})

test('what is not done in time is cut off', async () => {
  const db = fake.pool({ maxConnections: 1, pipelining: 1 })
  await db.query('first')
  fake.server.isPrompt = false
  const running = spawn(() => db.query('slow'))
  const queued = spawn(() => db.query('queued'))
  await settle()
  const closing = spawn(() => db.close({ timeoutMs: 1_000 }))
  await fake.clock.advance(999)
  expect(closing.state).toBe('waiting')
  await fake.clock.advance(1)
  await expect(running.join()).rejects.toMatchObject({ code: 'PG_CLOSED' })
  await expect(queued.join()).rejects.toMatchObject({ code: 'PG_CLOSED' })
  await closing.join()
})

test('closing goes on when who waits for it is cancelled, and can be shortened', async () => {
  const db = fake.pool({ maxConnections: 1 })
  const lease = await db.lease()
  await Promise.all([
    expect(withTimeout(10, () => db.close({ timeoutMs: 10_000 }))).rejects.toMatchObject({ code: 'TIMEOUT' }),
    fake.clock.advance(10),
  ])
  const closing = spawn(() => db.close({ timeoutMs: 100 }))
  await fake.clock.advance(100)
  await closing.join()
  await expect(lease.query('x')).rejects.toMatchObject({ code: 'PG_CLOSED' })
})

test('a connection that opens while the pool is closed is closed, and nobody waits for it', async () => {
  const db = fake.pool()
  fake.server.gate = new Event()
  const query = spawn(() => db.query('q'))
  await settle()
  query.interrupt()
  await query.join().catch(() => {})
  await db.close()
  fake.server.gate.set()
  await settle()
  expect(fake.server.living).toEqual([])
})

test('await using closes', async () => {
  const db = fake.pool()
  {
    await using same = db
    await same.query('q')
  }
  expect(fake.server.living).toEqual([])
  expect(db.isClosed).toBe(true)
})

test('a wrong option is told at once', () => {
  for (const [options, code] of [
    [{ maxConnections: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ minConnections: 11 }, 'ERR_OUT_OF_RANGE'],
    [{ maxConnection: 1 }, 'ERR_UNKNOWN_OPTION'],
    [{ queueTimeoutMs: '1' }, 'ERR_INVALID_ARG_TYPE'],
    [{ lifetimeJitter: 2 }, 'ERR_OUT_OF_RANGE'],
    [{ reset: 'all' }, 'ERR_OUT_OF_RANGE'],
    [{ onConnect: 1 }, 'ERR_INVALID_ARG_TYPE'],
  ] as const)
    expect(() => fake.pool(options as object)).toThrow(expect.objectContaining({ code }))
})
