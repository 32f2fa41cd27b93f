import { expectFlatHeap, seededRandom } from '@shrapnel/test-support'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DONE } from '../../src/awaitable.js'
import { socketPair } from '../../src/net/pair.js'
import { yieldSlice } from '../../src/scope/sleep.js'
import { current, spawn } from '../../src/spawn.js'
import { BufferedWriter } from '../../src/stream/buffered-writer.js'
import { memoryStreamPair } from '../../src/stream/memory-stream.js'
import type { Stream } from '../../src/stream/stream.js'
import { receive, receiveAll, waiting } from './stream-contract.js'

/** Runs `fn` in a coroutine of its own, whose turn ends when it waits for something that is not there yet. */
function inItsTurn<T>(fn: () => T | Promise<T>): Promise<T> {
  return spawn(async () => fn()).join()
}

describe('writes of one turn', () => {
  test('go out at once at its end, in one send, whoever wrote them', async () => {
    const [near, far] = memoryStreamPair()
    const writer = new BufferedWriter(near)
    await inItsTurn(async () => {
      void writer.write('one ')
      await writer.write(Buffer.from('two '))
      await Promise.resolve()
      void writer.write('drei – ')
      expect(writer.bufferedBytes).toBeGreaterThan(0)
    })
    expect(String(await far.recv())).toBe('one two drei – ')
    expect(writer.bufferedBytes).toBe(0)
    const many = ['a', 'b', 'c'].map((text) => spawn(() => writer.write(text)))
    await Promise.all(many.map((each) => each.join()))
    expect(String(await receive(far, 3))).toBe('abc')
  })

  test('do not wait for a turn of the loop', async () => {
    const [near, far] = memoryStreamPair()
    const writer = new BufferedWriter(near)
    const order: string[] = []
    const receiver = await waiting(() => Promise.resolve(far.recv()).then(() => order.push('received')))
    setImmediate(() => order.push('loop'))
    void writer.write('x')
    await receiver.join()
    await yieldSlice()
    expect(order).toEqual(['received', 'loop'])
  })

  test('that were flushed are not sent a second time at its end', async () => {
    const [near, far] = memoryStreamPair()
    const writer = new BufferedWriter(near)
    void writer.write('now')
    expect(writer.flush()).toBe(DONE)
    expect(String(await far.recv())).toBe('now')
    await near.shutdown()
    expect(await far.recv()).toHaveLength(0)
  })

  test('may be of any size, text or bytes, and arrive whole and in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.string({ unit: 'binary', maxLength: 50 }),
            fc.nat(300),
            fc.integer({ min: 15_000, max: 40_000 }),
          ),
          { maxLength: 30 },
        ),
        fc.constantFrom(1, 20, 5000, 65_536),
        fc.constantFrom(700, 65_536),
        async (sizes, highWaterBytes, limitBytes) => {
          const [near, far] = memoryStreamPair({ limitBytes })
          const writer = new BufferedWriter(near, { highWaterBytes })
          const random = seededRandom(sizes.length)
          const pieces = sizes.map((size) =>
            typeof size === 'string' ? size : Buffer.alloc(size, Math.floor(256 * random())),
          )
          const sender = spawn(async () => {
            for (const piece of pieces) {
              await writer.write(piece)
              if (piece instanceof Buffer) piece.fill(0)
              if (random() < 0.2) await yieldSlice()
            }
            await writer.flush()
            near.close()
          })
          const expected = Buffer.concat(pieces.map((piece) => Buffer.from(piece)))
          expect((await receiveAll(far)).equals(expected)).toBe(true)
          await sender.join()
        },
      ),
      { numRuns: 150 },
    )
  })

  test('leave no buffer behind', async () => {
    const [near, far] = memoryStreamPair()
    const writer = new BufferedWriter(near)
    const round = async (): Promise<void> => {
      await writer.write('x'.repeat(100))
      await writer.flush()
      await far.recv()
    }
    await expectFlatHeap(20_000, round, { toleranceBytes: 1_000_000 })
  })
})

