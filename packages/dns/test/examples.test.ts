/** What the README shows is run. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runProgram } from '@shrapnel/test-support'
import { expect, test } from 'vitest'

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))
const read = (name: string): string => readFileSync(path(name), 'utf8')

/** On a machine whose name server knows example.com. */
function runThere(...args: string[]): ReturnType<typeof runProgram> {
  return runProgram(path('test/programs/named-machine.mjs'), {
    nodePath: 'unshare',
    nodeArgs: ['-Urnm', process.execPath],
    args,
  })
}

test('the quick start says what it is to say, and ends by itself', async () => {
  const { code, stdout, stderr } = await runThere(path('examples/dist/quick-start.js'))
  const said =
    'IPv4 192.0.2.80\nIPv6 2001:db8::80\n10 mail.example.com, for 300 s\n20 backup.example.com, for 300 s\n'
  expect({ code, stdout: inOrder(stdout), stderr }).toEqual({ code: 0, stdout: inOrder(said), stderr: '' })
})

/** Which family is better is the machine's business. */
function inOrder(text: string): string[] {
  return text.split('\n').sort()
}

test('the internal zone answers itself', async () => {
  const { code, stdout, stderr } = await runProgram(path('examples/dist/internal-zone.js'))
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: '10.0.0.5\ndb.corp.internal 5432\nnow\n',
    stderr: '',
  })
})

test('the README has the quick start and the internal zone as they are run', () => {
  const readme = read('README.md')
  for (const name of ['quick-start', 'internal-zone']) expect(readme).toContain(read(`examples/${name}.ts`))
})

test('what the README says that the command prints, it prints', async () => {
  const { stdout, code } = await runThere(path('dist/command/main.js'), 'example.com', 'MX')
  const printed = /\$ npx @shrapnel\/dns example\.com MX\n([\s\S]*?)```/.exec(read('README.md'))?.[1]
  const withoutChance = (text: string): string => text.replace(/id: \d+|\d+\.\d ms/g, '')
  expect(withoutChance(stdout)).toBe(withoutChance(printed ?? ''))
  expect(code).toBe(0)
})

test('the README has all that --help says', async () => {
  const { stdout } = await runProgram(path('dist/command/main.js'), { args: ['--help'] })
  const options = [...stdout.matchAll(/--[a-z-]+/g)].map(([option]) => option)
  const readme = read('README.md')
  expect(options.filter((option) => !readme.includes(option))).toEqual([])
})
