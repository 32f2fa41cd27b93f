import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '@shrapnel/test-support'
import { expect, onTestFinished, test } from 'vitest'
import { Visitor } from './visitor.js'

const source = new URL('../examples/quick-start.ts', import.meta.url)
const built = fileURLToPath(new URL('../examples/dist/quick-start.js', import.meta.url))

test('the program of the README is the one in examples, from its first import on', () => {
  const program = readFileSync(source, 'utf8')
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  expect(readme).toContain(program.slice(program.indexOf('import')))
  expect(
    readme.slice(0, readme.indexOf(program.slice(program.indexOf('import')))).split('\n').length,
  ).toBeLessThan(30)
})

test('the quick start can be joined, looked into, and ended from inside', async () => {
  await using folder = await temporaryFolder()
  const child = spawn(process.execPath, [built], { cwd: folder.path, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  let printed = ''
  for await (const text of child.stdout.setEncoding('utf8')) {
    printed += text
    if (printed.includes('\n')) break
  }
  expect(printed).toBe('Join with: socat -,raw,echo=0,escape=0x1d UNIX-CONNECT:shop.sock\n')
  const visitor = await Visitor.over(join(folder.path, 'shop.sock'))
  await visitor.sees('> ')
  expect(await visitor.asks('orders.get(1)\n', '> ')).toBe("'new'\n> ")
  visitor.type('coro.setExit(3)\n')
  expect(await ended).toBe(3)
})
