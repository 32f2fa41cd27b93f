import { inParallel, sleep, withTimeout } from '@shrapnel/core'
import { type PostgresServer, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pool, sql } from '../../src/index.js'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
}, 60_000)
afterAll(() => server.stop())

test('smoke', async () => {
  await using db = pool(server.url, { maxConnections: 5 })
  console.log(await db.query(sql`select ${1}::int as x`))
  const t0 = performance.now()
  const all = await inParallel(Array.from({ length: 1000 }, (_, i) => async () => (await db.query(sql`select ${i}::int as i`))[0]?.i))
  expect(all).toEqual(Array.from({ length: 1000 }, (_, i) => i))
  console.log(performance.now() - t0, db.stats)
  await db.query('create table t (i int primary key)')
  await db.begin(async (tx) => {
    await inParallel([1, 2, 3].map((i) => () => tx.query(sql`insert into t values (${i})`)))
  })
  await expect(db.begin(async (tx) => {
    await tx.query(sql`insert into t values (4)`)
    await tx.savepoint(async (sp) => { await sp.query(sql`insert into t values (1)`) }).catch((e) => console.log('sp', e.message))
    await tx.query(sql`insert into t values (5)`)
    throw new Error('no')
  })).rejects.toThrow('no')
  expect((await db.query('select i from t order by i')).map((r) => r.i)).toEqual([1, 2, 3])
  await db.begin(async (tx) => {
    await tx.query(sql`insert into t values (4)`)
    await tx.savepoint(async (sp) => { await sp.query(sql`insert into t values (1)`) }).catch((e) => console.log('sp', e.message))
    await tx.query(sql`insert into t values (5)`)
  })
  expect((await db.query('select i from t order by i')).map((r) => r.i)).toEqual([1, 2, 3, 4, 5])
  await expect(withTimeout(50, () => db.begin(async (tx) => { await tx.query('select pg_sleep(5)') }))).rejects.toMatchObject({ code: 'TIMEOUT' })
  console.log(db.stats)
  const l = db.listen(['a', 'Bü"x'])
  await l.ready()
  await db.notify('Bü"x', 'hello')
  console.log(await l.next())
  await server.terminateAll()
  await db.notify('a', 'lost?').catch((e) => console.log(e.message))
  console.log(await l.next())
  await db.notify('a', 'there')
  console.log(await l.next())
  l.close()
  console.log(db.stats)
})
