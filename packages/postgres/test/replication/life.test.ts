/** A slot's changes through losses, restarts and slow programs: nothing is left out, and nothing that was acknowledged comes again. */
import { all, spawn, withTimeout } from '@shrapnel/core'
import {
  type CuttingProxy,
  expectNoDescriptorLeak,
  heapUsedAfterGc,
  type PostgresServer,
  startCuttingProxy,
  startPostgres,
} from '@shrapnel/test-support'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type Connection,
  connect,
  dropReplicationSlot,
  parseLsn,
  type Replication,
  type ReplicationEvent,
  type ReplicationOptions,
  replicate,
  replicationSlot,
} from '../../src/index.js'

const WAIT_MS = 20_000
/** Bytes: 12 of them reach into what comes behind the start. */
const CUT_STEP = 123
const SENDER_TIMEOUT_MS = 1_500

let server: PostgresServer
let proxy: CuttingProxy
let count = 0
/** Each test's own slot. */
let slot = ''

beforeAll(async () => {
  server = await startPostgres({
    config: { wal_level: 'logical', wal_sender_timeout: `${SENDER_TIMEOUT_MS}ms` },
  })
  await server.psql(
    'create table kept (id bigint primary key, filler text); create publication kept for table kept',
  )
  await server.psql('create table unpublished (id int)')
  proxy = await startCuttingProxy({ upstream: server })
}, 60_000)

afterAll(async () => {
  await proxy.close()
  await server.stop()
})

beforeEach(async () => {
  slot = `life_${++count}`
  proxy.reshape({})
  await server.psql('truncate kept')
  await server.psql('checkpoint')
})

function open(options: Partial<ReplicationOptions> = {}, url = server.url): Replication {
  return replicate(url, { slot, publications: ['kept'], createSlot: true, ...options })
}

async function next(changes: Replication): Promise<ReplicationEvent> {
  const { value } = await withTimeout(WAIT_MS, () => changes.next())
  if (value === undefined) throw new Error('it has ended')
  return value
}

/** The next event of that kind. */
async function until<K extends ReplicationEvent['kind']>(
  changes: Replication,
  kind: K,
): Promise<Extract<ReplicationEvent, { kind: K }>> {
  for (;;) {
    const event = await next(changes)
    if (event.kind === kind) return event as Extract<ReplicationEvent, { kind: K }>
  }
}

const insert = (id: number) => server.psql(`insert into kept values (${id})`)

const walsender = async () =>
  Number(await server.psql(`select active_pid from pg_replication_slots where slot_name = '${slot}'`))

async function drop(): Promise<void> {
  await using db: Connection = await connect(server.url)
  await dropReplicationSlot(db, slot)
}

