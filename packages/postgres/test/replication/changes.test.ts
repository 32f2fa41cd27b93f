/** What a real server's changes look like in an iteration. */
import { Interrupted, spawn, withTimeout, yieldSlice } from '@shrapnel/core'
import { expectNoDescriptorLeak, type PostgresServer, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  connect,
  createReplicationSlot,
  dropReplicationSlot,
  formatLsn,
  parseLsn,
  type Replication,
  type ReplicationEvent,
  type ReplicationOptions,
  replicate,
  replicationSlot,
  UNCHANGED,
} from '../../src/index.js'

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres({
    config: { wal_level: 'logical', max_replication_slots: 20, max_wal_senders: 20 },
  })
}, 60_000)

afterAll(() => server.stop())

let slots = 0
const WAIT_MS = 20_000

/** A slot of its own, gone when the test is over. */
async function open(options: Partial<ReplicationOptions> = {}): Promise<Replication> {
  const changes = replicate(server.url, {
    slot: `changes_${++slots}`,
    publications: ['everything'],
    temporary: true,
    ...options,
  })
  await withTimeout(WAIT_MS, () => changes.ready())
  return changes
}

/** Up to the commit, with it. */
async function transaction(changes: Replication, last = 'commit'): Promise<ReplicationEvent[]> {
  const events: ReplicationEvent[] = []
  do {
    const { value } = await withTimeout(WAIT_MS, () => changes.next())
    if (value === undefined) throw new Error('it has ended')
    events.push(value)
  } while (events.at(-1)?.kind !== last)
  return events
}

const kinds = (events: readonly ReplicationEvent[]) => events.map(({ kind }) => kind)

beforeAll(async () => {
  await server.psql('create publication everything for all tables')
})

