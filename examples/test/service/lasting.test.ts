import { execFile } from 'node:child_process'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { html, type Server, serve } from '@shrapnel/http'
import { runProgram, type TemporaryFolder, temporaryFolder } from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Link } from '../../service/link.js'
import { withoutDelays } from '../example.js'
import { BoardProcess, dataFolder, MAIN, PLAIN } from './board-process.js'
import { LivePage } from './live-page.js'

const PATIENT = { timeout: 20_000 }

let folder: TemporaryFolder
let board: BoardProcess
let elsewhere: Server

beforeAll(async () => {
  elsewhere = await serve({ port: 0 }, () => html('<title>A page</title>'))
  folder = await temporaryFolder()
  board = await start()
}, 60_000)
afterAll(async () => {
  await board[Symbol.asyncDispose]()
  await elsewhere.stop()
  await folder.remove()
})

function start(): Promise<BoardProcess> {
  return BoardProcess.start({ folder, args: ['--fetch-private'] })
}

async function allUrls(): Promise<string[]> {
  const { links } = (await board.get('/api/links?limit=100')) as { links: Link[] }
  return links.map(({ url }) => url)
}

test('SIGINT ends it in good order, and all is there when it starts again', async () => {
  expect((await board.post({ url: 'https://before.example/' })).status).toBe(201)
  const page = await LivePage.open(board)
  const ended = board.endBy('SIGINT')
  // As npm does with a Ctrl-C that everybody had from the terminal.
  process.kill(board.process.pid, 'SIGINT')
  await expect(page.until(() => false)).rejects.toMatchObject({ code: 'WS_CLOSED', closeCode: 1001 })
  expect(await ended).toEqual({ code: 0, signal: null })
  expect(withoutDelays(board.process.output())).toMatch(/Stopping …\nStopped\.\n$/)
  expect(await readdir(dataFolder(folder))).toEqual(['postgres'])
  board = await start()
  expect(await allUrls()).toContain('https://before.example/')
}, 60_000)

test('what was answered before a kill -9 is there after it, and gets its title', async () => {
  const answered: string[] = []
  const post = async (worker: number): Promise<void> => {
    for (let i = 0; i < 12; i++) {
      const url = `${elsewhere.url}/${worker}/${i}`
      const response = await board.post({ url }).catch(() => undefined)
      if (response?.status !== 201) return
      await response.arrayBuffer()
      answered.push(url)
      if (answered.length === 20) process.kill(board.process.pid, 'SIGKILL')
    }
  }
  await Promise.all([1, 2, 3, 4].map(post))
  expect((await board.process.ended()).signal).toBe('SIGKILL')
  board = await start()
  const urls = await allUrls()
  expect(answered.length).toBeGreaterThanOrEqual(20)
  for (const url of answered) expect(urls).toContain(url)
  const titles = async () => ((await board.get('/api/links?limit=100')) as { links: Link[] }).links
  const mine = ({ url }: Link) => url.startsWith(elsewhere.url)
  await expect
    .poll(async () => (await titles()).filter(mine).every(({ title }) => title === 'A page'), PATIENT)
    .toBe(true)
}, 60_000)

test('a second one on the same data says so, and harms nothing', async () => {
  const { code, stderr } = await runMain('--data', dataFolder(folder))
  expect(code).toBe(1)
  expect(stderr).toMatch(/^Another one runs with the data in .*: --data\n$/)
  expect((await fetch(board.url)).status).toBe(200)
})

test('a port that is taken is said, with what to do', async () => {
  await using other = await temporaryFolder()
  const port = board.ports.http
  const { code, stderr } = await runMain('--data', other.path, '--port', `${port}`)
  expect(code).toBe(1)
  expect(stderr).toBe(`Port ${port} is taken. Choose another: npm start -- --port ${port + 1}\n`)
})

test('a folder that cannot be one is said, with what to do', async () => {
  const { code, stderr } = await runMain('--data', MAIN)
  expect(code).toBe(1)
  expect(stderr).toBe(`The data cannot be kept in ${MAIN} (EEXIST). Choose another folder: --data\n`)
})

test('a DATABASE_URL that is none, and a path that is too long for a socket, are said', async () => {
  await using other = await temporaryFolder()
  const wrong = await runProgram(MAIN, {
    args: ['--data', other.path],
    env: { ...PLAIN, DATABASE_URL: 'nonsense' },
  })
  expect(wrong.code).toBe(1)
  expect(wrong.stderr).toMatch(/^DATABASE_URL cannot be used: .*\n$/)
  const long = await runMain('--data', join(other.path, 'x'.repeat(108)))
  expect(long.code).toBe(1)
  expect(long.stderr).toMatch(/^The path of .* is too long for a socket\. .*\n$/)
})

test.each([
  [['--port', 'x'], "--port must be a number from 0 to 65535, not 'x'\n"],
  [['--colour'], /^Unknown option '--colour'/],
])('%j is refused in a sentence', async (args, message) => {
  const { code, stderr } = await runMain(...args)
  expect(code).toBe(1)
  expect(stderr).toMatch(message)
  expect(stderr.split('\n')).toHaveLength(2)
})

test('--help says what there is', async () => {
  const { code, stdout } = await runMain('--help')
  expect(code).toBe(0)
  for (const option of ['--port', '--host', '--data', '--open', 'DATABASE_URL'])
    expect(stdout).toContain(option)
})

function runMain(...args: string[]): ReturnType<typeof runProgram> {
  return runProgram(MAIN, { args: ['--tls-port', '0', '--telnet-port', '0', ...args], env: PLAIN })
}

test('on a full disk nothing is posted, everything can be read, and it goes on when there is room', async () => {
  expect(await board.endBy('SIGTERM')).toEqual({ code: 0, signal: null })
  const sizes = await promisify(execFile)('du', ['-sm', dataFolder(folder)])
  // Its log grows by 16 MB at a time.
  const megabytes = Number.parseInt(sizes.stdout, 10) + 96
  board = await BoardProcess.start({ folder, diskSize: `${megabytes}M` })
  const first = await board.post({ url: 'https://room.example/' })
  expect(first.status).toBe(201)
  const filler = join('/proc', `${board.process.pid}`, 'root', dataFolder(folder), 'filler')
  await expect(writeFile(filler, Buffer.alloc(megabytes * 1024 * 1024))).rejects.toMatchObject({
    code: 'ENOSPC',
  })
  const second = await board.post({ url: 'https://no-room.example/' })
  expect(second.status).toBe(507)
  expect(await second.json()).toMatchObject({ error: { code: 'DISK_FULL' } })
  expect(await board.rpc('links.post', { url: 'https://no-room.example/' })).toMatchObject({
    error: { code: -32_000, data: { code: 'DISK_FULL' } },
  })
  expect(await board.get('/api/links?q=room')).toMatchObject({ links: [{ url: 'https://room.example/' }] })
  await rm(filler)
  expect((await board.post({ url: 'https://no-room.example/' })).status).toBe(201)
  await board.endBy('SIGTERM')
}, 60_000)
