import { expect, test } from 'vitest'
import { runExample } from './example.js'

test('1000 coroutines that sleep take about as long as one', async () => {
  const { code, stdout, stderr } = await runExample('tutorial/sleepers', '1000', '300')
  expect(stderr).toBe('')
  const [, tookMs] = /^1000 coroutines, 0 awake\n1000 awake after (\d+) ms\n$/.exec(stdout) ?? []
  expect(Number(tookMs)).toBeGreaterThanOrEqual(300)
  // One after the other they would take five minutes.
  expect(Number(tookMs)).toBeLessThan(3000)
  expect(code).toBe(0)
})
