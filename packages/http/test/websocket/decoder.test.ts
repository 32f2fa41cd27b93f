import { checkFeeding, checkFeedingOfMany, chunkings, everySplit } from '@shrapnel/test-support'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { WebSocketError } from '../../src/errors.js'
import {
  applyMask,
  BINARY,
  CLOSE,
  CONTINUATION,
  encodeFrame,
  FINAL,
  FrameDecoder,
  type FrameSink,
  maskInScript,
  PING,
  PONG,
  TEXT,
} from '../../src/wire/index.js'

const KEY = 0x3d21fa37
const LIMITS = { maxMessageBytes: 1_000, maxFragments: 4 }

type Got = string | readonly [what: string, content: string]

class Collector implements FrameSink {
  readonly isDeaf = false
  readonly #decoder: FrameDecoder
  #got: Got[] = []

  constructor(isMasked = true, limits = LIMITS, allowsCompression = false) {
    this.#decoder = new FrameDecoder(this, limits, isMasked, allowsCompression)
  }

  push(chunk: Uint8Array): readonly Got[] {
    const bytes = Buffer.from(chunk)
    this.#decoder.push(bytes, 0, bytes.length)
    return this.#taken()
  }

  /** As a link does that reads a long payload to where it belongs. */
  pushDirect(chunk: Uint8Array): readonly Got[] {
    const bytes = Buffer.from(chunk)
    for (let at = 0; at < bytes.length; ) {
      const { target } = this.#decoder
      if (target === null) {
        const to = Math.min(bytes.length, at + 100)
        this.#decoder.push(bytes, at, to)
        at = to
      } else {
        const count = Math.min(bytes.length - at, target.end - target.at, 5_000)
        bytes.copy(target.bytes, target.at, at, at + count)
        this.#decoder.gathered(count)
        at += count
      }
    }
    return this.#taken()
  }

  #taken(): readonly Got[] {
    const got = this.#got
    this.#got = []
    return got
  }

  memoryFor(length: number): Buffer {
    return Buffer.alloc(length)
  }

  message(message: string | Buffer): void {
    this.#got.push(typeof message === 'string' ? message : ['binary', message.toString('latin1')])
  }

  compressed(isText: boolean, bytes: Buffer, length: number): void {
    expect(bytes.length).toBeGreaterThanOrEqual(length + 4)
    this.#got.push([isText ? 'compressed text' : 'compressed', bytes.toString('latin1', 0, length)])
  }

  control(opcode: number, payload: Buffer): void {
    this.#got.push([String(opcode), payload.toString('latin1')])
  }
}

const masked = (opcode: number, payload: string | Uint8Array = '', bits = FINAL): Buffer =>
  encodeFrame(opcode, Buffer.from(payload as string), KEY, bits)
const bare = (opcode: number, payload: string | Uint8Array = '', bits = FINAL): Buffer =>
  encodeFrame(opcode, Buffer.from(payload as string), undefined, bits)