describe('a change', () => {
  test('is an insert, an update or a delete, with rows by the types of the columns', async () => {
    await server.psql('create table plain (id int primary key, name text, born timestamptz, tags int[])')
    await using changes = await open()
    await server.psql(
      `insert into plain values (1, 'Ada', '1815-12-10T00:00:00Z', '{1,2}'), (2, null, null, null)`,
    )
    const inserted = await transaction(changes)
    expect(kinds(inserted)).toEqual(['begin', 'relation', 'insert', 'insert', 'commit'])
    expect(inserted[1]).toMatchObject({
      relation: { schema: 'public', table: 'plain', replicaIdentity: 'default' },
    })
    expect(inserted[2]).toMatchObject({
      row: { id: 1, name: 'Ada', born: new Date('1815-12-10T00:00:00Z'), tags: [1, 2] },
    })
    expect(inserted[3]).toMatchObject({ row: { id: 2, name: null, born: null, tags: null } })
    await server.psql(`begin; update plain set name = 'Bob' where id = 2; update plain set id = 3 where id = 2;
      delete from plain where id = 1; commit`)
    const [, first, second, third] = await transaction(changes)
    expect(first).toMatchObject({ kind: 'update', row: { id: 2, name: 'Bob' } })
    expect(first).not.toHaveProperty('oldKey')
    expect(second).toMatchObject({ kind: 'update', row: { id: 3 }, oldKey: { id: 2 } })
    expect(third).toMatchObject({ kind: 'delete', oldKey: { id: 1 } })
    expect(third).not.toHaveProperty('oldRow')
  })

  test('has the old row where the replica identity is full, and the columns of the index where it is one', async () => {
    await server.psql(`create table whole (id int, name text); alter table whole replica identity full;
      create table indexed (a int not null, b int not null, c int); create unique index by_b on indexed (b);
      alter table indexed replica identity using index by_b`)
    await using changes = await open()
    await server.psql(`begin; insert into whole values (1, 'a'); update whole set name = 'b'; delete from whole;
      insert into indexed values (1, 2, 3); delete from indexed; commit`)
    const events = await transaction(changes)
    expect(kinds(events)).toEqual([
      'begin',
      'relation',
      'insert',
      'update',
      'delete',
      'relation',
      'insert',
      'delete',
      'commit',
    ])
    expect(events[3]).toMatchObject({ row: { id: 1, name: 'b' }, oldRow: { id: 1, name: 'a' } })
    expect(events[4]).toMatchObject({ oldRow: { id: 1, name: 'b' } })
    expect((events[7] as { oldKey: unknown }).oldKey).toEqual({ b: 2 })
  })

  test('is an insert alone where the replica identity is nothing, and the publication wants no more', async () => {
    await server.psql(`create table mute (id int); alter table mute replica identity nothing;
      create publication only_inserts for table mute with (publish = 'insert')`)
    await server.psql(`create table other (id int primary key)`)
    await using changes = await open({ publications: ['only_inserts'] })
    await server.psql(`insert into other values (1)`)
    await server.psql(`insert into mute values (1)`)
    // Servers before 15 show a transaction of which nothing is wanted, without its changes.
    const first = await transaction(changes)
    const events = first.length > 2 ? first : await transaction(changes)
    expect(kinds(events)).toEqual(['begin', 'relation', 'insert', 'commit'])
    expect(events[1]).toMatchObject({ relation: { table: 'mute', replicaIdentity: 'nothing' } })
    expect(events[2]).toMatchObject({ row: { id: 1 } })
  })

  test('of a row whose large value was not changed says so in its place', async () => {
    await server.psql(`create table large (id int primary key, body text, n int)`)
    await using changes = await open()
    // It does not compress.
    await server.psql(
      `insert into large select 1, string_agg(md5(i::text), ''), 0 from generate_series(1, 2000) i`,
    )
    const [, , inserted] = await transaction(changes)
    expect(inserted).toMatchObject({ row: { body: expect.stringMatching(/^.{64000}$/) } })
    await server.psql('update large set n = 1')
    const [, updated] = await transaction(changes)
    expect((updated as unknown as { row: unknown }).row).toEqual({ id: 1, body: UNCHANGED, n: 1 })
  })

  test('is a truncate of several tables, with what was said to it', async () => {
    await server.psql(
      `create table parent (id serial primary key); create table child (id int references parent)`,
    )
    await using changes = await open()
    await server.psql('truncate parent restart identity cascade')
    const events = await transaction(changes)
    expect(events.find(({ kind }) => kind === 'truncate')).toMatchObject({
      relations: [{ table: 'parent' }, { table: 'child' }],
      restartsIdentity: true,
    })
  })

  test('may be a message of a program, in a transaction or outside of any', async () => {
    await using changes = await open({ messages: true })
    await server.psql(`select pg_logical_emit_message(false, 'outside', 'one')`)
    const [outside] = await transaction(changes, 'message')
    expect(outside).toMatchObject({ kind: 'message', isTransactional: false, prefix: 'outside' })
    await server.psql(`select pg_logical_emit_message(true, 'inside', 'two')`)
    const inside = await transaction(changes)
    expect(kinds(inside)).toEqual(['begin', 'message', 'commit'])
    expect(inside[1]).toMatchObject({ isTransactional: true, prefix: 'inside', content: Buffer.from('two') })
  })

  test('has its own types read from the catalogue: enums, domains, composites and lists of them', async () => {
    await server.psql(`create type mood as enum ('sad', 'glad'); create domain age as int;
      create type place as (x int, y int);
      create table own (id int primary key, m mood, ms mood[], a age, p place, ps place[])`)
    await using changes = await open()
    await server.psql(`insert into own values (1, 'glad', '{sad,glad}', 7, '(1,2)', '{"(3,4)"}')`)
    const [, , , , ...rest] = await transaction(changes)
    const inserted = rest.find(({ kind }) => kind === 'insert') ?? rest[0]
    expect((inserted as { row: unknown }).row).toEqual({
      id: 1,
      m: 'glad',
      ms: ['sad', 'glad'],
      a: 7,
      p: { x: 1, y: 2 },
      ps: [{ x: 3, y: 4 }],
    })
    await server.psql(`create type later as enum ('yes'); create table new (id int primary key, l later[]);
      insert into new values (1, '{yes}')`)
    expect((await transaction(changes)).find(({ kind }) => kind === 'insert')).toMatchObject({
      row: { l: ['yes'] },
    })
  })

  test('is the same in binary as it is in text', async () => {
    await server.psql(
      `create table both_ways (id int8 primary key, f float8, b bytea, t timestamptz, j jsonb, n numeric, u uuid, a text[])`,
    )
    await using text = await open()
    await using binary = await open({ binary: true })
    await server.psql(`insert into both_ways values (9007199254740993, 0.1, '\\x00ff', '2001-02-03T04:05:06.789Z', '{"a": [1]}', 12.340,
      'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{x,null}')`)
    const rowOf = async (changes: Replication) =>
      ((await transaction(changes)).find(({ kind }) => kind === 'insert') as { row: unknown }).row
    const [one, other] = [await rowOf(text), await rowOf(binary)]
    expect(one).toEqual(other)
    expect(one).toMatchObject({ b: Buffer.from([0, 255]), j: { a: [1] }, n: '12.340' })
  })

  test('of a large transaction comes while that is under way, and not at all once it was rolled back', async () => {
    await server.psql('create table streamed (id int, filler text)')
    await server.psql(`alter system set logical_decoding_work_mem = '64kB'`)
    await server.psql('select pg_reload_conf()')
    await using changes = await open({ streaming: true })
    await server.psql(`insert into streamed select i, repeat('x', 100) from generate_series(1, 3000) i`)
    const events = await transaction(changes, 'stream-commit')
    const inserts = events.filter(({ kind }) => kind === 'insert')
    expect(inserts).toHaveLength(3000)
    expect(events[0]).toMatchObject({ kind: 'stream-start', isFirst: true })
    const { transactionId } = events[0] as { transactionId: number }
    expect(
      inserts.every((each) => (each as { transactionId?: number }).transactionId === transactionId),
    ).toBe(true)
    await server.psql(
      `begin; insert into streamed select i, repeat('x', 100) from generate_series(1, 3000) i; rollback`,
    )
    await server.psql(`insert into streamed values (0, '')`)
    const after = await transaction(changes)
    expect(kinds(after).filter((kind) => kind === 'stream-commit')).toEqual([])
    expect(after.at(-2)).toMatchObject({ kind: 'insert', row: { id: 0 } })
  })

  test('of a transaction that is prepared comes then, and its end when that is', async () => {
    await server.psql('create table prepared (id int primary key)')
    await server.psql('alter system set max_prepared_transactions = 2')
    await server.restart()
    await using changes = await open({ twoPhase: true })
    await server.psql(`begin; insert into prepared values (1); prepare transaction 'one'`)
    expect(kinds(await transaction(changes, 'prepare'))).toEqual([
      'begin-prepare',
      'relation',
      'insert',
      'prepare',
    ])
    await server.psql(`commit prepared 'one'`)
    expect(kinds(await transaction(changes, 'commit-prepared'))).toEqual(['commit-prepared'])
    await server.psql(`begin; insert into prepared values (2); prepare transaction 'two'`)
    await server.psql(`rollback prepared 'two'`)
    expect(kinds(await transaction(changes, 'rollback-prepared'))).toEqual([
      'begin-prepare',
      'insert',
      'prepare',
      'rollback-prepared',
    ])
  })
})