describe('a connection that is lost', () => {
  test('by a restart of the server is replaced, and what was not acknowledged comes again', async () => {
    await using changes = open()
    await changes.ready()
    await insert(1)
    changes.acknowledge((await until(changes, 'commit')).lsn)
    await insert(2)
    await until(changes, 'commit')
    await server.psql('checkpoint')
    // A server that stops in good order waits until all is acknowledged.
    await server.restart('immediate')
    const reconnected = await until(changes, 'reconnected')
    expect(reconnected.cause.code).toMatch(/^PG_(?:BROKEN|SERVER)$/)
    expect(reconnected.lsn).toBe(changes.acknowledged)
    await insert(3)
    expect((await until(changes, 'insert')).row.id).toBe(2)
    const second = await until(changes, 'commit')
    expect((await until(changes, 'insert')).row.id).toBe(3)
    changes.acknowledge(second.lsn)
    await changes.close()
    await drop()
  }, 60_000)

  test('by a restart in good order is none that the server waits for, if all is acknowledged', async () => {
    await using changes = open()
    await changes.ready()
    await insert(1)
    changes.acknowledge((await until(changes, 'commit')).lsn)
    await server.restart('fast')
    await until(changes, 'reconnected')
    await insert(2)
    expect((await until(changes, 'insert')).row.id).toBe(2)
    await changes.close()
    await drop()
  }, 60_000)

  test('by the end of its walsender, in the middle of a transaction, begins that anew', async () => {
    await using changes = open({ maxBufferedBytes: 10_000 })
    await changes.ready()
    await server.psql(`insert into kept select i, repeat('x', 1000) from generate_series(1, 5000) i`)
    await until(changes, 'insert')
    await server.psql(`select pg_terminate_backend(${await walsender()})`)
    await until(changes, 'reconnected')
    const ids: unknown[] = []
    for (;;) {
      const event = await next(changes)
      if (event.kind === 'insert') ids.push(event.row.id)
      if (event.kind === 'commit') break
    }
    expect(ids).toEqual(Array.from({ length: 5000 }, (_, i) => i + 1))
    await changes.close()
    await drop()
  }, 60_000)

  test('wherever it is cut, is replaced, and every row comes', async () => {
    const url = `postgres://postgres@127.0.0.1:${proxy.port}/postgres?sslmode=disable`
    const coroutines = all().length
    let runs = 0
    await expectNoDescriptorLeak(async () => {
      const changes = open({}, url)
      await changes.ready()
      const seen = new Set<unknown>()
      let losses = 0
      const base = 1000 * ++runs
      for (let step = 1; step <= 12; step++) {
        const id = base + step
        // The next connection is cut somewhere, from its start-up to its reports, and those after it are not.
        const direction = id % 2 === 0 ? 'toClient' : 'toUpstream'
        proxy.reshape({ [direction]: { cutAfterBytes: step * CUT_STEP, cut: id % 4 < 2 ? 'end' : 'reset' } })
        const bytes = proxy.bytesToUpstream
        proxy.cutNow()
        await expect.poll(() => proxy.bytesToUpstream, { interval: 1 }).toBeGreaterThan(bytes)
        proxy.reshape({})
        await insert(id)
        while (!seen.has(id)) {
          const event = await next(changes)
          if (event.kind === 'insert') seen.add(event.row.id)
          if (event.kind === 'reconnected') losses++
          if (event.kind === 'commit' && id % 3 === 0) changes.acknowledge(event.lsn)
        }
      }
      expect(seen.size).toBeGreaterThanOrEqual(12)
      expect(losses).toBeGreaterThan(5)
      await changes.close()
      // The proxy has descriptors in this process, too.
      await expect.poll(() => proxy.connections, { timeout: WAIT_MS }).toBe(0)
    })
    expect(all().length).toBe(coroutines)
    await expect.poll(walsender, { timeout: WAIT_MS }).toBe(0)
    await drop()
  }, 60_000)

  test('ends the iteration where nobody wants another, or the slot went with it', async () => {
    for (const options of [{ temporary: true }, { reconnect: false }]) {
      await using changes = open(options)
      await changes.ready()
      await server.psql(`select pg_terminate_backend(${await walsender()})`)
      await expect(withTimeout(WAIT_MS, () => until(changes, 'insert'))).rejects.toMatchObject({
        code: 'PG_BROKEN',
      })
    }
    await drop()
  }, 60_000)

  test('is given up when no other can be had in the time that was given', async () => {
    const own = await startCuttingProxy({ upstream: server })
    const changes = open(
      { reconnectTimeoutMs: 200 },
      `postgres://postgres@127.0.0.1:${own.port}/postgres?sslmode=disable`,
    )
    await changes.ready()
    await own.close()
    await expect(until(changes, 'insert')).rejects.toMatchObject({ code: 'PG_CONNECT' })
    await changes.close()
    await expect.poll(walsender, { timeout: WAIT_MS }).toBe(0)
    await drop()
  }, 60_000)

  test('is no reason to try again what the server has refused', async () => {
    const changes = open({ publications: ['kept', 'of nobody'] })
    await changes.ready()
    await insert(1)
    await expect(until(changes, 'commit')).rejects.toMatchObject({ code: 'PG_SERVER', sqlState: '42704' })
    await changes.close()
    await expect.poll(walsender, { timeout: WAIT_MS }).toBe(0)
    await drop()
  })
})

