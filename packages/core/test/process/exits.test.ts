/** The clean end of a program through `setExit`, seen from outside. */
import { runProgram } from '@shrapnel/test-support'
import { expect, test } from 'vitest'

const program = new URL('../programs/exits.mjs', import.meta.url)
const run = (name: string) => runProgram(program, { args: [name] })

test('setExit closes listeners, runs every finally, then the exit functions last first, and the first code counts', async () => {
  const { code, stdout, stderr } = await run('orderly')
  expect(stderr).toBe('')
  expect(code).toBe(7)
  const lines = stdout.trimEnd().split('\n')
  expect(lines[0]).toBe('setExit returned')
  expect(lines.slice(1, -2).sort()).toEqual([
    'connection ends',
    'daemon ends',
    'locker ends',
    'no more connections',
    'sleeper ends',
    'the caller ends',
  ])
  expect(lines.slice(-2)).toEqual([
    'registered last, called first, 0 coroutines left',
    'registered first, called last',
  ])
})

test('cleanup in a shield is waited for', async () => {
  const { code, stdout, stderr } = await run('cleanup waits')
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'cleaned up\n', stderr: '' })
})

test('a coroutine stuck on a promise is named when the grace is over, and the program ends without it', async () => {
  const { code, stdout, stderr, durationMs } = await run('one is stuck on a promise')
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
  expect(stderr).toMatch(/^\S+ exit does not wait any longer for coroutine \d+ stuck: foreign\n$/)
  expect(durationMs).toBeLessThan(5000)
})

test('a coroutine that swallows its cancellation is named and does not keep the program', async () => {
  const { code, stderr } = await run('one swallows every cancellation')
  expect(code).toBe(4)
  expect(stderr).toMatch(/\(stubborn\) was cancelled and goes on waiting/)
  expect(stderr).toMatch(/exit does not wait any longer for coroutine \d+ stubborn/)
})

test('an exit function that fails is reported, and the others are called', async () => {
  const { code, stdout, stderr } = await run('an exit function fails')
  expect({ code, stdout }).toEqual({ code: 5, stdout: 'called all the same\n' })
  expect(stderr).toMatch(/failed in onExit: Error: clumsy/)
})

test('an exit function that hangs does not keep the program longer than the grace', async () => {
  const { code, durationMs } = await run('an exit function hangs')
  expect(code).toBe(6)
  expect(durationMs).toBeLessThan(5000)
})

test.each(['nothing else runs', 'one has not begun'])('setExit ends a program in which %s', async (name) => {
  const { code, stdout, stderr } = await run(name)
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' })
})

test('setExit may be called from a signal handler', async () => {
  const { code, signal, stdout } = await run('from a handler of a signal')
  expect({ code, signal, stdout }).toEqual({ code: 0, signal: null, stdout: 'sleeper ends\n' })
})
