import { once } from 'node:events'
import http from 'node:http'
import { type Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expectFlatHeap } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { toDuplex } from '../../src/bridge/to-duplex.js'
import { socketPair } from '../../src/net/pair.js'
import { tcp } from '../../src/net/tcp.js'
import { mainCoroutine } from '../../src/runtime/coroutine.js'
import { yieldSlice } from '../../src/scope/sleep.js'
import { current, spawn } from '../../src/spawn.js'
import { memoryStreamPair } from '../../src/stream/memory-stream.js'
import type { Stream } from '../../src/stream/stream.js'
import { MORE_THAN_FITS, receive, receiveAll, waiting } from '../stream/stream-contract.js'
import { unhandledDuring } from './sides.js'

function bridged(limitBytes = 65_536): [Duplex, Stream] {
  const [near, far] = memoryStreamPair({ limitBytes })
  return [toDuplex(near), far]
}

/** The waits for streams of all that belongs to no coroutine. */
function streamWaits(): string[] {
  return [...mainCoroutine.waits()].map((wait) => wait.describe()).filter((text) => text.includes('stream'))
}

describe('a Duplex over a stream', () => {
  test('carries a pipeline both ways', async () => {
    const [near, far] = socketPair()
    const duplex = toDuplex(near)
    const data = Buffer.from(Array.from({ length: 500_000 }, (_, i) => i % 253))
    const echo = spawn(async () => {
      for (let chunk = await far.recv(); chunk.length > 0; chunk = await far.recv()) await far.send(chunk)
      far.close()
    })
    const chunks: Buffer[] = []
    await pipeline(
      Readable.from([data.subarray(0, 3), data.subarray(3)]),
      duplex,
      async (source: AsyncIterable<Buffer>) => {
        for await (const chunk of source) chunks.push(chunk)
      },
    )
    expect(Buffer.concat(chunks).equals(data)).toBe(true)
    await echo.join()
  })

  test('carries HTTP of Node', async () => {
    const [near, far] = memoryStreamPair()
    const server = http.createServer((request, response) => {
      response.end(`${request.method} ${request.url} for coroutine ${current().id}`)
    })
    server.emit('connection', toDuplex(near))
    await far.send('GET /path HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    const answer = String(await receiveAll(far))
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(answer).toContain('GET /path for coroutine 0')
    server.close()
  })

  test('does not receive before somebody reads', async () => {
    const [duplex, far] = bridged(10)
    await far.send('0123456789')
    const stuck = await waiting(() => far.send('more'))
    for (let turn = 0; turn < 5; turn++) await yieldSlice()
    expect(stuck.isDead).toBe(false)
    duplex.setEncoding('latin1')
    duplex.on('data', () => {})
    await stuck.join()
    duplex.destroy()
  })

  test('says when it is full, and drains when the peer reads', async () => {
    const [duplex, far] = bridged(10)
    const data = Buffer.alloc(100_000, 'x')
    expect(duplex.write(data)).toBe(false)
    let isDrained = false
    duplex.once('drain', () => {
      isDrained = true
    })
    for (let turn = 0; turn < 5; turn++) await yieldSlice()
    expect(isDrained).toBe(false)
    expect((await receive(far, data.length)).equals(data)).toBe(true)
    await yieldSlice()
    expect(isDrained).toBe(true)
    duplex.destroy()
  })

  test('sends what was corked in one piece', async () => {
    const [duplex, far] = bridged()
    duplex.cork()
    for (const text of ['a', 'b', 'c']) duplex.write(text)
    duplex.uncork()
    expect(String(await far.recv())).toBe('abc')
    duplex.destroy()
  })

  test('ends one side and then the other, and closes the stream when both have ended', async () => {
    const [near, far] = memoryStreamPair()
    const duplex = toDuplex(near)
    duplex.end('question')
    expect(String(await receiveAll(far))).toBe('question')
    expect(near.isClosed).toBe(false)
    await far.send('answer')
    await far.shutdown()
    const closed = once(duplex, 'close')
    const chunks: Buffer[] = []
    for await (const chunk of duplex) chunks.push(chunk)
    expect(String(Buffer.concat(chunks))).toBe('answer')
    await closed
    expect(near.isClosed).toBe(true)
  })

  test('is destroyed by an error of the stream, which it emits once', async () => {
    const [near, far] = memoryStreamPair()
    const duplex = toDuplex(near)
    const errors: unknown[] = []
    duplex.on('error', (error) => errors.push(error))
    duplex.resume()
    await yieldSlice()
    far.reset()
    await new Promise((resolve) => duplex.once('close', resolve))
    expect(errors).toMatchObject([{ code: 'ECONNRESET' }])
    expect(near.isClosed).toBe(true)
  })

  test('tells a write that failed of the error', async () => {
    const [duplex, far] = bridged()
    duplex.on('error', () => {})
    far.close()
    const error = await new Promise((resolve) => duplex.write('x', resolve))
    expect(error).toMatchObject({ code: 'EPIPE' })
  })

  test('runs listeners as code of no coroutine, whoever reads', async () => {
    const [duplex, far] = bridged()
    const reader = spawn(async () => {
      const seen: number[] = []
      duplex.on('data', () => seen.push(current().id))
      await yieldSlice()
      await far.send('x')
      await yieldSlice()
      return seen
    })
    expect(await reader.join()).toEqual([0])
    duplex.destroy()
  })
})

describe('destroying a Duplex', () => {
  test('ends its wait for bytes, without an error, and the peer reads an end', async () => {
    const before = streamWaits().length
    const reasons = await unhandledDuring(async () => {
      const [near, far] = memoryStreamPair()
      const duplex = toDuplex(near)
      const errors: unknown[] = []
      duplex.on('error', (error) => errors.push(error))
      duplex.resume()
      await yieldSlice()
      expect(streamWaits()).toHaveLength(before + 1)
      duplex.destroy()
      await once(duplex, 'close')
      expect(errors).toEqual([])
      expect(streamWaits()).toHaveLength(before)
      expect(near.isClosed).toBe(true)
      expect(await far.recv()).toHaveLength(0)
    })
    expect(reasons).toEqual([])
  })

  test('in the middle of a write cuts the stream off: the peer does not take half for the whole', async () => {
    const before = streamWaits().length
    const reasons = await unhandledDuring(async () => {
      const [duplex, far] = bridged(10)
      const written = new Promise((resolve) => duplex.write('x'.repeat(100), resolve))
      const queued = new Promise((resolve) => duplex.write('more', resolve))
      await yieldSlice()
      expect(streamWaits()).toHaveLength(before + 1)
      duplex.destroy()
      expect(await written).toBeInstanceOf(Error)
      expect(await queued).toBeInstanceOf(Error)
      expect(streamWaits()).toHaveLength(before)
      expect(String(await far.recv())).toBe('x'.repeat(10))
      await expect(async () => far.recv()).rejects.toMatchObject({ code: 'ECONNRESET' })
    })
    expect(reasons).toEqual([])
  })

  test('in the middle of a write resets a TCP connection', async () => {
    const server = tcp.listen({ port: 0 })
    const connecting = spawn(() => tcp.connect('127.0.0.1', server.port))
    const far = await server.accept()
    server.close()
    const duplex = toDuplex(await connecting.join())
    duplex.write(Buffer.alloc(MORE_THAN_FITS))
    await yieldSlice()
    duplex.destroy()
    await expect(receiveAll(far)).rejects.toMatchObject({ code: 'ECONNRESET' })
    far.close()
  })

  test('with an error emits that error', async () => {
    const [duplex] = bridged()
    const failed = once(duplex, 'error')
    duplex.destroy(new Error('enough'))
    expect(String((await failed)[0])).toBe('Error: enough')
  })

  test('is what leaving a loop over it does', async () => {
    const [near, far] = memoryStreamPair()
    await far.send('first')
    for await (const chunk of toDuplex(near)) {
      expect(String(chunk)).toBe('first')
      break
    }
    expect(near.isClosed).toBe(true)
  })
})

describe('the waits of a Duplex', () => {
  test('are not ended by interrupting whoever uses it, nor by interrupting the main coroutine', async () => {
    const [duplex, far] = bridged()
    const chunks: string[] = []
    const user = spawn(async () => {
      duplex.on('data', (chunk) => chunks.push(String(chunk)))
      duplex.write('x')
      await new Promise(() => {})
    })
    await yieldSlice()
    user.shutdown()
    mainCoroutine.interrupt()
    await expect(yieldSlice()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(String(await far.recv())).toBe('x')
    await far.send('still here')
    await yieldSlice()
    expect(chunks).toEqual(['still here'])
    duplex.destroy()
  })

  test('leave an interrupt of the main coroutine to the main coroutine', async () => {
    const [duplex] = bridged()
    mainCoroutine.interrupt()
    duplex.resume()
    await expect(yieldSlice()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await yieldSlice()
    expect(duplex.destroyed).toBe(false)
    duplex.destroy()
  })

  test('retain nothing, nor do Duplexes that were destroyed', async () => {
    const [kept, far] = bridged()
    kept.resume()
    const round = async (): Promise<void> => {
      const [duplex, other] = bridged()
      duplex.on('error', () => {})
      duplex.resume()
      duplex.write('x'.repeat(70_000))
      await yieldSlice()
      duplex.destroy()
      other.close()
      kept.write('x')
      await far.send('y')
      await far.recv()
    }
    await expectFlatHeap(2000, round, { warmUpRounds: 1000, toleranceBytes: 1_000_000 })
    kept.destroy()
  })
})
