/**
 * The native contract tests: the same laws for the poller of each back end, and for the emulation of kqueue that lets the
 * kqueue back end run on Linux. Built apart from the addon, with asserts; each program is a test here.
 */
import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'

const source = fileURLToPath(new URL('../../native/test/', import.meta.url))
const folder = fileURLToPath(new URL('../../build/native-test/', import.meta.url))
// The sanitizers' runtime may be preloaded into Node, and is none of the compiler's business.
const env = { ...process.env, LD_PRELOAD: undefined }
const run = promisify(execFile)

const PROGRAMS = [
  'poller_test_epoll',
  'poller_test_kqueue',
  'poller_test_kqueue_without_except',
  'kqueue_emulation_test',
]

beforeAll(async () => {
  mkdirSync(folder, { recursive: true })
  await run('cmake', ['-S', source, '-B', folder, '-DCMAKE_BUILD_TYPE=Debug'], { env })
  await run('cmake', ['--build', folder], { env })
}, 120_000)

test.each(PROGRAMS)('the laws of %s hold', { timeout: 60_000 }, async (name) => {
  const { stdout } = await run(`${folder}${name}`, { env })
  expect(stdout).toMatch(/^\d+ passed, 0 failed\n$/m)
})

test('no native test program is left out here', async () => {
  const { stdout } = await run('ctest', ['--test-dir', folder, '--show-only=json-v1'], { env })
  const { tests } = JSON.parse(stdout) as { tests: { name: string }[] }
  expect(tests.map(({ name }) => name).sort()).toEqual([...PROGRAMS].sort())
})