describe('a program that takes its time', () => {
  test('is not taken for dead, keeps a bounded part of a large transaction, and gets all of it', async () => {
    await using changes = open({ maxBufferedBytes: 100_000 })
    await changes.ready()
    const before = await heapUsedAfterGc()
    await server.psql(`insert into kept select i, repeat(md5(i::text), 100) from generate_series(1, 20000) i`)
    const pid = await walsender()
    // The server hears reports for twice the time after which it would have ended the connection.
    const [, replied] = [
      pid,
      await server.psql(`select reply_time from pg_stat_replication where pid = ${pid}`),
    ]
    const has = `select reply_time - '${replied}' > '${2 * SENDER_TIMEOUT_MS} ms' from pg_stat_replication where pid = ${pid}`
    await expect.poll(() => server.psql(has), { timeout: WAIT_MS, interval: 100 }).toBe('t')
    expect((await heapUsedAfterGc()) - before).toBeLessThan(8_000_000)
    let rows = 0
    for (;;) {
      const event = await next(changes)
      expect(event.kind).not.toBe('reconnected')
      if (event.kind === 'insert') {
        rows++
        if (event.row.id !== rows) throw new Error(`row ${rows} is ${String(event.row.id)}`)
      }
      if (event.kind === 'commit') break
    }
    expect(rows).toBe(20_000)
    expect(await walsender()).toBe(pid)
    await changes.close()
    await drop()
  }, 60_000)

  test('that leaves in the middle of a large transaction does not wait for its end longer than it was told', async () => {
    const changes = replicate(
      { url: server.url, drainTimeoutMs: 300 },
      { slot, publications: ['kept'], createSlot: true, maxBufferedBytes: 10_000 },
    )
    await changes.ready()
    await server.psql(`insert into kept select i, repeat('x', 1000) from generate_series(1, 20000) i`)
    for await (const { kind } of changes) if (kind === 'insert') break
    expect(await changes.next()).toEqual({ done: true, value: undefined })
    await expect.poll(walsender, { timeout: WAIT_MS }).toBe(0)
    await drop()
  }, 60_000)

  test('does not wait for the end of the connection when it is cancelled while leaving', async () => {
    proxy.reshape({})
    const changes = open({}, `postgres://postgres@127.0.0.1:${proxy.port}/postgres?sslmode=disable`)
    await changes.ready()
    proxy.cutNow('stall')
    const leaving = spawn(() => changes.close())
    await expect.poll(() => leaving.waitingOn).toBeTruthy()
    leaving.interrupt()
    await expect(leaving.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    proxy.cutNow()
    await changes.close()
    await expect.poll(walsender, { timeout: WAIT_MS }).toBe(0)
    await drop()
  }, 60_000)
})

describe('the place in the log', () => {
  const confirmed = async () => {
    await using db = await connect(server.url)
    return (await replicationSlot(db, slot))?.confirmedLsn ?? 0n
  }
  const current = async () => parseLsn(await server.psql('select pg_current_wal_lsn()'))

  test('moves on while nothing is to be acknowledged, and not while something is', async () => {
    await using changes = open({ statusIntervalMs: 50 })
    await changes.ready()
    await server.psql('insert into unpublished select generate_series(1, 1000)')
    const quiet = await current()
    await expect.poll(async () => (await confirmed()) >= quiet, { timeout: WAIT_MS }).toBe(true)
    await insert(1)
    const commit = await until(changes, 'commit')
    await server.psql('insert into unpublished select generate_series(1, 1000)')
    const later = await current()
    // A second change has come: the server has said all that it has to say up to it.
    await insert(2)
    const second = await until(changes, 'commit')
    expect(await confirmed()).toBeLessThan(commit.lsn)
    changes.acknowledge(commit.lsn)
    await expect.poll(confirmed, { timeout: WAIT_MS }).toBe(commit.lsn)
    changes.acknowledge(second.lsn)
    await expect.poll(async () => (await confirmed()) >= later, { timeout: WAIT_MS }).toBe(true)
    await changes.close()
    await drop()
  }, 60_000)

  test('to begin at can be given, and what is before it does not come', async () => {
    const first = open()
    await first.ready()
    await insert(1)
    const { lsn } = await until(first, 'commit')
    await insert(2)
    await until(first, 'commit')
    await first.close()
    await using second = open({ startLsn: lsn })
    expect((await until(second, 'insert')).row.id).toBe(2)
    await second.close()
    await drop()
  })

  test('of a message outside of transactions is acknowledged as well', async () => {
    const first = open({ messages: true })
    await first.ready()
    await server.psql(`select pg_logical_emit_message(false, 'p', 'one')`)
    await insert(1)
    first.acknowledge((await until(first, 'message')).lsn)
    await first.close()
    await using second = open({ messages: true })
    expect((await next(second)).kind).toBe('begin')
    await second.close()
    await drop()
  })
})
