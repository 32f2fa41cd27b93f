/** Signals in masses and beside Node's own, seen from outside. Each case is a program, because a process has one set of signals. */
import { runProgram } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'

const program = new URL('../programs/takes-signals.mjs', import.meta.url)
const run = (name: string, nodeArgs: string[] = []) =>
  runProgram(program, { args: [name], nodeArgs, timeoutMs: 55_000 })
const STORM = process.env.SHRAPNEL_SLOW ? 20_000 : 100_000

describe('of signals in masses, beside a hundred coroutines that do I/O, none is lost', {
  timeout: 60_000,
}, () => {
  test.each([
    ['from itself, in portions', { waits: STORM, handled: STORM, hadTraffic: true, kept: 0 }],
    ['from itself, all at once', { waits: STORM, hadTraffic: true, kept: 0 }],
    ['from another process, one by one', { all: true, hadTraffic: true }],
    ['from another process, all at once', { some: true, oneMore: 1, missing: 0, hadTraffic: true }],
  ])('%s', async (name, facts) => {
    const { code, signal, stdout, stderr } = await run(name)
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    expect(JSON.parse(stdout)).toEqual(facts)
  })
})

test('a signal that comes during the work between two waits is not lost', async () => {
  const { code, stdout, stderr } = await run('between two waits')
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '{"done":2000}\n', stderr: '' })
})

test('a signal does what it did before the first wait once the last taker has gone', async () => {
  const { signal, stdout, stderr } = await run('the disposition before, during and after')
  expect({ signal, stderr }).toEqual({ signal: 'SIGUSR2', stderr: '' })
  expect(JSON.parse(stdout)).toEqual({
    before: false,
    whileWaiting: true,
    between: true,
    withHandler: true,
    after: false,
    pipeBefore: true,
    pipeAfter: true,
  })
})

test('SIGUSR1 starts the debugger again once it was released, and not before', async () => {
  const { code, stdout, stderr } = await run('the debugger is back', ['--inspect-port=0'])
  expect({ code, stdout }).toEqual({ code: 0, stdout: '{"got":"SIGUSR1"}\n' })
  expect(stderr).toMatch(/^released\nDebugger listening on ws:/)
})

test("Node's listeners and ours hear the same signal, whoever comes first and whoever goes first", async () => {
  const { signal, stdout, stderr } = await run('a listener of Node before and after ours')
  expect({ signal, stderr }).toEqual({ signal: 'SIGHUP', stderr: '' })
  expect(JSON.parse(stdout)).toEqual({
    nodeFirst: 'node ours',
    oursRemoved: 'node',
    bothRemoved: false,
    oursFirst: 'node ours',
    nodeRemoved: 'ours',
    nodeAgain: 'again more ours',
    oneOfNodeLeft: 'more',
    allRemoved: false,
    nodeFirstAndGone: 'ours',
    noneLeft: false,
  })
})

test('children of node:child_process are waited for beside a handler of SIGCHLD, and inherit no odd disposition', async () => {
  const { code, stdout, stderr } = await run('children of Node are waited for and inherit nothing')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toEqual({ seen: Array(3).fill({ code: 0, odd: [] }), children: true })
})

test('a worker thread is refused, and its end takes nothing from the main thread', async () => {
  const { code, stdout, stderr } = await run('a worker thread is refused')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toEqual({
    codes: Array(3).fill('ERR_WORKER_UNSUPPORTED_OPERATION'),
    isCaught: true,
    got: 'SIGUSR2',
  })
})

test('listeners and handlers hear SIGINT after code that node:vm let it break', async () => {
  const { code, stdout, stderr } = await run('after breakOnSigint')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toBe('["node","ours"]\n["node","ours","ours"]\n')
})

test('a handler does not keep the process alive', async () => {
  const { code, stdout } = await run('a handler does not keep the process')
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
})
