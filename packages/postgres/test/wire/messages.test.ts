import {
  checkFeeding,
  checkFeedingOfMany,
  chunkings,
  describeHostile,
  everySplit,
  feed,
  seededRandom,
} from '@shrapnel/test-support'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCommandTag } from '../../src/wire/backend-decode.js'
import { decodeEncryptionAnswer } from '../../src/wire/encryption-answer.js'
import { PostgresWireError } from '../../src/wire/errors.js'
import { decodePassword, decodeSaslInitialResponse } from '../../src/wire/frontend-decode.js'
import {
  encodeBind,
  encodeCancelRequest,
  encodeParse,
  encodePassword,
  encodeQuery,
  encodeSaslInitialResponse,
  encodeStartup,
} from '../../src/wire/frontend-encode.js'
import { MessageCutter } from '../../src/wire/message-cutter.js'
import { MessageWriter } from '../../src/wire/message-writer.js'
import {
  backendBytes,
  backendDecoder,
  backendMessages,
  frontendBytes,
  frontendDecoder,
  frontendMessages,
  startupMessages,
} from './messages.js'

describe('each message', () => {
  for (const [i, message] of backendMessages.entries())
    test(`${message.kind} (${i}) of a server comes back as it was, in any chunking`, () => {
      checkFeeding(() => backendDecoder(), backendBytes(message), message)
    })
  for (const [i, message] of frontendMessages.entries())
    test(`${message.kind} (${i}) of a client comes back as it was, in any chunking`, () => {
      checkFeeding(() => frontendDecoder('typed'), frontendBytes(message), message)
    })
  for (const [i, message] of startupMessages.entries())
    test(`${message.kind} (${i}) of a start-up comes back as it was, in any chunking`, () => {
      checkFeeding(() => frontendDecoder('startup'), frontendBytes(message), message)
    })
})

test('all messages after one another are the same in every chunking', () => {
  const all = backendBytes(...backendMessages)
  checkFeedingOfMany(() => backendDecoder(), all, backendMessages)
  for (const pieces of everySplit(all)) expect(feed(backendDecoder(), pieces)).toEqual(backendMessages)
  for (const pieces of chunkings(all, 7, 200)) expect(feed(backendDecoder(), pieces)).toEqual(backendMessages)
})

test('a client that was refused encryption begins again, and has types after its start-up', () => {
  const cutter = new MessageCutter({ side: 'frontend' })
  const types: number[] = []
  cutter.push(
    frontendBytes(
      { kind: 'ssl-request' },
      { kind: 'gss-enc-request' },
      { kind: 'startup', majorVersion: 3, minorVersion: 0, parameters: new Map([['user', 'ada']]) },
      { kind: 'query', text: 'select 1' },
    ),
  )
  while (cutter.next()) types.push(cutter.type)
  expect(types).toEqual([0, 0, 0, 0x51])
})

test('a row is cut out of the chunk that it came in, without a copy', () => {
  const cutter = new MessageCutter()
  const chunk = backendBytes({ kind: 'data-row', values: [Buffer.from('here')] })
  cutter.push(chunk)
  expect(cutter.next()).toBe(true)
  expect(cutter.bytes).toBe(chunk)
  expect([cutter.from, cutter.to]).toEqual([5, chunk.length])
})

test('a promise of many bytes costs no memory before they come', () => {
  const cutter = new MessageCutter()
  const before = process.memoryUsage().arrayBuffers
  cutter.push(Buffer.from('4403ffffff', 'hex'))
  expect(cutter.next()).toBe(false)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024)
})

test('what failed once fails always', () => {
  const cutter = new MessageCutter()
  cutter.push(Buffer.from('ff00000004', 'hex'))
  expect(() => cutter.next()).toThrow(expect.objectContaining({ code: 'PG_MESSAGE_TYPE' }))
  cutter.push(backendBytes({ kind: 'no-data' }))
  expect(() => cutter.next()).toThrow(expect.objectContaining({ code: 'PG_MESSAGE_TYPE' }))
})

test('an error of a message says where it was', () => {
  const cutter = new MessageCutter({ maxMessageBytes: 100 })
  cutter.push(Buffer.concat([backendBytes({ kind: 'no-data' }), Buffer.from('4400000065', 'hex')]))
  cutter.next()
  expect(() => cutter.next()).toThrow(
    expect.objectContaining({ code: 'PG_LIMIT', limit: 'maxMessageBytes', at: 5 }),
  )
})

