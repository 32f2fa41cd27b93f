import { chunkings, everySplit } from '@shrapnel/test-support'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HttpHeaders } from '../src/headers.js'
import { CHUNK_END, ChunkedDecoder, chunkSize, DATA, END, lastChunk, MORE } from '../src/wire/index.js'
import { describeRefusals, type Fed } from './refusals.js'

class Body implements Fed {
  readonly decoder = new ChunkedDecoder()
  text = ''
  rest = ''
  push(chunk: Uint8Array): string[] {
    const bytes = Buffer.from(chunk)
    for (let at = 0; ; at = this.decoder.at) {
      const step = this.decoder.step(bytes, at, bytes.length)
      if (step === DATA) this.text += bytes.toString('latin1', this.decoder.dataFrom, this.decoder.dataTo)
      if (step === MORE) return []
      if (step !== END) continue
      this.rest += bytes.toString('latin1', this.decoder.at)
      return []
    }
  }
}

function decode(chunks: Iterable<Uint8Array>): {
  text: string
  isEnded: boolean
  rest: string
  trailers: unknown
} {
  const body = new Body()
  for (const chunk of chunks) body.push(chunk)
  const { decoder, text, rest } = body
  return { text, isEnded: decoder.isEnded, rest, trailers: [...decoder.trailers] }
}

