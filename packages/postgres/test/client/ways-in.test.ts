import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { type PostgresServer, runProgram, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, type PoolOptions, pool } from '../../src/index.js'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres({ config: { wal_level: 'logical' } })
}, 60_000)
afterAll(() => server.stop())

test('an option in the wrong place is told where it belongs', () => {
  const told = (target: object, options?: object): unknown => {
    try {
      return pool(target, options as PoolOptions)
    } catch (error) {
      return error
    }
  }
  expect(told({ maxConnections: 5 })).toMatchObject({
    code: 'ERR_UNKNOWN_OPTION',
    message: 'maxConnections is an option of the pool: pool(url, { maxConnections })',
  })
  expect(told({}, { queryTimeoutMs: 5 })).toMatchObject({
    code: 'ERR_UNKNOWN_OPTION',
    message: 'queryTimeoutMs is an option of its connections: pool({ url, queryTimeoutMs }, { … })',
  })
  expect(told({}, { host: 'x' })).toMatchObject({ message: expect.stringContaining('pool({ url, host }') })
  expect(told({ nobodys: 5 })).toMatchObject({
    message: expect.stringContaining('there is no option nobodys'),
  })
})

test.each([
  ['waits-for-ready', 'ready\n'],
  ['leaves-a-stream', '1\ntrue\n2\n'],
  ['waits-for-changes', 'ready\nclosed\n'],
])('a program that waits for the server alone does not end meanwhile: %s', async (name, said) => {
  const program = fileURLToPath(new URL(`../programs/${name}.mjs`, import.meta.url))
  const { code, stdout } = await runProgram(program, { args: [server.url] })
  expect({ code, stdout }).toEqual({ code: 0, stdout: said })
})

test('the key with which a connection is cancelled is in nothing that is shown', async () => {
  await using connection = await connect(server.url)
  const shown = inspect(connection, { depth: 20, showHidden: false })
  expect(shown).toContain(connection.target)
  expect(shown).not.toContain('secretKey')
})
