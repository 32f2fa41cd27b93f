import { checkFeedingOfMany, chunkings, describeHostile, everySplit } from '@shrapnel/test-support'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formBody } from '../src/form/form-body.js'
import {
  boundaryOf,
  decodeUrlencoded,
  encodeFormEnd,
  encodePartHead,
  MultipartDecoder,
  type MultipartLimits,
} from '../src/wire/index.js'

interface Part {
  readonly name: string
  readonly filename: string | undefined
  readonly type: string
  readonly data: string
}

/** Whole parts out of pieces, which depend on how they were fed. */
class Parts {
  readonly decoder: MultipartDecoder
  #open: (Omit<Part, 'data'> & { data: string }) | null = null
  constructor(boundary = 'b', limits?: MultipartLimits) {
    this.decoder = new MultipartDecoder(boundary, limits)
  }
  push(chunk: Uint8Array): Part[] {
    const parts: Part[] = []
    for (const piece of this.decoder.push(Buffer.from(chunk))) {
      if (piece === null) parts.push(this.#open as Part)
      else if (Buffer.isBuffer(piece)) (this.#open as { data: string }).data += piece.toString('latin1')
      else this.#open = { name: piece.name, filename: piece.filename, type: piece.type, data: '' }
    }
    return parts
  }
  end(): void {
    this.decoder.end()
  }
}

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1')
const field = (name: string, data: string): string =>
  `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${data}\r\n`
const one = (disposition: string, more = ''): string =>
  `--b\r\nContent-Disposition: ${disposition}\r\n${more}\r\nx\r\n--b--\r\n`

function decode(text: string, boundary = 'b', limits?: MultipartLimits): Part[] {
  const parts = new Parts(boundary, limits)
  const all = parts.push(bytesOf(text))
  parts.end()
  return all
}

function refused(text: string): Error {
  const parts = new Parts()
  for (const byte of bytesOf(text)) {
    try {
      parts.push(Uint8Array.of(byte))
    } catch (error) {
      return error as Error
    }
  }
  try {
    parts.end()
  } catch (error) {
    return error as Error
  }
  throw new Error('it was accepted')
}

const plain = (name: string, data: string): Part => ({ name, filename: undefined, type: 'text/plain', data })

describe('a form', () => {
  test('is the same in any chunking', () => {
    const text = `a preamble\r\n${field('a', '1')}${field('b', '\r\n--\r\n--x\r\r\n\r\n-')}--b \t\r\nContent-Type: image/png\r\nContent-Disposition: form-data; name=f; filename="x.png"\r\n\r\n\x00\xff\r\n--b--\r\nan epilogue\r\n--b\r\n`
    const expected = [
      plain('a', '1'),
      plain('b', '\r\n--\r\n--x\r\r\n\r\n-'),
      { name: 'f', filename: 'x.png', type: 'image/png', data: '\x00\xff' },
    ]
    const bytes = bytesOf(text)
    expect(decode(text)).toEqual(expected)
    for (const chunks of [
      ...everySplit(bytes),
      ...chunkings(bytes, 7, 200),
      Array.from(bytes, (b) => Uint8Array.of(b)),
    ]) {
      const parts = new Parts()
      expect(chunks.flatMap((chunk) => parts.push(chunk))).toEqual(expected)
      parts.end()
    }
  })

  test('that is fed twice has its parts once: what stands behind the end is dropped', () => {
    const text = `${field('a', '1')}--b--\r\n`
    expect(decode(text + text)).toEqual([plain('a', '1')])
    expect(() => checkFeedingOfMany(() => new Parts(), bytesOf(text), [plain('a', '1')])).toThrow('twice')
  })

  test('may be empty, and so may its parts', () => {
    expect(decode('--b--')).toEqual([])
    expect(decode(`${field('', '')}--b--`)).toEqual([plain('', '')])
  })

  test('ends where its boundary is whole, and not where it begins', () => {
    const nearly = '\r\n--bound\r\n--boundar\r\r\n--\r\n\r\n--boundarx'
    const text = `--boundary\r\nContent-Disposition: form-data; name=a\r\n\r\n${nearly}\r\n--boundary--`
    for (const split of everySplit(bytesOf(text))) {
      const parts = new Parts('boundary')
      expect(split.flatMap((chunk) => parts.push(chunk))).toEqual([plain('a', nearly)])
    }
  })

  test.each([
    ['form-data; name="a"', 'a', undefined],
    ['Form-Data;name=a;', 'a', undefined],
    ['form-data; name="a\\"b"; filename="c\\\\d"', 'a"b', 'c\\d'],
    ['form-data; name="a%22b%0d%0A%41"; filename="%22"', 'a"b\r\n%41', '"'],
    ['form-data; name=f; filename="C:\\dir\\file.txt"', 'f', 'C:\\dir\\file.txt'],
    ['form-data; name=f; filename="../../etc/passwd"', 'f', '../../etc/passwd'],
    ['form-data; name=f; filename=""', 'f', ''],
    ['form-data; name="\xc3\xa4"; filename="\xe2\x82\xac.txt"', 'ä', '€.txt'],
    ['form-data; name="\xff"', '\ufffd', undefined],
    ["form-data; name=f; filename=x; filename*=UTF-8''%e2%82%ac%20rates", 'f', '€ rates'],
    ["form-data; name=f; filename*=iso-8859-1'en'%A3%20rates", 'f', '£ rates'],
    ['form-data; name="a;b"; filename="c; name=d"', 'a;b', 'c; name=d'],
  ])('of %s has that name', (disposition, name, filename) =>
    expect(decode(one(disposition))).toEqual([{ name, filename, type: 'text/plain', data: 'x' }]),
  )
})

describeHostile(
  'what is no form',
  [
    ['a form that ends in a part', bytesOf('--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx'), 'HTTP_SYNTAX'],
    ['a form that ends before its first boundary', bytesOf('x'), 'HTTP_SYNTAX'],
    ['a form that ends behind half of its last boundary', bytesOf(`${field('a', '')}--b-`), 'HTTP_SYNTAX'],
    ['lines that end with LF alone', bytesOf('--b\nContent-Disposition: form-data; name=a\n\nx\n--b--\n'), 'HTTP_SYNTAX'],
    ['text behind a boundary', bytesOf('--bx\r\n'), 'HTTP_SYNTAX'],
    ['a hyphen behind a boundary', bytesOf('--b-\r\n'), 'HTTP_SYNTAX'],
    ['a CR without LF behind a boundary', bytesOf('--b\rx'), 'HTTP_SYNTAX'],
    ['endless white space behind a boundary', bytesOf(`--b${' '.repeat(100)}`), 'HTTP_SYNTAX'],
    ['a part without a head', bytesOf('--b\r\n\r\nx\r\n--b--'), 'HTTP_SYNTAX'],
    ['a part without Content-Disposition', bytesOf('--b\r\nContent-Type: a/b\r\n\r\nx\r\n--b--'), 'HTTP_SYNTAX'],
    ['a part without a name', bytesOf(one('form-data; filename=a')), 'HTTP_SYNTAX'],
    ['a part that is an attachment', bytesOf(one('attachment; name=a')), 'HTTP_SYNTAX'],
    ['two names', bytesOf(one('form-data; name=a; name=b')), 'HTTP_SYNTAX'],
    ['two names in different cases', bytesOf(one('form-data; name=a; NAME=b')), 'HTTP_SYNTAX'],
    ['two fields Content-Disposition', bytesOf(one('form-data; name=a', 'Content-Disposition: form-data; name=b\r\n')), 'HTTP_SYNTAX'],
    ['two fields Content-Type', bytesOf(one('form-data; name=a', 'Content-Type: a/b\r\nContent-Type: c/d\r\n')), 'HTTP_SYNTAX'],
    ['a name whose quotation does not end', bytesOf(one('form-data; name="a')), 'HTTP_SYNTAX'],
    ['a path of Windows that ends in an escape', bytesOf(one('form-data; name="C:\\dir\\"')), 'HTTP_SYNTAX'],
    ['text behind a quotation', bytesOf(one('form-data; name="a"b')), 'HTTP_SYNTAX'],
    ['a parameter without a value', bytesOf(one('form-data; name')), 'HTTP_SYNTAX'],
    ['an empty parameter value', bytesOf(one('form-data; name=')), 'HTTP_SYNTAX'],
    ['a filename* in a charset that nobody knows', bytesOf(one("form-data; name=a; filename*=klingon''x")), 'HTTP_SYNTAX'],
    ['a filename* that is no UTF-8', bytesOf(one("form-data; name=a; filename*=utf-8''%ff")), 'HTTP_SYNTAX'],
    ['a filename* with NUL', bytesOf(one("form-data; name=a; filename*=utf-8''a%00b")), 'HTTP_SYNTAX'],
    ['a field that goes on in the next line', bytesOf('--b\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\nx\r\n--b--'), 'HTTP_SYNTAX'],
    ['white space before a colon', bytesOf('--b\r\nContent-Disposition : form-data; name=a\r\n\r\nx\r\n--b--'), 'HTTP_SYNTAX'],
    ['NUL in a head', bytesOf(one('form-data; name="a\0"')), 'HTTP_SYNTAX'],
    ['an encoding that would have to be undone', bytesOf(one('form-data; name=a', 'Content-Transfer-Encoding: base64\r\n')), 'HTTP_SYNTAX'],
    { why: 'a head without end', bytes: bytesOf(`--b\r\n${'a: b\r\n'.repeat(3000)}`), code: 'HTTP_LIMIT', limit: 'maxPartHeadBytes' },
    { why: 'too many fields', bytes: bytesOf(one('form-data; name=a', 'a: b\r\n'.repeat(16))), code: 'HTTP_LIMIT', limit: 'maxPartHeaders' },
    { why: 'too many parts', bytes: bytesOf(field('a', '').repeat(1001)), code: 'HTTP_LIMIT', limit: 'maxParts' },
  ],
  (bytes) => decode(Buffer.from(bytes).toString('latin1')),
) // biome-ignore format: a table

test('hostile bytes are refused the same way one by one', () => {
  for (const text of [
    '--bx\r\n',
    '--b\r\n\r\nx',
    one('form-data; name=a; name=b'),
    `--b\r\n${'a: b\r\n'.repeat(3000)}`,
    'x',
  ])
    expect(refused(text)).toMatchObject({ code: expect.stringMatching(/^HTTP_(SYNTAX|LIMIT)$/) })
})

describe('a boundary', () => {
  test.each([
    ['multipart/form-data; boundary=abc', 'abc'],
    ['Multipart/Form-Data; charset=utf-8; Boundary="a b:c"', 'a b:c'],
  ])('of %s is %s', (type, boundary) => expect(boundaryOf(type)).toBe(boundary))

  test.each([
    [undefined, 415],
    ['text/plain; boundary=a', 415],
    ['multipart/mixed; boundary=a', 415],
    ['multipart/form-data', 400],
    ['multipart/form-data; boundary=', 400],
    ['multipart/form-data; boundary=""', 400],
    ['multipart/form-data; boundary="a "', 400],
    ['multipart/form-data; boundary="\xe4"', 400],
    [`multipart/form-data; boundary=${'a'.repeat(71)}`, 400],
    ['multipart/form-data; boundary=a; boundary=b', 400],
  ])('cannot be had of %s', (type, status) =>
    expect(() => boundaryOf(type)).toThrow(expect.objectContaining({ code: 'HTTP_SYNTAX', status })),
  )
})

describe('what goes out', () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 })

