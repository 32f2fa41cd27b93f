import { describe, expect, test } from 'vitest'
import { hex, parseHex } from '../src/hex.js'

describe('hex', () => {
  test('spaces, line breaks and comments of three kinds count for nothing', () => {
    const bytes = hex`
      00 05        // length, be it 0xff in the comment
      6162 63 # letters
      /* a longer
         story: ff */ 64 65
    `
    expect(bytes).toEqual(Uint8Array.of(0, 5, 0x61, 0x62, 0x63, 0x64, 0x65))
  })

  test('values can be bytes, one byte, or hex text', () => {
    expect(hex`01 ${Uint8Array.of(2, 3)} ${4} ${'05 06'}`).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6))
    expect(hex`${Buffer.from('a')}`).toEqual(Uint8Array.of(0x61))
  })

  test('upper and lower case are the same', () => {
    expect(hex`aB`).toEqual(hex`Ab`)
  })

  test('nothing is no bytes', () => {
    expect(hex``).toEqual(new Uint8Array())
  })

  test('half a byte and a stray letter are errors', () => {
    expect(() => parseHex('123')).toThrow(SyntaxError)
    expect(() => parseHex('0x12')).toThrow('"x" is not a hex digit')
  })

  test.each([256, -1, 1.5, Number.NaN])('%s is not one byte', (value) => {
    expect(() => hex`${value}`).toThrow(RangeError)
  })
})
