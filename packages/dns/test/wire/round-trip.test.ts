/** What goes through the codec and back is what it was, and whatever the bytes or the text are, the answer is a value or a DnsWireError. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  DnsWireError,
  decodeMessage,
  encodeMessage,
  formatRecord,
  type Message,
  nameKey,
  nameToAscii,
  nameToUnicode,
  parseRecord,
  parseZone,
  readEnvelope,
} from '../../src/wire/index.js'
import { exchanges, readFixture } from './fixtures.js'
import { anyMessage, anyName, anyRecord } from './messages.js'

/** SHRAPNEL_FUZZ_MS makes it go on for so long, with other seeds each time; what it finds becomes a row in hostile.test.ts. */
const fuzzMs = Number(process.env.SHRAPNEL_FUZZ_MS ?? 0)
const runs = (numRuns: number): fc.Parameters<unknown> =>
  fuzzMs > 0
    ? { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: fuzzMs, markInterruptAsFailure: false }
    : { numRuns, seed: 20_261_121 }
const timeoutMs = fuzzMs + 60_000

/** The value, or undefined if `work` refuses with a DnsWireError; any other error is thrown on. */
function accepted<Value>(work: () => Value): Value | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof DnsWireError) return undefined
    throw error
  }
}

function expectSame(message: Message): void {
  expect(decodeMessage(encodeMessage(message))).toEqual(message)
}

describe('messages', () => {
  test(
    'a message that is encoded and decoded is the same message',
    () => {
      fc.assert(fc.property(anyMessage, expectSame), runs(800))
    },
    timeoutMs,
  )

  test(
    'a message that is cut to a size is a beginning of each section, and says so',
    () => {
      const law = (message: Message, maxBytes: number) => {
        const bytes = accepted(() => encodeMessage(message, { maxBytes }))
        if (bytes === undefined) return
        expect(bytes.length).toBeLessThanOrEqual(maxBytes)
        const cut = decodeMessage(bytes)
        const sections = ['answers', 'authorities', 'additionals'] as const
        for (const section of sections) {
          expect(cut[section]).toEqual(message[section].slice(0, cut[section].length))
        }
        const isShort =
          cut.answers.length + cut.authorities.length < message.answers.length + message.authorities.length
        expect(cut.isTruncated).toBe(message.isTruncated || isShort)
        expect([cut.questions, cut.edns]).toEqual([message.questions, message.edns])
      }
      fc.assert(fc.property(anyMessage, fc.integer({ min: 12, max: 2_000 }), law), runs(500))
    },
    timeoutMs,
  )

  const samples = [...exchanges('named.json'), ...exchanges('every-type.json')].flatMap(
    ({ query, reply }) => [query, reply],
  )
  const damage = fc.record({
    at: fc.nat(2_000),
    value: fc.oneof(fc.nat(255), fc.constantFrom(0, 0xc0, 0xff, 0x29)),
  })

  test(
    'a real message with bytes changed, cut out or put in is refused, or is a message',
    () => {
      const law = (
        which: number,
        damages: readonly { at: number; value: number }[],
        kind: number,
        at: number,
      ) => {
        let bytes = Buffer.from(samples[which % samples.length] as Buffer)
        if (kind === 1) bytes = bytes.subarray(0, at % bytes.length)
        if (kind === 2)
          bytes = Buffer.concat([
            bytes.subarray(0, at % bytes.length),
            bytes.subarray((at + 7) % bytes.length),
          ])
        for (const one of damages) bytes[one.at % bytes.length] = one.value
        readEnvelope(bytes)
        const message = accepted(() => decodeMessage(bytes))
        if (message === undefined) return
        expectSame(message)
        for (const record of message.answers) {
          if (record.type === 'SOA' || record.type.startsWith('TYPE')) continue
          const text = formatRecord(record)
          const again = accepted(() => parseRecord(text))
          expect(again === undefined ? text : formatRecord(again)).toBe(text)
        }
      }
      fc.assert(
        fc.property(fc.nat(), fc.array(damage, { maxLength: 6 }), fc.nat(2), fc.nat(2_000), law),
        runs(4_000),
      )
    },
    timeoutMs,
  )

  test(
    'random bytes behind a header are refused, or are a message',
    () => {
      const header = fc.tuple(fc.nat(0xff), fc.nat(0xff), fc.nat(2), fc.nat(3), fc.nat(3), fc.nat(3))
      const law = ([flags, code, ...counts]: readonly number[], rest: Uint8Array) => {
        const head = [0, 0, flags as number, code as number, ...counts.flatMap((count) => [0, count])]
        const message = accepted(() => decodeMessage(Uint8Array.from([...head, ...rest])))
        if (message !== undefined) expectSame(message)
      }
      fc.assert(fc.property(header, fc.uint8Array({ maxLength: 300 }), law), runs(3_000))
    },
    timeoutMs,
  )
})

describe('text', () => {
  test(
    'a record that is formatted and parsed is the same record',
    () => {
      const law = fc.property(anyRecord, (record) => {
        fc.pre(record.type !== 'TYPE0')
        expect(parseRecord(formatRecord(record))).toEqual(record)
      })
      fc.assert(law, runs(1_500))
    },
    timeoutMs,
  )

  test(
    'names: the key of a key is itself, and a name in Unicode is still text',
    () => {
      const law = (name: string, text: string) => {
        expect(nameKey(nameKey(name))).toBe(nameKey(name))
        expect(nameKey(name)).toBe(nameKey(name.replace(/(?<!\\)[a-z]/g, (letter) => letter.toUpperCase())))
        expect(typeof nameToUnicode(text)).toBe('string')
        const ascii = accepted(() => nameToAscii(text))
        expect(ascii === undefined ? undefined : nameToAscii(ascii)).toBe(ascii)
      }
      fc.assert(fc.property(anyName, fc.string({ unit: 'grapheme' }), law), runs(1_500))
    },
    timeoutMs,
  )

  const piece = fc.oneof(
    fc.constantFrom(
      '(',
      ')',
      '"',
      ';',
      '\n',
      ' ',
      '\\',
      '@',
      '$TTL',
      '$ORIGIN',
      'IN',
      '1h',
      'TYPE9',
      '\\#',
      '=',
    ),
    fc.constantFrom(
      'TXT',
      'SVCB',
      'A',
      '1',
      '.',
      'alpn=',
      'key9="',
      'NSEC3',
      '\\300',
      'ü',
      '0',
      'RRSIG',
      'SOA',
    ),
    fc.string({ maxLength: 4 }),
  )

  test(
    'any text is refused with a DnsWireError, or is records',
    () => {
      const zone = readFixture('every-type.zone')
      const law = (pieces: readonly string[], at: number, isInZone: boolean) => {
        const text = pieces.join(' ')
        const whole = isInZone ? zone.slice(0, at) + text + zone.slice(at) : text
        const records = accepted(() => parseZone(whole, { ttl: 1 }))
        expect(records?.map((record) => parseRecord(formatRecord(record)))).toEqual(records)
      }
      fc.assert(
        fc.property(fc.array(piece, { maxLength: 12 }), fc.nat(zone.length), fc.boolean(), law),
        runs(700),
      )
    },
    timeoutMs,
  )
})