  test('is what comes in, whatever the names and the data', async () => {
    const data = fc.oneof(text, fc.constantFrom('\r\n--', '\r\n--b', '--b--', '\r', '\r\n'))
    // Control characters are refused, and escapes are one-way: so are the names that browsers send.
    const name = text.map((all) => all.replace(/(?![\r\n])\p{Cc}|\p{Cs}|[\\%]/gu, ''))
    const parts = fc.array(fc.record({ name, data, filename: fc.option(name, { nil: undefined }) }), {
      maxLength: 5,
    })
    await fc.assert(
      fc.asyncProperty(parts, fc.integer({ min: 1, max: 50 }), async (sent, size) => {
        const { headers, body } = formBody(
          sent.map(({ name, data, filename }) => ({
            name,
            data: Buffer.from(data),
            ...(filename === undefined ? {} : { filename }),
          })),
        )
        const pieces: Uint8Array[] = []
        for await (const piece of body) pieces.push(piece)
        const bytes = Buffer.concat(pieces)
        expect(bytes.length).toBe(Number(headers['Content-Length']))
        const decoder = new Parts(boundaryOf(headers['Content-Type']))
        const received: Part[] = []
        for (let at = 0; at < bytes.length; at += size)
          received.push(...decoder.push(bytes.subarray(at, at + size)))
        decoder.end()
        const lines = (all: string): string => all.replace(/\r\n|\r|\n/g, '\r\n')
        expect(received.map((part) => part.name)).toEqual(sent.map((part) => lines(part.name)))
        expect(received.map((part) => part.filename)).toEqual(sent.map((part) => part.filename))
        expect(received.map((part) => part.data)).toEqual(
          sent.map((part) => Buffer.from(part.data).toString('latin1')),
        )
      }),
      { numRuns: 200 },
    )
  })

