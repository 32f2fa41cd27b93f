/** COPY in both directions against a real server. */
import { memoryStreamPair, sleep, spawn, withTimeout } from '@shrapnel/core'
import { collectGarbage, type PostgresServer, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Connection, connect, pool, sql } from '../../src/index.js'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
  await server.psql('create table t (n int, s text); create table u (n int primary key, s text)')
}, 60_000)
beforeEach(() => server.psql('truncate t, u'))
afterAll(() => server.stop())

const place = () => ({ host: server.unixFolder, port: server.port, user: 'postgres', database: 'postgres' })
const open = (settings = {}) => connect({ ...place(), ...settings })
const ENDLESS = 'copy (select generate_series(1, 1000000000)) to stdout'

async function expectClean(db: Connection): Promise<void> {
  expect(await withTimeout(5_000, () => db.query('select $1::int as n', [7]))).toEqual([{ n: 7 }])
  expect(db.isReusable).toBe(true)
}

const count = async (table = 't') => Number(await server.psql(`select count(*) from ${table}`))
const stateOf = (db: { readonly processId: number }) =>
  server.psql(`select state from pg_stat_activity where pid = ${db.processId}`)

async function listOf<R>(rows: AsyncIterable<R>): Promise<R[]> {
  const all: R[] = []
  for await (const row of rows) all.push(row)
  return all
}

function* rows(n: number): Generator<readonly [number, string]> {
  for (let i = 0; i < n; i++) yield [i, `row ${i}`]
}

