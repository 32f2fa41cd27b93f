/** The core in worker threads, seen from outside. */
import { runProgram } from '@shrapnel/test-support'
import { expect, test } from 'vitest'

const program = new URL('../programs/workers.mjs', import.meta.url)
const run = (name: string) => runProgram(program, { args: [name], timeoutMs: 55_000 })

test.each([
  ['four at once', '2000 0\n'.repeat(4)],
  ['terminated while coroutines wait', `${'1\n'.repeat(10)}left open: 0\n`],
  ['terminated while it is busy', `${'1\n'.repeat(10)}left open: 0\n`],
  [
    'ends by itself while coroutines wait',
    'process.exit 5\nsetExit 6\nerror: as asked\nan error 1\nonly daemons 0\nleft open: 0\n',
  ],
  ['a hundred come and go', 'left open: 0\n'],
  ['a connection between two threads', 'from another thread\n'],
  ['a UNIX listener with a mode', 'listening 600\n'],
])('a thread of the core holds its own: %s', { timeout: 60_000 }, async (name, output) => {
  const { code, signal, stdout, stderr } = await run(name)
  expect({ code, signal, stdout, stderr }).toEqual({ code: 0, signal: null, stdout: output, stderr: '' })
})

test('a process may end while a thread of its waits', async () => {
  const { code, signal, stderr } = await run('the main thread ends first')
  expect({ code, signal, stderr }).toEqual({ code: 9, signal: null, stderr: '' })
})
