/** What is secret, the password and the values of queries, is in nothing that a program shows by accident: errors, logs, what inspect finds. */
import { inspect } from 'node:util'
import { setExceptionNotifier, sleep, spawn, whereAll, withTimeout } from '@shrapnel/core'
import { type PostgresServer, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, pool, sql } from '../../src/index.js'

const PASSWORD = 'correct-horse'
const VALUE = 'battery-staple'

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres({
    hba: [
      'host all guarded 127.0.0.1/32 scram-sha-256',
      'local all all trust',
      'host all all 127.0.0.1/32 trust',
    ],
  })
  await server.psql(`create role guarded login password '${PASSWORD}'`)
}, 60_000)

afterAll(() => server.stop())

const options = () => ({
  host: '127.0.0.1',
  port: server.port,
  user: 'guarded',
  database: 'postgres',
  password: PASSWORD,
})

function expectNoSecret(...things: readonly unknown[]): void {
  for (const thing of things) {
    const shown = inspect(thing, { depth: 20, showHidden: true, maxStringLength: null, maxArrayLength: null })
    expect(shown).not.toContain(PASSWORD)
    expect(shown).not.toContain(VALUE)
    expect(
      JSON.stringify(thing instanceof Error ? { ...thing, message: thing.message } : String(thing)),
    ).not.toContain(VALUE)
  }
}

test('a connection and a pool show none, with queries under way and with queries that wait', async () => {
  await using connection = await connect(options())
  await using db = pool(options(), { maxConnections: 1 })
  const asked = [connection, db].map((where) =>
    spawn(() =>
      Promise.all([
        where.query(sql`select pg_sleep(0.2), ${VALUE}::text`),
        where.query(sql`select ${VALUE}::text`),
      ]),
    ),
  )
  await sleep(20)
  const reserved = spawn(() =>
    connection.begin((tx) => {
      expectNoSecret(tx)
      return tx.query(sql`select ${VALUE}::text`)
    }),
  )
  await sleep(5)
  expectNoSecret(connection, db, db.stats, whereAll(), ...asked, reserved)
  expectNoSecret(connection.stream(sql`select ${VALUE}::text`))
  for (const each of [...asked, reserved]) await each.join()
})

test('errors and what is said of a coroutine that died of one show none', async () => {
  const said: unknown[] = []
  const before = setExceptionNotifier((...facts) => void said.push(...facts))
  try {
    await using db = await connect(options())
    const failures = await Promise.allSettled([
      db.query(sql`select ${VALUE}::int`),
      db.query(sql`select ${{ secret: VALUE }}::int4range`),
      db.query(sql`select ${[VALUE]}::int[][]`),
      db.query('select $1::text, $2::text', [VALUE]),
      db.query(sql`selec ${VALUE}`),
      withTimeout(20, () => db.query(sql`select pg_sleep(10), ${VALUE}::text`)),
      db.query(sql`select pg_sleep(10), ${VALUE}::text`, { timeoutMs: 20 }),
      db.query('select $1::text', [() => VALUE]),
    ])
    for (const each of failures) expect(each.status).toBe('rejected')
    const errors = failures.map(
      (each) => (each as PromiseRejectedResult).reason as Error & { report?: { message?: string } },
    )
    // The server quotes what it cannot read, and that is its own message.
    expectNoSecret(...errors.filter((error) => error.report?.message?.includes(VALUE) !== true))
    expect(errors.filter((error) => error.report?.message?.includes(VALUE) === true).length).toBeLessThan(3)
    spawn(() => db.query('select $1::text, $2::text', [VALUE]))
    await expect.poll(() => said.length, { interval: 5 }).toBeGreaterThan(0)
    expectNoSecret(...said)
  } finally {
    setExceptionNotifier(before)
  }
})
