import { expectFlatHeap } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { currentScope } from '../../src/runtime/current.js'
import { yieldSlice } from '../../src/scope/sleep.js'
import { spawn } from '../../src/spawn.js'
import { memoryStreamPair } from '../../src/stream/memory-stream.js'
import { Pushback } from '../../src/stream/pushback.js'
import { recvExact } from '../../src/stream/recv-exact.js'
import type { Stream } from '../../src/stream/stream.js'
import { waiting } from './stream-contract.js'

type Awaitable<T> = T | Promise<T>

/** A stream with a pushback, as sockets are to embed it. */
class ExactStream {
  readonly #stream: Stream
  readonly pushback = new Pushback('recv an exact stream')
  constructor(stream: Stream) {
    this.#stream = stream
  }
  recv(max = 65_536): Awaitable<Buffer> {
    this.pushback.claim(currentScope())
    return this.pushback.size > 0 ? this.pushback.take(max) : this.#stream.recv(max)
  }
  recvExact(count: number): Awaitable<Buffer> {
    return recvExact(this.pushback, count, (max) => this.#stream.recv(max))
  }
}

function connected(): [Stream, ExactStream] {
  const [far, near] = memoryStreamPair()
  return [far, new ExactStream(near)]
}

describe('recvExact', () => {
  test('gives as many bytes as were asked for, from as many pieces as they came in, and not one more', async () => {
    const [far, near] = connected()
    for (const piece of ['ab', 'c', 'defgh']) await far.send(piece)
    expect(String(await near.recvExact(4))).toBe('abcd')
    expect(String(await near.recvExact(0))).toBe('')
    expect(String(await near.recvExact(3))).toBe('efg')
    expect(String(await near.recv())).toBe('h')
  })

  test('that is cancelled leaves what came to the next who receives', async () => {
    const [far, near] = connected()
    await far.send('par')
    const doomed = await waiting(() => near.recvExact(6))
    await far.send('ti')
    await yieldSlice()
    doomed.interrupt()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(String(await near.recv(2))).toBe('pa')
    await far.send('al')
    expect(String(await near.recvExact(5))).toBe('rtial')
  })

  test('lets nobody overtake what came, not even in the very turn of the cancellation', async () => {
    const [far, near] = connected()
    await far.send('first')
    const doomed = await waiting(() => near.recvExact(10))
    doomed.interrupt()
    // It was told and has not run since.
    expect(() => near.recv()).toThrow(expect.objectContaining({ code: 'SIMULTANEOUS' }))
    await far.send('second')
    await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(String(await near.recv())).toBe('first')
    expect(String(await near.recv())).toBe('second')
  })

  test('that meets the end carries what there was, and leaves it', async () => {
    const [far, near] = connected()
    await far.send('abc')
    await far.shutdown()
    await expect(near.recvExact(4)).rejects.toMatchObject({
      code: 'END_OF_STREAM',
      partial: Buffer.from('abc'),
    })
    expect(String(await near.recvExact(3))).toBe('abc')
    await expect(near.recvExact(1)).rejects.toMatchObject({ code: 'END_OF_STREAM', partial: Buffer.alloc(0) })
    expect(await near.recv()).toHaveLength(0)
  })

  test('keeps others out until it is done', async () => {
    const [far, near] = connected()
    await far.send('abc')
    const first = await waiting(() => near.recvExact(6))
    await expect(async () => near.recv()).rejects.toMatchObject({ code: 'SIMULTANEOUS' })
    await expect(async () => near.recvExact(1)).rejects.toMatchObject({ code: 'SIMULTANEOUS' })
    await far.send('def')
    expect(String(await first.join())).toBe('abcdef')
  })

  test('of a megabyte in single bytes takes no more memory than the megabyte twice', async () => {
    const [far, near] = memoryStreamPair()
    const pushback = new Pushback('recv')
    const sender = spawn(async () => {
      for (let i = 0; i < 100_000; i++) await far.send(String(i % 10))
    })
    const bytes = await recvExact(pushback, 100_000, (max) => near.recv(max))
    expect(bytes.subarray(0, 12).toString()).toBe('012345678901')
    expect(bytes.buffer.byteLength).toBeLessThanOrEqual(200_000)
    expect(pushback.size).toBe(0)
    await sender.join()
  })

  test.each([[-1], [1.5], [2 ** 31]])('of %s bytes is refused', (count) => {
    const [, near] = connected()
    expect(() => near.recvExact(count)).toThrow(RangeError)
  })

  test('retains nothing of those that were cancelled', async () => {
    const [far, near] = connected()
    const round = async (): Promise<void> => {
      await far.send('x'.repeat(1000))
      const doomed = await waiting(() => near.recvExact(2000))
      doomed.interrupt()
      await doomed.join().catch(() => {})
      await near.recvExact(1000)
    }
    await expectFlatHeap(8000, round, { warmUpRounds: 2000, toleranceBytes: 1_000_000 })
  })
})

describe('a pushback', () => {
  test('gives what was put last before what was put first, and what was appended at last', () => {
    const pushback = new Pushback('recv')
    pushback.append(Buffer.from('ef'))
    pushback.put(Buffer.from('cd'))
    pushback.put(Buffer.from('ab'))
    pushback.put(Buffer.alloc(0))
    expect(pushback.size).toBe(6)
    expect(String(pushback.take(3))).toBe('abc')
    pushback.append(Buffer.from('gh'))
    expect(String(pushback.copy())).toBe('defgh')
    expect(String(pushback.take(100))).toBe('defgh')
    expect(pushback.take(1)).toHaveLength(0)
  })
})
