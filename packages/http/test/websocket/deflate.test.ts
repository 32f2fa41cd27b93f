/** permessage-deflate (RFC 7692): what goes over the wire, and what a peer cannot make us spend. */
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import { inParallel, spawn, withTimeout, yieldSlice } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import { zlibInUse } from '../../src/websocket/zlib-work.js'
import { BINARY, COMPRESSED, CONTINUATION, FINAL, TEXT } from '../../src/wire/index.js'
import { meet } from './raw-peer.js'

function deflate(bytes: Uint8Array | string, windowBits = 15): Buffer {
  const all = deflateRawSync(bytes, { windowBits, finishFlush: constants.Z_SYNC_FLUSH })
  return all.subarray(0, -4)
}
const inflate = (bytes: Buffer): Buffer =>
  inflateRawSync(Buffer.concat([bytes, Buffer.from('0000ffff', 'hex')]), {
    finishFlush: constants.Z_SYNC_FLUSH,
  })

const compression = { thresholdBytes: 100 }

describe('compressed messages', () => {
  test('of RFC 7692, 7.2.3, are understood', async () => {
    const { socket, peer } = meet({ compression })
    const examples = [
      ['f248cdc9c90700', 'one block'],
      ['000500faff48656c6c6f00', 'a block that is not compressed'],
      ['f348cdc9c9070000', 'a block that is the last'],
      ['f24805000000ffffcac9c90700', 'two blocks'],
    ] as const
    for (const [hex, why] of examples) {
      await peer.send(TEXT, Buffer.from(hex, 'hex'), FINAL | COMPRESSED)
      expect(await socket.receive(), why).toBe('Hello')
    }
    const bytes = Buffer.from('f248cdc9c90700', 'hex')
    await peer.send(TEXT, bytes.subarray(0, 3), COMPRESSED)
    await peer.send(CONTINUATION, bytes.subarray(3))
    expect(await socket.receive()).toBe('Hello')
    await peer.send(TEXT, Buffer.of(0), FINAL | COMPRESSED)
    expect(await socket.receive()).toBe('')
    socket.terminate()
  })

  test('come in order, between others that are not compressed', async () => {
    const { socket, peer } = meet({ compression })
    for (let i = 0; i < 20; i++) {
      const text = `${i} `.padEnd(5_000, 'abc')
      await (i % 3 === 0 ? peer.send(TEXT, text) : peer.send(TEXT, deflate(text), FINAL | COMPRESSED))
    }
    await peer.close(1000)
    const got: number[] = []
    for await (const message of socket) {
      expect(message).toHaveLength(5_000)
      got.push(Number.parseInt(message as string, 10))
    }
    expect(got).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })

  test('are sent from the threshold on, in order, and as they were', async () => {
    const { socket, peer } = meet({ compression, fragmentBytes: 200 })
    const texts = Array.from({ length: 12 }, (_, i) => `${i} ${'é'.repeat(i % 2 === 0 ? 10 : 3_000)}`)
    const random = Buffer.from(Array.from({ length: 2_000 }, (_, i) => (i * 7919 * (i >> 3)) & 255))
    const sending = spawn(() => inParallel([...texts, random].map((message) => () => socket.send(message))))
    for (const message of [...texts, random]) {
      const bytes = Buffer.from(message as string)
      const first = await peer.next()
      const isCompressed = bytes.length >= 100
      expect(first).toMatchObject({ opcode: typeof message === 'string' ? TEXT : BINARY })
      expect(((first?.first ?? 0) & COMPRESSED) !== 0).toBe(isCompressed)
      const parts = [first?.payload as Buffer]
      for (let last = first; !last?.isFinal; parts.push(last?.payload as Buffer)) {
        last = await peer.next()
        expect((last?.first ?? 0) & COMPRESSED).toBe(0)
      }
      const all = Buffer.concat(parts)
      expect((isCompressed ? inflate(all) : all).equals(bytes)).toBe(true)
    }
    await sending.join()
    socket.terminate()
  })

  test('stay within the window that was agreed on', async () => {
    const { socket, peer } = meet({ compression, windowBits: 9 })
    const far = Buffer.concat([
      Buffer.from('a'.repeat(40)),
      Buffer.alloc(600, '-'),
      Buffer.from('a'.repeat(40)),
    ])
    await socket.send(far)
    const frame = await peer.next()
    const all = Buffer.concat([frame?.payload as Buffer, Buffer.from('0000ffff', 'hex')])
    expect(inflateRawSync(all, { windowBits: 9, finishFlush: constants.Z_SYNC_FLUSH }).equals(far)).toBe(true)
    socket.terminate()
  })
})

