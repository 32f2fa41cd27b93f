import { everySplit } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { CursorReport } from '../src/wire/cursor-report.js'

const ANSWER = '\x1b[43;132R'

test('the answer is taken out of the keys around it, however it is cut', () => {
  const bytes = Buffer.from(`ab${ANSWER}c`)
  for (const split of everySplit(bytes)) {
    const report = new CursorReport()
    const keys = Buffer.concat(split.map((chunk) => report.push(chunk)))
    expect(keys.toString()).toBe('abc')
    expect(report.size).toEqual({ columns: 132, rows: 43 })
  }
})

test('byte by byte is no different', () => {
  const report = new CursorReport()
  const keys = [...Buffer.from(`a${ANSWER}b`)].map((byte) => report.push(Uint8Array.of(byte)))
  expect(Buffer.concat(keys).toString()).toBe('ab')
  expect(report.size).toEqual({ columns: 132, rows: 43 })
})

test.each(['\x1b[A', '\x1bOA', '\x1b[1;5C', '\x1b[123456;1R', '\x1b[;5R', '\x1bx', 'plain'])(
  '%j is no answer and passes',
  (text) => {
    const report = new CursorReport()
    expect(Buffer.from(report.push(Buffer.from(text))).toString()).toBe(text)
    expect(report.size).toBeUndefined()
  },
)

test('what may be the beginning of an answer is given back when none comes', () => {
  const report = new CursorReport()
  expect(Buffer.from(report.push(Buffer.from('x\x1b[12'))).toString()).toBe('x')
  expect(Buffer.from(report.stop()).toString()).toBe('\x1b[12')
  expect(Buffer.from(report.push(Buffer.from(ANSWER))).toString()).toBe(ANSWER)
})

test('it waits for one answer: a second one is a key', () => {
  const report = new CursorReport()
  expect(report.push(Buffer.from(ANSWER))).toHaveLength(0)
  expect(report.push(Buffer.from(ANSWER))).toHaveLength(ANSWER.length)
})