describe('frames', () => {
  // The examples of RFC 6455, 5.7.
  const examples: readonly (readonly [what: string, isMasked: boolean, hex: string, got: Got])[] = [
    ['text without a mask', false, '810548656c6c6f', 'Hello'],
    ['text with a mask', true, '818537fa213d7f9f4d5158', 'Hello'],
    ['a ping', false, '890548656c6c6f', ['9', 'Hello']],
    ['a pong with a mask', true, '8a8537fa213d7f9f4d5158', ['10', 'Hello']],
    ['text in two fragments', false, '010348656c80026c6f', 'Hello'],
    ['bytes of a length in two bytes', false, `827e0100${'78'.repeat(256)}`, ['binary', 'x'.repeat(256)]],
  ]
  test.each(examples)('%s is the same in any chunking', (_what, isMasked, hex, got) => {
    checkFeeding(() => new Collector(isMasked), Buffer.from(hex, 'hex'), got)
  })

  test('with a length in eight bytes are the same in any chunking, and read to where they belong', () => {
    const limits = { ...LIMITS, maxMessageBytes: 200_000 }
    const frame = masked(BINARY, Buffer.alloc(70_000, 'z'))
    const expected = [['binary', 'z'.repeat(70_000)]]
    for (const chunks of chunkings(frame, 7, 20)) {
      const decoder = new Collector(true, limits)
      expect(chunks.flatMap((chunk) => decoder.push(chunk))).toEqual(expected)
    }
    expect(new Collector(true, limits).pushDirect(frame)).toEqual(expected)
    expect(new Collector(true, limits).pushDirect(Buffer.concat([masked(PING, 'a'), frame, frame]))).toEqual([
      ['9', 'a'],
      ...expected,
      ...expected,
    ])
  })

  test('of control come between fragments', () => {
    const bytes = Buffer.concat([
      masked(TEXT, 'one ', 0),
      masked(PING, 'p'),
      masked(CONTINUATION, 'two ', 0),
      masked(PONG, ''),
      masked(CONTINUATION, 'three'),
      masked(CLOSE, Buffer.from('03e8', 'hex')),
    ])
    const got: Got[] = [['9', 'p'], ['10', ''], 'one two three', ['8', '\x03\xe8']]
    checkFeedingOfMany(() => new Collector(), bytes, got)
    for (const split of everySplit(bytes)) {
      const decoder = new Collector()
      expect(split.flatMap((chunk) => decoder.push(chunk))).toEqual(got)
    }
  })

  test('that are compressed say so once, and leave room for the trailer', () => {
    const make = (): Collector => new Collector(true, LIMITS, true)
    expect(make().push(masked(TEXT, 'abc', FINAL | 0x40))).toEqual([['compressed text', 'abc']])
    const fragments = Buffer.concat([masked(BINARY, 'ab', 0x40), masked(CONTINUATION, 'c')])
    checkFeedingOfMany(make, fragments, [['compressed', 'abc']])
    expect(make().push(masked(BINARY, '', FINAL | 0x40))).toEqual([['compressed', '']])
    expect(make().push(Buffer.concat([masked(BINARY, '', 0x40), masked(CONTINUATION)]))).toEqual([
      ['compressed', ''],
    ])
  })
})

describe('text', () => {
  const good = ['', 'ASCII', 'κόσμε', '𐍈😀', '\u{10ffff}', '\0', 'é'.repeat(400)]
  test.each(good)('%j is the same whole, in fragments and in any chunking', (text) => {
    const bytes = Buffer.from(text)
    checkFeeding(() => new Collector(), masked(TEXT, bytes), text)
    for (let cut = 0; cut <= Math.min(bytes.length, 20); cut++) {
      const fragments = Buffer.concat([
        masked(TEXT, bytes.subarray(0, cut), 0),
        masked(CONTINUATION, bytes.subarray(cut)),
      ])
      checkFeedingOfMany(() => new Collector(), fragments, [text])
      checkFeedingOfMany(
        () => new Collector(false),
        Buffer.concat([bare(TEXT, bytes.subarray(0, cut), 0), bare(CONTINUATION, bytes.subarray(cut))]),
        [text],
      )
    }
  })

  const bad: readonly (readonly [why: string, hex: string])[] = [
    ['a byte that never is', 'c3a9ff'],
    ['a continuation alone', '80'],
    ['an end in the middle of a character', 'e282'],
    ['more than it needs (CVE-2000-0884)', 'c0af'],
    ['a surrogate', 'eda080'],
    ['past the last character', 'f4908080'],
    ['five bytes', 'f888808080'],
    ['a character that is not continued', 'e28241'],
  ]
  test.each(bad)('with %s is refused, whole and in fragments', (_why, hex) => {
    const bytes = Buffer.from(hex, 'hex')
    const refusal = expect.objectContaining({ code: 'WS_TEXT', closeCode: 1007 })
    expect(() => new Collector().push(masked(TEXT, bytes))).toThrow(refusal)
    expect(() => new Collector(false).push(bare(TEXT, bytes))).toThrow(refusal)
    const bytewise = new Collector()
    expect(() => {
      for (const byte of masked(TEXT, bytes)) bytewise.push(Buffer.of(byte))
    }).toThrow(refusal)
    for (let cut = 0; cut <= bytes.length; cut++) {
      const decoder = new Collector()
      expect(() => {
        decoder.push(masked(TEXT, bytes.subarray(0, cut), 0))
        decoder.push(masked(CONTINUATION, bytes.subarray(cut)))
      }).toThrow(refusal)
    }
  })

  test('that is wrong is refused with its fragment, before the message ends', () => {
    const decoder = new Collector()
    expect(() => decoder.push(masked(TEXT, Buffer.from('48ff48', 'hex'), 0))).toThrow(
      expect.objectContaining({ code: 'WS_TEXT' }),
    )
  })
})

