/**
 * What the Autobahn test suite asks of a server that echoes, as a table: its groups 1 to 7, each case fed whole, frame by frame and byte by
 * byte. The cases are written anew from RFC 6455; their numbers name the group they stand for.
 */
import { spawn } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import { BINARY, CLOSE, CONTINUATION, encodeFrame, FINAL, PING, PONG, TEXT } from '../../src/wire/index.js'
import { meet } from './raw-peer.js'

const KEY = 0x3d21fa37
const NAMES: Readonly<Record<number, string>> = {
  0: 'continuation',
  1: 'text',
  2: 'binary',
  9: 'ping',
  10: 'pong',
}

const frame = (opcode: number, payload: string | Uint8Array = '', bits = FINAL): Buffer =>
  encodeFrame(opcode, Buffer.from(payload as string), KEY, bits)
const text = (payload: string | Uint8Array, bits = FINAL): Buffer => frame(TEXT, payload, bits)
const more = (payload: string | Uint8Array, bits = 0): Buffer => frame(CONTINUATION, payload, bits)
const hex = (bytes: string): Buffer => Buffer.from(bytes.replaceAll(' ', ''), 'hex')
const close = (code: number, reason: string | Uint8Array = ''): Buffer =>
  frame(CLOSE, Buffer.concat([Buffer.of(code >> 8, code & 255), Buffer.from(reason as string)]))

/** What an echo server sends back, until the connection ends. */
async function answersTo(chunks: Iterable<Uint8Array>): Promise<string[]> {
  const { socket, peer } = meet({ closeTimeoutMs: 1_000 }, 1_000_000)
  const serving = spawn(async () => {
    try {
      for await (const message of socket) await socket.send(message)
    } catch {
      // The peer's fault: it was told.
    }
    await socket.close()
  })
  const sending = spawn(async () => {
    for (const chunk of chunks) await peer.stream.send(chunk)
  })
  const answers: string[] = []
  for (let answer = await peer.next(); answer !== undefined; answer = await peer.next()) {
    const { opcode, payload, isFinal } = answer
    expect(isFinal).toBe(true)
    if (opcode === CLOSE) answers.push(`close ${payload.length < 2 ? '' : payload.readUInt16BE(0)}`.trim())
    else
      answers.push(
        `${NAMES[opcode]} ${payload.length > 40 ? `of ${payload.length}` : payload.toString()}`.trim(),
      )
  }
  // What comes behind the end may find nobody.
  await sending.join().catch(() => {})
  peer.stream.close()
  await serving.join()
  return answers
}

type Case = readonly [id: string, what: string, sent: readonly Buffer[], answers: readonly string[]]
const END = close(1000)
const good = (id: string, what: string, sent: readonly Buffer[], answers: readonly string[]): Case => [
  id,
  what,
  [...sent, END],
  [...answers, 'close 1000'],
]
const PROTOCOL = 'close 1002'
const BAD_TEXT = 'close 1007'

const sizes = [0, 1, 125, 126, 127, 128, 65_535, 65_536]
const echoOf = (name: string, size: number): string =>
  size > 40 ? `${name} of ${size}` : `${name} ${'*'.repeat(size)}`.trim()

