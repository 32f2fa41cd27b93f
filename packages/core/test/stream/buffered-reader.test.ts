import { chunkings, everySplit, expectFlatHeap, seededRandom } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { DONE } from '../../src/awaitable.js'
import { socketPair } from '../../src/net/pair.js'
import { yieldSlice } from '../../src/scope/sleep.js'
import { withTimeout } from '../../src/scope/with-timeout.js'
import { spawn } from '../../src/spawn.js'
import { BufferedReader } from '../../src/stream/buffered-reader.js'
import { memoryStreamPair } from '../../src/stream/memory-stream.js'
import type { BufferedReaderOptions } from '../../src/stream/reader-options.js'
import type { Stream } from '../../src/stream/stream.js'
import { waiting } from './stream-contract.js'

/** A reader of these chunks, and of an end after them. */
async function readerOf(
  chunks: Iterable<Uint8Array | string>,
  options: BufferedReaderOptions = {},
): Promise<BufferedReader> {
  const [far, near] = memoryStreamPair({ limitBytes: 2 ** 30 })
  for (const chunk of chunks) await far.send(chunk)
  await far.shutdown()
  return new BufferedReader(near, options)
}

/** A reader of what is sent into the stream. */
function connected(options: BufferedReaderOptions = {}): [Stream, BufferedReader] {
  const [far, near] = memoryStreamPair()
  return [far, new BufferedReader(near, options)]
}

async function blocksOf(reader: BufferedReader, delimiter: string | Uint8Array): Promise<string[]> {
  const blocks: string[] = []
  for (;;) {
    try {
      blocks.push((await reader.readUntil(delimiter)).toString('latin1'))
    } catch (error) {
      if ((error as { code?: unknown }).code === 'END_OF_STREAM') return blocks
      throw error
    }
  }
}

describe('delimiters', () => {
  const cases = [
    ['a CR before the CR of the delimiter', 'abc\r\r\ndef\r\n', '\r\n', ['abc\r', 'def']],
    ['one that begins within a false start', 'aaab-aab-aaaab', 'aab', ['a', '-', '-aa']],
    ['one that overlaps itself', 'ababab', 'abab', ['']],
    ['empty blocks', '\r\n\r\n\r\n', '\r\n', ['', '', '']],
    ['a rest that never ends', 'x\r\ny\r', '\r\n', ['x']],
    ['a single byte', 'a\0b\0', '\0', ['a', 'b']],
    ['a long one', 'head\r\n\r\nbody', '\r\n\r\n', ['head']],
  ] as const
  test.each(cases)(
    '%s: the blocks are the same however the bytes are cut',
    async (_why, text, delimiter, expected) => {
      const bytes = Buffer.from(text, 'latin1')
      for (const needle of [delimiter, Buffer.from(delimiter)]) {
        expect(await blocksOf(await readerOf([bytes]), needle)).toEqual(expected)
        for (const split of everySplit(bytes))
          expect(await blocksOf(await readerOf(split), needle)).toEqual(expected)
        for (const chunks of chunkings(bytes, 11, 40))
          expect(await blocksOf(await readerOf(chunks), needle)).toEqual(expected)
        expect(
          await blocksOf(await readerOf([...text].map((c) => Buffer.from(c, 'latin1'))), needle),
        ).toEqual(expected)
      }
    },
  )

  test('the delimiter may change from one read to the next', async () => {
    const reader = await readerOf(['key: val', 'ue\r\nrest;'])
    expect(String(await reader.readUntil(': '))).toBe('key')
    expect(String(await reader.readUntil(Buffer.from('\r\n')))).toBe('value')
    expect(String(await reader.readUntil(';'))).toBe('rest')
  })

  test('a delimiter that its owner changes while it is looked for is looked for as it was', async () => {
    const [far, reader] = connected()
    const delimiter = Buffer.from('--')
    await far.send('a-')
    const read = await waiting(() => reader.readUntil(delimiter))
    await far.send('-b--')
    expect(String(await read.join())).toBe('a')
    delimiter.write('bb')
    await far.send('bb')
    expect(String(await reader.readUntil(delimiter))).toBe('b--')
  })

  test.each([
    ['', 'ERR_OUT_OF_RANGE'],
    [new Uint8Array(), 'ERR_OUT_OF_RANGE'],
    [10 as never, 'ERR_INVALID_ARG_TYPE'],
  ])('the delimiter %j is refused', async (delimiter, code) => {
    const [, reader] = connected()
    expect(() => reader.tryReadUntil(delimiter)).toThrow(expect.objectContaining({ code }))
    expect(() => reader.readUntil(delimiter)).toThrow(expect.objectContaining({ code }))
  })
})