describeHostile(
  'a hostile server',
  [
    ['a length shorter than itself', '44 00000003', 'PG_LENGTH'],
    ['a length of nothing', '44 00000000', 'PG_LENGTH'],
    ['a negative length', '44 ffffffff', 'PG_LENGTH'],
    { why: 'a length past the limit', bytes: '44 7fffffff', code: 'PG_LIMIT', limit: 'maxMessageBytes' },
    ['a type that nobody knows', '7f 00000004', 'PG_MESSAGE_TYPE'],
    ['the type of a message of a client', '51 00000004', 'PG_MESSAGE_TYPE'],
    ['HTTP', '485454502f312e3120343030204261642052657175657374', 'PG_LIMIT'],
    ['an end inside of a message', '44 00000008 0001', 'PG_SHORT'],
    ['an end inside of a header', '44 0000', 'PG_SHORT'],
    ['authentication without its number', '52 00000004', 'PG_SHORT'],
    ['authentication of an unknown way', '52 00000008 00000063', 'PG_FIELD'],
    ['an MD5 salt of three bytes', '52 0000000b 00000005 010203', 'PG_SHORT'],
    ['an MD5 salt of five bytes', '52 0000000d 00000005 0102030405', 'PG_TRAILING'],
    ['mechanisms without their end', '52 0000000a 0000000a 4100', 'PG_SHORT'],
    {
      why: 'mechanisms without number',
      bytes: Buffer.concat([Buffer.from('520000004a0000000a', 'hex'), Buffer.from('A\0'.repeat(33))]),
      code: 'PG_LIMIT',
      limit: 'MAX_SASL_MECHANISMS',
    },
    ['a cancel key of three bytes', '4b 0000000b 00000001 010203', 'PG_SHORT'],
    {
      why: 'a cancel key of 257 bytes',
      bytes: `4b 00000109 00000001 ${'07'.repeat(257)}`,
      code: 'PG_LIMIT',
      limit: 'MAX_SECRET_KEY_BYTES',
    },
    ['bytes after a message that has none', '31 00000005 00', 'PG_TRAILING'],
    ['a tag without its end', '43 00000006 4142', 'PG_SHORT'],
    ['bytes after a tag', '43 00000007 410041', 'PG_TRAILING'],
    ['a row with a value beyond its end', '44 0000000b 0001 00000002 41', 'PG_SHORT'],
    ['a row with a value of -2 bytes', '44 0000000a 0001 fffffffe', 'PG_FIELD'],
    ['a row of -1 columns', '44 00000006 ffff', 'PG_FIELD'],
    ['a row with fewer values than it says', '44 0000000a 0002 ffffffff', 'PG_SHORT'],
    ['bytes after a row', '44 0000000b 0001 ffffffff 00', 'PG_TRAILING'],
    ['columns below zero', '54 00000006 8000', 'PG_FIELD'],
    { why: 'columns without number', bytes: '54 00000006 7fff', code: 'PG_LIMIT', limit: 'maxColumns' },
    ['a column that ends early', '54 0000000a 0001 410000 00', 'PG_SHORT'],
    [
      'a column of a third format',
      '54 0000001a 0001 4100 00000000 0000 00000017 0004 ffffffff 0002',
      'PG_FIELD',
    ],
    ['an error without its end', '45 00000007 4d4100', 'PG_SHORT'],
    ['an error with a field without its end', '45 00000006 4d41', 'PG_SHORT'],
    ['an error with a position that is no number', '45 00000008 50410000', 'PG_FIELD'],
    ['bytes after an error', '45 00000006 0000', 'PG_TRAILING'],
    {
      why: 'an error of 65 fields',
      bytes: Buffer.concat([
        Buffer.from('45000000c8', 'hex'),
        Buffer.from('Mx\0'.repeat(65)),
        Buffer.from([0]),
      ]),
      code: 'PG_LIMIT',
      limit: 'MAX_REPORT_FIELDS',
    },
    ['a notification without its payload', '41 0000000a 00000001 4100', 'PG_SHORT'],
    ['a status that is none', '5a 00000005 58', 'PG_FIELD'],
    ['a status of two letters', '5a 00000006 4949', 'PG_TRAILING'],
    ['unknown options below zero', '76 0000000c 00030000 ffffffff', 'PG_FIELD'],
    {
      why: 'unknown options without number',
      bytes: '76 0000000c 00030000 7fffffff',
      code: 'PG_LIMIT',
      limit: 'MAX_UNKNOWN_OPTIONS',
    },
    ['a copy of a third format', '47 00000007 02 0000', 'PG_FIELD'],
    ['a copy with columns below zero', '47 00000007 00 ffff', 'PG_FIELD'],
    ['types that are not there', '74 00000006 ffff', 'PG_SHORT'],
    ['a result of -2 bytes', '56 00000008 fffffffe', 'PG_FIELD'],
  ],
  (bytes) => {
    const decoder = backendDecoder()
    decoder.push(bytes)
    decoder.end?.()
  },
)

describeHostile(
  'a hostile client',
  [
    ['a start-up shorter than its code', '00000007 000300', 'PG_SHORT'],
    ['a start-up without its end', '0000000a 00030000 4100', 'PG_SHORT'],
    ['a cancel key of three bytes', '0000000f 04d2162e 00000001 010203', 'PG_SHORT'],
    ['bytes after a request for encryption', '00000009 04d2162f 00', 'PG_TRAILING'],
  ],
  (bytes) => {
    frontendDecoder('startup').push(bytes)
  },
)

