import { fileURLToPath } from 'node:url'
import { runProgram } from '@shrapnel/test-support'
import { expect, test } from 'vitest'

test('what the last wait was woken with is not kept', async () => {
  const { stdout } = await runProgram(
    fileURLToPath(new URL('programs/forgets-what-it-got.mjs', import.meta.url)),
  )
  expect(stdout).toBe('forgotten\n')
})