describe('lines', () => {
  test('end in LF or CRLF, and a CR elsewhere belongs to them', async () => {
    const text = 'one\ntwo\r\n\r\n\n\rthree\r\r\nfo\rur\n'
    const expected = ['one', 'two', '', '', '\rthree\r', 'fo\rur']
    for (const chunks of [[text], [...text], ...everySplit(Buffer.from(text))]) {
      const reader = await readerOf(chunks)
      const lines: string[] = []
      for await (const line of reader.lines()) lines.push(line)
      expect(lines).toEqual(expected)
    }
  })

  test('are UTF-8 unless told otherwise, also where a character is cut in two', async () => {
    for (const split of everySplit(Buffer.from('grün\n')))
      expect(await (await readerOf(split)).readLine()).toBe('grün')
    const reader = await readerOf([Buffer.from([0xfc, 0x0a, 0xfc, 0x0a, 0xfc, 0x0a])], { encoding: 'latin1' })
    expect(await reader.readLine()).toBe('ü')
    expect(await reader.readLine({ encoding: 'utf8' })).toBe('\ufffd')
    expect(reader.tryReadLine()).toBe('ü')
  })

  test('a loop over them ends at the end, and with END_OF_STREAM in the middle of one', async () => {
    const reader = await readerOf(['a\nb\nunfinished'])
    const lines: string[] = []
    const loop = async (): Promise<void> => {
      for await (const line of reader.lines()) lines.push(line)
    }
    await expect(loop()).rejects.toMatchObject({ code: 'END_OF_STREAM', partial: Buffer.from('unfinished') })
    expect(lines).toEqual(['a', 'b'])
  })

  test('an unknown encoding is refused', () => {
    expect(() => connected({ encoding: 'utf-7' as never })).toThrow(RangeError)
    expect(() => connected()[1].readLine({ encoding: 'hex' as never })).toThrow(RangeError)
  })
})

describe('what is here already', () => {
  test('comes without a promise, from every read', async () => {
    const [far, reader] = connected()
    await far.send('0123456789line\nblock;rest')
    expect(await reader.fill()).toBe(true)
    expect(reader.peek(2)).toEqual(Buffer.from('01'))
    expect(reader.peekView(2)).toEqual(Buffer.from('01'))
    expect(reader.readExact(5)).toEqual(Buffer.from('01234'))
    expect(reader.skip(5)).toBe(DONE)
    expect(reader.readLine()).toBe('line')
    expect(reader.readUntil(';')).toEqual(Buffer.from('block'))
    expect(reader.read()).toEqual(Buffer.from('rest'))
  })

  test('a coroutine that reads it yields now and then', async () => {
    const [far, reader] = connected()
    await far.send(Buffer.alloc(1000))
    await reader.fill()
    let others = 0
    const other = spawn(async () => {
      for (; reader.bufferedBytes > 0; others++) await yieldSlice()
    })
    for (let i = 0; i < 1000; i++) await reader.readExact(1)
    await other.join()
    expect(others).toBeGreaterThan(5)
  })

  test('is given out by try-reads without a look at the stream', async () => {
    const [far, reader] = connected()
    await far.send('abc\nd')
    expect(reader.tryRead()).toBeUndefined()
    expect(reader.tryReadExact(1)).toBeUndefined()
    expect(reader.tryReadExact(0)).toEqual(Buffer.alloc(0))
    await reader.fill()
    expect(reader.tryPeek(4)).toEqual(Buffer.from('abc\n'))
    expect(reader.tryPeekView(6)).toBeUndefined()
    expect(reader.tryReadLine()).toBe('abc')
    expect(reader.tryReadLine()).toBeUndefined()
    expect(reader.trySkip(2)).toBe(false)
    expect(reader.trySkip(1)).toBe(true)
    expect(reader.bufferedBytes).toBe(0)
  })

  test('is not changed by whoever changes a result', async () => {
    const [far, reader] = connected()
    await far.send('abcdefgh')
    const peeked = await reader.peek(4)
    peeked.fill('x')
    const first = await reader.readExact(4)
    expect(String(first)).toBe('abcd')
    first.fill('y')
    expect(String(await reader.readExact(4))).toBe('efgh')
  })
})

