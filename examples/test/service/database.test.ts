import {
  type PostgresServer,
  startPostgres,
  type TemporaryFolder,
  temporaryFolder,
} from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BoardProcess } from './board-process.js'
import { LivePage } from './live-page.js'

const PATIENT = { timeout: 10_000 }

let postgres: PostgresServer
let folder: TemporaryFolder
let board: BoardProcess

beforeAll(async () => {
  folder = await temporaryFolder()
  postgres = await startPostgres()
  await postgres.halt()
  board = await BoardProcess.start({ folder, databaseUrl: postgres.url, waits: false })
}, 60_000)
afterAll(async () => {
  await board[Symbol.asyncDispose]()
  await postgres.stop()
  await folder.remove()
})

test('without its database it starts, says so, and answers that it is away', async () => {
  await board.process.until(/^The database is away, and tried again: .*ECONNREFUSED/)
  const response = await board.post({ url: 'https://early.example/' })
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('2')
  expect(await response.json()).toMatchObject({ error: { code: 'DATABASE_AWAY' } })
  expect(await board.rpc('links.find')).toMatchObject({
    error: { code: -32_000, data: { code: 'DATABASE_AWAY' } },
  })
  expect((await fetch(board.url)).status).toBe(200)
})

test('when the database comes, pages are told and links can be posted', async () => {
  await using page = await LivePage.open(board)
  await page.until(({ database }) => database === 'away')
  await postgres.start()
  await page.until(({ database }) => database === 'up')
  const posted = await board.post({ url: 'https://late.example/' })
  expect(posted.status).toBe(201)
  await page.until(({ type, url }) => type === 'link' && url === 'https://late.example/')
})

test('when the database goes, a page that comes still gets the newest links', async () => {
  await postgres.halt('immediate')
  await board.process.until(/away.*\n?/)
  await expect
    .poll(async () => (await board.post({ url: 'https://lost.example/' })).status, PATIENT)
    .toBe(503)
  await using page = await LivePage.open(board)
  const { links } = await page.until(({ type }) => type === 'links')
  expect(links?.map(({ url }) => url)).toEqual(['https://late.example/'])
  expect(await board.get('/api/links/1')).toMatchObject({ url: 'https://late.example/' })
})

test('it goes on with the database that comes back, and a transaction that was cut is none', async () => {
  await using page = await LivePage.open(board)
  await postgres.start()
  await page.until(({ database }) => database === 'up')
  await postgres.terminateAll()
  await expect
    .poll(async () => (await board.post({ url: 'https://again.example/' })).status)
    .toBeLessThan(300)
  expect(await postgres.psql("select count(*) from links where url = 'https://again.example/'")).toBe('1')
})
