import { text } from 'node:stream/consumers'
import { TextDecoderStream, WritableStream } from 'node:stream/web'
import { expectFlatHeap } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { toWeb } from '../../src/bridge/to-web.js'
import { socketPair } from '../../src/net/pair.js'
import { mainCoroutine } from '../../src/runtime/coroutine.js'
import { yieldSlice } from '../../src/scope/sleep.js'
import { spawn } from '../../src/spawn.js'
import { type MemoryStream, memoryStreamPair } from '../../src/stream/memory-stream.js'
import { receive, receiveAll, waiting } from '../stream/stream-contract.js'
import { unhandledDuring } from './sides.js'

function bridged(limitBytes = 65_536) {
  const [near, far] = memoryStreamPair({ limitBytes })
  return { ...halves(near), near, far }
}

function halves(near: MemoryStream) {
  const { readable, writable } = toWeb(near)
  return { readable, writable }
}

describe('the readable half', () => {
  test('receives nothing before somebody reads, and then no more than that', async () => {
    const { readable, near, far } = bridged(4)
    await far.send('abcd')
    const stuck = await waiting(() => far.send('e'))
    for (let turn = 0; turn < 5; turn++) await yieldSlice()
    expect(stuck.isDead).toBe(false)
    const reader = readable.getReader()
    expect(Buffer.from((await reader.read()).value as Uint8Array).toString()).toBe('abcd')
    await stuck.join()
    expect(String(await near.recv())).toBe('e')
  })

  test('ends with the stream, for text decoders and loops as for anyone', async () => {
    const { readable, far } = bridged()
    const all = text(readable.pipeThrough(new TextDecoderStream() as never))
    for (const byte of Buffer.from('grün\n')) await far.send(Buffer.from([byte]))
    await far.shutdown()
    expect(await all).toBe('grün\n')
  })

  test('fills the buffer that a reader brings, and no more', async () => {
    const { readable, far } = bridged()
    await far.send('abcdef')
    const reader = readable.getReader({ mode: 'byob' })
    const first = await reader.read(new Uint8Array(4))
    expect(Buffer.from(first.value as Uint8Array).toString()).toBe('abcd')
    const second = await reader.read(new Uint8Array(4))
    expect(Buffer.from(second.value as Uint8Array).toString()).toBe('ef')
    const last = reader.read(new Uint8Array(4))
    await far.shutdown()
    expect(await last).toMatchObject({ done: true, value: new Uint8Array() })
  })

  test("gives memory that is nobody else's", async () => {
    const { readable, far } = bridged()
    const pooled = Buffer.from('pooled')
    await far.send(pooled)
    const { value } = await readable.getReader().read()
    const moved = structuredClone(value, { transfer: [(value as Uint8Array<ArrayBuffer>).buffer] })
    expect(Buffer.from(moved as Uint8Array).toString()).toBe('pooled')
    expect(String(pooled)).toBe('pooled')
    expect(String(Buffer.from('another'))).toBe('another')
  })

  test('cancelled in the middle of a wait ends the wait; writing goes on, and closing that closes the stream', async () => {
    const reasons = await unhandledDuring(async () => {
      const { readable, writable, near, far } = bridged()
      const reader = readable.getReader()
      const read = reader.read()
      await yieldSlice()
      const waits = () => [...mainCoroutine.waits()].filter((wait) => wait.describe().startsWith('recv'))
      expect(waits()).toHaveLength(1)
      await reader.cancel('no more')
      expect(await read).toMatchObject({ done: true })
      expect(waits()).toHaveLength(0)
      const writer = writable.getWriter()
      await writer.write('still')
      expect(String(await far.recv())).toBe('still')
      expect(near.isClosed).toBe(false)
      await writer.close()
      expect(near.isClosed).toBe(true)
      expect(await far.recv()).toHaveLength(0)
    })
    expect(reasons).toEqual([])
  })

  test('fails with the error of the stream, and so does the writable half', async () => {
    const reasons = await unhandledDuring(async () => {
      const { readable, writable, near, far } = bridged()
      const read = readable.getReader().read()
      await yieldSlice()
      far.reset()
      await expect(read).rejects.toMatchObject({ code: 'ECONNRESET' })
      await expect(writable.getWriter().write('x')).rejects.toMatchObject({ code: 'ECONNRESET' })
      expect(near.isClosed).toBe(true)
    })
    expect(reasons).toEqual([])
  })
})

