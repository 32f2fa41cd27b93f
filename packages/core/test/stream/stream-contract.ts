/** The contract of Stream as tests, to be kept by every kind of stream. Two connected ones come from `connect`. */
import { seededRandom } from '@shrapnel/test-support'
import { afterEach, describe, expect, test } from 'vitest'
import type { Interrupted } from '../../src/errors.js'
import type { Coroutine } from '../../src/runtime/coroutine.js'
import { yieldSlice } from '../../src/scope/sleep.js'
import { spawn } from '../../src/spawn.js'
import type { Stream } from '../../src/stream/stream.js'

/** More than any pair of streams holds on the way, kernel's buffers included. */
export const MORE_THAN_FITS = 16 * 1024 * 1024

export interface ContractFacts {
  /** What the peer of a stream may get that broke in the middle of a send; undefined: an end. A UNIX socket knows no reset. */
  readonly afterBreak?: readonly (string | undefined)[]
}

export function describeStreamContract(
  name: string,
  connect: () => Awaitable<readonly [Stream, Stream]>,
  facts: ContractFacts = {},
): void {
  const open: Stream[] = []
  const pair = async (): Promise<readonly [Stream, Stream]> => {
    const ends = await connect()
    open.push(...ends)
    return ends
  }
  afterEach(() => {
    for (const stream of open.splice(0)) stream.close()
  })

  describe(`the contract of Stream, kept by ${name}:`, () => {
    test('what is sent arrives in order and unchanged, both ways at once', async () => {
      const [left, right] = await pair()
      const random = seededRandom(7)
      const data = Buffer.from(Array.from({ length: 300_000 }, () => Math.floor(256 * random())))
      const send = async (stream: Stream): Promise<void> => {
        for (let at = 0; at < data.length; ) {
          const next = at + 1 + Math.floor(20_000 * random())
          await stream.send(data.subarray(at, next))
          at = next
        }
        await stream.shutdown()
      }
      const outcomes = await Promise.all([
        spawn(send, left).join(),
        spawn(send, right).join(),
        spawn(receiveAll, left).join(),
        spawn(receiveAll, right).join(),
      ])
      expect(outcomes[2].equals(data)).toBe(true)
      expect(outcomes[3].equals(data)).toBe(true)
    })

    test('text is sent as UTF-8', async () => {
      const [left, right] = await pair()
      await left.send('grüß dich 🐌')
      expect((await receive(right, Buffer.byteLength('grüß dich 🐌'))).toString()).toBe('grüß dich 🐌')
    })

    test('parts arrive in order, empty ones leave no trace', async () => {
      const [left, right] = await pair()
      await left.sendv(['one ', Buffer.from('two '), '', 'three'])
      await left.sendv([])
      await left.sendv([''])
      await left.send('')
      await left.send('!')
      expect((await receive(right, 14)).toString()).toBe('one two three!')
    })

    test('recv gives at most what was asked for, and the rest to the next', async () => {
      const [left, right] = await pair()
      await left.send('abcdef')
      expect((await right.recv(1)).toString()).toBe('a')
      expect((await receive(right, 5, 2)).toString()).toBe('bcdef')
    })

    test('recvInto fills the target and says how far', async () => {
      const [left, right] = await pair()
      const target = Buffer.alloc(8, '.')
      await left.send('abc')
      expect(await right.recvInto(target.subarray(2))).toBe(3)
      expect(target.toString()).toBe('..abc...')
      await left.shutdown()
      expect(await right.recvInto(target)).toBe(0)
    })

    test('the bytes may be changed when the send is done', async () => {
      const [left, right] = await pair()
      const data = Buffer.from('before')
      await left.send(data)
      data.fill('x')
      expect((await receive(right, 6)).toString()).toBe('before')
    })

    test('what was received may be changed, and changes nothing that comes after', async () => {
      const [left, right] = await pair()
      await left.send('abcdef')
      const first = await right.recv(3)
      first.fill('x')
      expect((await receive(right, 6 - first.length)).toString()).toBe('abcdef'.slice(first.length))
    })

    test('after a shutdown the peer reads an end, again and again, and can still answer', async () => {
      const [left, right] = await pair()
      await left.send('question')
      await left.shutdown()
      expect((await receiveAll(right)).toString()).toBe('question')
      expect(await right.recv()).toHaveLength(0)
      await right.send('answer')
      expect((await receive(left, 6)).toString()).toBe('answer')
    })

    test('sending after a shutdown fails with EPIPE', async () => {
      const [left] = await pair()
      await left.shutdown()
      await expect(async () => left.send('x')).rejects.toMatchObject({ code: 'EPIPE', syscall: 'write' })
    })

    test('a recv that is cancelled takes no byte', async () => {
      const [left, right] = await pair()
      const doomed = await waiting(() => right.recv())
      doomed.interrupt()
      await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
      await left.send('kept')
      expect((await receive(right, 4)).toString()).toBe('kept')
    })

    test('bytes that come together with a cancellation are not lost', async () => {
      const [left, right] = await pair()
      for (let round = 0; round < 20; round++) {
        const doomed = await waiting(() => right.recv())
        await left.send(String(round % 10))
        for (let turn = 0; turn < round % 4; turn++) await yieldSlice()
        doomed.interrupt()
        const taken = await doomed.join().catch((error: Interrupted) => {
          expect(error.code).toBe('INTERRUPTED')
          return Buffer.alloc(0)
        })
        const rest = taken.length === 0 ? await right.recv() : taken
        expect(rest.toString()).toBe(String(round % 10))
      }
    })

    test('a second coroutine in the same direction is told who is first, who is not disturbed', async () => {
      const [left, right] = await pair()
      const first = await waiting(() => right.recv(), 'the first')
      const second = spawn({ name: 'the second' }, () => right.recv())
      const error = await second.join().catch((reason) => reason)
      expect(error).toMatchObject({ code: 'SIMULTANEOUS' })
      expect(error.message).toContain('the first')
      expect(error.message).toContain('the second')
      await left.send('for the first')
      expect(String(await first.join())).toBe('for the first')
    })

    test('a send waits for a peer that does not read, and a second one is refused meanwhile', async () => {
      const [left, right] = await pair()
      const data = Buffer.alloc(MORE_THAN_FITS, 'd')
      const first = await waiting(() => left.send(data))
      for (let turn = 0; turn < 20; turn++) await yieldSlice()
      expect(first.isDead).toBe(false)
      await expect(async () => left.send('x')).rejects.toMatchObject({ code: 'SIMULTANEOUS' })
      let count = 0
      while (count < data.length) count += (await right.recv()).length
      expect(count).toBe(data.length)
      await first.join()
    })

    test('a send that is cancelled half-way breaks the stream, and the peer does not take half for the whole', async () => {
      const [left, right] = await pair()
      const doomed = await waiting(() => left.send(Buffer.alloc(MORE_THAN_FITS)))
      doomed.interrupt()
      await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
      expect(left.isClosed).toBe(true)
      await expect(async () => left.send('x')).rejects.toMatchObject({ name: 'ClosedError', code: 'BROKEN' })
      await expect(async () => left.recv()).rejects.toMatchObject({ name: 'ClosedError', code: 'BROKEN' })
      const outcome = await receiveAll(right).catch((error) => error.code)
      expect(facts.afterBreak ?? [undefined]).toContain(outcome instanceof Buffer ? undefined : outcome)
    })

    test('a scope that is cancelled already refuses, and nothing is sent or taken', async () => {
      const [left, right] = await pair()
      await right.send('here')
      const doomed = spawn(async () => {
        const errors: unknown[] = []
        await yieldSlice().catch((error) => errors.push(error))
        await Promise.resolve(left.recv()).catch((error) => errors.push(error))
        await Promise.resolve(left.send('never')).catch((error) => errors.push(error))
        return errors
      })
      await yieldSlice()
      doomed.shutdown()
      const codes = ((await doomed.join()) as { code: string }[]).map(({ code }) => code)
      expect(codes).toEqual(['SHUTDOWN', 'SHUTDOWN', 'SHUTDOWN'])
      await left.send('after')
      expect((await receive(right, 5)).toString()).toBe('after')
      expect((await receive(left, 4)).toString()).toBe('here')
    })

    test('closing wakes who waits, ends everything that follows, and may be repeated', async () => {
      const [left] = await pair()
      const receiver = await waiting(() => left.recv())
      const sender = await waiting(() => left.send(Buffer.alloc(MORE_THAN_FITS)))
      expect(left.isClosed).toBe(false)
      left.close()
      left.close()
      expect(left.isClosed).toBe(true)
      await expect(receiver.join()).rejects.toMatchObject({ name: 'ClosedError', code: 'CLOSED' })
      await expect(sender.join()).rejects.toMatchObject({ name: 'ClosedError', code: 'CLOSED' })
      await expect(async () => left.recv()).rejects.toMatchObject({ code: 'CLOSED' })
      await expect(async () => left.send('x')).rejects.toMatchObject({ code: 'CLOSED' })
      await expect(async () => left.shutdown()).rejects.toMatchObject({ code: 'CLOSED' })
    })

    test('what was sent before the close arrives, and then an end', async () => {
      const [left, right] = await pair()
      await left.send('last words')
      left.close()
      expect((await receiveAll(right)).toString()).toBe('last words')
    })

    test('a connection that is always ready starves nobody', async () => {
      const [left, right] = await pair()
      let others = 0
      let isDone = false
      const other = spawn(async () => {
        while (!isDone) {
          others++
          await yieldSlice()
        }
      })
      for (let round = 0; round < 1000; round++) {
        await left.send('x')
        await right.recv()
      }
      isDone = true
      await other.join()
      expect(others).toBeGreaterThan(10)
    })

    test.each([
      ['recv of nothing', (stream: Stream) => stream.recv(0), 'ERR_OUT_OF_RANGE'],
      ['recv of a fraction', (stream: Stream) => stream.recv(1.5), 'ERR_OUT_OF_RANGE'],
      ['recv of text', (stream: Stream) => stream.recv('1' as never), 'ERR_INVALID_ARG_TYPE'],
      ['recvInto a string', (stream: Stream) => stream.recvInto('x' as never), 'ERR_INVALID_ARG_TYPE'],
      ['send of a number', (stream: Stream) => stream.send(5 as never), 'ERR_INVALID_ARG_TYPE'],
      ['send of null', (stream: Stream) => stream.send(null as never), 'ERR_INVALID_ARG_TYPE'],
      ['sendv of a string', (stream: Stream) => stream.sendv('x' as never), 'ERR_INVALID_ARG_TYPE'],
      ['sendv of numbers', (stream: Stream) => stream.sendv([1] as never), 'ERR_INVALID_ARG_TYPE'],
    ] as const)('%s is refused, and the stream is as before', async (_why, call, code) => {
      const [left, right] = await pair()
      await expect(async () => call(left)).rejects.toMatchObject({ code })
      await left.send('fine')
      expect((await receive(right, 4)).toString()).toBe('fine')
    })
  })
}

type Awaitable<T> = T | Promise<T>

/** A coroutine that has begun to wait in `fn`. */
export async function waiting<T>(fn: () => Awaitable<T>, name = 'doomed'): Promise<Coroutine<T>> {
  const coroutine = spawn({ name }, async () => fn())
  await yieldSlice()
  while (coroutine.waitingOn === undefined || coroutine.waitingOn === 'yield') {
    if (coroutine.isDead) throw new Error('it did not have to wait')
    await yieldSlice()
  }
  return coroutine
}

/** Exactly `count` bytes, at most `max` at a time. */
export async function receive(stream: Stream, count: number, max = count): Promise<Buffer> {
  const chunks: Buffer[] = []
  for (let left = count; left > 0; left -= (chunks.at(-1) as Buffer).length) {
    const chunk = await stream.recv(Math.min(left, max))
    if (chunk.length === 0) throw new Error(`the end came ${left} bytes early`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

export async function receiveAll(stream: Stream): Promise<Buffer> {
  const chunks: Buffer[] = []
  for (let chunk = await stream.recv(); chunk.length > 0; chunk = await stream.recv()) chunks.push(chunk)
  return Buffer.concat(chunks)
}