test('random bytes are answered with an error of this package or with messages, never with another error', () => {
  const random = seededRandom(11)
  const types = [...'RKZTDECtSAvGHWdcnNVI123s'].map((letter) => letter.charCodeAt(0))
  let refused = 0
  for (let round = 0; round < 20_000; round++) {
    const length = Math.floor(random() * 40)
    const bytes = Buffer.alloc(length + 5)
    for (let i = 0; i < bytes.length; i++) bytes[i] = random() < 0.5 ? 0 : Math.floor(random() * 256)
    bytes[0] = types[Math.floor(random() * types.length)] as number
    bytes.writeInt32BE(length + 4, 1)
    const error = caught(() => backendDecoder().push(bytes))
    if (error === undefined) continue
    expect(error, bytes.toString('hex')).toBeInstanceOf(PostgresWireError)
    refused++
  }
  expect(refused).toBeGreaterThan(5_000)
})

function caught(run: () => unknown): unknown {
  try {
    run()
    return undefined
  } catch (error) {
    return error
  }
}

describe('the writer', () => {
  test('keeps what was there when a message cannot be written', () => {
    const writer = new MessageWriter()
    encodeQuery(writer, 'select 1')
    const { length } = writer
    expect(() => encodeQuery(writer, 'a\0b')).toThrow(
      expect.objectContaining({ code: 'PG_PARAMETER', at: 1 }),
    )
    expect(() => encodeParse(writer, 'a\0', '')).toThrow(expect.objectContaining({ code: 'PG_PARAMETER' }))
    expect(() => encodePassword(writer, '\0')).toThrow(expect.objectContaining({ code: 'PG_PARAMETER' }))
    expect(() => encodeStartup(writer, [['', 'x']])).toThrow(
      expect.objectContaining({ code: 'PG_PARAMETER' }),
    )
    expect(() => encodeCancelRequest(writer, 1, Buffer.alloc(3))).toThrow(
      expect.objectContaining({ code: 'PG_PARAMETER' }),
    )
    expect(() => encodeBind(writer, '', '', [], new Array(65_536).fill(null), [])).toThrow(
      expect.objectContaining({ code: 'PG_LIMIT', limit: 'MAX_PARAMETERS' }),
    )
    expect(writer.length).toBe(length)
  })

  test('writes any text as UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const writer = new MessageWriter(1)
        writer.counted(text)
        const bytes = writer.take()
        expect(bytes.readInt32BE(0)).toBe(bytes.length - 4)
        expect(bytes.subarray(4).equals(Buffer.from(text))).toBe(true)
      }),
    )
  })

  test('writes a text of any length', () => {
    for (const length of [0, 23, 24, 25, 65_535, 65_537, 300_000]) {
      const writer = new MessageWriter()
      writer.text('ä'.repeat(length))
      expect(writer.take().equals(Buffer.from('ä'.repeat(length)))).toBe(true)
    }
  })

  test('gives away bytes that later writes do not change, and does not keep a large block', () => {
    const writer = new MessageWriter(64)
    encodeQuery(writer, 'x'.repeat(1_000_000))
    const large = writer.take()
    encodeQuery(writer, 'y')
    expect(large.subarray(5, 10).toString()).toBe('xxxxx')
    expect(writer.bytes.length).toBeLessThan(100_000)
  })
})

test('passwords and first responses of SASL are told apart by who reads them', () => {
  const writer = new MessageWriter()
  encodePassword(writer, 'secret')
  expect(decodePassword(writer.take().subarray(5))).toBe('secret')
  encodeSaslInitialResponse(writer, 'SCRAM-SHA-256', Buffer.from('n,,'))
  expect(decodeSaslInitialResponse(writer.take().subarray(5))).toEqual({
    mechanism: 'SCRAM-SHA-256',
    data: Buffer.from('n,,'),
  })
})

test('the answer to a request for encryption is one byte of few', () => {
  expect(decodeEncryptionAnswer(0x53, 'ssl')).toBe('accepted')
  expect(decodeEncryptionAnswer(0x47, 'gss')).toBe('accepted')
  expect(decodeEncryptionAnswer(0x4e, 'ssl')).toBe('refused')
  expect(decodeEncryptionAnswer(0x45, 'ssl')).toBe('error')
  expect(() => decodeEncryptionAnswer(0x47, 'ssl')).toThrow(expect.objectContaining({ code: 'PG_FIELD' }))
})

test('a tag says what was done to how many rows, if it does', () => {
  expect(parseCommandTag('INSERT 0 5')).toEqual({ command: 'INSERT', rowCount: 5 })
  expect(parseCommandTag('SELECT 100000')).toEqual({ command: 'SELECT', rowCount: 100_000 })
  expect(parseCommandTag('CREATE TABLE')).toEqual({ command: 'CREATE TABLE', rowCount: undefined })
  expect(parseCommandTag('')).toEqual({ command: '', rowCount: undefined })
})