describe('a slot', () => {
  test('is made, found, and dropped over any connection', async () => {
    await using db = await connect(server.url)
    const lsn = await createReplicationSlot(db, 'by_hand')
    expect(await replicationSlot(db, 'by_hand')).toMatchObject({ isActive: false, confirmedLsn: lsn })
    await expect(createReplicationSlot(db, 'by_hand')).rejects.toMatchObject({ sqlState: '42710' })
    expect(await dropReplicationSlot(db, 'by_hand')).toBe(true)
    expect(await dropReplicationSlot(db, 'by_hand')).toBe(false)
    expect(await replicationSlot(db, 'by_hand')).toBeUndefined()
  })

  test('is free when a loop that was left is over', async () => {
    await using db = await connect(server.url)
    await db.query('create table left_loop (id int primary key)')
    const changes = await open({ slot: 'left', temporary: false, createSlot: true })
    await db.query('insert into left_loop values (1)')
    for await (const change of changes) {
      if (change.kind !== 'commit') continue
      changes.acknowledge(change.lsn)
      break
    }
    expect(changes.isClosed).toBe(true)
    expect((await replicationSlot(db, 'left'))?.isActive).toBe(false)
    expect((await replicationSlot(db, 'left'))?.confirmedLsn).toBe(changes.acknowledged)
    expect(await changes.next()).toEqual({ done: true, value: undefined })
    expect(await dropReplicationSlot(db, 'left')).toBe(true)
  })

  test('that is not there ends it at once, with what the server says', async () => {
    await using changes = replicate(server.url, { slot: 'nowhere', publications: ['everything'] })
    await expect(changes.next()).rejects.toMatchObject({ code: 'PG_SERVER', sqlState: '42704' })
    await expect(changes.ready()).rejects.toMatchObject({ code: 'PG_SERVER', sqlState: '42704' })
  })

  test('gives nothing again that was acknowledged, and all that was not', async () => {
    await using db = await connect(server.url)
    await db.query('create table again (id int primary key)')
    const options = { slot: 'again', publications: ['everything'], createSlot: true } as const
    const idsOf = (events: readonly ReplicationEvent[]) =>
      events.flatMap((event) => (event.kind === 'insert' ? [event.row.id] : []))
    const first = replicate(server.url, options)
    await first.ready()
    for (const id of [1, 2, 3]) await db.query('insert into again values ($1)', [id])
    const events = [
      ...(await transaction(first)),
      ...(await transaction(first)),
      ...(await transaction(first)),
    ]
    expect(idsOf(events)).toEqual([1, 2, 3])
    first.acknowledge((events.filter(({ kind }) => kind === 'commit')[1] as { lsn: bigint }).lsn)
    await first.close()
    await using second = replicate(server.url, options)
    expect(idsOf(await transaction(second))).toEqual([3])
    // Acknowledging inside of a transaction holds for those before it alone.
    await db.query('insert into again values (4)')
    const fourth = await transaction(second)
    second.acknowledge((fourth.find(({ kind }) => kind === 'insert') as { lsn: bigint }).lsn)
    await second.close()
    await using third = replicate(server.url, options)
    expect(idsOf(await transaction(third))).toEqual([4])
    await third.close()
    await dropReplicationSlot(db, 'again')
  })
})

