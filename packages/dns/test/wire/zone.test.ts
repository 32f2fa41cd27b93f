/** Zone files: what is understood, and what is refused on which line. Whole files are in captured.test.ts. */
import { describe, expect, test } from 'vitest'
import { formatRecord, parseRecord, parseZone, type ZoneOptions } from '../../src/wire/index.js'

const texts = (zone: string, options?: ZoneOptions) => parseZone(zone, options).map(formatRecord)
const A = (name: string, ttl: number, last = 1) => `${name}. ${ttl} IN A 192.0.2.${last}`

describe('names and times that are not written', () => {
  test('a name without a last dot is below the origin, which may change and may be relative itself', () => {
    const zone =
      '$ORIGIN com.\na 1 A 192.0.2.1\n$ORIGIN example\n@ 1 A 192.0.2.1\nb.net. 1 A 192.0.2.1\nc 1 A 192.0.2.1'
    expect(texts(zone)).toEqual([A('a.com', 1), A('example.com', 1), A('b.net', 1), A('c.example.com', 1)])
    expect(texts('@ 1 A 192.0.2.1\na\\. 1 A 192.0.2.1', { origin: 'org' })).toEqual([
      A('org', 1),
      A('a\\..org', 1),
    ])
  })

  test('an entry that begins with a blank belongs to the name before', () => {
    expect(texts('a. 1 A 192.0.2.1\n\n ; nothing\n\tA 192.0.2.2\n')).toEqual([A('a', 1), A('a', 1, 2)])
  })

  test('the TTL is the one given, that of $TTL, that of the record before, that of the options, that of the SOA record', () => {
    expect(texts('a. 5 A 192.0.2.1\n A 192.0.2.2')).toEqual([A('a', 5), A('a', 5, 2)])
    expect(texts('$TTL 7\na. 5 A 192.0.2.1\n A 192.0.2.2')).toEqual([A('a', 5), A('a', 7, 2)])
    expect(texts('a. A 192.0.2.1', { ttl: 9 })).toEqual([A('a', 9)])
    expect(texts('. SOA . . 1 2 3 4 11\na. A 192.0.2.1')[1]).toBe(A('a', 11))
  })

  test('times have units, in any case and order, and TTL and class come in any order', () => {
    expect(texts('a. 1w2d3h4m5s IN A 192.0.2.1')).toEqual([A('a', 788_645)])
    expect(texts('a. IN 1H30M A 192.0.2.1')).toEqual([A('a', 5_400)])
    expect(texts('a. in 1 a 192.0.2.1')).toEqual([A('a', 1)])
    expect(texts('a. ch 1 TXT x\n TXT y')).toEqual(['a. 1 CH TXT "x"', 'a. 1 CH TXT "y"'])
  })

  test('a word that could be a type is one, and an owner may be called like one', () => {
    expect(texts('IN 1 IN A 192.0.2.1\nMX 1 A 192.0.2.1\n5 1 A 192.0.2.1')).toEqual([
      A('IN', 1),
      A('MX', 1),
      A('5', 1),
    ])
  })
})

describe('words', () => {
  test('parentheses make one entry out of lines, comments end with theirs', () => {
    expect(texts('a. 1 TXT ( x ; comment ) "\n y ; another\n) ; end\nb. 1 TXT z')).toEqual([
      'a. 1 IN TXT "x" "y"',
      'b. 1 IN TXT "z"',
    ])
    expect(texts('(a. 1\nA\n192.0.2.1)')).toEqual([A('a', 1)])
  })

  test('line ends of Windows, a last line without one, and no lines at all', () => {
    expect(texts('a. 1 A 192.0.2.1\r\nb. 1 A 192.0.2.1')).toEqual([A('a', 1), A('b', 1)])
    expect([texts(''), texts('\n; x\n  \n')]).toEqual([[], []])
  })

  test('strings are bytes: escapes, quotes and the UTF-8 of what is outside of ASCII', () => {
    const { data } = parseRecord('a. 1 TXT "\\"\\\\\\000\\255" ü \\; "a;(b" ""')
    const { strings } = data as { strings: readonly Uint8Array[] }
    expect(strings.map((string) => Buffer.from(string).toString('hex'))).toEqual([
      '225c00ff',
      'c3bc',
      '3b',
      '613b2862',
      '',
    ])
  })

  test('a string of 255 bytes passes', () => {
    expect(formatRecord(parseRecord(`a. 1 TXT ${'x'.repeat(255)}`))).toBe(`a. 1 IN TXT "${'x'.repeat(255)}"`)
  })
})

test('RFC 9460, appendix D.2, on the wire as well', () => {
  const record = parseRecord('example.com. 1 SVCB 16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2')
  expect(record.data).toEqual({
    priority: 16,
    target: 'foo.example.org',
    params: { alpn: ['f\\oo,bar', 'h2'] },
  })
  const same = '\\# 35 0010 03666f6f076578616d706c65036f726700 0001000c 08665c6f6f2c626172 026832'
  expect(parseRecord(`example.com. 1 SVCB ${same}`)).toEqual(record)
})

