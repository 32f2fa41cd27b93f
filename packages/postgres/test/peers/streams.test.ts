/** Streams and COPY through what is between a client and its server: cut anywhere, and shared by a PgBouncer. */
import { spawn, withTimeout } from '@shrapnel/core'
import {
  type CuttingProxy,
  expectNoDescriptorLeak,
  type Pgbouncer,
  type PostgresServer,
  startCuttingProxy,
  startPgbouncer,
  startPostgres,
} from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../../src/index.js'
import { ending } from './settled.js'

let server: PostgresServer
let proxy: CuttingProxy
let bouncer: Pgbouncer

beforeAll(async () => {
  server = await startPostgres()
  await server.psql('create unlogged table kept (n int, s text)')
  proxy = await startCuttingProxy({ upstream: server })
  bouncer = await startPgbouncer({ upstream: server, poolSize: 2 })
}, 60_000)

afterAll(async () => {
  await bouncer.stop()
  await proxy.close()
  await server.stop()
})

const open = (port: number) =>
  connect({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    database: 'postgres',
    sslMode: 'disable',
    prepare: false,
  })

const BATCH = 200

/** A stream, a COPY out and a COPY in: how each ended, and what was said to be copied. */
async function talk(port: number): Promise<{ endings: string[]; copied: number }> {
  const endings: string[] = []
  let copied = 0
  const note = async (use: () => Promise<unknown>) => {
    try {
      await use()
      endings.push('done')
    } catch (error) {
      endings.push(ending(error))
    }
  }
  await note(async () => {
    await using db = await open(port)
    await note(async () => {
      let sum = 0
      for await (const { n } of db.stream<{ n: number }>('select generate_series(1, 250) as n', [], {
        batchRows: 50,
      }))
        sum += n
      if (sum !== 31_375) endings.push(`a sum of ${sum}`)
    })
    await note(async () => {
      let bytes = 0
      for await (const piece of db.copyTo('copy (select generate_series(1, 250)) to stdout'))
        bytes += piece.length
      if (bytes !== 892) endings.push(`${bytes} bytes`)
    })
    await note(async () => {
      const rows = Array.from({ length: BATCH }, (_, n) => [n, 'x'.repeat(20)])
      copied = (await db.copyFrom('copy kept from stdin', rows)) ?? 0
    })
  })
  return { endings, copied }
}

describe('cut anywhere', () => {
  test.for<'toClient' | 'toUpstream'>(['toClient', 'toUpstream'])(
    '%s, a stream and COPY end and say what is so',
    { timeout: 60_000 },
    async (direction) => {
      proxy.reshape({})
      const [up, down] = [proxy.bytesToUpstream, proxy.bytesToClient]
      expect((await talk(proxy.port)).endings).toEqual(['done', 'done', 'done', 'done'])
      const size = direction === 'toClient' ? proxy.bytesToClient - down : proxy.bytesToUpstream - up
      const endings = new Set<string>()
      await server.psql('truncate kept')
      let said = 0
      let possible = 0
      await expectNoDescriptorLeak(async () => {
        for (let cutAfterBytes = 0; cutAfterBytes < size; cutAfterBytes += 83) {
          proxy.reshape({ [direction]: { cutAfterBytes, cut: 'end' } })
          const all = await withTimeout(10_000, () => talk(proxy.port))
          for (const each of all.endings) endings.add(each)
          said += all.copied
          possible += BATCH
        }
        await expect.poll(() => proxy.connections, { interval: 5, timeout: 10_000 }).toBe(0)
      })
      for (const each of endings)
        expect(each).toMatch(/^(?:done|PG_(?:BROKEN|CONNECT|CLOSED)(?: 08P01)?(?: \(safe\))?)$/)
      expect(endings.size).toBeGreaterThan(2)
      const there = Number(await server.psql('select count(*) from kept'))
      expect(there).toBeGreaterThanOrEqual(said)
      expect(there).toBeLessThanOrEqual(possible)
      expect(there % BATCH).toBe(0)
    },
  )
})

test('twelve clients on two backends of a PgBouncer each get what is theirs', async () => {
  const clients = Array.from({ length: 12 }, () => spawn(() => talk(bouncer.port)))
  for (const each of clients) expect((await each.join()).endings).toEqual(['done', 'done', 'done', 'done'])
})

test('a stream that is left behind a PgBouncer gives its backend back', async () => {
  await using db = await open(bouncer.port)
  for (let i = 0; i < 5; i++) {
    for await (const _ of db.stream('select generate_series(1, 1000000000) as n')) break
    for await (const _ of db.copyTo('copy (select generate_series(1, 1000000000)) to stdout')) break
    expect(await withTimeout(5_000, () => db.query('select 1 as n'))).toEqual([{ n: 1 }])
  }
})