  test('is what browsers send', () => {
    const head = encodePartHead({ name: 'a"b\n', filename: 'ä".txt', type: 'text/plain' }, 'X', false)
    expect(head.toString()).toBe(
      '\r\n--X\r\nContent-Disposition: form-data; name="a%22b%0D%0A"; filename="ä%22.txt"\r\nContent-Type: text/plain\r\n\r\n',
    )
    expect(encodeFormEnd('X', false).toString()).toBe('\r\n--X--\r\n')
    expect(() => encodePartHead({ name: 'a', type: 'a\r\nb: c' }, 'X', true)).toThrow('type of a part')
  })

  test('is what the platform reads, and the other way round', async () => {
    const form = new FormData()
    form.append('text', 'a\r\nb')
    form.append('file', new File(['\x00\x01'], 'f".bin', { type: 'image/png' }))
    const { headers, body } = formBody(form)
    const pieces: Uint8Array[] = []
    for await (const piece of body) pieces.push(piece)
    const read = await new Response(Buffer.concat(pieces), { headers }).formData()
    expect(read.get('text')).toBe('a\r\nb')
    const file = read.get('file') as File
    expect([file.name, file.type, await file.text()]).toEqual(['f".bin', 'image/png', '\x00\x01'])
    const sent = new Response(form)
    const parts = new Parts(boundaryOf(sent.headers.get('content-type') ?? ''))
    expect(
      parts.push(Buffer.from(await sent.arrayBuffer())).map(({ name, filename }) => [name, filename]),
    ).toEqual([
      ['text', undefined],
      ['file', 'f".bin'],
    ])
  })
})