describe('copyTo', () => {
  test('gives every byte, in few pieces', async () => {
    await using db = await open()
    const copy = db.copyTo(sql`copy (select n, 'x' || n from generate_series(1, 10000) n) to stdout`)
    const pieces = await listOf(copy)
    const text = Array.from({ length: 10_000 }, (_, i) => `${i + 1}\tx${i + 1}\n`).join('')
    expect(Buffer.concat(pieces).toString()).toBe(text)
    expect(pieces.length).toBeLessThan(200)
    expect(copy.rowCount).toBe(10_000)
    expect(await listOf(db.copyTo('copy (select 1 where false) to stdout'))).toEqual([])
    await expectClean(db)
  })

  test('gives rows of text, CSV and binary, and values if it is told the types', async () => {
    await using db = await open()
    const from = `(values (1, 'a"b,c'), (null, E'tab\\t\\\\'), (3, '')) v (n, s)`
    const texts = [
      ['1', 'a"b,c'],
      [null, 'tab\t\\'],
      ['3', ''],
    ]
    const values = [
      [1, 'a"b,c'],
      [null, 'tab\t\\'],
      [3, ''],
    ]
    const types = ['int4', 'text']
    const select = `copy (select * from ${from}) to stdout`
    expect(await listOf(db.copyTo(select, { rows: 'text' }))).toEqual(texts)
    expect(await listOf(db.copyTo(select, { rows: 'text', types }))).toEqual(values)
    expect(await listOf(db.copyTo(`${select} (format csv)`, { rows: 'csv' }))).toEqual(texts)
    expect(
      await listOf(db.copyTo(`${select} (format csv, header)`, { rows: 'csv', hasHeader: true, types })),
    ).toEqual(values)
    expect(await listOf(db.copyTo(`${select} (format binary)`, { rows: 'binary', types }))).toEqual(values)
    expect(
      await listOf(db.copyTo(`${select} (format binary)`, { rows: 'binary', types, batches: true })),
    ).toEqual([values])
    const [[list]] = (await listOf(
      db.copyTo(`copy (select '{1,2}'::int[]) to stdout`, { rows: 'text', types: ['int4[]'] }),
    )) as [[unknown]]
    expect(list).toEqual([1, 2])
    await expectClean(db)
  })

  test('says when rows are in another format than it was told', async () => {
    await using db = await open()
    const binary = 'copy (select 1) to stdout (format binary)'
    await expect(db.copyTo(binary, { rows: 'text' }).next()).rejects.toMatchObject({ code: 'PG_USAGE' })
    await expect(db.copyTo('copy (select 1) to stdout', { rows: 'binary' }).next()).rejects.toMatchObject({
      code: 'PG_USAGE',
    })
    await expect(db.copyTo(binary, { rows: 'binary', types: ['nonsense'] }).next()).rejects.toThrow(
      /nonsense/,
    )
    await expect(db.copyTo(binary, { rows: 'binary', types: ['int8'] }).next()).rejects.toMatchObject({
      code: 'PG_PROTOCOL',
    })
    await expectClean(db)
  })

  test('that is left is cancelled on the server, and the connection is used again', async () => {
    await using db = await open()
    for await (const _ of db.copyTo(ENDLESS)) break
    await expectClean(db)
    expect(await stateOf(db)).toBe('idle')
    for await (const row of db.copyTo(ENDLESS, { rows: 'text' })) if (row[0] === '500') break
    await expectClean(db)
  })

  test('cancelled while it waits, or while its reader does something else, leaves a clean connection', async () => {
    await using db = await open()
    const slow = db.copyTo('copy (select pg_sleep(100)) to stdout')
    await expect(withTimeout(20, () => slow.next())).rejects.toMatchObject({ code: 'TIMEOUT' })
    await expectClean(db)
    await expect(
      db.copyTo('copy (select pg_sleep(100)) to stdout', { timeoutMs: 20 }).next(),
    ).rejects.toMatchObject({ code: 'PG_TIMEOUT' })
    await expectClean(db)
    for (let ms = 0; ms < 20; ms++) {
      const reader = spawn(async () => {
        for await (const _ of db.copyTo(ENDLESS)) await sleep(ms % 3)
      })
      await sleep(ms / 2)
      reader.interrupt()
      await expect(reader.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
      await expectClean(db)
    }
  })

  test('that nobody takes from holds little, and the server waits', async () => {
    await using db = await open()
    const copy = db.copyTo(ENDLESS, { bufferBytes: 100_000 })
    await copy.next()
    const waits = () => server.psql(`select wait_event from pg_stat_activity where pid = ${db.processId}`)
    await expect.poll(waits, { timeout: 5_000, interval: 10 }).toBe('ClientWrite')
    collectGarbage()
    const before = process.memoryUsage().arrayBuffers
    await sleep(50)
    collectGarbage()
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000)
    await copy.return()
    await expectClean(db)
  })

  test('goes into a stream as fast as that takes it', async () => {
    await using db = await open()
    const [near, far] = memoryStreamPair()
    const received = spawn(async () => {
      let bytes = 0
      for (;;) {
        const block = await far.recv(100_000)
        if (block.length === 0) return bytes
        bytes += block.length
      }
    })
    const copied = await db
      .copyTo(`copy (select repeat('x', 99) from generate_series(1, 20000)) to stdout`)
      .pipeTo(near)
    await near.shutdown()
    expect(copied).toBe(20_000)
    expect(await received.join()).toBe(2_000_000)
    near.close()
    await expect(db.copyTo(ENDLESS).pipeTo(near)).rejects.toMatchObject({ code: 'CLOSED' })
    await expectClean(db)
  })

  test('fails as the server does, after what has come, and refuses what is no COPY', async () => {
    await using db = await open()
    const copy = db.copyTo('copy (select 1 / (n - 5000) from generate_series(1, 9999) n) to stdout')
    let bytes = 0
    const read = async () => {
      for await (const piece of copy) bytes += piece.length
    }
    await expect(read()).rejects.toMatchObject({ code: 'PG_SERVER', sqlState: '22012' })
    expect(bytes).toBeGreaterThan(0)
    await expect(db.copyTo('select 1').next()).rejects.toMatchObject({ code: 'PG_USAGE', query: 'select 1' })
    await expect(db.copyTo('copy nonsense to stdout').next()).rejects.toMatchObject({ sqlState: '42P01' })
    await expect(db.copyTo('copy t to stdout; drop table t').next()).rejects.toMatchObject({
      sqlState: '42601',
    })
    expect(() => db.copyTo(sql`copy (select ${1}) to stdout`)).toThrow(/no values/)
    await expectClean(db)
    await expect(db.copyTo('copy t from stdin').next()).rejects.toMatchObject({ code: 'PG_USAGE' })
  })

  test('loses its server', async () => {
    await using db = await open()
    const read = async () => {
      for await (const _ of db.copyTo(ENDLESS))
        server.psql(`select pg_terminate_backend(${db.processId})`).catch(() => {})
    }
    await expect(read()).rejects.toMatchObject({ code: expect.stringMatching(/PG_BROKEN|PG_SERVER/) })
    await expect.poll(() => db.isOpen).toBe(false)
  })
})