describe('views', () => {
  test('show what is buffered, without copying, and consume takes as much as was understood', async () => {
    const [far, reader] = connected()
    await far.send('one,two,thr')
    await reader.fill()
    const view = reader.bufferedView()
    expect(String(view)).toBe('one,two,thr')
    reader.consume(4)
    expect(reader.bufferedView().buffer).toBe(view.buffer)
    expect(String(reader.bufferedView())).toBe('two,thr')
    expect(() => reader.consume(8)).toThrow(RangeError)
    await far.send('ee')
    expect(await reader.fill()).toBe(true)
    expect(String(reader.bufferedView())).toBe('two,three')
    await far.shutdown()
    expect(await reader.fill()).toBe(false)
    expect(String(reader.bufferedView())).toBe('two,three')
  })
})

describe('skipping', () => {
  test('drops what comes without gathering it', async () => {
    const [far, reader] = connected()
    const skip = await waiting(() => reader.skip(1_000_000))
    const block = Buffer.alloc(50_000)
    for (let i = 0; i < 20; i++) {
      await far.send(block)
      expect(reader.bufferedBytes).toBe(0)
    }
    await far.send('next')
    await skip.join()
    expect(String(await reader.read())).toBe('next')
  })

  test('takes effect at once: cancelled, the next read begins behind it all the same', async () => {
    const [far, reader] = connected()
    await far.send('drop')
    const skip = await waiting(() => reader.skip(8))
    skip.interrupt()
    await expect(skip.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await far.send('this and keep')
    expect(String(await reader.readExact(9))).toBe(' and keep')
  })

  test('over the end is END_OF_STREAM', async () => {
    const reader = await readerOf(['abc'])
    await expect(reader.skip(4)).rejects.toMatchObject({ code: 'END_OF_STREAM', partial: Buffer.alloc(0) })
    expect(await reader.read()).toHaveLength(0)
  })
})

describe('a read that fails takes nothing:', () => {
  test('one that meets the end carries what there was, and the next gets it too', async () => {
    const reader = await readerOf(['ab', 'c'])
    const partial = Buffer.from('abc')
    await expect(reader.readExact(4)).rejects.toMatchObject({ name: 'EndOfStream', partial })
    await expect(reader.readUntil('x')).rejects.toMatchObject({ code: 'END_OF_STREAM', partial })
    await expect(reader.readLine()).rejects.toMatchObject({ code: 'END_OF_STREAM', partial })
    await expect(reader.peek(4)).rejects.toMatchObject({ code: 'END_OF_STREAM', partial })
    expect(await reader.readExact(3)).toEqual(partial)
    expect(await reader.read()).toHaveLength(0)
    await expect(reader.readLine()).rejects.toMatchObject({ code: 'END_OF_STREAM', partial: Buffer.alloc(0) })
  })

  test('one that is cancelled leaves its bytes to the next, however often', async () => {
    const [far, reader] = connected()
    for (const piece of ['a slow', ' line', ' comes', ' in']) {
      await far.send(piece)
      const doomed = await waiting(() => reader.readLine())
      doomed.interrupt()
      await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    }
    await far.send(' pieces\n')
    expect(await reader.readLine()).toBe('a slow line comes in pieces')
  })

  test('one whose time is up leaves its bytes to the next', async () => {
    const [far, reader] = connected()
    await far.send('late')
    await expect(withTimeout(5, () => reader.readExact(6))).rejects.toMatchObject({ code: 'TIMEOUT' })
    await far.send('r!')
    expect(String(await reader.readExact(6))).toBe('later!')
  })

  test('one over a broken stream fails with the error of the stream', async () => {
    const [far, near] = memoryStreamPair({ limitBytes: 4 })
    const reader = new BufferedReader(near)
    const sender = await waiting(() => far.send('half a line'))
    sender.interrupt()
    await expect(sender.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await expect(reader.readLine()).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(String(reader.tryRead())).toBe('half')
  })

  test('one in a cancelled scope is refused, even if its bytes are here', async () => {
    const [far, reader] = connected()
    await far.send('here')
    await reader.fill()
    const doomed = spawn(async () => {
      await yieldSlice().catch(() => {})
      return reader.readExact(4)
    })
    await yieldSlice()
    doomed.shutdown()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'SHUTDOWN' })
    expect(String(reader.tryReadExact(4))).toBe('here')
  })

  test('a large block that is cancelled in the middle is there for the next read', async () => {
    const [far, reader] = connected({ chunkBytes: 1000 })
    const block = Buffer.from(Array.from({ length: 10_000 }, (_, i) => i % 251))
    for (let at = 0; at < block.length; at += 1000) {
      const doomed = await waiting(() => reader.readExact(block.length))
      await far.send(block.subarray(at, at + 700))
      await yieldSlice()
      doomed.interrupt()
      await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
      await far.send(block.subarray(at + 700, at + 1000))
    }
    await far.send('next')
    expect((await reader.readExact(block.length)).equals(block)).toBe(true)
    expect(String(await reader.read())).toBe('next')
  })
})

