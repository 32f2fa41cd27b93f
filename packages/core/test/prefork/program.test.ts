/** Which program workers run, and where prefork can be called. */
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { execArguments } from '../../src/prefork/program.js'
import { takeOwnRole } from '../../src/prefork/role.js'
import { run } from '../../src/process/run.js'
import { interruptible } from '../../src/scope/interruptible.js'

const PROGRAM = `
import('@shrapnel/core').then(async ({ prefork }) => {
  const server = await prefork({ listen: { port: 0 }, workers: 1, serve() {} })
  process.stdout.write('it is up')
  await server.stop()
})`
const LONG = { timeout: 30_000 }
const cwd = fileURLToPath(new URL('../..', import.meta.url))

test.each([['-e', PROGRAM], [`--eval=${PROGRAM}`], ['--inspect=0', '--inspect-port', '0', '-e', PROGRAM]])(
  'workers run a program of the command line: %.12s',
  LONG,
  async (...args) => {
    const { code, stdout } = await run(process.execPath, args, { cwd, timeoutMs: 20_000 })
    expect(stdout.toString()).toBe('it is up')
    expect(code).toBe(0)
  },
)

test('a program from the standard input cannot be run again, and prefork says so', LONG, async () => {
  const { code, stderr } = await run(process.execPath, [], { cwd, input: PROGRAM, timeoutMs: 20_000 })
  expect(stderr.toString()).toContain("code: 'PREFORK_PROGRAM'")
  expect(code).toBe(1)
})

test('a program that calls prefork twice is told so', LONG, async () => {
  const twice = PROGRAM.replace(
    'await server.stop()',
    'await server.stop(); await prefork({ listen: { port: 0 }, serve() {} })',
  )
  const { code, stderr } = await run(process.execPath, ['-e', twice], { cwd, timeoutMs: 20_000 })
  expect(stderr.toString()).toContain("code: 'PREFORK_TWICE'")
  expect(code).toBe(1)
})

test('the debugger stays with the supervisor, and all else goes to the workers', () => {
  const others = ['--import', './loader.js', '--max-old-space-size=100']
  expect(execArguments(['--inspect-brk=0', ...others, '--inspect-port', '0', '--inspect-wait'])).toEqual(
    others,
  )
})

test('in a worker thread prefork fails', LONG, async () => {
  const thread = new Worker(new URL('../programs/prefork-thread.mjs', import.meta.url))
  const [code] = await interruptible(once(thread, 'message'))
  expect(code).toBe('ERR_WORKER_UNSUPPORTED_OPERATION')
  await interruptible(thread.terminate())
})

test('a process that only inherits the variable has no role, and passes none on', () => {
  process.env.SHRAPNEL_PREFORK_ROLE = JSON.stringify({
    supervisorPid: process.pid,
    index: 0,
    strategy: 'reuse-port',
  })
  expect(takeOwnRole()).toBeUndefined()
  expect(process.env.SHRAPNEL_PREFORK_ROLE).toBeUndefined()
})
