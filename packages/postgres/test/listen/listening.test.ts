import { Event, sleep, spawn, withTimeout } from '@shrapnel/core'
import { expect, test } from 'vitest'
import { PostgresError } from '../../src/errors.js'
import type { FakeConnection } from '../pool/fake-connection.js'
import { fakePools, settle } from '../pool/fake-pool.js'

const fake = fakePools()
const refused = (): PostgresError => new PostgresError('PG_CONNECT', 'nobody there', { safeToRetry: true })
const last = (): FakeConnection => fake.server.connections.at(-1) as FakeConnection

test('all listeners share one connection, which does not count for the bound', async () => {
  const db = fake.pool({ maxConnections: 1 })
  await using lease = await db.lease()
  const one = db.listen('a')
  const two = db.listen(['b', 'a', 'A"x'])
  await one.ready()
  await two.ready()
  expect(fake.server.attempts).toBe(2)
  expect(fake.server.heard).toEqual(['2: listen "a"; listen "b"; listen "A""x"'])
  last().notify('a', 'to both')
  last().notify('b', 'to one')
  const both = { kind: 'notification', channel: 'a', payload: 'to both', processId: 1 }
  expect(await one.next()).toEqual({ done: false, value: both })
  expect(await two.next()).toEqual({ done: false, value: both })
  expect((await two.next()).value).toMatchObject({ channel: 'b', payload: 'to one' })
  expect(lease.isReleased).toBe(false)
})

test('a channel that the last listener leaves is left, and later the connection too', async () => {
  const db = fake.pool()
  const one = db.listen('a')
  const two = db.listen(['a', 'b'])
  await two.ready()
  const taken: unknown[] = []
  const loop = spawn(async () => {
    for await (const event of two) {
      taken.push(event.kind)
      break
    }
  })
  await settle()
  last().notify('b', 'x')
  await loop.join()
  await settle()
  expect(taken).toEqual(['notification'])
  expect(two.isClosed).toBe(true)
  expect(fake.server.heard.at(-1)).toBe('1: unlisten "b"')
  one.close()
  await settle()
  expect(fake.server.heard.at(-1)).toBe('1: unlisten "a"')
  expect(await one.next()).toEqual({ done: true, value: undefined })
  await fake.clock.advance(9_999)
  expect(last().isOpen).toBe(true)
  await using _again = db.listen('c')
  await settle()
  expect(fake.server.heard.at(-1)).toBe('1: listen "c"')
  expect(fake.server.attempts).toBe(1)
})

test('a connection that nobody listens on any more is closed after a while', async () => {
  const db = fake.pool()
  db.listen('a').close()
  await settle()
  expect(fake.server.attempts).toBe(0)
  const one = db.listen('a')
  await one.ready()
  one.close()
  await fake.clock.advance(10_000)
  expect(fake.server.living).toEqual([])
  await using two = db.listen('b')
  await two.ready()
  expect(fake.server.heard.at(-1)).toBe('2: listen "b"')
})

test('a lost connection is replaced, and the gap comes when the new one listens, before anything it brings', async () => {
  const db = fake.pool()
  const listener = db.listen('a')
  await listener.ready()
  last().notify('a', 'before')
  fake.server.isPrompt = false
  last().die()
  await fake.clock.advance(100)
  expect(fake.server.attempts).toBe(2)
  // It listens already, as this shows; its answer comes later.
  last().notify('a', 'after')
  fake.server.isPrompt = true
  last().answer()
  expect((await listener.next()).value).toMatchObject({ payload: 'before' })
  expect((await listener.next()).value).toMatchObject({
    kind: 'gap',
    reason: 'reconnected',
    since: expect.any(Date),
    cause: { code: 'PG_BROKEN' },
  })
  expect((await listener.next()).value).toMatchObject({ payload: 'after' })
})

test('it tries for ever, with pauses, and one gap stands for all of it', async () => {
  const db = fake.pool()
  const listener = db.listen('a')
  await listener.ready()
  fake.server.failure = refused()
  last().die()
  const next = spawn(() => listener.next())
  await fake.clock.advance(60_000)
  expect(fake.server.attempts).toBeGreaterThan(30)
  expect(fake.server.attempts).toBeLessThan(80)
  expect(next.waitingOn).toBe('postgres listen a (not connected)')
  fake.server.failure = null
  await fake.clock.advance(2_000)
  expect((await next.join()).value).toMatchObject({ kind: 'gap', cause: { code: 'PG_BROKEN' } })
  const after = spawn(() => listener.next())
  await settle()
  last().notify('a', 'x')
  expect((await after.join()).value).toMatchObject({ payload: 'x' })
})

test('the first failure to connect is the answer to who begins to listen', async () => {
  fake.server.failure = refused()
  const db = fake.pool()
  const listener = db.listen('a')
  const next = spawn(() => listener.next())
  await expect(listener.ready()).rejects.toMatchObject({ code: 'PG_CONNECT' })
  await expect(next.join()).rejects.toMatchObject({ code: 'PG_CONNECT' })
  await expect(listener.next()).rejects.toMatchObject({ code: 'PG_CONNECT' })
  expect(listener.isClosed).toBe(true)
})

