import { checkFeeding, chunkings, describeHostile, everySplit, feed } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { MAX_SUBNEGOTIATION_BYTES } from '../src/wire/limits.js'
import { Command, Option } from '../src/wire/telnet-codes.js'
import { TelnetDecoder, type TelnetEvent } from '../src/wire/telnet-decoder.js'
import {
  decodeWindowSize,
  encodeCommand,
  encodeOption,
  encodeSubnegotiation,
  encodeWindowSize,
} from '../src/wire/telnet-encoder.js'

/** The same events however the text in them was cut. */
function joined(events: Iterable<TelnetEvent>): unknown[] {
  const all: unknown[] = []
  let text: number[] | undefined
  for (const event of events) {
    if (event.type === 'data') {
      if (text === undefined) {
        text = []
        all.push(text)
      }
      text.push(...event.bytes)
    } else {
      text = undefined
      all.push(event)
    }
  }
  return all.map((each) => (Array.isArray(each) ? Buffer.from(each).toString('latin1') : each))
}

function decode(...parts: (string | Uint8Array)[]): unknown[] {
  return joined(
    new TelnetDecoder().push(
      Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part))),
    ),
  )
}

describe('events', () => {
  test.each([
    ['an option', encodeOption('do', Option.ECHO), { type: 'option', verb: 'do', option: Option.ECHO }],
    [
      'a refusal',
      encodeOption('wont', Option.WINDOW_SIZE),
      { type: 'option', verb: 'wont', option: Option.WINDOW_SIZE },
    ],
    [
      'a command',
      encodeCommand(Command.INTERRUPT_PROCESS),
      { type: 'command', command: Command.INTERRUPT_PROCESS },
    ],
    [
      'a subnegotiation that holds 255',
      encodeSubnegotiation(Option.WINDOW_SIZE, encodeWindowSize(255, 65_535)),
      { type: 'subnegotiation', option: Option.WINDOW_SIZE, bytes: Uint8Array.of(0, 255, 255, 255) },
    ],
  ] as const)('%s is one event, however its bytes arrive', (_, bytes, event) => {
    checkFeeding<TelnetEvent>(() => new TelnetDecoder(), bytes, event)
  })

  test('every encoded command decodes to itself', () => {
    for (let command = 0; command < Command.SB; command++) {
      expect(new TelnetDecoder().push(encodeCommand(command))).toEqual([{ type: 'command', command }])
    }
  })

  test('text without an IAC passes as the very bytes that came', () => {
    const bytes = Buffer.from('grüße €\n\tx')
    const [event] = new TelnetDecoder().push(bytes)
    expect(event).toEqual({ type: 'data', bytes })
    expect((event as { bytes: Uint8Array }).bytes.buffer).toBe(bytes.buffer)
  })

  test('a doubled IAC is one byte of text', () => {
    expect(decode('a', Uint8Array.of(255, 255), 'b')).toEqual(['a\xffb'])
  })
})

describe('line ends', () => {
  test.each([
    ['CR NUL', 'a\r\0b', 'a\rb'],
    ['CR LF', 'a\r\nb', 'a\rb'],
    ['a bare CR', 'a\rb', 'a\rb'],
    ['a bare LF', 'a\nb', 'a\nb'],
    ['CR CR LF', 'a\r\r\nb', 'a\r\rb'],
    ['two of CR LF', 'a\r\n\r\nb', 'a\r\rb'],
    ['CR, then a command, then LF', 'a\r\xff\xf1\nb', 'a\r'],
  ])('%s arrives as it must', (_, sent, text) => {
    expect(decode(sent)[0]).toBe(text)
  })

  test('a CR is given before what belongs to it has come', () => {
    const decoder = new TelnetDecoder()
    expect(joined(decoder.push(Buffer.from('1+1\r')))).toEqual(['1+1\r'])
    expect(decoder.push(Buffer.from('\0'))).toEqual([])
  })
})

test('a whole conversation reads the same in every chunking', () => {
  const bytes = Buffer.concat([
    Buffer.from('coro\r\0'),
    encodeOption('do', 1),
    encodeOption('will', 31),
    encodeSubnegotiation(31, encodeWindowSize(255, 24)),
    Buffer.from('\r\n\xff\xffé\r', 'latin1'),
    encodeCommand(Command.ARE_YOU_THERE),
    Buffer.from('end\r\n'),
  ])
  const expected = joined(new TelnetDecoder().push(bytes))
  expect(expected).toHaveLength(7)
  for (const split of everySplit(bytes)) expect(joined(feed(new TelnetDecoder(), split))).toEqual(expected)
  for (const chunks of chunkings(bytes, 7, 200))
    expect(joined(feed(new TelnetDecoder(), chunks))).toEqual(expected)
})

describeHostile(
  'hostile peers',
  [
    {
      why: 'a subnegotiation without end',
      bytes: Buffer.concat([Buffer.from([255, 250, 31]), Buffer.alloc(10_000, 1)]),
      code: 'LIMIT',
      limit: 'maxSubnegotiationBytes',
    },
    {
      why: 'a subnegotiation one byte past the limit',
      bytes: encodeSubnegotiation(31, new Uint8Array(MAX_SUBNEGOTIATION_BYTES + 1)),
      code: 'LIMIT',
      limit: 'maxSubnegotiationBytes',
    },
    {
      why: 'escaped IACs without end',
      bytes: Buffer.concat([Buffer.from([255, 250, 31]), Buffer.alloc(4096, 255)]),
      code: 'LIMIT',
      limit: 'maxSubnegotiationBytes',
    },
    ['a command inside a subnegotiation', 'ff fa 1f 00 ff f4', 'PROTOCOL'],
    ['a second subnegotiation inside the first', 'ff fa 1f ff fa', 'PROTOCOL'],
    ['the end after IAC', 'ff', 'TRUNCATED'],
    ['the end before the option', 'ff fb', 'TRUNCATED'],
    ['the end inside a subnegotiation', 'ff fa 1f 00 50', 'TRUNCATED'],
    ['the end of a subnegotiation cut in two', 'ff fa 1f ff', 'TRUNCATED'],
  ],
  (bytes) => {
    const decoder = new TelnetDecoder()
    decoder.push(bytes)
    decoder.end()
  },
)

test('a subnegotiation at the limit passes, and the limit can be set', () => {
  const decoder = new TelnetDecoder()
  const [event] = decoder.push(encodeSubnegotiation(31, new Uint8Array(MAX_SUBNEGOTIATION_BYTES)))
  expect(event).toMatchObject({ type: 'subnegotiation', bytes: { length: MAX_SUBNEGOTIATION_BYTES } })
  const strict = new TelnetDecoder({ maxSubnegotiationBytes: 4 })
  expect(strict.push(encodeSubnegotiation(31, new Uint8Array(4)))).toHaveLength(1)
  expect(() => strict.push(encodeSubnegotiation(31, new Uint8Array(5)))).toThrow(
    expect.objectContaining({ code: 'LIMIT' }),
  )
})

test('a window size has four bytes', () => {
  expect(decodeWindowSize(encodeWindowSize(132, 43))).toEqual({ columns: 132, rows: 43 })
  expect(decodeWindowSize(encodeWindowSize(0, 65_535))).toEqual({ columns: 0, rows: 65_535 })
  for (const length of [0, 3, 5]) expect(decodeWindowSize(new Uint8Array(length))).toBeUndefined()
})
