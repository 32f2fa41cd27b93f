import { expect, test } from 'vitest'
import { classifyFirstInput } from '../src/wire/first-input.js'

test.each([
  ['a line', '1+1\n', 'line'],
  ['a line that ends as on Windows', '1+1\r\n', 'line'],
  ['an empty line', '\n', 'line'],
  ['many lines, the last one cut', 'a\nb\nc', 'line'],
  ['a letter', 'c', 'raw'],
  ['a letter of two bytes', 'ü', 'raw'],
  ['a character of four bytes', '😀', 'raw'],
  ['the return key', '\r', 'raw'],
  ['an arrow key', '\x1b[A', 'raw'],
  ['the tab key', '\t', 'raw'],
  ['the backspace key', '\x7f', 'raw'],
  ['^D', '\x04', 'raw'],
  ['text and the return key', 'coro\r', 'raw'],
  ['text without an end', 'coro', 'unclear'],
  ['nothing', '', 'unclear'],
] as const)('%s is %j', (_, text, kind) => {
  expect(classifyFirstInput(Buffer.from(text))).toBe(kind)
})