describe('a writer whose peer does not read', () => {
  async function stuck(): Promise<[BufferedWriter, Stream, Stream]> {
    const [near, far] = memoryStreamPair({ limitBytes: 10 })
    const writer = new BufferedWriter(near, { highWaterBytes: 20 })
    void writer.write('0123456789.')
    await yieldSlice()
    void writer.write('a'.repeat(15))
    return [writer, near, far]
  }

  test('gathers up to the mark and then waits, first come first served', async () => {
    const [writer, near, far] = await stuck()
    const first = await waiting(() => writer.write('b'.repeat(10)), 'first')
    const second = await waiting(() => writer.write('c'), 'second')
    expect(first.waitingOn).toBe('write to a BufferedWriter')
    expect(writer.bufferedBytes).toBe(15)
    const all = spawn(receiveAll, far)
    await first.join()
    await second.join()
    await writer.flush()
    await near.shutdown()
    expect(String(await all.join())).toBe(`0123456789.${'a'.repeat(15)}${'b'.repeat(10)}c`)
  })

  test('a write that is cancelled while it waits is not sent, and those behind it move up', async () => {
    const [writer, near, far] = await stuck()
    const doomed = await waiting(() => writer.write('b'.repeat(10)))
    const behind = await waiting(() => writer.write('c'.repeat(5)))
    doomed.interrupt()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await behind.join()
    expect(near.isClosed).toBe(false)
    const all = spawn(receiveAll, far)
    await writer.flush()
    await near.shutdown()
    expect(String(await all.join())).toBe(`0123456789.${'a'.repeat(15)}ccccc`)
  })

  test('a write that was let in is sent, even if its coroutine is interrupted before it runs', async () => {
    const [writer, near, far] = await stuck()
    const lucky = await waiting(() => writer.write('b'.repeat(10)))
    const all = spawn(receiveAll, far)
    await lucky.join()
    lucky.interrupt()
    await writer.flush()
    await near.shutdown()
    expect(String(await all.join())).toContain('bbbbbbbbbb')
  })

  test('a flush that is cancelled stops nothing but the waiting', async () => {
    const [writer, near, far] = await stuck()
    const doomed = await waiting(() => writer.flush())
    expect(doomed.waitingOn).toBe('flush a BufferedWriter')
    doomed.interrupt()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    const flush = await waiting(() => writer.flush())
    expect(String(await receive(far, 26))).toBe(`0123456789.${'a'.repeat(15)}`)
    await flush.join()
    expect(near.isClosed).toBe(false)
  })

  test('a flush waits for what was written before, not for what comes after', async () => {
    const [writer, , far] = await stuck()
    const flush = await waiting(() => writer.flush())
    const later = await waiting(() => writer.write('z'.repeat(19)))
    expect(String(await receive(far, 26))).toMatch(/a$/)
    await flush.join()
    await later.join()
  })
})

describe('a write as large as the mark', () => {
  test('is sent from where it is, in its turn', async () => {
    const [near, far] = memoryStreamPair({ limitBytes: 10 })
    const writer = new BufferedWriter(near, { highWaterBytes: 20 })
    const all = spawn(receiveAll, far)
    const large = Buffer.alloc(1000, 'L')
    void writer.write('before ')
    const done = writer.write(large)
    void writer.write(' after')
    await done
    large.fill('x')
    await writer.flush()
    await near.shutdown()
    expect(String(await all.join())).toBe(`before ${'L'.repeat(1000)} after`)
  })

  test('goes before what was written after it, however small', async () => {
    const [near, far] = memoryStreamPair({ limitBytes: 10 })
    const writer = new BufferedWriter(near, { highWaterBytes: 20 })
    void writer.write('0123456789.')
    await yieldSlice()
    const large = await waiting(() => writer.write('L'.repeat(20)))
    const small = await waiting(() => writer.write('small'))
    const second = await waiting(() => writer.write('M'.repeat(20)))
    expect(String(await receive(far, 56))).toBe(`0123456789.${'L'.repeat(20)}small${'M'.repeat(20)}`)
    for (const each of [large, small, second]) await each.join()
  })

  test('cancelled before its turn is not sent, and those behind it move up', async () => {
    const [near, far] = memoryStreamPair({ limitBytes: 10 })
    const writer = new BufferedWriter(near, { highWaterBytes: 20 })
    void writer.write('0123456789.')
    await yieldSlice()
    const doomed = await waiting(() => writer.write(Buffer.alloc(20, 'L')))
    const behind = await waiting(() => writer.write('behind'))
    doomed.interrupt()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await behind.join()
    expect(String(await receive(far, 17))).toBe('0123456789.behind')
  })

  test('cancelled when none of it is gone leaves the writer as it was', async () => {
    const [near, far] = memoryStreamPair({ limitBytes: 10 })
    const writer = new BufferedWriter(near, { highWaterBytes: 20 })
    void writer.write('0123456789')
    void writer.flush()
    const doomed = await waiting(() => writer.write(Buffer.alloc(20, 'L')))
    expect(doomed.waitingOn).toMatch(/^send memory stream/)
    doomed.interrupt()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await writer.write('next')
    const flush = await waiting(() => writer.flush())
    expect(String(await receive(far, 14))).toBe('0123456789next')
    await flush.join()
  })

  test('cancelled half-way breaks the stream and the writer, because half a frame cannot be taken back', async () => {
    const [near, far] = memoryStreamPair({ limitBytes: 10 })
    const writer = new BufferedWriter(near, { highWaterBytes: 20 })
    const doomed = await waiting(() => writer.write(Buffer.alloc(20, 'L')))
    doomed.interrupt()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(near.isClosed).toBe(true)
    expect(() => writer.write('x')).toThrow(expect.objectContaining({ name: 'ClosedError', code: 'BROKEN' }))
    expect(() => writer.flush()).toThrow(expect.objectContaining({ code: 'BROKEN' }))
    await expect(receiveAll(far)).rejects.toMatchObject({ code: 'ECONNRESET' })
  })
})