const cases: readonly Case[] = [
  ...sizes.map((size) => good('1.1', `text of ${size}`, [text('*'.repeat(size))], [echoOf('text', size)])),
  ...sizes.map((size) =>
    good('1.2', `binary of ${size}`, [frame(BINARY, '*'.repeat(size))], [echoOf('binary', size)]),
  ),

  good('2.1', 'a ping without a payload', [frame(PING)], ['pong']),
  good('2.2', 'a ping with one', [frame(PING, 'Hello, world!')], ['pong Hello, world!']),
  good('2.3', 'a ping of bytes', [frame(PING, hex('01 02 7f'))], ['pong \x01\x02\x7f']),
  good('2.4', 'a ping of 125 bytes', [frame(PING, '*'.repeat(125))], ['pong of 125']),
  ['2.5', 'a ping of 126 bytes', [frame(PING, '*'.repeat(126))], [PROTOCOL]],
  good('2.7', 'a pong that nobody asked for', [frame(PONG), frame(PONG, 'late')], []),
  good('2.9', 'such a pong, then a ping', [frame(PONG, 'a'), frame(PING, 'b')], ['pong b']),
  good(
    '2.10',
    'ten pings',
    Array.from({ length: 10 }, (_, i) => frame(PING, `${i}`)),
    Array.from({ length: 10 }, (_, i) => `pong ${i}`),
  ),

  ...[0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70].flatMap((bits): Case[] => [
    [
      '3',
      `reserved bits ${bits >> 4} of text`,
      [text('a'), text('b', FINAL | bits), frame(PING)],
      ['text a', PROTOCOL],
    ],
    ['3', `reserved bits ${bits >> 4} of binary`, [frame(BINARY, 'b', FINAL | bits)], [PROTOCOL]],
    ['3.6', `reserved bits ${bits >> 4} of a ping`, [frame(PING, 'b', FINAL | bits)], [PROTOCOL]],
    ['3.7', `reserved bits ${bits >> 4} of a close`, [frame(CLOSE, '', FINAL | bits)], [PROTOCOL]],
  ]),

  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode): Case[] => [
    ['4', `the opcode ${opcode}`, [frame(opcode)], [PROTOCOL]],
    [
      '4',
      `the opcode ${opcode} behind a message`,
      [text('a'), frame(opcode, 'b'), frame(PING)],
      ['text a', PROTOCOL],
    ],
  ]),

  ['5.1', 'a ping in two fragments', [frame(PING, 'a', 0), more('b', FINAL)], [PROTOCOL]],
  ['5.2', 'a pong in two fragments', [frame(PONG, 'a', 0), more('b', FINAL)], [PROTOCOL]],
  good('5.3', 'text in two fragments', [text('a', 0), more('b', FINAL)], ['text ab']),
  good(
    '5.6',
    'a ping between them',
    [text('a', 0), frame(PING, 'p'), more('b', FINAL)],
    ['pong p', 'text ab'],
  ),
  ['5.9', 'a continuation of nothing', [more('a', FINAL), text('b')], [PROTOCOL]],
  ['5.12', 'an unfinished continuation of nothing', [more('a'), text('b')], [PROTOCOL]],
  [
    '5.15',
    'a continuation behind the last',
    [text('a', 0), more('b', FINAL), more('c'), text('d')],
    ['text ab', PROTOCOL],
  ],
  [
    '5.16',
    'continuations of nothing around a message',
    [more('a'), text('b', 0), more('c', FINAL)],
    [PROTOCOL],
  ],
  ['5.18', 'a message inside of another', [text('a', 0), text('b')], [PROTOCOL]],
  good(
    '5.19',
    'five fragments, with pings between',
    [text('1', 0), more('2'), frame(PING, 'x'), more('3'), more('4'), frame(PING, 'y'), more('5', FINAL)],
    ['pong x', 'pong y', 'text 12345'],
  ),
  good('5.20', 'fragments without a byte', [text('', 0), more(''), more('', FINAL)], ['text']),
  good('5.21', 'bytes in fragments', [frame(BINARY, 'a', 0), more(''), more('b', FINAL)], ['binary ab']),

  good(
    '6.1',
    'text in fragments of which only one is not empty',
    [text('', 0), more('κόσμε'), more('', FINAL)],
    ['text κόσμε'],
  ),
  good('6.2', 'a character in two fragments', [text(hex('ce'), 0), more(hex('ba'), FINAL)], ['text κ']),
  ...[
    '00',
    '7f',
    'c280',
    'dfbf',
    'e0a080',
    'ed9fbf',
    'ee8080',
    'efbfbd',
    'efbfbf',
    'efbfbe',
    'f0908080',
    'f48fbfbf',
  ].map((bytes) => good('6.5', `the character ${bytes}`, [text(hex(bytes))], [`text ${hex(bytes)}`])),
  ...[
    '80', 'bf', '8080', 'c0', 'c080', 'c0af', 'c1bf', 'c2', 'df', 'c220', 'e0', 'e080', 'e08080', 'e09fbf', 'e0a0', 'e28028', 'eda080',
    'edadbf', 'edbfbf', 'eda080edb080', 'ee80', 'f0', 'f08080', 'f0808080', 'f08fbfbf', 'f09080', 'f4908080', 'f5808080', 'f7bfbfbf',
    'f888808080', 'fbbfbfbfbf', 'fc8480808080', 'fe', 'ff', 'fefeffff', '61ff62', 'cebae1bdb9cf83cebcceb5eda080656469746564',
  ].flatMap((bytes): Case[] => [
    ['6.3', `the bytes ${bytes}`, [text(hex(bytes)), text('never')], [BAD_TEXT]],
    ['6.3', `the bytes ${bytes} in fragments`, [text(hex(bytes).subarray(0, 1), 0), more(hex(bytes).subarray(1), FINAL), text('never')], [BAD_TEXT]],
  ]), // biome-ignore format: a table
  // What can no longer become UTF-8 is refused although neither frame nor message has ended: nothing follows.
  ...['80', 'c0', 'c1', 'f5', 'ff', 'e080', 'e09f', 'eda0', 'f080', 'f08f', 'f490', 'cebac0', 'cebaf490', 'e28028'].flatMap((bytes): Case[] => [
    ['6.4.1', `the bytes ${bytes} at the end of a fragment`, [text(hex(bytes), 0)], [BAD_TEXT]],
    ['6.4.3', `the bytes ${bytes} in the middle of a frame`, [text(Buffer.concat([hex(bytes), Buffer.alloc(200, 'x')])).subarray(0, 8 + hex(bytes).length)], [BAD_TEXT]],
  ]), // biome-ignore format: a table
  ...['c2', 'e0a0', 'ed9f', 'ef', 'f090', 'f48f', 'f48fbf'].map((bytes) => {
    const whole = Buffer.concat([hex(bytes), Buffer.alloc(4, 0x80)])
    const length = (hex(bytes)[0] as number) >= 0xf0 ? 4 : (hex(bytes)[0] as number) >= 0xe0 ? 3 : 2
    const rest = whole.subarray(hex(bytes).length, length)
    return good(
      '6.4',
      `the beginning ${bytes}`,
      [text(hex(bytes), 0), more(rest, FINAL)],
      [`text ${whole.subarray(0, length)}`],
    )
  }),

  ['7.1.1', 'a close behind a message', [text('a'), END], ['text a', 'close 1000']],
  ['7.1.3', 'a ping behind a close', [END, frame(PING)], ['close 1000']],
  ['7.1.4', 'a message behind a close', [END, text('a')], ['close 1000']],
  ['7.1.5', 'a close in the middle of a message', [text('a', 0), END, more('b', FINAL)], ['close 1000']],
  [
    '7.1.6',
    'a close behind a long message',
    [text('*'.repeat(200_000)), END, frame(PING)],
    ['text of 200000', 'close 1000'],
  ],
  ['7.3.1', 'a close without a payload', [frame(CLOSE)], ['close']],
  ['7.3.2', 'a close of one byte', [frame(CLOSE, 'a')], [PROTOCOL]],
  ['7.3.3', 'a close with a code', [END], ['close 1000']],
  ['7.3.4', 'a close with a reason', [close(1000, 'Hello')], ['close 1000']],
  ['7.3.5', 'a close with a reason of 123 bytes', [close(1000, '*'.repeat(123))], ['close 1000']],
  ['7.3.6', 'a close with one of 124', [close(1000, '*'.repeat(124))], [PROTOCOL]],
  ['7.5.1', 'a close whose reason is no UTF-8', [close(1000, hex('cebaeda080'))], [BAD_TEXT]],
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999].map(
    (code): Case => ['7.7', `a close with ${code}`, [close(code)], [`close ${code}`]],
  ),
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map(
    (code): Case => ['7.9', `a close with ${code}`, [close(code)], [PROTOCOL]],
  ),
]

/** Byte by byte what is short, and what is long in pieces that fit nothing. */
function* pieces(frames: readonly Buffer[]): Generator<Buffer> {
  const all = Buffer.concat(frames)
  const length = all.length <= FEW_BYTES ? 1 : 997
  for (let at = 0; at < all.length; at += length) yield Buffer.from(all.subarray(at, at + length))
}

const FEW_BYTES = 2_000

/** A fault ends it at once, also before a program could answer what came with it. */
const isFailure = (answers: readonly string[]): boolean =>
  answers.at(-1) === PROTOCOL || answers.at(-1) === BAD_TEXT

describe('an echo server', () => {
  test.each(cases)('%s: %s', async (_id, _what, sent, answers) => {
    expect(await answersTo([Buffer.concat(sent)]), 'whole').toEqual(
      isFailure(answers) ? answers.slice(-1) : answers,
    )
    expect(await answersTo(sent.map((one) => Buffer.from(one))), 'frame by frame').toEqual(answers)
    expect(await answersTo(pieces(sent)), 'in pieces').toEqual(answers)
  })
})
