import { fileURLToPath } from 'node:url'
import { runProgram } from '@shrapnel/test-support'
import { expect, test } from 'vitest'

test('the example of an upload says what it is to say, and ends by itself', async () => {
  const program = fileURLToPath(new URL('../examples/dist/upload.js', import.meta.url))
  const { code, stdout, stderr } = await runProgram(program)
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: 'title = numbers\nfile: numbers.txt, 588890 bytes, 6b3cecf8\n',
    stderr: '',
  })
})
