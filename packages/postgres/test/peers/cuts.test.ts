/** A small conversation with a real server, cut at every byte: nobody waits for ever, nobody is told what is not so, nothing is left behind. */
import { all } from '@shrapnel/core'
import {
  type Cut,
  type CuttingProxy,
  expectNoDescriptorLeak,
  type PostgresServer,
  startCuttingProxy,
  startPostgres,
} from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, sql } from '../../src/index.js'
import { ending, endings } from './settled.js'

type Direction = 'toUpstream' | 'toClient'

let server: PostgresServer
let proxy: CuttingProxy

beforeAll(async () => {
  server = await startPostgres()
  await server.psql('create unlogged table kept (id int primary key)')
  proxy = await startCuttingProxy({ upstream: server })
}, 60_000)

afterAll(async () => {
  await proxy.close()
  await server.stop()
})

const open = (port: number) =>
  connect({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', sslMode: 'disable' })

let id = 0

interface Talk {
  /** Of the connection, then of each query. */
  readonly endings: readonly string[]
  /** Of the rows that were to be made. */
  readonly ids: readonly number[]
}

/** Two inserts with a failure between them, sent together; then one more. */
async function talk(): Promise<Talk> {
  const ids = [++id, ++id, ++id]
  let connection: Awaited<ReturnType<typeof open>>
  try {
    connection = await open(proxy.port)
  } catch (error) {
    return { endings: [ending(error)], ids }
  }
  await using _closing = connection
  const insert = (n: number | undefined) => connection.query(sql`insert into kept values (${n ?? 0})`)
  const together = await endings(insert(ids[0]), connection.query('select 1/0'), insert(ids[1]))
  const last = await endings(insert(ids[2]))
  return { endings: ['connected', ...together, ...last], ids }
}

/** What the last connections had to say has passed, or is lost. */
const allGone = () => expect.poll(() => proxy.connections, { interval: 5, timeout: 10_000 }).toBe(0)

/** How many bytes pass in each direction, up to the first query and in all. */
async function sizes(): Promise<Record<Direction, { before: number; all: number }>> {
  proxy.reshape({})
  const count = async (use: () => Promise<unknown>) => {
    const [up, down] = [proxy.bytesToUpstream, proxy.bytesToClient]
    await use()
    await allGone()
    return { toUpstream: proxy.bytesToUpstream - up, toClient: proxy.bytesToClient - down }
  }
  const before = await count(async () => {
    await using _connection = await open(proxy.port)
  })
  const whole = await count(talk)
  return {
    // What says goodbye is in both.
    toUpstream: { before: before.toUpstream - 5, all: whole.toUpstream - 5 },
    toClient: { before: before.toClient, all: whole.toClient },
  }
}

const WHOLE = ['connected', 'done', 'PG_SERVER 22012', 'done', 'done']

/** What is wrong: what was answered is so; from the first that broke on, all are broken; and only what is not there may be asked again. */
function lies({ endings, ids }: Talk, rows: ReadonlySet<number>): string[] {
  const said = endings.join(', ')
  const broken = endings.findIndex((each, i) => each !== WHOLE[i])
  const rest = broken === -1 ? [] : endings.slice(broken)
  const found = rest.filter((each) => !/^PG_(?:BROKEN|CONNECT|CLOSED)( \(safe\))?$/.test(each))
  for (const [i, n] of ids.entries()) {
    const its = endings[INSERTS[i] as number]
    if (its === 'done' && !rows.has(n)) found.push(`insert ${i} of ${said}: done, and not there`)
    if (its?.endsWith('(safe)') && rows.has(n))
      found.push(`insert ${i} of ${said}: safe to do again, and there`)
  }
  return found
}

/** Where the inserts are among the endings. */
const INSERTS = [1, 3, 4]

/** The proxy looks, before a reset, whether all before it was read, which takes its time. */
const RESET_STEP = 7

describe.for<[Direction, Cut]>([
  ['toClient', 'reset'],
  ['toClient', 'end'],
  ['toUpstream', 'reset'],
  ['toUpstream', 'end'],
])('%s, cut by %s', ([direction, cut]) => {
  test('from the first query on, wherever it happens, every query ends, and what it says is so', async () => {
    const { [direction]: size } = await sizes()
    const talks: Talk[] = []
    const step = cut === 'reset' ? RESET_STEP : 1
    const before = all().length
    await expectNoDescriptorLeak(async () => {
      for (let cutAfterBytes = size.before; cutAfterBytes < size.all; cutAfterBytes += step) {
        proxy.reshape({ [direction]: { cutAfterBytes, cut } })
        talks.push(await talk())
      }
      await allGone()
    })
    expect(all().length).toBe(before)
    // Sessions that have lost their client may still be at work.
    await expect.poll(() => server.psql(CLIENTS), { interval: 20, timeout: 10_000 }).toBe('0')
    const rows = new Set((await server.psql('select id from kept')).split('\n').map(Number))
    expect(talks.flatMap((each) => lies(each, rows))).toEqual([])
    expect(new Set(talks.map(({ endings }) => endings.join())).size).toBeGreaterThan(3)
  }, 60_000)
})

const CLIENTS = `select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`

test('a server that has gone silent is given up after the time that a query may take', async () => {
  const { toClient, toUpstream } = await sizes()
  for (const [direction, size] of [
    ['toClient', toClient],
    ['toUpstream', toUpstream],
  ] as const)
    for (let cutAfterBytes = size.before; cutAfterBytes < size.all; cutAfterBytes += 41) {
      proxy.reshape({ [direction]: { cutAfterBytes, cut: 'stall' } })
      const connection = await connect({
        host: '127.0.0.1',
        port: proxy.port,
        user: 'postgres',
        database: 'postgres',
        sslMode: 'disable',
        queryTimeoutMs: 60,
        drainTimeoutMs: 60,
      })
      const queries = ['select 1', 'select 2', 'select 3', 'select 4'].map((text) => connection.query(text))
      for (const each of await endings(...queries)) expect(each).toMatch(/^(?:done|PG_TIMEOUT|PG_BROKEN.*)$/)
      connection.close()
    }
  proxy.cutNow()
}, 60_000)

test('torn at any byte, delayed or trickling, every answer is the same', async () => {
  const { toClient } = await sizes()
  for (let splitAfterBytes = toClient.before; splitAfterBytes < toClient.all; splitAfterBytes += 3) {
    proxy.reshape({ toClient: { splitAfterBytes }, toUpstream: { splitEvery: 7 } })
    expect((await talk()).endings).toEqual(WHOLE)
  }
  proxy.reshape({ toClient: { splitEvery: 1 }, toUpstream: { splitEvery: 1 } })
  expect((await talk()).endings).toEqual(WHOLE)
}, 60_000)