describe('copyFrom', () => {
  test('sends bytes, texts and rows, from everything that can be looped over', async () => {
    await using db = await open()
    const text = '1\tone\n2\ttwo\n'
    expect(await db.copyFrom(sql`copy t from stdin`, text)).toBe(2)
    expect(await db.copyFrom('copy t from stdin', Buffer.from(text))).toBe(2)
    expect(await db.copyFrom('copy t from stdin', [text, Buffer.from(text)])).toBe(4)
    expect(await db.copyFrom('copy t from stdin', text.match(/./gs) ?? [])).toBe(2)
    expect(await db.copyFrom('copy t from stdin', [])).toBe(0)
    expect(await db.copyFrom('copy t from stdin', rows(1000))).toBe(1000)
    const later = (async function* () {
      for (const row of rows(10)) {
        await sleep(0)
        yield row
      }
    })()
    expect(await db.copyFrom('copy t from stdin', later)).toBe(10)
    const [near, far] = memoryStreamPair()
    const sender = spawn(async () => {
      await far.send(text.repeat(50_000))
      await far.shutdown()
    })
    expect(await db.copyFrom('copy t from stdin', near)).toBe(100_000)
    await sender.join()
    expect(near.isClosed).toBe(false)
    expect(await count()).toBe(101_020)
    await expectClean(db)
  })

  test('writes rows as text, CSV and binary, and reads back what it wrote', async () => {
    await using db = await open()
    await db.query('create temp table v (n int, s text, at timestamptz, l int[], b bytea, j jsonb)')
    const types = ['int4', 'text', 'timestamptz', 'int4[]', 'bytea', 'jsonb']
    const values = [
      [1, 'a\tb\\\n"c",', new Date(1e12), [1, 2], Buffer.from('ab'), { a: 1 }],
      [null, '', null, [], Buffer.alloc(0), null],
      [-5, '\\.', new Date(0), [3], Buffer.from([0, 255]), 7],
    ]
    const written: unknown[] = []
    for (const rows of ['text', 'csv', 'binary'] as const) {
      await db.query('truncate v')
      const { with: format, nullText } = {
        text: { with: '' },
        csv: { with: '(format csv)' },
        binary: { with: '(format binary)' },
      }[rows] as { with: string; nullText?: string }
      expect(await db.copyFrom(`copy v from stdin ${format}`, values, { rows, types, nullText })).toBe(3)
      written.push([...(await db.query('select * from v'))])
    }
    expect(written[1]).toEqual(written[0])
    expect(written[2]).toEqual(written[0])
    expect(written[0]).toMatchObject([
      { n: 1, s: 'a\tb\\\n"c",', l: [1, 2], j: { a: 1 } },
      { n: null, s: '' },
      { n: -5, s: '\\.' },
    ])
    expect(await db.copyFrom('copy v from stdin (format binary)', [], { rows: 'binary', types })).toBe(0)
  })

  test('refuses rows that cannot be written, and copies none', async () => {
    await using db = await open()
    const bad = [
      [1, 'fine'],
      [2, { not: 'text' }],
    ]
    await expect(db.copyFrom('copy t from stdin', bad)).rejects.toMatchObject({ code: 'PG_PARAMETER' })
    const binary = 'copy t from stdin (format binary)'
    await expect(db.copyFrom(binary, [[1, 'a']], { types: ['int8', 'text'] })).rejects.toMatchObject({
      sqlState: '22P03',
    })
    await expect(db.copyFrom(binary, [['x', 'y']], { types: ['int4', 'text'] })).rejects.toMatchObject({
      code: 'PG_PARAMETER',
    })
    await expect(db.copyFrom(binary, [[1]])).rejects.toMatchObject({ code: 'PG_USAGE' })
    await expect(db.copyFrom(binary, [[1, 'a']], { rows: 'csv' })).rejects.toMatchObject({ code: 'PG_USAGE' })
    await expect(db.copyFrom('copy t from stdin', [7 as never])).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    })
    await expect(db.copyFrom('copy t from stdin', 7 as never)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    })
    await expectClean(db)
    expect(await count()).toBe(0)
  })

  test('whose source fails copies nothing, and the error is the source’s', async () => {
    await using db = await open()
    for (const before of [0, 10, 20_000]) {
      const failing = function* () {
        yield* rows(before)
        throw new Error('the source is broken\0')
      }
      await expect(db.copyFrom('copy t from stdin', failing())).rejects.toThrow('the source is broken')
      expect(db.isReusable).toBe(true)
    }
    expect(await count()).toBe(0)
    await expectClean(db)
  })

  test('that the server refuses stops asking the source, and closes it', async () => {
    await using db = await open()
    let given = 0
    let isClosed = false
    const source = async function* () {
      try {
        for (;;) {
          await sleep(0)
          yield given++ === 3 ? 'no number\tx\n' : `${given}\tx\n`.repeat(2_000)
        }
      } finally {
        isClosed = true
      }
    }
    await expect(withTimeout(5_000, () => db.copyFrom('copy t from stdin', source()))).rejects.toMatchObject({
      code: 'PG_SERVER',
      sqlState: '22P02',
    })
    expect(isClosed).toBe(true)
    await expectClean(db)
    expect(await count()).toBe(0)
  })

  test('that the server refuses while the source has nothing to say does not wait for it', async () => {
    await using db = await open()
    const promise = new Promise<never>(() => {})
    const foreign = (async function* () {
      yield 'no number\tx\n'.repeat(20_000)
      yield await promise
    })()
    await expect(withTimeout(5_000, () => db.copyFrom('copy t from stdin', foreign))).rejects.toMatchObject({
      sqlState: '22P02',
    })
    const [near, far] = memoryStreamPair()
    const sender = spawn(() => far.send('no number\tx\n'.repeat(20_000)))
    await expect(withTimeout(5_000, () => db.copyFrom('copy t from stdin', near))).rejects.toMatchObject({
      sqlState: '22P02',
    })
    await expectClean(db)
    far.close()
    near.close()
    await sender.join().catch(() => {})
  })

  test('cancelled at any moment copies nothing, and leaves a clean connection', async () => {
    await using db = await open()
    const endless = async function* () {
      for (;;) {
        yield '1\tx\n'.repeat(10_000)
        await sleep(0)
      }
    }
    for (let ms = 0; ms < 30; ms++) {
      const copying = spawn(() => db.copyFrom('copy t from stdin', endless()))
      await sleep(ms / 3)
      copying.interrupt()
      await expect(copying.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
      await expectClean(db)
    }
    const promise = new Promise<never>(() => {})
    const stuck = (async function* () {
      yield await promise
    })()
    await expect(withTimeout(20, () => db.copyFrom('copy t from stdin', stuck))).rejects.toMatchObject({
      code: 'TIMEOUT',
    })
    await expectClean(db)
    expect(await count()).toBe(0)
  })

  test('cancelled while the server waits for a lock is cancelled there', async () => {
    await using owner = await open()
    await using db = await open()
    await owner.script('begin; lock table t in access exclusive mode')
    await expect(withTimeout(30, () => db.copyFrom('copy t from stdin', rows(10)))).rejects.toMatchObject({
      code: 'TIMEOUT',
    })
    await expectClean(db)
    await expect(db.copyFrom('copy t from stdin', rows(10), { timeoutMs: 30 })).rejects.toMatchObject({
      code: 'PG_TIMEOUT',
    })
    await expectClean(db)
    await owner.script('rollback')
  })

  test('asks the source for no more than the server reads', async () => {
    await using owner = await open()
    await using db = await open()
    await owner.script('insert into u values (1, null); begin; update u set s = 1 where n = 1')
    let given = 0
    const source = function* () {
      yield '1\tx\n'
      for (; given < 10_000; given++) yield `${given + 10}\t${'x'.repeat(10_000)}\n`
    }
    // It waits for the row that the other one may give up.
    const copying = spawn(() => db.copyFrom('copy u from stdin', source()))
    await expect.poll(() => given, { interval: 20 }).toBeGreaterThan(5)
    await sleep(100)
    const before = given
    await sleep(50)
    expect(given).toBe(before)
    expect(given).toBeLessThan(1_000)
    await owner.script('delete from u where n = 1; commit')
    expect(await copying.join()).toBe(10_001)
  })

  test('refuses what is no COPY FROM STDIN before it is run, and closes the source', async () => {
    await using db = await open()
    let isClosed = false
    const source = {
      [Symbol.iterator]: () => ({
        next: () => ({ done: false as const, value: '1\tx\n' }),
        return: () => {
          isClosed = true
          return { done: true as const, value: undefined }
        },
      }),
    }
    await expect(db.copyFrom(`insert into t values (1)`, source)).rejects.toMatchObject({ code: 'PG_USAGE' })
    expect(isClosed).toBe(true)
    await expect(db.copyFrom(ENDLESS, [])).rejects.toMatchObject({ code: 'PG_USAGE' })
    await expectClean(db)
    await expect(db.copyFrom('copy t from stdin; truncate t', [])).rejects.toMatchObject({
      sqlState: '42601',
    })
    await expect(db.copyFrom('copy nonsense from stdin', [])).rejects.toMatchObject({ sqlState: '42P01' })
    await expectClean(db)
    expect(() => db.copyFrom('copy t from stdin', [], { batches: true } as object)).toThrow(
      /no option batches/,
    )
  })

  test('loses its server', async () => {
    await using db = await open()
    let isClosed = false
    const endless = async function* () {
      try {
        for (let i = 0; ; i++) {
          if (i === 50) server.psql(`select pg_terminate_backend(${db.processId})`).catch(() => {})
          yield '1\tx\n'.repeat(5_000)
          await sleep(0)
        }
      } finally {
        isClosed = true
      }
    }
    await expect(db.copyFrom('copy t from stdin', endless())).rejects.toMatchObject({
      code: expect.stringMatching(/PG_BROKEN|PG_SERVER/),
    })
    expect(isClosed).toBe(true)
    await expect(db.copyFrom('copy t from stdin', [])).rejects.toMatchObject({ code: 'PG_BROKEN' })
  })
})