describe('an urlencoded form', () => {
  test.each([
    ['a=1&b=%C3%A4+x&a=2&c&=d&&', [['a', '1'], ['b', 'ä x'], ['a', '2'], ['c', ''], ['', 'd']]],
    ['?a=%zz%ff', [['?a', '%zz\ufffd']]],
    ['', []],
  ])('of %j is these pairs', (text, pairs) => expect([...decodeUrlencoded(Buffer.from(text), 10)]).toEqual(pairs)) // biome-ignore format: a table
  test('has a limit of pairs', () =>
    expect(() => decodeUrlencoded(Buffer.from('a&b&c'), 2)).toThrow(
      expect.objectContaining({ code: 'HTTP_LIMIT', limit: 'maxParts', status: 413 }),
    ))
})

test('the time that a decoder takes grows with what it is fed and not with its square', () => {
  const boundary = `${'-'.repeat(69)}b`
  const head = `--${boundary}\r\nContent-Disposition: form-data; name=a\r\n\r\n`
  const costOf = (size: number, piece: string): number => {
    const parts = new MultipartDecoder(boundary)
    parts.push(bytesOf(head))
    const chunk = bytesOf(piece)
    const from = process.cpuUsage()
    for (let fed = 0; fed < size; fed += chunk.length) parts.push(chunk)
    return process.cpuUsage(from).user
  }
  // Everything that looks like a boundary until its last byte, in small pieces: 4 times as much is far less than 16 times the cost.
  const nearly = `\r\n--${'-'.repeat(69)}`
  for (const piece of [nearly, `\r\n--${'-'.repeat(30)}`, '\r']) {
    costOf(50_000, piece)
    const small = Math.max(5_000, costOf(200_000, piece))
    expect(costOf(800_000, piece) / small).toBeLessThan(12)
  }
})
