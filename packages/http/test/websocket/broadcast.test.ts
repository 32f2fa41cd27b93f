import { constants, inflateRawSync } from 'node:zlib'
import { spawn, yieldSlice } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import { broadcast } from '../../src/index.js'
import { BINARY, COMPRESSED, CONTINUATION, TEXT } from '../../src/wire/index.js'
import { type MeetingOptions, meet } from './raw-peer.js'

describe('a broadcast', () => {
  test('reaches servers and clients, compressed and not, and not those that are closed', async () => {
    const kinds: MeetingOptions[] = [
      {},
      { isClient: true },
      { compression: { thresholdBytes: 10 } },
      { compression: { thresholdBytes: 10 }, windowBits: 9 },
      { compression: { thresholdBytes: 10_000 } },
    ]
    const meetings = kinds.map((kind) => meet(kind))
    const gone = meet()
    gone.socket.terminate()
    const text = 'to all of you: '.repeat(20)
    const result = await broadcast([...meetings.map(({ socket }) => socket), gone.socket], text)
    expect(result).toEqual({ sent: 5, slow: 0, closed: 1 })
    for (const [i, { peer, socket }] of meetings.entries()) {
      const frame = await peer.next()
      const isCompressed = i === 2 || i === 3
      expect(frame).toMatchObject({ opcode: TEXT, isFinal: true, isMasked: i === 1 })
      expect(((frame?.first ?? 0) & COMPRESSED) !== 0).toBe(isCompressed)
      const payload = frame?.payload as Buffer
      const all = Buffer.concat([payload, Buffer.from('0000ffff', 'hex')])
      expect(
        (isCompressed ? inflateRawSync(all, { finishFlush: constants.Z_SYNC_FLUSH }) : payload).toString(),
      ).toBe(text)
      socket.terminate()
    }
  })

  test('is not held up by one that does not read, which misses what is too much', async () => {
    const slow = meet({}, 1_000)
    const quick = meet({}, 1_000_000)
    const sockets = [slow.socket, quick.socket]
    const results = []
    for (let i = 0; i < 20; i++)
      results.push(await broadcast(sockets, Buffer.alloc(1_000, i), { maxQueuedBytes: 5_000 }))
    expect(results.slice(0, 3)).toEqual(Array(3).fill({ sent: 2, slow: 0, closed: 0 }))
    expect(results.slice(-10)).toEqual(Array(10).fill({ sent: 1, slow: 1, closed: 0 }))
    expect(slow.socket.queuedBytes).toBeLessThanOrEqual(5_000)
    for (let i = 0; i < 20; i++) expect((await quick.peer.next())?.payload[0]).toBe(i)
    let last = -1
    while (slow.socket.queuedBytes > 0 || last < 0) last = (await slow.peer.next())?.payload[0] ?? 0
    await broadcast(sockets, 'again')
    const frames: (string | undefined)[] = []
    while (frames.at(-1) !== 'again') frames.push((await slow.peer.next())?.payload.toString())
    for (const socket of sockets) socket.terminate()
  })

  test('closes who is slow, where it was told to', async () => {
    const slow = meet({ closeTimeoutMs: 50 }, 1_000)
    const results = []
    for (let i = 0; i < 10; i++)
      results.push(
        await broadcast([slow.socket], Buffer.alloc(1_000), { slow: 'close', maxQueuedBytes: 3_000 }),
      )
    expect(results.filter((result) => result.slow === 1)).toHaveLength(1)
    expect(results.at(-1)).toEqual({ sent: 0, slow: 0, closed: 1 })
    expect(await slow.peer.closeCode()).toBe(1008)
    await slow.socket.untilClosed()
  })

  test('copies nothing: slow receivers hold one frame together', async () => {
    const meetings = Array.from({ length: 50 }, () => meet({}, 100))
    const before = process.memoryUsage().arrayBuffers
    await broadcast(
      meetings.map(({ socket }) => socket),
      Buffer.alloc(1_000_000),
    )
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000)
    for (const { socket } of meetings) {
      expect(socket.queuedBytes).toBeGreaterThan(900_000)
      socket.terminate()
    }
  })

  test('never gets into the middle of a message in fragments', async () => {
    const { socket, peer } = meet({ fragmentBytes: 200, highWaterBytes: 100 }, 300)
    const sending = spawn(() => socket.send(Buffer.alloc(2_000, 'x')))
    for (let i = 0; i < 3; i++) await yieldSlice()
    expect(await broadcast([socket], 'in between')).toEqual({ sent: 1, slow: 0, closed: 0 })
    const opcodes: (number | undefined)[] = []
    for (let i = 0; i < 11; i++) opcodes.push((await peer.next())?.opcode)
    expect(opcodes).toEqual([BINARY, ...Array(9).fill(CONTINUATION), TEXT])
    await sending.join()
    socket.terminate()
  })

  test('refuses what is no message, and options that are none', async () => {
    await expect(broadcast([], 1 as unknown as string)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    })
    await expect(broadcast([], 'x', { slow: 'wait' as 'drop' })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    })
    await expect(broadcast([], 'x', { limit: 1 } as object)).rejects.toMatchObject({
      code: 'ERR_UNKNOWN_OPTION',
    })
  })
})
