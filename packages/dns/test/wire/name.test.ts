/** Names as text. */
import { describe, expect, test } from 'vitest'
import {
  addressOfReverseName,
  canonicalName,
  countLabels,
  encodeMessage,
  hasSameQuestion,
  isReplyTo,
  isSubdomain,
  nameBytes,
  nameKey,
  nameToAscii,
  nameToUnicode,
  parentName,
  readEnvelope,
  reverseName,
  sameName,
  splitName,
} from '../../src/wire/index.js'
import { PLAIN } from './messages.js'

const code = (expected: string) => expect.objectContaining({ name: 'DnsWireError', code: expected })

test.each([
  ['Example.COM', 'example.com'],
  ['example.com.', 'example.com'],
  ['.', '.'],
  ['\\065\\b.example', 'ab.example'],
  ['a\\.B.example', 'a\\.b.example'],
  ['\\192\\219.example', '\\192\\219.example'],
  ['_Sip._TCP', '_sip._tcp'],
])('the key of %s is %s', (name, key) => {
  expect(nameKey(name)).toBe(key)
  expect(sameName(name, key)).toBe(true)
})

test('only ASCII letters have a case', () => {
  expect(sameName('\\192', '\\224')).toBe(false)
  // U+212A is a K to toLowerCase, and no character of a name here.
  expect(() => nameKey('\u212a.example')).toThrow(code('DNS_NAME_TEXT'))
})

test.each([
  ['a.example.com', 'example.com', true],
  ['A.EXAMPLE.com', 'example.COM.', true],
  ['example.com', 'example.com', true],
  ['example.com', '.', true],
  ['.', '.', true],
  ['.', 'com', false],
  ['anexample.com', 'example.com', false],
  ['a\\.example.com', 'example.com', false],
  ['a\\\\.example.com', 'example.com', true],
  ['com', 'example.com', false],
])('%s is below %s: %s', (name, parent, isBelow) => {
  expect(isSubdomain(name, parent)).toBe(isBelow)
})

test.each([
  ['an empty text', '', 'DNS_NAME_TEXT'],
  ['two dots', 'a..b', 'DNS_LABEL_LENGTH'],
  ['a dot at the beginning', '.a', 'DNS_LABEL_LENGTH'],
  ['two dots alone', '..', 'DNS_LABEL_LENGTH'],
  ['a backslash at the end', 'a\\', 'DNS_NAME_TEXT'],
  ['an escape of two digits', 'a\\25', 'DNS_NAME_TEXT'],
  ['an escape of 256', 'a\\256', 'DNS_NAME_TEXT'],
  ['a space', 'a b', 'DNS_NAME_TEXT'],
  ['a line end', 'a\nb', 'DNS_NAME_TEXT'],
  ['a character outside of ASCII', 'bücher', 'DNS_NAME_TEXT'],
  ['a label of 64 bytes', 'a'.repeat(64), 'DNS_LABEL_LENGTH'],
  ['a label of 64 escapes', '\\097'.repeat(64), 'DNS_LABEL_LENGTH'],
  ['a name of 256 bytes', `${`${'a'.repeat(63)}.`.repeat(3)}${'a'.repeat(62)}`, 'DNS_NAME_LENGTH'],
  ['a million labels', 'a.'.repeat(1_000_000), 'DNS_NAME_LENGTH'],
])('%s is no name', (_why, name, expected) => {
  expect(() => canonicalName(name)).toThrow(code(expected))
})

test('a name of 255 bytes with a label of 63 is one', () => {
  const name = `${`${'a'.repeat(63)}.`.repeat(3)}${'a'.repeat(61)}`
  expect(canonicalName(`${name}.`)).toBe(name)
  expect(nameBytes(name)).toBe(255)
  expect(nameBytes('.')).toBe(1)
})

test('a name is taken apart at its dots, and not at those that are escaped', () => {
  expect(splitName('a\\.b.\\099.\\000')).toEqual(['a\\.b', 'c', '\\000'])
  expect([splitName('.'), countLabels('.'), countLabels('a.b.')]).toEqual([[], 0, 2])
  expect(['a\\.b.c', 'c', '.'].map(parentName)).toEqual(['c', '.', undefined])
})