test('a listener that does not want to wait for ever fails after reconnectTimeoutMs', async () => {
  const db = fake.pool()
  // Times of events are those of the calendar, which the tests' clock leaves alone.
  const listener = db.listen('a', { reconnectTimeoutMs: 0 })
  const patient = db.listen('a')
  await patient.ready()
  fake.server.failure = refused()
  last().die()
  await fake.clock.advance(200)
  await expect(listener.next()).rejects.toMatchObject({ code: 'PG_BROKEN' })
  expect(patient.isClosed).toBe(false)
})

test('more than maxBuffered is left out, counted, and told where it is missing', async () => {
  const db = fake.pool()
  const listener = db.listen('a', { maxBuffered: 3 })
  await listener.ready()
  for (let i = 0; i < 10; i++) last().notify('a', `${i}`)
  const taken: unknown[] = []
  const take = async (): Promise<void> => {
    const { value } = await listener.next()
    taken.push(value?.kind === 'gap' ? value.missed : value?.payload)
  }
  await take()
  // Room for one is none for two: the gap and what comes after it.
  last().notify('a', '10')
  await take()
  last().notify('a', '11')
  for (let i = 0; i < 3; i++) await take()
  expect(taken).toEqual(['0', '1', '2', 8, '11'])
  for (let i = 12; i < 20; i++) last().notify('a', `${i}`)
  for (let i = 0; i < 4; i++) await take()
  expect(taken.slice(5)).toEqual(['12', '13', '14', 5])
})

test('a server that says nothing is asked for a sign of life, and given up when it gives none', async () => {
  const db = fake.pool({ keepAliveMs: 1_000 })
  const listener = db.listen('a')
  await listener.ready()
  await fake.clock.advance(999)
  expect(fake.server.heard).toHaveLength(1)
  last().notify('a', 'a sign of life by itself')
  await fake.clock.advance(999)
  expect(fake.server.heard).toHaveLength(1)
  await fake.clock.advance(1)
  expect(fake.server.heard).toEqual(['1: listen "a"', '1: '])
  await listener.next()
  fake.server.isPrompt = false
  await fake.clock.advance(2_000)
  fake.server.isPrompt = true
  await fake.clock.advance(200)
  expect(fake.server.connections[0]?.isOpen).toBe(false)
  expect((await listener.next()).value).toMatchObject({
    kind: 'gap',
    cause: { code: 'PG_TIMEOUT', limit: 'keepAliveMs' },
  })
  expect(fake.server.heard.at(-1)).toBe('2: listen "a"')
})

test('a wait for the next event can be cancelled, and loses none', async () => {
  const db = fake.pool()
  const listener = db.listen('a')
  await listener.ready()
  await Promise.all([
    expect(withTimeout(10, () => listener.next())).rejects.toMatchObject({ code: 'TIMEOUT' }),
    fake.clock.advance(10),
  ])
  const waiting = Array.from({ length: 5 }, () => spawn(() => listener.next()))
  await settle()
  for (const doomed of [0, 1, 3]) waiting[doomed]?.interrupt()
  await settle()
  for (let i = 0; i < 3; i++) last().notify('a', `${i}`)
  expect((await waiting[2]?.join())?.value).toMatchObject({ payload: '0' })
  expect((await waiting[4]?.join())?.value).toMatchObject({ payload: '1' })
  expect((await listener.next()).value).toMatchObject({ payload: '2' })
  fake.server.gate = new Event()
  const gated = fake.pool().listen('x')
  await Promise.all([
    expect(withTimeout(10, () => gated.ready())).rejects.toMatchObject({ code: 'TIMEOUT' }),
    fake.clock.advance(10),
  ])
  fake.server.gate.set()
  await gated.ready()
})

test('closing the pool ends the loops', async () => {
  const db = fake.pool()
  const listener = db.listen('a')
  await listener.ready()
  const loop = spawn(async () => {
    for await (const event of listener) void event
    return 'ended'
  })
  await settle()
  await db.close()
  expect(await loop.join()).toBe('ended')
  await settle()
  expect(fake.server.living).toEqual([])
  await sleep(0)
})

test('a channel that cannot be is refused at once', () => {
  const db = fake.pool()
  for (const [channels, code] of [
    [5, 'ERR_INVALID_ARG_TYPE'],
    [[], 'ERR_OUT_OF_RANGE'],
    [[5], 'ERR_INVALID_ARG_TYPE'],
    ['', 'ERR_OUT_OF_RANGE'],
    ['a\0', 'ERR_OUT_OF_RANGE'],
    ['ü'.repeat(32), 'ERR_OUT_OF_RANGE'],
  ] as const)
    expect(() => db.listen(channels as string)).toThrow(expect.objectContaining({ code }))
  expect(() => db.listen('ü'.repeat(31)).close()).not.toThrow()
  expect(() => db.listen('a', { maxBuffered: 1 })).toThrow(
    expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
  )
  expect(() => db.listen('a', { max: 1 } as object)).toThrow(
    expect.objectContaining({ code: 'ERR_UNKNOWN_OPTION' }),
  )
})
