/** What the README shows is run. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runProgram, temporaryFolder } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { CONNECT_NAMES, LISTEN_NAMES, NAMED_CONTEXT_NAMES, TCP_LISTEN_NAMES } from '../src/option-names.js'
import { house } from './house.js'

const here = house()
const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))

const readme = readFileSync(path('README.md'), 'utf8')
/** The first code of that language. */
const shown = (language: string): string =>
  new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'm').exec(readme)?.[1] ?? ''

test('the program of the README is the quick start, and short', () => {
  const [head, ...program] = readFileSync(path('examples/quick-start.ts'), 'utf8').split('\n')
  expect(head).toMatch(/^\/\*\* .* \*\/$/)
  expect(shown('ts')).toBe(program.join('\n'))
  expect(program.length).toBeLessThanOrEqual(20)
  expect(readme.indexOf(shown('ts')) + shown('ts').length).toBeLessThan(
    readme.split('\n').slice(0, 30).join('\n').length,
  )
})

test('the quick start runs with the certificate that the README makes, and ends by itself', async () => {
  const folder = await temporaryFolder()
  const [install, make = ''] = shown('sh').split('\n')
  expect(install).toMatch(/^npm install /)
  execFileSync('sh', ['-c', make], { cwd: folder.path, stdio: 'pipe' })
  const { code, stdout, stderr } = await runProgram(path('examples/dist/quick-start.js'), {
    cwd: folder.path,
  })
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'hello TLSv1.3\n', stderr: '' })
  await folder.remove()
})

test('the example starttls says what it is to say, and ends by itself', async () => {
  const certificate = await here.authority.issue()
  const { code, stdout, stderr } = await runProgram(path('examples/dist/starttls.js'), {
    args: [certificate.chainPath, certificate.keyPath, here.authority.certificatePath],
  })
  const said = '220 go ahead\n250 hello newcomer (TLSv1.3)\n'
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: said, stderr: '' })
})

test('the README has each option', () => {
  const missing = [...LISTEN_NAMES, ...CONNECT_NAMES, ...NAMED_CONTEXT_NAMES]
    .filter((name) => !TCP_LISTEN_NAMES.has(name))
    .filter((name) => !new RegExp(`\\b${name}\\b`).test(readme))
  expect(missing).toEqual([])
})

test('the README has each code that an error of this package may have', () => {
  const codes = readFileSync(path('src/errors.ts'), 'utf8').matchAll(/^ {2}\| '([A-Z_]+)'$/gm)
  const missing = [...codes].map(([, code]) => code).filter((code) => !readme.includes(`| \`${code}\` |`))
  expect(missing).toEqual([])
})
