/** What cannot be bytes, what does not fit, and how names are shortened. */
import { describe, expect, test } from 'vitest'
import {
  decodeMessage,
  encodeMessage,
  type Message,
  parseZone,
  type ResourceRecord,
} from '../../src/wire/index.js'
import { PLAIN } from './messages.js'

const withAnswers = (zone: string): Message => ({ ...PLAIN, isResponse: true, answers: parseZone(zone) })
const bad = (record: Partial<Record<keyof ResourceRecord, unknown>>) =>
  ({
    ...PLAIN,
    answers: [{ name: 'a', class: 'IN', ttl: 1, type: 'A', data: { address: '192.0.2.1' }, ...record }],
  }) as unknown as Message
const edns = (option: unknown) =>
  ({
    ...PLAIN,
    edns: { udpPayloadBytes: 1232, version: 0, dnssecOk: false, options: [option] },
  }) as unknown as Message

const REFUSED: readonly (readonly [string, Message, string])[] = [
  ['an id of 17 bits', { ...PLAIN, id: 65_536 }, 'DNS_VALUE'],
  ['an id that is no whole number', { ...PLAIN, id: 1.5 }, 'DNS_VALUE'],
  ['an opcode that nobody knows', { ...PLAIN, opcode: 'ASK' }, 'DNS_VALUE'],
  ['a response code that nobody knows', { ...PLAIN, rcode: 'NO' }, 'DNS_VALUE'],
  ['a response code of 12 bits without an OPT record', { ...PLAIN, rcode: 'BADVERS' }, 'DNS_VALUE'],
  ['a type that nobody knows', bad({ type: 'NOPE' }), 'DNS_VALUE'],
  ['a class that nobody knows', bad({ class: 'NOPE' }), 'DNS_VALUE'],
  ['a TTL over 2^31 - 1', bad({ ttl: 2 ** 31 }), 'DNS_VALUE'],
  ['a TTL below 0', bad({ ttl: -1 }), 'DNS_VALUE'],
  ['an address that is none', bad({ data: { address: '192.0.2' } }), 'DNS_VALUE'],
  ['an IPv6 address that is none', bad({ type: 'AAAA', data: { address: '1:2:3' } }), 'DNS_VALUE'],
  ['a preference of 17 bits', bad({ type: 'MX', data: { preference: 65_536, exchange: 'a' } }), 'DNS_VALUE'],
  ['a TXT without a string', bad({ type: 'TXT', data: { strings: [] } }), 'DNS_VALUE'],
  ['a string of 256 bytes', bad({ type: 'TXT', data: { strings: [new Uint8Array(256)] } }), 'DNS_VALUE'],
  ['a character that is no byte', bad({ type: 'HINFO', data: { cpu: '\u0100', os: '' } }), 'DNS_VALUE'],
  ['a tag of CAA that is none', bad({ type: 'CAA', data: { flags: 0, tag: '', value: '' } }), 'DNS_VALUE'],
  ['a record of 65,536 bytes', bad({ type: 'TYPE9', data: { bytes: new Uint8Array(65_536) } }), 'DNS_VALUE'],
  [
    'a message of 65,536 bytes',
    bad({ type: 'TYPE9', data: { bytes: new Uint8Array(65_535) } }),
    'DNS_MESSAGE_LENGTH',
  ],
  [
    'a service parameter under its number',
    bad({
      type: 'SVCB',
      data: { priority: 1, target: '.', params: { others: [{ key: 3, bytes: new Uint8Array(2) }] } },
    }),
    'DNS_VALUE',
  ],
  [
    'an empty list of hints',
    bad({ type: 'SVCB', data: { priority: 1, target: '.', params: { ipv4hint: [] } } }),
    'DNS_VALUE',
  ],
  ['a name that is none', bad({ name: 'a..b' }), 'DNS_LABEL_LENGTH'],
  ['a name that is too long', bad({ name: 'a.'.repeat(128) }), 'DNS_NAME_LENGTH'],
  [
    'a cookie of 7 bytes',
    edns({ option: 'COOKIE', client: new Uint8Array(7), server: new Uint8Array(0) }),
    'DNS_VALUE',
  ],
  [
    'a subnet that is none',
    edns({ option: 'CLIENT-SUBNET', address: '192.0.2.0', sourcePrefix: 33, scopePrefix: 0 }),
    'DNS_VALUE',
  ],
  ['padding of more than a message', edns({ option: 'PADDING', bytes: 65_536 }), 'DNS_VALUE'],
]

