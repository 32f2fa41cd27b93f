import { fileURLToPath } from 'node:url'
import { type PostgresServer, runProgram, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type PoolOptions, pool } from '../../src/index.js'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
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

test('a program that waits for a listener to be ready does not end meanwhile', async () => {
  const program = fileURLToPath(new URL('../programs/waits-for-ready.mjs', import.meta.url))
  const { code, stdout, stderr } = await runProgram(program, { args: [server.url] })
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'ready\n', stderr: '' })
})
