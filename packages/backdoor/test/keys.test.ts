import { expect, test } from 'vitest'
import { characters, keyLength } from '../src/wire/keys.js'

function keys(text: string): string[] {
  const found: string[] = []
  for (let rest = Buffer.from(text); rest.length > 0; ) {
    const length = keyLength(rest)
    found.push(rest.subarray(0, length).toString())
    rest = rest.subarray(length)
  }
  return found
}

test.each([
  ['abc', ['abc']],
  ['ab\r', ['ab', '\r']],
  ['\r\r', ['\r', '\r']],
  ['answr\x1b[De\x1b[4~\r', ['answr', '\x1b[D', 'e', '\x1b[4~', '\r']],
  ['\x1bOA\x1bOBx', ['\x1bOA', '\x1bOB', 'x']],
  ['\x1b[1;5Cx', ['\x1b[1;5C', 'x']],
  ['\x1bbx', ['\x1bb', 'x']],
  ['\x1b\x1b[A', ['\x1b', '\x1b[A']],
  ['\x1b', ['\x1b']],
  ['\x1b[', ['\x1b[']],
  ['\x1b[12', ['\x1b[12']],
  ['a\x7f\x01b', ['a', '\x7f', '\x01', 'b']],
  ['coro.wh\t', ['coro.wh', '\t']],
  ['\tindented\t\tmore', ['\tindented\t\tmore']],
  ['grüße €', ['grüße €']],
])('%j is the keys %j', (text, expected) => {
  expect(keys(text)).toEqual(expected)
})

test('characters are not cut', () => {
  const text = 'aü€😀\tz'
  expect([...characters(Buffer.from(text))].map(String)).toEqual([...text])
  expect([...characters(new Uint8Array(0))]).toEqual([])
})