describe('hostile', () => {
  const header = (hex: string): Buffer => Buffer.from(hex, 'hex')
  const hostile: readonly (readonly [why: string, bytes: Buffer, code: string, closeCode: number])[] = [
    ['the bit RSV2', masked(TEXT, 'a', FINAL | 0x20), 'WS_PROTOCOL', 1002],
    ['the bit RSV3', masked(TEXT, 'a', FINAL | 0x10), 'WS_PROTOCOL', 1002],
    ['compression that was not agreed on', masked(TEXT, 'a', FINAL | 0x40), 'WS_PROTOCOL', 1002],
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
      (opcode) => [`the opcode ${opcode}`, masked(opcode, 'a'), 'WS_PROTOCOL', 1002] as const,
    ),
    ['a ping in fragments', masked(PING, 'a', 0), 'WS_PROTOCOL', 1002],
    ['a close in fragments', masked(CLOSE, '', 0), 'WS_PROTOCOL', 1002],
    ['a compressed ping', masked(PING, 'a', FINAL | 0x40), 'WS_PROTOCOL', 1002],
    ['a ping of 126 bytes', masked(PING, 'a'.repeat(126)), 'WS_PROTOCOL', 1002],
    ['a continuation of nothing', masked(CONTINUATION, 'a'), 'WS_PROTOCOL', 1002],
    ['a second beginning', Buffer.concat([masked(TEXT, 'a', 0), masked(TEXT, 'b')]), 'WS_PROTOCOL', 1002],
    [
      'a continuation after the end',
      Buffer.concat([masked(TEXT, 'a', 0), masked(CONTINUATION, 'b'), masked(CONTINUATION, 'c')]),
      'WS_PROTOCOL',
      1002,
    ],
    ['no mask', bare(TEXT, 'a'), 'WS_PROTOCOL', 1002],
    ['a short length in two bytes', header('81fe007d'), 'WS_PROTOCOL', 1002],
    ['a short length in eight bytes', header('81ff000000000000ffff'), 'WS_PROTOCOL', 1002],
    ['a length below 0', header('81ff8000000000000000'), 'WS_PROTOCOL', 1002],
    ['a length past any memory', header('81ff7fffffffffffffff'), 'WS_LIMIT', 1009],
    ['a length past the limit', header('81fe03e9'), 'WS_LIMIT', 1009],
    [
      'fragments that come to more than the limit',
      Buffer.concat([masked(BINARY, Buffer.alloc(600), 0), masked(CONTINUATION, Buffer.alloc(401), 0)]),
      'WS_LIMIT',
      1009,
    ],
    [
      'more fragments than the limit',
      Buffer.concat([masked(BINARY, '', 0), ...Array.from({ length: 4 }, () => masked(CONTINUATION, '', 0))]),
      'WS_LIMIT',
      1008,
    ],
  ]

  test.each(hostile)('%s is refused in any chunking', (_why, bytes, code, closeCode) => {
    const refusal = expect.objectContaining({ code, closeCode })
    const bytewise = new Collector()
    expect(() => new Collector().push(bytes), 'whole').toThrow(refusal)
    expect(() => {
      for (const byte of bytes) bytewise.push(Buffer.of(byte))
    }, 'byte by byte').toThrow(refusal)
    for (const chunks of chunkings(bytes, 3, 10)) {
      const decoder = new Collector()
      expect(() => {
        for (const chunk of chunks) decoder.push(chunk)
      }).toThrow(refusal)
    }
  })

  test('a server that masks is refused', () => {
    expect(() => new Collector(false).push(masked(TEXT, 'a'))).toThrow(
      expect.objectContaining({ code: 'WS_PROTOCOL' } satisfies Partial<WebSocketError>),
    )
  })

  test('a header that announces much makes it keep little', () => {
    const decoder = new FrameDecoder(
      new Collector(),
      { maxMessageBytes: 2 ** 31, maxFragments: 1 },
      true,
      false,
    )
    const frame = Buffer.from('82ff000000007000000000000000', 'hex')
    decoder.push(frame, 0, frame.length)
    expect(decoder.target?.bytes.length).toBeLessThan(70_000)
  })
})