test('in a transaction COPY is a part of it, and queries wait for it', async () => {
  await using db = await open()
  await db.begin(async (tx) => {
    const copying = tx.copyFrom('copy t from stdin', rows(10))
    const [row] = await tx.query('select count(*)::int as n from t')
    expect(await copying).toBe(10)
    expect(row?.n).toBeTypeOf('number')
    expect(await listOf(tx.copyTo('copy t to stdout', { rows: 'text' }))).toHaveLength(10)
  })
  expect(await count()).toBe(10)
  await expect(
    db.begin(async (tx) => {
      await tx.copyFrom('copy t from stdin', ['no number']).catch(() => {})
    }),
  ).rejects.toMatchObject({ sqlState: '22P02' })
  await expect(
    db.begin(async (tx) => {
      for await (const _ of tx.copyTo(ENDLESS)) break
    }),
  ).rejects.toThrow('rolled back')
  await expectClean(db)
})

test('a pool copies on a connection of its own', async () => {
  await using db = pool(place(), { maxConnections: 1 })
  expect(await db.copyFrom('copy t from stdin', rows(5))).toBe(5)
  expect(await listOf(db.copyTo('copy t to stdout', { rows: 'text' }))).toHaveLength(5)
  for await (const _ of db.copyTo(ENDLESS)) break
  expect(await db.query('select 1 as n')).toEqual([{ n: 1 }])
  await using lease = await db.lease()
  expect(await lease.copyFrom('copy t from stdin', rows(5))).toBe(5)
})

