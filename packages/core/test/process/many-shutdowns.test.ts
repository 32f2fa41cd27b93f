/** Very many coroutines ended at once, seen from outside. */
import { runProgram } from '@shrapnel/test-support'
import { expect, test } from 'vitest'

const coroutines = process.env.SHRAPNEL_SLOW ? 20_000 : 100_000

test('a hundred thousand coroutines in every kind of wait end within seconds of being shut down, and leave nothing', {
  timeout: 60_000,
}, async () => {
  const program = new URL('../programs/shuts-many-down.mjs', import.meta.url)
  const { code, stdout } = await runProgram(program, { timeoutMs: 55_000 })
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual({
    spawned: coroutines,
    waiting: coroutines,
    finallyRun: coroutines,
    tookMs: expect.any(Number),
    left: 0,
    socketsLeft: 0,
    channelBalance: 0,
  })
  // Seconds, and not the minutes that a quadratic step somewhere would take.
  expect(JSON.parse(stdout).tookMs).toBeLessThan(20_000)
})