describe('a peer', () => {
  test.each([
    ['a bomb of text', TEXT, Buffer.alloc(9_000_000, 'x'), 'WS_LIMIT', 1009],
    ['a bomb that is a byte too long', BINARY, Buffer.alloc(10_001), 'WS_LIMIT', 1009],
    ['text that is no UTF-8', TEXT, Buffer.from('48ff', 'hex'), 'WS_TEXT', 1007],
  ])('that sends %s is told', async (_what, opcode, content, code, closeCode) => {
    const { socket, peer } = meet({ compression, maxMessageBytes: 10_000 })
    const bomb = deflate(content)
    expect(bomb.length).toBeLessThan(10_000)
    const before = process.memoryUsage().rss
    for (let at = 0; at < bomb.length; at += 5_000)
      await peer
        .send(
          at === 0 ? opcode : CONTINUATION,
          bomb.subarray(at, at + 5_000),
          (at === 0 ? COMPRESSED : 0) | (at + 5_000 >= bomb.length ? FINAL : 0),
        )
        .catch(() => {})
    await expect(async () => socket.receive()).rejects.toMatchObject({ code, closeCode })
    expect(await peer.closeCode()).toBe(closeCode)
    expect(process.memoryUsage().rss - before).toBeLessThan(8_000_000)
    peer.stream.close()
    await socket.close()
  })

  test('that sends what is no deflate is told', async () => {
    const { socket, peer } = meet({ compression })
    await peer.send(TEXT, Buffer.from('ffffffff', 'hex'), FINAL | COMPRESSED)
    await expect(async () => socket.receive()).rejects.toMatchObject({ code: 'WS_PROTOCOL', closeCode: 1002 })
    expect(await peer.closeCode()).toBe(1002)
    peer.stream.close()
    await socket.close()
  })

  test('that sends bombs on many connections has them defused a few at a time', async () => {
    const bomb = deflate(Buffer.alloc(9_000_000))
    const meetings = Array.from({ length: 30 }, () => meet({ compression }))
    for (const { peer } of meetings) await peer.send(BINARY, bomb, FINAL | COMPRESSED)
    let most = 0
    const receiving = spawn(() =>
      inParallel(
        meetings.map(
          ({ socket }) =>
            async () =>
              (await socket.receive()).length,
        ),
      ),
    )
    while (!receiving.isDead) {
      most = Math.max(most, zlibInUse())
      await yieldSlice()
    }
    expect(await receiving.join()).toEqual(meetings.map(() => 9_000_000))
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(4)
    expect(zlibInUse()).toBe(0)
    for (const { socket } of meetings) socket.terminate()
  })
})

describe('cancelling', () => {
  test('a receive in the middle of the work leaves the message to the next', async () => {
    const { socket, peer } = meet({ compression })
    const text = 'a long text '.repeat(500_000)
    await peer.send(TEXT, deflate(text), FINAL | COMPRESSED)
    await peer.send(TEXT, 'behind it')
    const doomed = spawn(async () => socket.receive())
    while (zlibInUse() === 0) await yieldSlice()
    doomed.shutdown()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'SHUTDOWN' })
    expect((await socket.receive()) === text).toBe(true)
    expect(await socket.receive()).toBe('behind it')
    socket.terminate()
  })

  test('a send in the middle of the work sends nothing', async () => {
    const { socket, peer } = meet({ compression })
    const doomed = spawn(() => socket.send('x'.repeat(5_000_000)))
    while (zlibInUse() === 0) await yieldSlice()
    doomed.shutdown()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'SHUTDOWN' })
    await socket.send('short')
    expect(await peer.next()).toMatchObject({ opcode: TEXT, payload: Buffer.from('short') })
    await withTimeout(5_000, async () => {
      while (zlibInUse() > 0) await yieldSlice()
    })
    socket.terminate()
  })
})
