/** A primary and its standby: who is asked for, who is found, and what becomes of a pool when the standby is promoted. */
import {
  type PostgresServer,
  type PostgresStandby,
  startPostgres,
  startPostgresStandby,
} from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect } from '../../src/index.js'

let primary: PostgresServer
let standby: PostgresStandby

beforeAll(async () => {
  primary = await startPostgres()
  await primary.psql('create table kept (id int)')
  standby = await startPostgresStandby(primary)
}, 60_000)

afterAll(async () => {
  await standby.stop()
  await primary.stop()
})

/** The standby first. */
const place = () => ({
  host: ['127.0.0.1', '127.0.0.1'],
  port: [standby.port, primary.port],
  user: 'postgres',
  database: 'postgres',
})

async function isStandby(
  targetSessionAttrs: 'primary' | 'read-write' | 'standby' | 'read-only' | 'prefer-standby',
): Promise<unknown> {
  await using connection = await connect({ ...place(), targetSessionAttrs })
  const [row] = await connection.query<{ is: boolean }>('select pg_is_in_recovery() as is')
  return row?.is
}

test('each target finds the server that it asks for', async () => {
  expect(await isStandby('primary')).toBe(false)
  expect(await isStandby('read-write')).toBe(false)
  expect(await isStandby('standby')).toBe(true)
  expect(await isStandby('read-only')).toBe(true)
  expect(await isStandby('prefer-standby')).toBe(true)
})

test('a write on a standby is refused, and the connection goes on', async () => {
  await using connection = await connect({ ...place(), targetSessionAttrs: 'standby' })
  await expect(connection.query('insert into kept values (1)')).rejects.toMatchObject({
    code: 'PG_SERVER',
    sqlState: '25006',
  })
  expect(await connection.query('select count(*)::int as n from kept')).toEqual([{ n: 0 }])
})

test('who wants the primary is refused while there is none, and finds the standby when it was promoted', async () => {
  await using before = await connect({ ...place(), targetSessionAttrs: 'primary' })
  await before.query('insert into kept values (1)')
  await standby.caughtUp()
  await primary.halt()
  expect(await before.whenClosed.wait()).toMatchObject({ code: 'PG_BROKEN', sqlState: '57P01' })
  await expect(connect({ ...place(), targetSessionAttrs: 'primary' })).rejects.toMatchObject({
    code: 'PG_CONNECT',
  })
  await standby.promote()
  await using after = await connect({ ...place(), targetSessionAttrs: 'primary' })
  await after.query('insert into kept values (2)')
  expect(await after.query('select id from kept order by id')).toEqual([{ id: 1 }, { id: 2 }])
  expect(await isStandby('prefer-standby')).toBe(false)
  await primary.start()
}, 30_000)
