/** What the README shows is run. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runProgram } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { house } from './house.js'

const here = house()
const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))

test.each([
  ['quick-start', 'hello TLSv1.3\n'],
  ['starttls', '220 go ahead\n250 hello newcomer (TLSv1.3)\n'],
])('the example %s says what it is to say, and ends by itself', async (name, said) => {
  const certificate = await here.authority.issue()
  const { code, stdout, stderr } = await runProgram(path(`examples/dist/${name}.js`), {
    args: [certificate.chainPath, certificate.keyPath, here.authority.certificatePath],
  })
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: said, stderr: '' })
})

test('the server of the README is the one that the quick start runs', () => {
  const server = /spawn\(\{ daemon: true \}[\s\S]*?\n}\)\n/
  const readme = server.exec(readFileSync(path('README.md'), 'utf8'))?.[0]
  expect(readme).toBeDefined()
  expect(server.exec(readFileSync(path('examples/quick-start.ts'), 'utf8'))?.[0]).toBe(readme)
})

test('the README has each code that an error of this package may have', () => {
  const codes = readFileSync(path('src/errors.ts'), 'utf8').matchAll(/^ {2}\| '([A-Z_]+)'$/gm)
  const readme = readFileSync(path('README.md'), 'utf8')
  const missing = [...codes].map(([, code]) => code).filter((code) => !readme.includes(`| \`${code}\` |`))
  expect(missing).toEqual([])
})