test.each(REFUSED)('%s is refused, and the next message is as if nothing had been', (_why, message, code) => {
  expect(() => encodeMessage(message)).toThrow(expect.objectContaining({ name: 'DnsWireError', code }))
  const next = withAnswers('a. 1 A 192.0.2.1')
  expect(decodeMessage(encodeMessage(next))).toEqual(next)
})

describe('names', () => {
  const answerBytes = (zone: string) => encodeMessage(withAnswers(zone)).subarray(12).toString('latin1')

  test('the second time a name or its end is a pointer, in the same case alone', () => {
    expect(answerBytes('example.com. 1 NS www.example.com.\nwww.example.com. 1 NS example.com.')).toBe(
      '\x07example\x03com\0\0\x02\0\x01\0\0\0\x01\0\x06\x03www\xc0\x0c\xc0\x23\0\x02\0\x01\0\0\0\x01\0\x02\xc0\x0c',
    )
    expect(answerBytes('a.com. 1 NS A.com.')).toContain('\x01A\xc0\x0e')
  })

  test('in types that are newer than RFC 1035 names are whole, and are pointed to', () => {
    expect(answerBytes('com. 1 SRV 0 0 1 a.com.\nb.a.com. 1 A 192.0.2.1')).toBe(
      '\x03com\0\0\x21\0\x01\0\0\0\x01\0\x0d\0\0\0\0\0\x01\x01a\x03com\0\x01b\xc0\x21\0\x01\0\x01\0\0\0\x01\0\x04\xc0\0\x02\x01',
    )
  })

  test('nothing points past the 16,383rd byte', () => {
    const strings = Array.from({ length: 70 }, () => `"${'x'.repeat(255)}"`).join(' ')
    const message = withAnswers(
      `a. 1 TXT ${strings}\nlate.example. 1 NS late.example.\nlate.example. 1 NS a.`,
    )
    expect(decodeMessage(encodeMessage(message))).toEqual(message)
  })

  test('more names than are remembered', () => {
    const zone = Array.from(
      { length: 1_500 },
      (_, i) => `h${i}.d${i % 300}.example. 1 NS s${i}.h${i}.d${i % 300}.example.`,
    )
    const message = withAnswers(zone.join('\n'))
    expect(decodeMessage(encodeMessage(message))).toEqual(message)
  })
})

describe('a limit', () => {
  const sets = Array.from({ length: 20 }, (_, i) => `h${i >> 1}.example. 1 A 192.0.2.${i}`).join('\n')
  const message: Message = {
    ...withAnswers(sets),
    additionals: parseZone('x.example. 1 A 192.0.2.1\ny.example. 1 A 192.0.2.1'),
    edns: { udpPayloadBytes: 1232, version: 0, dnssecOk: false, options: [] },
  }

  test('leaves out whole sets of records, keeps the OPT record, and says that it did', () => {
    for (let maxBytes = encodeMessage(message).length - 60; maxBytes > 40; maxBytes--) {
      const bytes = encodeMessage(message, { maxBytes })
      const cut = decodeMessage(bytes)
      expect(bytes.length).toBeLessThanOrEqual(maxBytes)
      expect([cut.isTruncated, cut.answers.length % 2, cut.additionals.length]).toEqual([true, 0, 0])
      expect(cut.answers).toEqual(message.answers.slice(0, cut.answers.length))
      expect(cut.edns).toEqual(message.edns)
    }
  })

  test('that leaves out additional records alone is no truncation', () => {
    const { length } = encodeMessage(message)
    expect(encodeMessage(message, { maxBytes: length }).equals(encodeMessage(message))).toBe(true)
    const cut = decodeMessage(encodeMessage(message, { maxBytes: length - 1 }))
    expect([cut.isTruncated, cut.answers.length, cut.additionals.length]).toEqual([false, 20, 1])
  })

  test('that not even the header and the question fit into is an error', () => {
    expect(() => encodeMessage(message, { maxBytes: 22 })).toThrow(
      expect.objectContaining({ code: 'DNS_MESSAGE_LENGTH' }),
    )
  })

  test('of 65,535 bytes holds for sets that are longer by far', () => {
    const zone = Array.from({ length: 6_000 }, (_, i) => `a. 1 A 192.0.${i >> 8}.${i & 0xff}`).join('\n')
    const cut = decodeMessage(encodeMessage(withAnswers(zone), { maxBytes: 65_535 }))
    expect([cut.isTruncated, cut.answers.length]).toEqual([true, 0])
    expect(() => encodeMessage(withAnswers(zone))).toThrow(
      expect.objectContaining({ code: 'DNS_MESSAGE_LENGTH' }),
    )
  })
})
