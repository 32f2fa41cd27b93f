/** Child processes that answer in lines. */
import { expect, test } from 'vitest'
import { answerOf, LineProcess } from '../src/line-process.js'

const node = (program: string) => [process.execPath, '--eval', program]

test('a child that fails is reported with its code and what it said', async () => {
  const failing = answerOf(node('console.error("no such thing"); process.exit(3)'))
  await expect(failing).rejects.toThrow(/code 3.*\nno such thing/)
})

test('a program that does not exist is reported by name', async () => {
  await expect(answerOf(['no-such-program-anywhere'])).rejects.toThrow('no-such-program-anywhere')
})

test('a child is asked and answers line by line, and ends when its standard input closes', async () => {
  const child = new LineProcess(
    node('process.stdin.setEncoding("utf8").on("data", (text) => console.log(text.trim().length))'),
  )
  expect(await child.ask('four')).toBe(4)
  expect(await child.ask('seventy')).toBe(7)
  await child.end()
  expect(() => process.kill(child.pid, 0)).toThrow('ESRCH')
})