describe('a send that fails at the end of a turn', () => {
  test('is told to the next write, the next flush, and everyone after', async () => {
    const [near, far] = memoryStreamPair()
    const writer = new BufferedWriter(near)
    far.close()
    void writer.write('nobody reads this')
    await yieldSlice()
    for (let i = 0; i < 2; i++) {
      expect(() => writer.write('x')).toThrow(expect.objectContaining({ code: 'EPIPE' }))
      expect(() => writer.flush()).toThrow(expect.objectContaining({ code: 'EPIPE' }))
    }
    expect(writer.bufferedBytes).toBe(0)
  })

  test('is told to who waits already', async () => {
    const [near, far] = memoryStreamPair({ limitBytes: 5 })
    const writer = new BufferedWriter(near, { highWaterBytes: 20 })
    void writer.write('0123456789')
    await yieldSlice()
    const flush = await waiting(() => writer.flush())
    void writer.write('x'.repeat(15))
    const write = await waiting(() => writer.write('y'.repeat(15)))
    const large = await waiting(() => writer.write('z'.repeat(30)))
    far.close()
    for (const each of [flush, write, large])
      await expect(each.join()).rejects.toMatchObject({ code: 'EPIPE' })
  })

  test('and that nobody asks about is no unhandled rejection', async () => {
    const rejections: unknown[] = []
    const note = (reason: unknown): void => void rejections.push(reason)
    process.on('unhandledRejection', note)
    const [near] = socketPair()
    void new BufferedWriter(near).write('x')
    near.close()
    for (let turn = 0; turn < 5; turn++) await yieldSlice()
    process.off('unhandledRejection', note)
    expect(rejections).toEqual([])
  })
})

describe('over sockets', () => {
  test('thousands of small writes of many coroutines arrive whole', async () => {
    const [near, far] = socketPair()
    const writer = new BufferedWriter(near)
    const writers = Array.from({ length: 20 }, (_, number) =>
      spawn(async () => {
        for (let i = 0; i < 1000; i++)
          await writer.write(`${String.fromCharCode(97 + number)}${String(i).padStart(6, '0')};`)
      }),
    )
    const all = spawn(receiveAll, far)
    for (const each of writers) await each.join()
    await writer.flush()
    near.close()
    const words = (await all.join()).toString().split(';')
    expect(words.pop()).toBe('')
    expect(words).toHaveLength(20_000)
    const last = new Map<string, number>()
    for (const word of words) {
      const [name, number] = [word[0] as string, Number(word.slice(1))]
      expect(number === (last.get(name) ?? -1) + 1, word).toBe(true)
      last.set(name, number)
    }
    far.close()
  })

  test('what was written is sent although the coroutine that wrote it is gone, and was shut down', async () => {
    const [near, far] = socketPair()
    const writer = new BufferedWriter(near)
    const author = spawn(() => {
      void writer.write('a testament')
      current().shutdown()
    })
    await author.join().catch(() => {})
    expect(String(await receive(far, 11))).toBe('a testament')
    near.close()
    far.close()
  })
})

test.each([
  ['a number', 5],
  ['null', null],
  ['an array', [1]],
  ['an ArrayBuffer', new ArrayBuffer(1)],
] as const)('%s cannot be written', (_what, data) => {
  const [near] = memoryStreamPair()
  expect(() => new BufferedWriter(near).write(data as never)).toThrow(TypeError)
})

test.each([[0], [-1], [1.5]])('%s is no mark', (highWaterBytes) => {
  const [near] = memoryStreamPair()
  expect(() => new BufferedWriter(near, { highWaterBytes })).toThrow(RangeError)
})