describe('the writable half', () => {
  test('takes bytes of every kind, and text', async () => {
    const { writable, far } = bridged()
    const writer = writable.getWriter()
    const bytes = new Uint8Array(Buffer.from('.view.'))
    const chunks = [
      'text ',
      Buffer.from('Buffer '),
      new Uint8Array(Buffer.from('array ')).buffer,
      new DataView(bytes.buffer, 1, 4),
    ]
    for (const chunk of chunks) await writer.write(chunk as never)
    expect(String(await receive(far, 22))).toBe('text Buffer array view')
  })

  test('holds the writer back while the peer does not read', async () => {
    const { writable, far } = bridged(10)
    const writer = writable.getWriter()
    const written = writer.write(Buffer.alloc(100))
    let isReady = false
    void writer.ready.then(() => {
      isReady = true
    })
    for (let turn = 0; turn < 5; turn++) await yieldSlice()
    expect(isReady).toBe(false)
    await receive(far, 100)
    await written
    await writer.ready
  })

  test('closed lets the peer read an end, and reading goes on until that ends too', async () => {
    const { readable, writable, near, far } = bridged()
    await writable.getWriter().close()
    expect(await far.recv()).toHaveLength(0)
    await far.send('answer')
    await far.shutdown()
    expect(near.isClosed).toBe(false)
    expect(await text(readable)).toBe('answer')
    expect(near.isClosed).toBe(true)
  })

  test('aborted in the middle of a write cuts the stream off, and the readable half fails for the same reason', async () => {
    const reasons = await unhandledDuring(async () => {
      const { readable, writable, near, far } = bridged(10)
      const read = readable.getReader().read()
      const writer = writable.getWriter()
      const written = writer.write(Buffer.alloc(100, 'x'))
      await yieldSlice()
      const reason = new Error('given up')
      await Promise.allSettled([writer.abort(reason)])
      await expect(written).rejects.toBeDefined()
      await expect(read).rejects.toBe(reason)
      expect(near.isClosed).toBe(true)
      expect(String(await far.recv())).toBe('x'.repeat(10))
      await expect(async () => far.recv()).rejects.toMatchObject({ code: 'ECONNRESET' })
    })
    expect(reasons).toEqual([])
  })

  test('given what is no bytes fails, and the stream with it', async () => {
    const { writable, near } = bridged()
    await expect(writable.getWriter().write(5 as never)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    })
    await yieldSlice()
    expect(near.isClosed).toBe(true)
  })
})

test('two web streams piped into each other carry a conversation over sockets', async () => {
  const [near, far] = socketPair()
  const { readable, writable } = toWeb(near)
  const echo = readable.pipeTo(writable)
  const all = spawn(receiveAll, far)
  for (let i = 0; i < 100; i++) await far.send(Buffer.alloc(10_000, i))
  await far.shutdown()
  expect(await all.join()).toHaveLength(1_000_000)
  await echo
  expect(near.isClosed).toBe(true)
  far.close()
})

test('a stream that was closed fails both halves', async () => {
  const { readable, writable, near } = bridged()
  near.close()
  await expect(readable.getReader().read()).rejects.toMatchObject({ code: 'CLOSED' })
  await expect(writable.getWriter().write('x')).rejects.toMatchObject({ code: 'CLOSED' })
})

test('nothing is retained by pairs that were given up', async () => {
  const round = async (): Promise<void> => {
    const { readable, writable } = bridged()
    const reader = readable.getReader()
    const read = reader.read()
    await yieldSlice()
    await reader.cancel()
    await read
    await writable.abort()
  }
  await expectFlatHeap(8000, round, { warmUpRounds: 2000, toleranceBytes: 500_000 })
})

test('pipeTo stops at a writable that fails, and cancels the reading', async () => {
  const { readable, far } = bridged()
  await far.send('x')
  const sink = new WritableStream({
    write() {
      throw new Error('full')
    },
  })
  await expect(readable.pipeTo(sink)).rejects.toThrow('full')
})
