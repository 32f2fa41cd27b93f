import { appendFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { History, MAX_HISTORY_ENTRIES } from '../src/history.js'
import { CONTINUED, freshPath, openHouse, visitRaw } from './house.js'
import { PROMPT } from './visitor.js'

const UP = '\x1b[A'

test('a session begins with what earlier ones have typed', async () => {
  const { unixPath } = await openHouse()
  const first = await visitRaw(unixPath)
  await first.asks('1 + 1\r', PROMPT)
  const second = await visitRaw(unixPath)
  await second.asks(UP, '> 1 + 1')
  await second.asks('\r', `\r\n2\r\n${PROMPT}`)
})

test('a file keeps it for the next server, for the owner alone', async () => {
  const historyFile = await freshPath()
  {
    const server = await openHouse({ historyFile })
    const visitor = await visitRaw(server.unixPath)
    await visitor.asks("'größe'\r", PROMPT)
    await visitor.asks("'last'\r", PROMPT)
    await server.close()
  }
  expect(statSync(historyFile).mode & 0o777).toBe(0o600)
  expect(readFileSync(historyFile, 'utf8')).toBe('"\'größe\'"\n"\'last\'"\n')
  const { unixPath } = await openHouse({ historyFile })
  const visitor = await visitRaw(unixPath)
  await visitor.asks(`${UP}${UP}`, "> 'größe'")
})

test('code of several lines is kept and can be brought back', async () => {
  const historyFile = await freshPath()
  const server = await openHouse({ historyFile })
  const visitor = await visitRaw(server.unixPath)
  await visitor.asks('`one\r', CONTINUED)
  await visitor.asks('two`\r', PROMPT)
  const entries = readFileSync(historyFile, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(entries.join()).toContain('one')
  expect(entries.join()).toContain('two')
})

test('entries are neither doubled nor blank', () => {
  const history = new History()
  for (const entry of ['a', 'a', '  ', '', 'b', 'a']) history.add(entry)
  expect(history.newestFirst()).toEqual(['a', 'b', 'a'])
})

test('there are so many and no more, and a file that has grown is cut', async () => {
  const file = await freshPath()
  const history = new History(file)
  for (let i = 0; i < 2 * MAX_HISTORY_ENTRIES + 1; i++) history.add(`entry ${i}`)
  expect(history.newestFirst()).toHaveLength(MAX_HISTORY_ENTRIES)
  const again = new History(file)
  expect(again.newestFirst()).toEqual(history.newestFirst())
  expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(MAX_HISTORY_ENTRIES)
})

test('lines of the file that are none of ours are passed over', async () => {
  const file = await freshPath()
  writeFileSync(file, '"good"\nnot json\n{"a":1}\n42\n')
  appendFileSync(file, '"also"')
  expect(new History(file).newestFirst()).toEqual(['also', 'good'])
})

test('a file that cannot be used is no reason to refuse a prompt', async () => {
  const historyFile = await freshPath()
  mkdirSync(historyFile)
  const history = new History(historyFile)
  history.add('kept in memory')
  expect(history.failure).toMatchObject({ code: 'EISDIR' })
  expect(history.newestFirst()).toEqual(['kept in memory'])
  const { unixPath } = await openHouse({ historyFile })
  const visitor = await visitRaw(unixPath)
  await visitor.asks('1\r', `\r\n1\r\n${PROMPT}`)
})
