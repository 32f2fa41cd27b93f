import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeCertificateAuthority, type PostgresServer, startPostgres } from '../src/index.js'

let server: PostgresServer

beforeAll(async () => {
  const authority = await makeCertificateAuthority()
  const tls = await authority.issue({ names: ['localhost'] })
  server = await startPostgres({ tls, config: { wal_level: 'logical' }, hba: ['local all all trust'] })
}, 60_000)

afterAll(() => server.stop())

test('PostgreSQL runs with the settings that were asked for', async () => {
  expect(await server.psql('show wal_level; show ssl; show server_encoding')).toBe('logical\non\nUTF8')
})

test('its hba is the one that was asked for, and its port and socket are known', async () => {
  expect(await server.psql('select count(*) from pg_hba_file_rules')).toBe('1')
  expect(await server.psql('show port')).toBe(String(server.port))
  expect(server.socketPath).toBe(`${server.folder}/.s.PGSQL.${server.port}`)
})

test('what psql complains of is an error', async () => {
  await expect(server.psql('select nothing')).rejects.toThrow()
})