describe('limits', () => {
  const options = { maxLineBytes: 10, maxUntilBytes: 10, maxExactBytes: 10 }
  const read = {
    line: (reader: BufferedReader) => reader.readLine(),
    until: (reader: BufferedReader) => reader.readUntil('--'),
    exact: (reader: BufferedReader) => reader.readExact(11),
    peek: (reader: BufferedReader) => reader.peek(11),
    view: (reader: BufferedReader) => reader.peekView(11),
  }
  const hostile: readonly [why: string, text: string, how: keyof typeof read, limit: string][] = [
    ['a line one byte too long', '01234567890\n', 'line', 'maxLineBytes'],
    ['a line one byte too long, in CRLF', '01234567890\r\n', 'line', 'maxLineBytes'],
    ['a line that never ends', '0123456789012345', 'line', 'maxLineBytes'],
    ['a line of CRs', '\r'.repeat(30), 'line', 'maxLineBytes'],
    ['a line full of zeros', `${'\0'.repeat(11)}\n`, 'line', 'maxLineBytes'],
    ['a block one byte too long', '01234567890--', 'until', 'maxUntilBytes'],
    ['a block that never ends', '0123456789012345', 'until', 'maxUntilBytes'],
    ['a block of half delimiters', '-a'.repeat(10), 'until', 'maxUntilBytes'],
    ['a count over the limit', '01234567890', 'exact', 'maxExactBytes'],
    ['a peek over the limit', '01234567890', 'peek', 'maxExactBytes'],
    ['a view over the limit', '01234567890', 'view', 'maxExactBytes'],
  ]
  test.each(hostile)(
    '%s is answered with LIMIT, which names the option, however it is cut',
    async (_why, text, how, limit) => {
      for (const chunks of [[text], [...text], ...everySplit(Buffer.from(text))]) {
        const reader = await readerOf(chunks, options)
        await expect(async () => read[how](reader)).rejects.toMatchObject({
          name: 'LimitError',
          code: 'LIMIT',
          limit,
        })
        // Refused is refused: asking again does not help.
        await expect(async () => read[how](reader)).rejects.toMatchObject({ code: 'LIMIT', limit })
      }
    },
  )

  test('what is just as long as allowed is not refused, however it is cut', async () => {
    for (const ending of ['\n', '\r\n']) {
      const text = `0123456789${ending}`
      for (const chunks of [[text], [...text]])
        expect(await (await readerOf(chunks, options)).readLine()).toBe('0123456789')
    }
    for (const chunks of [['0123456789--'], [...'0123456789--']]) {
      expect(String(await (await readerOf(chunks, options)).readUntil('--'))).toBe('0123456789')
    }
    expect(String(await (await readerOf(['01234', '56789'], options)).readExact(10))).toBe('0123456789')
  })

  test('a line without an end costs the limit and one chunk, not what the peer sends', async () => {
    const [far, reader] = connected({ chunkBytes: 1000 })
    const flood = spawn(async () => {
      for (;;) await far.send(Buffer.alloc(10_000, 'x'))
    })
    await expect(reader.readLine()).rejects.toMatchObject({ code: 'LIMIT' })
    expect(reader.bufferedBytes).toBeLessThanOrEqual(65_536 + 1 + 1000)
    flood.shutdown()
    await expect(flood.join()).rejects.toMatchObject({ code: 'SHUTDOWN' })
  })

  test('a call may have a limit of its own', async () => {
    const reader = await readerOf(['0123456789abc\n0123456789abc--'], options)
    expect(await reader.readLine({ maxLineBytes: 13 })).toBe('0123456789abc')
    await expect(async () => reader.readUntil('--', { maxUntilBytes: 12 })).rejects.toMatchObject({
      limit: 'maxUntilBytes',
    })
    expect(String(reader.tryReadUntil('--', { maxUntilBytes: 13 }))).toBe('0123456789abc')
  })

  test.each([
    ['maxLineBytes', -1],
    ['maxUntilBytes', 1.5],
    ['maxExactBytes', Number.NaN],
    ['chunkBytes', 0],
    ['maxLineBytes', 2 ** 40],
  ] as const)('%s cannot be %s', (option, value) => {
    expect(() => connected({ [option]: value })).toThrow(RangeError)
  })

  test.each([
    ['readExact', -1],
    ['readExact', 1.5],
    ['peek', Number.NaN],
    ['skip', -1],
    ['trySkip', 0.1],
    ['read', 0],
    ['tryRead', -5],
    ['consume', -1],
  ] as const)('%s of %s is refused', (method, count) => {
    const [, reader] = connected()
    expect(() => reader[method](count)).toThrow(RangeError)
  })
})