describe('positions', () => {
  test('are written as the server does', () => {
    expect(formatLsn(0x16_b374_d848n)).toBe('16/B374D848')
    expect(parseLsn('16/B374D848')).toBe(0x16_b374_d848n)
    expect(parseLsn(formatLsn(0xffff_ffff_ffff_ffffn))).toBe(0xffff_ffff_ffff_ffffn)
    for (const wrong of ['', '16', '16/', '/1', '1/2/3', 'x/1', '123456789/0'])
      expect(() => parseLsn(wrong)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
  })

  test('that were not given yet cannot be acknowledged', async () => {
    await using changes = await open()
    expect(() => changes.acknowledge(2n ** 60n)).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    )
  })
})

describe('cancelled', () => {
  test('a wait for a change loses none', async () => {
    await server.psql('create table patient (id int primary key)')
    await using changes = await open()
    for (let round = 0; round < 20; round++) {
      const waiting = spawn(() => changes.next())
      while (!waiting.waitingOn) await yieldSlice()
      waiting.interrupt()
      await expect(waiting.join()).rejects.toThrow(Interrupted)
    }
    await server.psql('insert into patient values (1)')
    expect(kinds(await transaction(changes))).toEqual(['begin', 'relation', 'insert', 'commit'])
  })

  test('by closing at any time, it leaves no connection', async () => {
    await expectNoDescriptorLeak(async () => {
      for (let turns = 0; turns < 40; turns++) {
        const changes = replicate(server.url, {
          slot: 'early',
          publications: ['everything'],
          temporary: true,
        })
        for (let i = 0; i < turns; i++) await yieldSlice()
        await changes.close()
        expect(await changes.next()).toEqual({ done: true, value: undefined })
      }
    })
    await expect
      .poll(() => server.psql(`select count(*) from pg_replication_slots where slot_name = 'early'`))
      .toBe('0')
  })
})
