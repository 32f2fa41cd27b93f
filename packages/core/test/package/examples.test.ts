/** What the README shows is run. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runProgram } from '@shrapnel/test-support'
import { expect, test } from 'vitest'

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))

test('the quick start echoes, times out, and ends by itself', async () => {
  const { code, stdout, stderr } = await runProgram(path('examples/dist/quick-start.js'))
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: 'hello, coroutine\nno more: no result within 50 ms\n',
    stderr: '',
  })
})

test('the session of the README is the one that the quick start runs', () => {
  const session = /async function session[\s\S]*?\n}\n/
  const readme = session.exec(readFileSync(path('README.md'), 'utf8'))?.[0]
  expect(readme).toBeDefined()
  expect(session.exec(readFileSync(path('examples/quick-start.ts'), 'utf8'))?.[0]).toBe(readme)
})
