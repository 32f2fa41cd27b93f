import { expect, test } from 'vitest'
import { CONTINUED, openHouse, runScript, visit } from './house.js'

test('a line is answered without echo and without escape codes', async () => {
  const { unixPath } = await openHouse()
  expect(await runScript(unixPath, 'coro.all().length > 0\n')).toBe('true\n> ')
})

test('colours are for terminals, however they were asked for', async () => {
  const { unixPath } = await openHouse({ colors: true })
  expect(await runScript(unixPath, "({ a: 'b', n: 1 })\n")).toBe("{ a: 'b', n: 1 }\n> ")
})

test('a last line without its end is run all the same', async () => {
  const { unixPath } = await openHouse()
  expect(await runScript(unixPath, '40 + 2')).toBe('42\n> ')
  expect(await runScript(unixPath, '1\n40 + 2')).toBe('1\n> 42\n> ')
})

test('somebody who sends nothing gets the welcome and the prompt', async () => {
  const { unixPath } = await openHouse()
  expect(await runScript(unixPath, '')).toBe('')
})

test('lines that come at once are run one after the other, each when the one before is done with its await', async () => {
  const { unixPath } = await openHouse({ context: { order: [] } })
  const script =
    'await coro.sleep(20); order.push(1)\norder.push(2)\nawait coro.yieldSlice(); order.push(3)\norder.join()\n'
  expect(await runScript(unixPath, script)).toBe("1\n> 2\n> 3\n> '1,2,3'\n> ")
})

test('what still waits when the input ends is written before the end', async () => {
  const { unixPath } = await openHouse()
  expect(await runScript(unixPath, "await coro.sleep(50); 'late'\n")).toBe("'late'\n> ")
})

test('what waits too long after the end of the input is given up, and says so', async () => {
  const { unixPath } = await openHouse({ endGraceMs: 30 })
  const text = await runScript(unixPath, 'await new Promise(() => {})\n')
  expect(text).toContain('endGraceMs')
})

test('code may go on over several lines', async () => {
  const { unixPath } = await openHouse()
  const text = await runScript(unixPath, 'function twice(n) {\n  return 2 * n\n}\ntwice(21)\n')
  expect(text).toBe(`${CONTINUED}${CONTINUED}undefined\n> 42\n> `)
})

test('lines that end as on Windows are lines', async () => {
  const { unixPath } = await openHouse()
  expect(await runScript(unixPath, '1 + 1\r\n2 + 2\r\n')).toBe('2\n> 4\n> ')
})

test('a script of many lines, cut anywhere, is answered in order', async () => {
  const { unixPath } = await openHouse()
  const count = 2000
  const script = Array.from({ length: count }, (_, i) => `${i}`).join('\n')
  const visitor = await visit(unixPath)
  for (let at = 0; at < script.length; at += 1717) visitor.type(script.slice(at, at + 1717))
  const text = await visitor.leaves('\n')
  const expected = Array.from({ length: count }, (_, i) => `${i}\n> `).join('')
  expect(text.endsWith(`> ${expected}`)).toBe(true)
})

test('errors are shown, and the next line is run', async () => {
  const { unixPath } = await openHouse()
  const text = await runScript(
    unixPath,
    "throw new Error('oops')\nnosuch.thing\nawait Promise.reject(new Error('later'))\n1 +* 2\n'on'\n",
  )
  expect(text).toMatch(/Uncaught Error: oops\n/)
  expect(text).toMatch(/Uncaught ReferenceError: nosuch is not defined\n/)
  expect(text).toMatch(/Uncaught Error: later\n/)
  expect(text).toMatch(/Uncaught SyntaxError/)
  expect(text.endsWith("'on'\n> ")).toBe(true)
})

test('the stack of an error shows typed code and nothing of ours', async () => {
  const { unixPath } = await openHouse()
  const text = await runScript(unixPath, "function f() { throw new Error('deep') }\nf()\n")
  expect(text).toMatch(/Uncaught Error: deep\n\s+at f \(REPL\d+:1:\d+\)\n> /)
})

test('.exit leaves, and what follows it is not run', async () => {
  const ran: number[] = []
  const { unixPath } = await openHouse({ context: { ran } })
  const text = await runScript(unixPath, 'ran.push(1)\n.exit\nran.push(2)\nran.push(3)\n')
  expect(text.startsWith('1\n> ')).toBe(true)
  expect(ran).toEqual([1])
})

test('.clear gives a new context with everything in it that the old one had', async () => {
  const { unixPath } = await openHouse({ context: { answer: 42 } })
  const text = await runScript(unixPath, 'var x = 1\n.clear\ntypeof x\nanswer\ntypeof coro.spawn\n')
  expect(text).toMatch(/'undefined'\n> 42\n> 'function'\n> $/)
})
