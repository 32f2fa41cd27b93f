/** Records of inotify(7) and their pairs: what the kernel writes, and bytes that it never should. */
import { endianness } from 'node:os'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  IN_CREATE,
  IN_MOVED_FROM,
  IN_MOVED_TO,
  type InotifyRecord,
  parseRecords,
} from '../../src/watch/inotify-record.js'
import { MovePairs } from '../../src/watch/move-pairs.js'

/** The bytes of a record; `nameBytes` says how long its name claims to be. */
function bytesOf({ wd, mask, cookie, name }: InotifyRecord, nameBytes?: number): Buffer {
  const padded = name === '' ? 0 : 16 * Math.ceil((name.length + 1) / 16)
  const bytes = Buffer.alloc(16 + padded)
  const fields = [wd, mask, cookie, nameBytes ?? padded]
  for (const [i, value] of fields.entries()) {
    if (endianness() === 'LE') bytes.writeUInt32LE(value >>> 0, 4 * i)
    else bytes.writeUInt32BE(value >>> 0, 4 * i)
  }
  bytes.write(name, 16, 'latin1')
  return bytes
}

const parse = (bytes: Buffer) => parseRecords(bytes, bytes.length)
const record = (name: string, mask = IN_CREATE, cookie = 0): InotifyRecord => ({ wd: 1, mask, cookie, name })

describe('the parser', () => {
  const anyRecord = fc.record({
    wd: fc.integer({ min: -1 }),
    mask: fc.integer({ min: 0, max: 0xffff_ffff }),
    cookie: fc.integer({ min: 0, max: 0xffff_ffff }),
    name: fc.uint8Array({ maxLength: 255, min: 1 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  })

  test('gives back what was written, and reads nothing behind it', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 20 }), (records) => {
        const bytes = Buffer.concat(records.map((each) => bytesOf(each)))
        expect(parse(bytes)).toEqual(records)
        expect(parseRecords(Buffer.concat([bytes, Buffer.alloc(100, 0xff)]), bytes.length)).toEqual(records)
      }),
    )
  })

  const one = bytesOf(record('name'))
  test.each([
    ['half a header', one.subarray(0, 8), 'at byte 0 has 8 bytes, fewer than a header'],
    ['a header cut by one', one.subarray(0, 15), 'at byte 0 has 15 bytes'],
    ['a second record that is cut', Buffer.concat([one, one.subarray(0, 3)]), 'at byte 32 has 3 bytes'],
    ['a name that is cut', one.subarray(0, 31), 'at byte 0 has a name of 16 bytes where 15 are left'],
    ['a name longer than all', bytesOf(record('name'), 17), 'a name of 17 bytes where 16 are left'],
    ['the longest length', bytesOf(record('name'), 0xffff_ffff), 'a name of 4294967295 bytes'],
  ])('refuses %s', (_, bytes, text) => {
    expect(() => parse(bytes)).toThrow(
      expect.objectContaining({ code: 'MALFORMED', message: expect.stringContaining(text) }),
    )
  })

  test('a length that is not padded, or a name without a NUL, is taken as it is', () => {
    expect(parse(bytesOf(record('name'), 4).subarray(0, 20))).toEqual([record('name')])
  })

  test('whatever the bytes are, it ends, with records or with MALFORMED', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        let outcome: unknown
        try {
          outcome = parse(Buffer.from(bytes)).length * 16 <= bytes.length
        } catch (error) {
          outcome = (error as { code: string }).code
        }
        expect([true, 'MALFORMED']).toContain(outcome)
      }),
    )
  })
})

describe('the halves of a rename', () => {
  const from = (cookie: number) => record(`from${cookie}`, IN_MOVED_FROM, cookie)
  const to = (cookie: number) => record(`to${cookie}`, IN_MOVED_TO, cookie)

  /** What is visited when these come, read by read, and then no more; `|` is where each read ended. */
  function visits(...reads: InotifyRecord[][]): string {
    const pairs = new MovePairs()
    const texts: string[] = []
    const visit = (first: InotifyRecord, second: InotifyRecord | null): void => {
      texts.push(second === null ? first.name : `${first.name}>${second.name}`)
    }
    for (const read of reads) {
      pairs.add(read, visit)
      texts.push('|')
    }
    pairs.flush(visit)
    expect(pairs.isHolding).toBe(false)
    return texts.join(' ')
  }

  test.each([
    ['one after the other', [[from(1), to(1)]], 'from1>to1 |'],
    ['with others between them', [[from(1), record('x'), to(1), record('y')]], 'from1>to1 x y |'],
    ['crossed', [[from(1), from(2), to(2), to(1)]], 'from1>to1 from2>to2 |'],
    [
      'in two reads',
      [
        [record('x'), from(1)],
        [to(1), record('y')],
      ],
      'x | from1>to1 y |',
    ],
    [
      'in two reads, with others',
      [
        [from(1), record('x')],
        [record('y'), to(1)],
      ],
      '| from1>to1 x y |',
    ],
    ['the first alone, at the end', [[record('x'), from(1)]], 'x | from1'],
    ['the first alone, then another read', [[from(1)], [record('x')]], '| from1 x |'],
    ['the first alone, before a whole one', [[from(1), from(2), to(2)]], '| from1 from2>to2'],
    ['the second alone', [[to(1), record('x')]], 'to1 x |'],
    ['the second first', [[to(1), from(2)], [to(2)]], 'to1 | from2>to2 |'],
  ])('%s', (_, reads, expected) => {
    expect(visits(...reads)).toBe(expected)
  })

  test('every record is visited once, in order, but for second halves', () => {
    const any = fc.oneof(
      fc.integer({ min: 1, max: 5 }).map(from),
      fc.integer({ min: 6, max: 9 }).map(to),
      fc.constant(record('x')),
    )
    fc.assert(
      fc.property(fc.array(fc.array(any, { maxLength: 6 }), { maxLength: 5 }), (reads) => {
        const names = reads.flat().map(({ name }) => name)
        expect(
          visits(...reads)
            .split(' ')
            .filter((text) => text !== '|' && text !== ''),
        ).toEqual(names)
      }),
    )
  })
})
