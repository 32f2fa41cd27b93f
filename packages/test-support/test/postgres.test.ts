import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  makeCertificateAuthority,
  type PostgresServer,
  runProgram,
  startPgbouncer,
  startPostgres,
  startPostgresStandby,
} from '../src/index.js'
import { psqlSession } from './psql-session.js'

let server: PostgresServer

beforeAll(async () => {
  const authority = await makeCertificateAuthority()
  const tls = await authority.issue({ names: ['localhost'] })
  const hba = ['local all all trust', 'local replication all trust']
  server = await startPostgres({ tls, config: { wal_level: 'logical' }, hba })
}, 60_000)

afterAll(() => server.stop())

test('PostgreSQL runs with the settings that were asked for', async () => {
  expect(await server.psql('show wal_level; show ssl; show server_encoding')).toBe('logical\non\nUTF8')
})

test('its hba is the one that was asked for, and its port and socket are known', async () => {
  expect(await server.psql('select count(*) from pg_hba_file_rules')).toBe('2')
  expect(await server.psql('show port')).toBe(String(server.port))
  expect(server.socketPath).toBe(`${server.folder}/.s.PGSQL.${server.port}`)
  expect(server.unixFolder).toBe(server.folder)
  expect(server.url).toBe(`postgres://postgres@127.0.0.1:${server.port}/postgres`)
})

test('what psql complains of is an error', async () => {
  await expect(server.psql('select nothing')).rejects.toThrow()
})

test('extensions of postgresql-contrib are there', async () => {
  await server.psql('create extension hstore')
  expect(await server.psql(`select 'a=>1'::hstore -> 'a'`)).toBe('1')
})

describe('what becomes of its clients', () => {
  test('all are told that they are terminated, and none is left', async () => {
    await using one = await psqlSession(server)
    await using two = await psqlSession(server)
    expect(await server.terminateAll()).toBe(2)
    for (const client of [one, two]) {
      client.write('select 1;\n')
      await client.until(/terminating connection due to administrator command/)
    }
  })

  test('a backend that is killed takes all others with it, and the server recovers', async () => {
    await using one = await psqlSession(server)
    await using two = await psqlSession(server)
    await server.killBackend(one.processId)
    await server.until(/all server processes terminated; reinitializing/)
    two.write('select 1;\n')
    await two.until(/crash of another server process|server closed the connection/)
    // It says so anew for each life, so the line is looked for after the others.
    await expect
      .poll(() => server.psql('select 1').catch(() => ''), { interval: 10, timeout: 10_000 })
      .toBe('1')
  })

  test.for(['fast', 'immediate'] as const)(
    '%s: it comes back with its data, port and socket',
    async (mode) => {
      await server.psql('create table if not exists kept (mode text)')
      await server.psql(`insert into kept values ('${mode}')`)
      await server.psql('checkpoint')
      const { pid } = server
      await server.restart(mode)
      expect(server.pid).not.toBe(pid)
      expect(await server.psql(`select mode from kept where mode = '${mode}'`)).toBe(mode)
    },
  )

  test('while it is halted nobody is let in, and its data stay', async () => {
    await server.halt()
    await expect(server.psql('select 1')).rejects.toThrow()
    await server.start()
    expect(await server.psql('select 1')).toBe('1')
  })
})

test('a standby follows, refuses to write, and can be made the primary', async () => {
  await server.psql('create table followed as select generate_series(1, 10) as n')
  const standby = await startPostgresStandby(server)
  await server.psql('delete from followed where n > 7')
  await standby.caughtUp()
  expect(await standby.psql('select count(*) from followed')).toBe('7')
  expect(await standby.psql('show transaction_read_only; show in_hot_standby')).toBe('on\non')
  await expect(standby.psql('delete from followed')).rejects.toThrow()
  await standby.promote()
  await standby.psql('delete from followed')
  expect(await server.psql('select count(*) from followed')).toBe('7')
  await standby.stop()
  expect(existsSync(standby.folder)).toBe(false)
}, 60_000)

test('PgBouncer lends one connection to many clients, transaction by transaction', async () => {
  await using bouncer = await startPgbouncer({ upstream: server, poolSize: 1 })
  await using one = await psqlSession(bouncer)
  await using two = await psqlSession(bouncer)
  expect(one.processId).toBe(two.processId)
  expect(await bouncer.admin('show config')).toMatch(/^pool_mode\|transaction\|/m)
})

test('a PostgreSQL that has been started again does not outlive its test process', async () => {
  const { stdout } = await runProgram(new URL('programs/leaves-postgres.mjs', import.meta.url), {
    timeoutMs: 30_000,
  })
  const { folder, pid } = JSON.parse(stdout) as { folder: string; pid: number }
  await expect.poll(() => existsSync(folder) || existsSync(`/proc/${pid}`), { timeout: 10_000 }).toBe(false)
}, 60_000)
