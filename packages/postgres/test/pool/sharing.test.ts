import { Event, spawn } from '@shrapnel/core'
import { expect, test } from 'vitest'
import type { Pool } from '../../src/pool/pool.js'
import { fakePools, settle } from './fake-pool.js'

const fake = fakePools()

/** As many connections as may be, all idle. */
async function filled(pool: Pool): Promise<Pool> {
  const { maxConnections } = pool.stats
  const leases = await Promise.all(Array.from({ length: maxConnections }, () => pool.lease()))
  for (const lease of leases) lease.release()
  expect(pool.stats.idle).toBe(maxConnections)
  fake.server.heard.length = 0
  return pool
}

test('nothing is opened before it is needed, and queries one after another need one connection', async () => {
  const db = fake.pool()
  await settle()
  expect(fake.server.attempts).toBe(0)
  for (let i = 0; i < 10; i++) await db.query(`q${i}`)
  expect(fake.server.attempts).toBe(1)
  expect(fake.server.heard).toHaveLength(10)
})

test('queries at a time have a connection each, up to the bound; more share those that have the least to do', async () => {
  const db = await filled(fake.pool({ maxConnections: 3, pipelining: 2 }))
  fake.server.isPrompt = false
  const all = Array.from({ length: 8 }, (_, i) => db.query(`q${i}`))
  await settle()
  expect(fake.server.connections.map((connection) => connection.queries.map((query) => query.text))).toEqual([
    ['q2', 'q3'],
    ['q1', 'q4'],
    ['q0', 'q5'],
  ])
  expect(db.stats).toMatchObject({ open: 3, busy: 3, idle: 0, waiting: 2 })
  fake.server.connections[1]?.answer()
  await settle()
  expect(fake.server.connections[1]?.queries.map((query) => query.text)).toEqual(['q4', 'q6'])
  fake.server.isPrompt = true
  for (const connection of fake.server.connections) while (connection.queries.length > 0) connection.answer()
  await Promise.all(all)
  expect(db.stats).toMatchObject({ idle: 3, busy: 0, waiting: 0 })
})

test('without pipelining each query has a connection of its own, and the others wait in order', async () => {
  const db = await filled(fake.pool({ maxConnections: 2, pipelining: 1 }))
  fake.server.isPrompt = false
  const all = Array.from({ length: 6 }, (_, i) => db.query(`q${i}`))
  await settle()
  expect(db.stats.waiting).toBe(4)
  for (let i = 0; i < 6; i++) {
    const [first] = fake.server.connections.filter((connection) => connection.queries.length > 0)
    first?.answer()
    await settle()
  }
  await Promise.all(all)
  expect(fake.server.heard.map((text) => text.slice(3))).toEqual(['q0', 'q1', 'q2', 'q3', 'q4', 'q5'])
})

test('queries wait for connections that open, and do not pile up on the first that is there', async () => {
  const db = fake.pool({ maxConnections: 3 })
  fake.server.isPrompt = false
  fake.server.gate = new Event()
  const all = Array.from({ length: 6 }, (_, i) => db.query(`q${i}`))
  await settle()
  expect(db.stats).toMatchObject({ connecting: 3, waiting: 6 })
  fake.server.gate.set()
  await settle()
  expect(fake.server.connections.map((connection) => connection.queries.length)).toEqual([2, 2, 2])
  fake.server.isPrompt = true
  for (const connection of fake.server.connections) while (connection.queries.length > 0) connection.answer()
  await Promise.all(all)
})

test('who wants a connection alone gets one, however many plain queries come without end', async () => {
  const db = await filled(fake.pool({ maxConnections: 2, pipelining: 4 }))
  fake.server.isPrompt = false
  let isOver = false
  const hammers = Array.from({ length: 8 }, () =>
    spawn(async () => {
      while (!isOver) await db.query('hammer')
    }),
  )
  const answerSome = async (): Promise<void> => {
    // Never all of one connection at once: it would not be idle by itself.
    for (const connection of fake.server.connections) if (connection.queries.length > 0) connection.answer()
    await settle()
  }
  for (let i = 0; i < 5; i++) await answerSome()
  const leasing = spawn(() => db.lease())
  for (let i = 0; i < 8 && leasing.state !== 'done'; i++) await answerSome()
  const lease = await leasing.join()
  // The others go on meanwhile, on what is left.
  const [other] = fake.server.connections.filter((connection) => connection.id !== lease.id)
  expect(other?.queries.length).toBeGreaterThan(0)
  expect(fake.server.connections.find((connection) => connection.id === lease.id)?.queries).toEqual([])
  lease.release()
  isOver = true
  fake.server.isPrompt = true
  for (const connection of fake.server.connections) while (connection.queries.length > 0) connection.answer()
  for (const hammer of hammers) await hammer.join()
  expect(db.stats).toMatchObject({ idle: 2, waiting: 0 })
})

test('those who wait are served in the order in which they came, whatever they wait for', async () => {
  const db = await filled(fake.pool({ maxConnections: 1, pipelining: 1 }))
  const first = await db.lease()
  const order: string[] = []
  const wants = ['lease', 'query', 'query', 'lease', 'query', 'lease'] as const
  const all = wants.map((want, i) =>
    spawn(async () => {
      if (want === 'query') await db.query(`q${i}`)
      else (await db.lease()).release()
      order.push(`${want} ${i}`)
    }),
  )
  await settle()
  expect(db.stats.waiting).toBe(6)
  first.release()
  for (const each of all) await each.join()
  expect(order).toEqual(wants.map((want, i) => `${want} ${i}`))
})

test('who gives up waiting for a connection that was kept free for him lets the plain queries back in', async () => {
  const db = await filled(fake.pool({ maxConnections: 1, pipelining: 4 }))
  fake.server.isPrompt = false
  const [connection] = fake.server.connections
  const first = db.query('first')
  const leasing = spawn(() => db.lease())
  await settle()
  const second = db.query('second')
  await settle()
  expect(connection?.queries).toHaveLength(1)
  leasing.interrupt()
  await expect(leasing.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
  await settle()
  expect(connection?.queries).toHaveLength(2)
  connection?.answer()
  connection?.answer()
  await Promise.all([first, second])
})
