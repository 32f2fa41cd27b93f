/** Child processes of programs that end, of threads, and beside Node's own: seen from outside. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runProgram, temporaryFolder } from '@shrapnel/test-support'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { run as runChild } from '../../src/index.js'
import { isAlive, numbersFrom, untilGone } from './children.js'

const program = new URL('../programs/processes.mjs', import.meta.url)
const timeoutMs = 50_000
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let path: string

beforeEach(async () => {
  folder = await temporaryFolder()
  path = join(folder.path, 'pids')
})
afterEach(() => folder.remove())

const run = (name: string) => runProgram(program, { args: [name, path], timeoutMs })

test.each([
  ['setExit while a coroutine runs one', 3],
  ['setExit while a coroutine runs a stubborn one', 3],
  ['setExit while no coroutine runs one', 3],
  ['process.exit while one runs', 3],
  ['an error while one runs', 1],
  ['has a daemon that runs one', 0],
])('what run runs does not outlive the program: %s', { timeout: 60_000 }, async (name, code) => {
  expect(await run(name)).toMatchObject({ code, signal: null, stdout: '' })
  const [child = 0] = await numbersFrom(path, 1)
  await untilGone(child)
})

test('what was started and not waited for neither keeps the program nor ends with it', {
  timeout: 60_000,
}, async () => {
  expect(await run('ends with one started')).toMatchObject({ code: 0, stderr: '' })
  const [child = 0] = await numbersFrom(path, 1)
  expect(isAlive(child)).toBe(true)
  process.kill(child, 'SIGKILL')
  await untilGone(child)
})

test('whoever waits for a process keeps the program', { timeout: 60_000 }, async () => {
  expect(await run('waits for one started')).toMatchObject({ code: 5, stderr: '' })
})

test.each([
  ['in a thread', 'through a thread 7 0\n'],
  ['a thread is terminated while it runs one', 'zombies 0\n'],
  ['a thread is terminated with one started', 'zombies 0\n'],
  ["beside Node's own", '100 of 100 zombies 0\n'],
])('processes hold their own: %s', { timeout: 60_000 }, async (name, stdout) => {
  expect(await run(name)).toMatchObject({ code: 0, signal: null, stdout, stderr: '' })
})

test('what a terminated thread ran is gone', { timeout: 60_000 }, async () => {
  await run('a thread is terminated while it runs one')
  const [child = 0] = await numbersFrom(path, 1)
  expect(isAlive(child)).toBe(false)
})

test('short of descriptors nothing is left behind, wherever they ran out', { timeout: 60_000 }, async () => {
  const args = [process.execPath, fileURLToPath(program), 'short of descriptors', path]
  const { stdout, stderr } = await runChild('sh', ['-c', 'ulimit -n 256; exec "$@"', 'sh', ...args], {
    timeoutMs,
  })
  expect(String(stderr)).toBe('')
  expect(String(stdout)).toBe('EMFILE,started left open 0 zombies 0\n')
})
