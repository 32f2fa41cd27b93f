import { ReadableStream, WritableStream } from 'node:stream/web'
import { expectFlatHeap } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { fromWeb } from '../../src/bridge/from-web.js'
import { yieldSlice } from '../../src/scope/sleep.js'
import { spawn } from '../../src/spawn.js'
import { BufferedReader } from '../../src/stream/buffered-reader.js'
import { receive, waiting } from '../stream/stream-contract.js'
import { unhandledDuring, webPair } from './sides.js'

function readableOf(...chunks: unknown[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      if (chunks.length === 0) controller.close()
      else controller.enqueue(chunks.shift() as Uint8Array)
    },
  })
}

function sink(): WritableStream<Uint8Array> {
  return new WritableStream()
}

describe('a stream over web streams', () => {
  test('reads what there is in pieces of the size asked for, and an empty chunk is no end', async () => {
    const readable = readableOf(Buffer.from('abcdef'), new Uint8Array(), Buffer.from('g'))
    const stream = fromWeb({ readable, writable: sink() })
    expect(String(await stream.recv(2))).toBe('ab')
    expect(String(await stream.recv())).toBe('cdef')
    expect(String(await stream.recv())).toBe('g')
    expect(await stream.recv()).toHaveLength(0)
    expect(await stream.recv()).toHaveLength(0)
  })

  test('is as good as any to a BufferedReader', async () => {
    const readable = readableOf(...[...'one\ntwo\n'].map((each) => Buffer.from(each)))
    const lines: string[] = []
    for await (const line of new BufferedReader(fromWeb({ readable, writable: sink() })).lines())
      lines.push(line)
    expect(lines).toEqual(['one', 'two'])
  })

  test('keeps what a cancelled recv had asked for', async () => {
    const [left, right] = webPair()
    const stream = fromWeb(left)
    const far = fromWeb(right)
    for (let i = 0; i < 3; i++) {
      const doomed = await waiting(() => stream.recv())
      doomed.interrupt()
      await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    }
    await far.send('kept')
    expect(String(await stream.recv())).toBe('kept')
    stream.close()
    far.close()
  })

  test('fails with the error of the readable, each time, and can still send', async () => {
    const failure = Object.assign(new Error(), { code: 'EWEB' })
    const readable = new ReadableStream({ start: (controller) => controller.error(failure) })
    const sent: Uint8Array[] = []
    const writable = new WritableStream<Uint8Array>({ write: (chunk) => void sent.push(chunk) })
    const stream = fromWeb({ readable, writable })
    await expect(async () => stream.recv()).rejects.toMatchObject({ code: 'EWEB' })
    await expect(async () => stream.recv()).rejects.toMatchObject({ code: 'EWEB' })
    await stream.send('ok')
    expect(sent.map(String)).toEqual([String(new Uint8Array(Buffer.from('ok')))])
  })

  test('fails with the error of the writable', async () => {
    const writable = new WritableStream<Uint8Array>({
      write() {
        throw Object.assign(new Error(), { code: 'ESINK' })
      },
    })
    const reasons = await unhandledDuring(async () => {
      const stream = fromWeb({ readable: readableOf(), writable })
      await expect(async () => stream.send('x')).rejects.toMatchObject({ code: 'ESINK' })
      await expect(async () => stream.send('x')).rejects.toMatchObject({ code: 'ESINK' })
      stream.close()
    })
    expect(reasons).toEqual([])
  })

  test('refuses chunks that are no bytes', async () => {
    let reason: unknown
    const readable = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue('text' as never),
      cancel: (why) => {
        reason = why
      },
    })
    const stream = fromWeb({ readable, writable: sink() })
    await expect(async () => stream.recv()).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    await expect(async () => stream.recv()).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    expect(reason).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  })

  test('waits for room that somebody else took, and sends nothing if it is cancelled there', async () => {
    const chunks: string[] = []
    let release = (): void => {}
    const writable = new WritableStream<Uint8Array>({
      write: (chunk) => {
        chunks.push(Buffer.from(chunk).toString())
        return new Promise((resolve) => {
          release = resolve
        })
      },
    })
    const writer = writable.getWriter()
    const first = writer.write(Buffer.from('first'))
    writer.releaseLock()
    const stream = fromWeb({ readable: readableOf(), writable })
    const doomed = await waiting(() => stream.send('never'))
    doomed.interrupt()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(stream.isClosed).toBe(false)
    const second = await waiting(() => stream.send('second'))
    release()
    await first
    while (chunks.length < 2) await yieldSlice()
    release()
    await second.join()
    expect(chunks).toEqual(['first', 'second'])
  })

  test('interrupted between two chunks of a send breaks', async () => {
    const calls: string[] = []
    const writable = new WritableStream<Uint8Array>({
      write: (chunk) => {
        calls.push(`write ${chunk.length}`)
        // The sender is not waiting now, but running: it hears of it before the next chunk.
        if (calls.length === 2) sender.interrupt()
      },
      abort: () => void calls.push('abort'),
    })
    const stream = fromWeb({ readable: readableOf(), writable })
    const sender = spawn(() => stream.send(Buffer.alloc(200_000)))
    await expect(sender.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await expect(async () => stream.send('x')).rejects.toMatchObject({ code: 'BROKEN' })
    await yieldSlice()
    expect(calls).toEqual(['write 65536', 'write 65536', 'abort'])
  })

  test('that is closed cancels the one half and closes the other, in order', async () => {
    const calls: string[] = []
    const readable = new ReadableStream<Uint8Array>({ cancel: () => void calls.push('cancel') })
    const writable = new WritableStream<Uint8Array>({
      write: () => void calls.push('write'),
      close: () => void calls.push('close'),
      abort: () => void calls.push('abort'),
    })
    const stream = fromWeb({ readable, writable })
    const receiver = await waiting(() => stream.recv())
    await stream.send('x')
    stream.close()
    await expect(receiver.join()).rejects.toMatchObject({ code: 'CLOSED' })
    await yieldSlice()
    expect(calls.sort()).toEqual(['cancel', 'close', 'write'])
  })

  test('that is closed in the middle of a send aborts it', async () => {
    const reasons = await unhandledDuring(async () => {
      const calls: string[] = []
      const writable = new WritableStream<Uint8Array>({
        write: (_chunk, controller) =>
          new Promise((_, reject) => {
            const { signal } = controller as unknown as { signal: AbortSignal }
            signal.addEventListener('abort', () => reject(signal.reason))
          }),
        abort: () => void calls.push('abort'),
      })
      const stream = fromWeb({ readable: readableOf(), writable })
      const sender = await waiting(() => stream.send('x'))
      stream.close()
      await expect(sender.join()).rejects.toMatchObject({ code: 'CLOSED' })
      await yieldSlice()
      expect(calls).toEqual(['abort'])
    })
    expect(reasons).toEqual([])
  })
})

test.each([
  ['nothing', undefined],
  ['no readable', { writable: new WritableStream() }],
  ['no writable', { readable: new ReadableStream() }],
])('%s is refused', (_what, halves) => {
  expect(() => fromWeb(halves as never)).toThrow(TypeError)
})

test('nothing is retained by reads and sends that were cancelled', async () => {
  const [left, right] = webPair()
  const kept = fromWeb(left)
  const stuck = fromWeb({ readable: readableOf(), writable: fullWritable() })
  const far = fromWeb(right)
  const round = async (): Promise<void> => {
    const doomed = [await waiting(() => kept.recv()), await waiting(() => stuck.send('x'))]
    for (const each of doomed) each.interrupt()
    await Promise.allSettled(doomed.map((each) => each.join()))
    await far.send('x')
    await receive(kept, 1)
  }
  await expectFlatHeap(8000, round, { warmUpRounds: 2000, toleranceBytes: 1_000_000 })
  expect(stuck.isClosed).toBe(false)
})

/** A writable that has no room and never will. */
function fullWritable(): WritableStream<Uint8Array> {
  return new WritableStream({}, { highWaterMark: 0 })
}
