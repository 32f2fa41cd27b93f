/** When a program ends by itself, seen from outside. */
import { runProgram } from '@shrapnel/test-support'
import { expect, test } from 'vitest'

const program = new URL('../programs/ends.mjs', import.meta.url)
const run = (name: string) => runProgram(program, { args: [name] })

test.each([
  ['nothing waits', ''],
  ['a daemon sleeps', ''],
  ['a daemon serves', ''],
  ['a daemon receives with a timeout', ''],
  ['a listener is open and nobody accepts', 'true\n'],
])('a program in which %s ends at once with code 0', async (name, output) => {
  const { code, stdout, stderr } = await run(name)
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: output, stderr: '' })
})

test('a program whose coroutines wait for each other alone ends at once, and says who waits', async () => {
  const { code, stdout, stderr } = await run('coroutines wait for each other alone')
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
  expect(stderr).toMatch(/ the program ends, and nothing is left that could wake:\n {2}\d+ /)
})

test.each([
  ['a coroutine sleeps', 'slept\n'],
  ['a coroutine receives', 'late\n'],
  ['a listener is open and somebody has accepted', 'accepted\n'],
  ['a coroutine waits for a promise that Node keeps', 'resolved\n'],
  ['a timer of Node outlives the coroutines', 'timer\n'],
  ['a wait begins when Node is about to end', 'once more\n'],
  ['a socket of Node and one of ours share the process', 'to node\n'],
  ['the top level waits', 'top\n'],
])('a program in which %s ends after that with code 0', async (name, output) => {
  const { code, stdout, stderr } = await run(name)
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: output, stderr: '' })
})

test('coroutines that die of an error are named on stderr, a line each, and the program goes on', async () => {
  const { code, stdout, stderr } = await run('coroutines die')
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'alive\n' })
  const lines = stderr.trimEnd().split('\n')
  expect(lines).toHaveLength(3)
  expect(lines.find((line) => line.includes('(unlucky)'))).toMatch(
    /^\d{4}-\d\d-\d\dT.*Z coroutine \d+ \(unlucky\) failed: RangeError: boom .*ends\.mjs:\d+/,
  )
  expect(lines.find((line) => line.includes('(later)'))).toMatch(/failed: Error EBANG: bang/)
  expect(lines.find((line) => line.includes('(odd)'))).toMatch(/failed: a string/)
})