test('a million rows go in and out in little memory', async () => {
  await using db = await open()
  const before = process.memoryUsage()
  let most = 0
  const look = () => {
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    most = Math.max(most, heapUsed + arrayBuffers - before.heapUsed - before.arrayBuffers)
  }
  const watched = function* () {
    for (const row of rows(1_000_000)) {
      if (row[0] % 50_000 === 0) look()
      yield row
    }
  }
  expect(await db.copyFrom('copy t from stdin', watched())).toBe(1_000_000)
  let bytes = 0
  for await (const piece of db.copyTo('copy t to stdout')) {
    bytes += piece.length
    if (bytes % 16 === 0) look()
  }
  let read = 0
  for await (const list of db.copyTo('copy t to stdout', { rows: 'text', batches: true })) {
    read += list.length
    if (read % 16 === 0) look()
  }
  expect(bytes).toBe(17_777_780)
  expect(read).toBe(1_000_000)
  expect(most).toBeLessThan(64_000_000)
}, 60_000)

test('a header that the source has not given is not believed to be there: the first row would be lost', async () => {
  await using db = await open()
  const from = 'copy t from stdin with (format csv, header)'
  const refused = db.copyFrom.bind(db, from, rows(3), { rows: 'csv', hasHeader: true } as object)
  expect(refused).toThrow(expect.objectContaining({ code: 'PG_OPTION' }))
  expect(await db.copyFrom(from, [['n', 's'], ...rows(3)], { rows: 'csv' })).toBe(3)
})
