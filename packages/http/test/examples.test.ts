/** What the README shows is run, and what it lists is all there is. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runProgram } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { connectionSettings } from '../src/server/options.js'

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))
const readme = readFileSync(path('README.md'), 'utf8')
const shown = /^```ts\n([\s\S]*?)^```$/m.exec(readme)?.[1] ?? ''

test('the program of the README is the quick start, and short', () => {
  const [head, ...program] = readFileSync(path('examples/quick-start.ts'), 'utf8').split('\n')
  expect(head).toMatch(/^\/\*\* .* \*\/$/)
  expect(shown).toBe(program.join('\n'))
  expect(program.length).toBeLessThanOrEqual(20)
  expect(readme.slice(0, readme.indexOf(shown)).split('\n').length + program.length).toBeLessThan(30)
})

test('the quick start says what it is to say, and ends by itself', async () => {
  const { code, stdout, stderr } = await runProgram(path('examples/dist/quick-start.js'))
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '200 Hello, world!\n{ sum: 6 }\n', stderr: '' })
})

test('the README has each option of a server, with what it is unless given', () => {
  const settings = Object.entries(connectionSettings({})).filter(([, value]) => typeof value === 'number')
  expect(settings.length).toBeGreaterThan(10)
  const text = (value: number): string => (value === 10_485_760 ? '10 MiB' : value.toLocaleString('en-US'))
  const missing = settings
    .map(([name, value]) => `| \`${name}\` | ${text(value as number)} |`)
    .filter((row) => !readme.includes(row))
  expect(missing).toEqual([])
})

test('the README has each code that an error of this package may have', () => {
  const codes = readFileSync(path('src/errors.ts'), 'utf8').matchAll(/^ {2}\| '(HTTP_[A-Z_]+)'$/gm)
  const missing = [...codes].map(([, code]) => code).filter((code) => !readme.includes(`| \`${code}\` |`))
  expect(missing).toEqual([])
})
