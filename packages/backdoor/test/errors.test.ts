/** In programs of their own: the test runner listens for what nobody catches, and a program that ends is the subject. */
import { runProgram } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { freshPath } from './house.js'

interface Told {
  readonly code: number | null
  /** What the visitor was shown. */
  readonly shown: string
  readonly stderr: string
}

/** Types `lines`, with waits as in conversation.mjs, in a program with a backdoor, then lets the program go on for a while, and says how all that went. */
async function type(lines: string, then = 'end'): Promise<Told> {
  const program = new URL('programs/survives-its-visitors.mjs', import.meta.url)
  const { code, stdout, stderr } = await runProgram(program, {
    args: [await freshPath(), then],
    stdin: lines,
  })
  return { code, shown: stdout, stderr }
}

const UNTIL_SHOWN = '?Uncaught\n'

describe('an error that nobody waits for is shown to who typed it, and the program goes on', () => {
  test.each([
    ['in a timer', "void setTimeout(() => { throw new Error('E') }, 1)"],
    ['in an immediate', "void setImmediate(() => { throw new Error('E') })"],
    ['in the next tick', "process.nextTick(() => { throw new Error('E') })"],
    ['in a microtask', "queueMicrotask(() => { throw new Error('E') })"],
    ['in a rejection', "void Promise.reject(new Error('E'))"],
    ['in an async function', "void (async () => { await coro.sleep(1); throw new Error('E') })()"],
    ['in a callback of fs', "require('fs').stat('/', () => { throw new Error('E') })"],
    ['in an event', "require('net').connect('/nonexistent/E')"],
    ['in a coroutine', "void coro.spawn(() => { throw new Error('E') })"],
    [
      'in a timer of a coroutine',
      "void coro.spawn(async () => { await coro.sleep(1); setTimeout(() => { throw new Error('E') }, 1) })",
    ],
    [
      'in a coroutine of a coroutine',
      "void coro.spawn(() => coro.spawn(async () => { await coro.sleep(1); throw new Error('E') }).join())",
    ],
    ['that is no error', "void setTimeout(() => { throw 'E' }, 1)"],
    ['after an await', "await coro.sleep(1); void setTimeout(() => { throw new Error('E') }, 1)"],
  ])('%s', async (_, line) => {
    const { code, shown, stderr } = await type(`${line}\n${UNTIL_SHOWN}'still here'\n`)
    expect(stderr).toBe('')
    expect(shown).toMatch(/Uncaught (?:.*Error: .*E|'E')/)
    expect(shown).toContain("'still here'")
    expect(code).toBe(0)
  })
})

test('its stack ends with what was typed', async () => {
  const { shown } = await type(
    `function f() { throw new Error('alone') }\nvoid setTimeout(function tick() { f() }, 1)\n${UNTIL_SHOWN}`,
  )
  expect(shown).toMatch(
    /Uncaught Error: alone\n {4}at f \(REPL\d+:1:\d+\)\n {4}at .*tick.* \(REPL\d+:1:\d+\)\n$/,
  )
})

test('an error of a session that has ended is said on stderr, and the program goes on', async () => {
  const { code, stderr } = await type(
    "void left.wait().then(() => setTimeout(() => { throw new Error('E') }, 1))\n",
    'linger',
  )
  expect(code).toBe(0)
  expect(stderr).toMatch(/from a backdoor session that has ended: Error: E\n/)
})

test('an error of the program itself ends it as before, sessions or not', async () => {
  const { code, stderr } = await type('1\n', 'throw')
  expect(code).toBe(1)
  expect(stderr).toContain('Error: of the program')
})

test('a rejection of the program itself ends it as before', async () => {
  const { code, stderr } = await type('1\n', 'reject')
  expect(code).toBe(1)
  expect(stderr).toContain('Error: of the program')
})

test("the program's own listener for uncaught errors gets its own and not those of sessions", async () => {
  const { code, shown, stderr } = await type(
    `void setTimeout(() => { throw new Error('typed') }, 1)\n${UNTIL_SHOWN}`,
    'listen',
  )
  expect(shown).toContain('Uncaught Error: typed')
  expect(stderr).toBe('the program heard: of the program\n')
  expect(code).toBe(0)
})

test('a coroutine of the program that dies is reported on stderr, not to a session', async () => {
  const { code, shown, stderr } = await type('1\n', 'coroutine')
  expect(stderr).toContain('(of the program) failed: Error: of the program')
  expect(shown).not.toContain('of the program')
  expect(code).toBe(0)
})

test('a program with an uncaught exception capture callback keeps it, and the visitor is told why there is no prompt', async () => {
  const { code, shown } = await type('40 + 2\n', 'capture')
  // Node 26 has no domain that would be in the way.
  expect(shown).toMatch(/uncaught exception capture callback|42/)
  expect(code).toBe(0)
})