describe('two coroutines', () => {
  test('that read at once: the second is refused by every method, and the first is not disturbed', async () => {
    const [far, reader] = connected()
    await far.send('abc')
    const first = await waiting(() => reader.readExact(6), 'first')
    const second: readonly ((reader: BufferedReader) => unknown)[] = [
      (r) => r.read(),
      (r) => r.readExact(1),
      (r) => r.readUntil('x'),
      (r) => r.readLine(),
      (r) => r.peek(1),
      (r) => r.peekView(1),
      (r) => r.skip(1),
      (r) => r.fill(),
      (r) => r.tryRead(),
      (r) => r.tryReadExact(1),
      (r) => r.tryReadUntil('x'),
      (r) => r.tryReadLine(),
      (r) => r.tryPeek(1),
      (r) => r.tryPeekView(1),
      (r) => r.trySkip(1),
      (r) => r.consume(1),
      (r) => r.bufferedView(),
    ]
    for (const call of second) {
      await expect(async () => call(reader)).rejects.toMatchObject({
        name: 'SimultaneousError',
        code: 'SIMULTANEOUS',
      })
    }
    await far.send('def')
    expect(String(await first.join())).toBe('abcdef')
    await far.send('free again')
    expect(String(await reader.read())).toBe('free again')
  })
})

describe('over sockets', () => {
  test('messages of every length arrive whole, whatever the kernel makes of them', async () => {
    const [near, far] = socketPair()
    const random = seededRandom(3)
    const lengths = Array.from({ length: 200 }, () => Math.floor(400_000 * random() ** 6))
    const sender = spawn(async () => {
      for (const [number, length] of lengths.entries()) {
        const message = Buffer.alloc(4 + length, number)
        message.writeUInt32BE(length)
        for (let at = 0; at < message.length; ) {
          const next = at + 1 + Math.floor(100_000 * random())
          await far.send(message.subarray(at, next))
          at = next
          if (random() < 0.1) await yieldSlice()
        }
      }
      await far.send('a last line\r\n')
      far.close()
    })
    const reader = new BufferedReader(near)
    for (const [number, length] of lengths.entries()) {
      expect((await reader.readExact(4)).readUInt32BE()).toBe(length)
      expect((await reader.readExact(length)).equals(Buffer.alloc(length, number))).toBe(true)
    }
    expect(await reader.readLine()).toBe('a last line')
    await expect(reader.readLine()).rejects.toMatchObject({ code: 'END_OF_STREAM' })
    await sender.join()
    near.close()
  })
})

describe('memory', () => {
  test('nothing is retained by reads that are cancelled, or by blocks that were read', async () => {
    const [far, reader] = connected()
    await expectFlatHeap(
      8000,
      async () => {
        await far.send(`a line\n${'x'.repeat(5000)};`)
        await reader.readLine()
        await reader.readUntil(';')
        const doomed = await waiting(() => reader.readLine())
        doomed.interrupt()
        await doomed.join().catch(() => {})
      },
      { warmUpRounds: 2000, toleranceBytes: 1_000_000 },
    )
  })
})

test('a last line without an end is a line for whoever says so, and an early end for all others', async () => {
  const lines = async (options: { lastMayBeOpen?: boolean }): Promise<string[]> => {
    const [near, far] = memoryStreamPair()
    await far.send('a\nb\nc')
    await far.shutdown()
    const seen: string[] = []
    for await (const line of new BufferedReader(near).lines(options)) seen.push(line)
    return seen
  }
  expect(await lines({ lastMayBeOpen: true })).toEqual(['a', 'b', 'c'])
  await expect(lines({})).rejects.toMatchObject({ code: 'END_OF_STREAM' })
})
