import { chunkings, feed } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { type Encoding, TerminalEncoder } from '../src/wire/terminal-encoder.js'

function encode(encoding: Encoding, text: string): string {
  return Buffer.from(new TerminalEncoder(encoding).push(Buffer.from(text, 'latin1'))).toString('latin1')
}

describe('what each kind of peer gets', () => {
  test.each([
    ['plain', 'a\nb\r\nc\rd\xff', 'a\nb\r\nc\rd\xff'],
    ['raw', 'a\nb\r\nc\rd\xff', 'a\r\nb\r\nc\rd\xff'],
    ['raw', '\n\n', '\r\n\r\n'],
    ['telnet', 'a\nb\r\nc', 'a\r\nb\r\nc'],
    ['telnet', '50%\r60%', '50%\r\x0060%'],
    ['telnet', '\r\0x', '\r\0x'],
    ['telnet', 'a\xff\xffb', 'a\xff\xff\xff\xffb'],
    ['telnet', '\r\xff', '\r\0\xff\xff'],
  ] as const)('%s: %j becomes %j', (encoding, text, expected) => {
    expect(encode(encoding, text)).toBe(expected)
  })
})

test('the result does not depend on how the text was cut', () => {
  const bytes = Buffer.from('one\ntwo\r\nthree\r\r\nfour\xff\r\xffx\r\0\n', 'latin1')
  for (const encoding of ['plain', 'raw', 'telnet'] as const) {
    const whole = Buffer.from(new TerminalEncoder(encoding).push(bytes))
    for (const chunks of chunkings(bytes, 3, 100)) {
      const encoder = new TerminalEncoder(encoding)
      const parts = feed({ push: (chunk: Uint8Array) => [encoder.push(chunk)] }, chunks)
      expect(Buffer.concat(parts)).toEqual(whole)
    }
  }
})

test('text that needs nothing is not copied', () => {
  const bytes = Buffer.from('no line end')
  for (const encoding of ['plain', 'raw', 'telnet'] as const) {
    expect(new TerminalEncoder(encoding).push(bytes).buffer).toBe(bytes.buffer)
  }
})