function accepted(
  text: string,
  expected: { text: string; rest?: string; trailers?: [string, string][] },
): void {
  const bytes = Buffer.from(text, 'latin1')
  const complete = { isEnded: true, rest: '', trailers: [], ...expected }
  expect(decode([bytes])).toEqual(complete)
  expect(decode(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(complete)
  for (const split of everySplit(bytes)) expect(decode(split), `cut at ${split[0].length}`).toEqual(complete)
}

describe('a chunked body', () => {
  test('is the data of its chunks', () =>
    accepted('5\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\n\r\n', { text: 'hello 0123456789' }))
  test('may be empty', () => accepted('0\r\n\r\n', { text: '' }))
  test('may write its sizes with zeros before them, and in either case', () =>
    accepted('00a\r\n0123456789\r\n0A\r\n0123456789\r\n000\r\n\r\n', { text: '01234567890123456789' }))
  test('may have line ends in its data', () => accepted('4\r\n\r\n0\r\r\n0\r\n\r\n', { text: '\r\n0\r' }))
  test('may have extensions, which mean nothing', () =>
    accepted('2;a=b;c="d; \\" e";f\r\nab\r\n0;x\r\n\r\n', { text: 'ab' }))
  test('may end in trailers', () =>
    accepted('1\r\na\r\n0\r\nX-Sum: 12 \r\nx-two:\r\n\r\n', {
      text: 'a',
      trailers: [
        ['X-Sum', '12'],
        ['x-two', ''],
      ],
    }))
  test('ends where its last chunk does', () => {
    expect(decode([Buffer.from('1\r\na\r\n0\r\n\r\nGET /')])).toMatchObject({ text: 'a', rest: 'GET /' })
    expect(decode([Buffer.from('1\r\na\r\n0\r\nA: b\r\n\r\nGET /')])).toMatchObject({
      text: 'a',
      rest: 'GET /',
    })
  })
  test('is not ended before its last line', () => {
    const text = '1\r\na\r\n0\r\nA: b\r\n\r\n'
    for (let length = 0; length < text.length; length++)
      expect(decode([Buffer.from(text.slice(0, length))]).isEnded).toBe(false)
  })
  test('of any blocks and trailers is read as it was written, in any chunking', () => {
    const block = fc.uint8Array({ minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(fc.array(block, { maxLength: 8 }), fc.nat(), (blocks, seed) => {
        const parts = blocks.flatMap((bytes) => [Buffer.from(chunkSize(bytes.length)), bytes, CHUNK_END])
        const bytes = Buffer.concat([...parts, lastChunk(new HttpHeaders({ 'x-a': 'b' }))])
        const text = Buffer.concat(blocks).toString('latin1')
        for (const chunks of chunkings(bytes, seed, 4))
          expect(decode(chunks)).toEqual({ text, isEnded: true, rest: '', trailers: [['x-a', 'b']] })
      }),
    )
  })
})

describeRefusals('a chunked body is refused for', () => new Body(), [
  ['an empty size', '\r\n\r\n', 400],
  ['a size that is no number', 'x\r\n', 400],
  ['a size with a minus', '-1\r\n', 400],
  ['a size with a plus', '+1\r\n', 400],
  ['a size that begins with 0x', '0x1\r\n', 400],
  ['a size that overflows', 'fffffffffffffffff\r\n', 400],
  ['a size of many zeros', `${'0'.repeat(13)}\r\n`, 400],
  ['a bare LF behind a size', '1\na\r\n0\r\n\r\n', 400],
  ['a bare CR behind a size', '1\ra\r\n0\r\n\r\n', 400],
  ['a space behind a size', '1 \r\na\r\n0\r\n\r\n', 400],
  ['a tab before a size', '\t1\r\na\r\n0\r\n\r\n', 400],
  ['a space before an extension', '1 ;a\r\na\r\n0\r\n\r\n', 400],
  ['a bare LF in an extension', '1;a\nb\r\na\r\n0\r\n\r\n', 400],
  ['a bare CR in an extension', '1;a\rb\r\na\r\n0\r\n\r\n', 400],
  ['NUL in an extension', '1;\0\r\na\r\n0\r\n\r\n', 400],
  ['an extension without a name', '1;\r\na\r\n0\r\n\r\n', 400],
  ['an extension with an empty value', '1;a=\r\na\r\n0\r\n\r\n', 400],
  ['an extension whose quotes do not end', '1;a="b\r\na\r\n0\r\n\r\n', 400],
  ['an extension that ends in a backslash', '1;a="b\\\r\na\r\n0\r\n\r\n', 400],
  ['bytes behind the quotes of an extension', '1;a="b"c\r\na\r\n0\r\n\r\n', 400],
  ['a quote in a value that is none', '1;a=b"c"\r\na\r\n0\r\n\r\n', 400],
  ['a space behind the semicolon of an extension', '1; a\r\na\r\n0\r\n\r\n', 400],
  ['an extension that is too long', `1;${'a'.repeat(300)}\r\n`, 400],
  ['too many extensions', `1;${'a'.repeat(200)}\r\nb\r\n`.repeat(30), 400],
  ['a chunk longer than its size', '1\r\nab\r\n0\r\n\r\n', 400],
  ['a chunk that ends in a bare LF', '1\r\na\n0\r\n\r\n', 400],
  ['a chunk that ends in a bare CR', '1\r\na\r0\r\n\r\n', 400],
  ['a bare LF at the very end', '0\r\n\n', 400],
  ['a bare CR at the very end', '0\r\n\rX', 400],
  ['a bare LF in a trailer', '0\r\nA: b\n\r\n', 400],
  ['a space before the colon of a trailer', '0\r\nA : b\r\n\r\n', 400],
  ['a trailer that goes on in a second line', '0\r\nA: b\r\n c\r\n\r\n', 400],
  ['a trailer that says a length', '0\r\nContent-Length: 1\r\n\r\n', 400],
  ['a trailer that says a coding', '0\r\nTRANSFER-ENCODING: chunked\r\n\r\n', 400],
  ['a trailer that says a host', '0\r\nHost: a\r\n\r\n', 400],
  ['too many trailers', `0\r\n${'a: b\r\n'.repeat(101)}\r\n`, 431, 'HTTP_LIMIT', 'maxHeaders'],
]) // biome-ignore format: a table

test('trailers longer than a head may be are refused, and are not held', () => {
  const body = new Body()
  body.push(Buffer.from('0\r\n'))
  const piece = Buffer.from('a'.repeat(1000))
  expect(() => {
    for (let i = 0; i < 20; i++) body.push(piece)
  }).toThrow('maxHeadBytes')
})