test.each([
  ['192.0.2.1', '1.2.0.192.in-addr.arpa'],
  // RFC 3596, 2.5
  ['4321:0:1:2:3:4:567:89ab', 'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa'],
])('the name of %s is %s, and back', (address, name) => {
  expect(reverseName(address)).toBe(name)
  expect(addressOfReverseName(name.toUpperCase())).toBe(address)
})

test('what is no address has no name, and what is no such name no address', () => {
  for (const text of ['192.0.2', '192.0.2.256', '192.0.2.01', ':::', '1::2::3', '1:2:3:4:5:6:7', 'x']) {
    expect(() => reverseName(text)).toThrow(code('DNS_VALUE'))
  }
  expect(reverseName('fe80::1%eth0')).toBe(reverseName('fe80::1'))
  for (const name of [
    '2.0.192.in-addr.arpa',
    '256.2.0.192.in-addr.arpa',
    '01.2.0.192.in-addr.arpa',
    '1.ip6.arpa',
    'a.',
  ]) {
    expect(addressOfReverseName(name)).toBeUndefined()
  }
})

describe('international names', () => {
  test.each([
    ['bücher.example', 'xn--bcher-kva.example'],
    ['BÜCHER.Example', 'xn--bcher-kva.Example'],
    ['例え。テスト', 'xn--r8jz45g.xn--zckzah'],
    ['_dmarc.faß.example', '_dmarc.xn--fa-hia.example'],
    ['１２７.example', '127.example'],
    ['Plain._Tcp.\\000.', 'Plain._Tcp.\\000'],
  ])('%s is %s', (name, ascii) => {
    expect(nameToAscii(name)).toBe(ascii)
  })

  test('back it is what can be read; what is no encoding stays as it is', () => {
    expect(nameToUnicode('xn--bcher-kva.Example')).toBe('bücher.Example')
    expect(nameToUnicode('xn--a.xn--zzzzzz99999._x')).toBe('xn--a.xn--zzzzzz99999._x')
  })

  test.each(['bücher..example', 'ü%41', 'ü\\.', '\u0300', 'ü/b', `${'ü'.repeat(64)}`])(
    '%j is none',
    (name) => {
      expect(() => nameToAscii(name)).toThrow(expect.objectContaining({ name: 'DnsWireError' }))
    },
  )
})

describe('the envelope', () => {
  const query = encodeMessage({
    ...PLAIN,
    id: 7,
    questions: [{ name: 'eXample.com', type: 'A', class: 'IN' }],
  })
  const changed = (at: number, value: number) => Buffer.from(query).fill(value, at, at + 1)
  const reply = changed(2, 0x81)

  test('a reply has the id, the opcode and the question of its query, case and all', () => {
    expect(isReplyTo(reply, query)).toBe(true)
    const wrong: readonly (readonly [number, number])[] = [
      ...[[1, 8] as const, [2, 0x01] as const, [2, 0x91] as const, [5, 2] as const, [5, 0] as const],
      ...[[14, 0x78] as const, [query.length - 3, 28] as const, [query.length - 1, 3] as const],
    ]
    for (const [at, value] of wrong) {
      expect(isReplyTo(Buffer.from(reply).fill(value, at, at + 1), query)).toBe(false)
    }
    for (let length = 0; length < reply.length; length++)
      expect(isReplyTo(reply.subarray(0, length), query)).toBe(false)
    expect(hasSameQuestion(query, reply)).toBe(true)
  })

  test('it says where the question ends, or that there is none', () => {
    expect(readEnvelope(query)).toEqual({
      ...{ id: 7, isResponse: false, isTruncated: false, opcode: 'QUERY', headerRcode: 0 },
      ...{ questionCount: 1, questionEnd: query.length },
    })
    expect(readEnvelope(query.subarray(0, 11))).toBeUndefined()
    expect(readEnvelope(encodeMessage(PLAIN))?.questionEnd).toBe(12)
    expect(readEnvelope(query.subarray(0, -1))?.questionEnd).toBe(-1)
    expect(readEnvelope(changed(12, 0xc0))?.questionEnd).toBe(-1)
  })
})