const REFUSED: readonly (readonly [why: string, text: string, code?: string, line?: number])[] = [
  ['a record without a name', ' 1 A 192.0.2.1'],
  ['a record without a TTL', 'a. A 192.0.2.1'],
  ['a record without a type', 'a. 1 IN'],
  ['a type that nobody knows', 'a. 1 NOPE x'],
  ['a type for questions', 'a. 1 ANY x'],
  ['an OPT record', '. 1 OPT \\# 0'],
  ['a TTL over 2^31 - 1', 'a. 2147483648 A 192.0.2.1'],
  ['an address of three numbers', 'a. 1 A 192.0.2'],
  ['an address of the other kind', 'a. 1 AAAA 192.0.2.1'],
  ['an address in quotes', 'a. 1 A "192.0.2.1"'],
  ['a field too few', 'a. 1 MX 10'],
  ['a field too many', 'a. 1 A 192.0.2.1 x'],
  ['a number too large', 'a. 1 MX 65536 b.'],
  ['a number that is none', 'a. 1 MX ten b.'],
  ['a string of 256 bytes', `a. 1 TXT ${'x'.repeat(256)}`],
  ['a quote that is not closed', 'a. 1 TXT "x'],
  ['a quote over the end of a line', 'a. 1 TXT "x\ny"'],
  ['a quote in the middle of a word', 'a. 1 TXT x"y"'],
  ['an escape over 255', 'a. 1 TXT \\256'],
  ['an escape of one digit', 'a. 1 TXT \\1'],
  ['a parenthesis that is not closed', 'a. 1 TXT ( x'],
  ['a parenthesis too many', 'a. 1 TXT x )'],
  ['a TXT record without a string', 'a. 1 TXT'],
  ['a file to include', '$INCLUDE other.zone'],
  ['records to generate', '$GENERATE 1-4 a$ A 192.0.2.$'],
  ['an odd number of digits', 'a. 1 TLSA 1 1 1 abc'],
  ['base 64 that is none', 'a. 1 DNSKEY 256 3 5 a=b='],
  ['base 32 that is none', 'a. 1 NSEC3 1 0 0 - 2w A'],
  ['a moment that is none', 'a. 1 RRSIG A 5 3 1 20031322173103 20030220173103 1 a. AA=='],
  ['a type in a list that nobody knows', 'a. 1 NSEC b. A NOPE'],
  ['bytes that are fewer than announced', 'a. 1 TYPE9 \\# 3 0102'],
  ['bytes without their mark', 'a. 1 TYPE9 0102'],
  ['bytes of a type with fields that end too early', 'a. 1 A \\# 3 010203', 'DNS_RDATA_SHORT'],
  ['bytes of a type with fields that go on', 'a. 1 A \\# 5 0102030405', 'DNS_RDATA_LONG'],
  ['bytes with a compressed name', 'a. 1 MX \\# 6 000a 0162 c00e', 'DNS_POINTER'],
  [
    'bytes with a name that is a pointer to another field',
    'a. 1 SOA \\# 23 00 c00c 0000000000000000000000000000000000000000',
    'DNS_POINTER',
  ],
  ['a service parameter that nobody knows', 'a. 1 SVCB 1 . nope=1'],
  ['a service parameter twice', 'a. 1 SVCB 1 . port=1 port=1'],
  ['a mandatory parameter that is missing', 'a. 1 SVCB 1 . mandatory=key123'],
  ['a mandatory parameter twice', 'a. 1 SVCB 1 . mandatory=port,port port=1'],
  ['no-default-alpn without alpn', 'a. 1 SVCB 1 . no-default-alpn'],
  ['no-default-alpn with a value', 'a. 1 SVCB 1 . alpn=h2 no-default-alpn=1'],
  ['a port that is none', 'a. 1 SVCB 1 . port=65536'],
  ['an empty protocol', 'a. 1 SVCB 1 . alpn=h2,,h3'],
  ['a tag of CAA that is none', 'a. 1 CAA 0 a-b "x"'],
  ['a label of 64 bytes', `${'a'.repeat(64)}. 1 A 192.0.2.1`, 'DNS_LABEL_LENGTH'],
  ['a name with an empty label', 'a..b. 1 A 192.0.2.1', 'DNS_LABEL_LENGTH'],
  [
    'a relative name that the origin makes too long',
    `$ORIGIN ${'a.'.repeat(120)}\nbbbbbbbbbbbbbbbbbbbb 1 A 192.0.2.1`,
    'DNS_NAME_LENGTH',
    2,
  ],
  ['a second line that is wrong', 'a. 1 A 192.0.2.1\nb. 1 A x', 'DNS_TEXT', 2],
  ['an entry of many lines is named by its first', 'a. 1 A 192.0.2.1\n\nb. 1 MX (\n10\nx y )', 'DNS_TEXT', 3],
]

const refused = REFUSED.map(([why, text, code = 'DNS_TEXT', line = 1]) => ({ why, text, code, line }))

test.each(refused)('$why is refused', ({ text, code, line }) => {
  expect(() => parseZone(text)).toThrow(expect.objectContaining({ name: 'DnsWireError', code, line }))
})

test('one record is asked for and one is given', () => {
  for (const text of ['', 'a. 1 A 192.0.2.1\nb. 1 A 192.0.2.1']) {
    expect(() => parseRecord(text)).toThrow(expect.objectContaining({ code: 'DNS_TEXT' }))
  }
})