describe('any messages', () => {
  const message = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  )
  test('come as they were sent, in any fragments with pings between, in any chunking', () => {
    void fc.assert(
      fc.property(
        fc.array(fc.tuple(message, fc.array(fc.nat(300), { maxLength: 2 })), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        fc.integer(),
        (messages, isMasked, seed) => {
          const frame = isMasked ? masked : bare
          const frames: Buffer[] = []
          const expected: Got[] = []
          for (const [content, cuts] of messages) {
            const bytes = Buffer.from(content as string)
            const places = [
              0,
              ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b),
              bytes.length,
            ]
            for (let i = 0; i + 1 < places.length; i++) {
              const opcode = i > 0 ? CONTINUATION : typeof content === 'string' ? TEXT : BINARY
              frames.push(
                frame(opcode, bytes.subarray(places[i], places[i + 1]), i + 2 === places.length ? FINAL : 0),
              )
              if (i > 0) continue
              frames.push(frame(PING, 'x'))
            }
            const pinged: Got = ['9', 'x']
            const got: Got =
              typeof content === 'string' ? bytes.toString() : ['binary', bytes.toString('latin1')]
            expected.push(...(places.length > 2 ? [pinged, got] : [got, pinged]))
          }
          const all = Buffer.concat(frames)
          for (const chunks of chunkings(all, seed, 3)) {
            const decoder = new Collector(isMasked)
            expect(chunks.flatMap((chunk) => [...decoder.push(chunk)])).toEqual(expected)
          }
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('masking', () => {
  test('gives the same with WebAssembly and without, wherever the bytes lie', () => {
    for (const length of [0, 1, 3, 15, 16, 31, 32, 63, 64, 100, 255, 256, 1000, 65_536, 70_001])
      for (const offset of [0, 1, 2, 3, 5]) {
        const bytes = Buffer.alloc(length + 16, 'm')
        const slow = bytes.map((byte, i) => {
          const at = i - offset
          return at < 0 || at >= length ? byte : byte ^ ((KEY >>> (8 * (at & 3))) & 255)
        })
        const fast = Buffer.from(bytes)
        const script = Buffer.from(bytes)
        applyMask(fast, offset, offset + length, KEY)
        maskInScript(script, offset, offset + length, KEY)
        expect(fast.equals(slow), `${length} at ${offset}`).toBe(true)
        expect(script.equals(slow), `${length} at ${offset}, in script`).toBe(true)
      }
  })

  test('tells ASCII from what is not, in any byte', () => {
    for (const mask of [applyMask, maskInScript])
      for (const length of [1, 40, 300, 66_000])
        for (const at of [0, length >> 1, length - 1]) {
          const bytes = Buffer.alloc(length, 'a')
          expect(mask(bytes, 0, length, 0)).toBeLessThan(128)
          bytes[at] = 0x80
          expect(mask(bytes, 0, length, 0)).toBe(128)
        }
  })
})
