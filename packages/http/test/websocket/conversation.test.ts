/** The laws of a connection, in memory: what it answers by itself, how it ends, and what waiting and cancelling leave behind. */
import { Event, inParallel, now, spawn, TimeoutError, withTimeout, yieldSlice } from '@shrapnel/core'
import { useClock } from '@shrapnel/core/testing'
import { VirtualClock } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { BINARY, CLOSE, CONTINUATION, FINAL, PING, PONG, TEXT } from '../../src/wire/index.js'
import { meet } from './raw-peer.js'

async function collect(source: AsyncIterable<string | Buffer>): Promise<(string | Buffer)[]> {
  const all: (string | Buffer)[] = []
  for await (const message of source) all.push(message)
  return all
}

describe.each([
  ['a server', false],
  ['a client', true],
])('%s', (_side, isClient) => {
  test('receives text as strings and binary as Buffers, whatever the length', async () => {
    const { socket, peer } = meet({ isClient })
    for (const length of [0, 1, 125, 126, 65_535, 65_536, 200_000]) {
      const sending = spawn(async () => {
        await peer.send(TEXT, 'a'.repeat(length))
        await peer.send(BINARY, Buffer.alloc(length, 7))
      })
      expect(await socket.receive()).toBe('a'.repeat(length))
      const binary = (await socket.receive()) as Buffer
      expect(binary.equals(Buffer.alloc(length, 7)), `${length} bytes`).toBe(true)
      await sending.join()
    }
    socket.terminate()
  })

  test('sends each message in one frame, masked by a client alone', async () => {
    const { socket, peer } = meet({ isClient })
    for (const length of [0, 1, 41, 42, 125, 126, 1_000, 65_522, 65_523, 65_536, 200_000])
      for (const unit of ['x', 'é', '日']) {
        const text = unit.repeat(length)
        const sending = spawn(() => socket.send(text))
        const frame = await peer.next()
        expect(frame).toMatchObject({ opcode: TEXT, isFinal: true, isMasked: isClient })
        expect(frame?.payload.equals(Buffer.from(text)), `${length} of ${unit}`).toBe(true)
        await sending.join()
        const bytes = Buffer.from(text)
        const again = spawn(() => socket.send(bytes))
        const binary = await peer.next()
        expect(binary).toMatchObject({ opcode: BINARY, isFinal: true, isMasked: isClient })
        expect(binary?.payload.equals(bytes)).toBe(true)
        await again.join()
        expect(bytes.equals(Buffer.from(text)), 'what was sent is as it was').toBe(true)
      }
    socket.terminate()
  })

  test('answers a ping with its payload, also while nobody receives', async () => {
    const { socket, peer } = meet({ isClient })
    await peer.send(PING, 'are you there?')
    expect(await peer.next()).toMatchObject({ opcode: PONG, payload: Buffer.from('are you there?') })
    socket.terminate()
  })

  test('takes a close, answers it and ends the iteration', async () => {
    const { socket, peer } = meet({ isClient })
    await peer.send(TEXT, 'last')
    await peer.close(4001, 'bye')
    expect(await peer.closeCode()).toBe(4001)
    peer.stream.close()
    expect(await collect(socket)).toEqual(['last'])
    expect(socket).toMatchObject({ isOpen: false, closeCode: 4001, closeReason: 'bye' })
    await expect(socket.send('more')).rejects.toMatchObject({
      code: 'WS_CLOSED',
      closeCode: 4001,
      reason: 'bye',
    })
    await expect(socket.receive()).rejects.toMatchObject({ code: 'WS_CLOSED', closeCode: 4001 })
    await socket.close()
  })

  test('closes with code and reason, and waits for the peer to close too', async () => {
    const { socket, peer } = meet({ isClient })
    const receiving = spawn(() => collect(socket))
    const closing = spawn(() => socket.close(4002, 'done'))
    const frame = await peer.next()
    expect(frame).toMatchObject({ opcode: CLOSE, payload: Buffer.from('\x0f\xa2done', 'latin1') })
    await expect(socket.send('late')).rejects.toMatchObject({ code: 'WS_CLOSED' })
    await peer.send(TEXT, 'what came meanwhile is dropped')
    expect(closing.isDead).toBe(false)
    await peer.close(4002)
    peer.stream.close()
    await closing.join()
    expect(await receiving.join()).toEqual([])
    expect(socket.closeCode).toBe(4002)
  })

  test('that is cut off says so, to whoever sends and receives', async () => {
    const { socket, peer } = meet({ isClient })
    const receiving = spawn(() => collect(socket))
    peer.stream.close()
    await expect(receiving.join()).rejects.toMatchObject({ code: 'WS_LOST' })
    await expect(socket.send('x')).rejects.toMatchObject({ code: 'WS_LOST' })
    await expect(socket.ping()).rejects.toMatchObject({ code: 'WS_LOST' })
    await socket.untilClosed()
  })

  test('measures a ping of its own', async () => {
    const { socket, peer } = meet({ isClient })
    const first = spawn(() => socket.ping())
    const second = spawn(() => socket.ping())
    const lost = await peer.next()
    const answered = await peer.next()
    expect(lost?.opcode).toBe(PING)
    await peer.send(PONG, 'nobody asked')
    await peer.send(PONG, answered?.payload)
    expect(await first.join()).toBeGreaterThanOrEqual(0)
    expect(await second.join()).toBeGreaterThanOrEqual(0)
    socket.terminate()
  })
})

describe('what the peer does wrong', () => {
  const wrong: readonly (readonly [
    why: string,
    opcode: number,
    payload: string,
    bits: number,
    code: string,
    closeCode: number,
  ])[] = [
    ['reserved bits', TEXT, 'a', FINAL | 0x10, 'WS_PROTOCOL', 1002],
    ['an unknown opcode', 3, '', FINAL, 'WS_PROTOCOL', 1002],
    ['a continuation of nothing', CONTINUATION, '', FINAL, 'WS_PROTOCOL', 1002],
    ['text that is no UTF-8', TEXT, '\xff', FINAL, 'WS_TEXT', 1007],
    ['a message past the limit', BINARY, 'a'.repeat(101), FINAL, 'WS_LIMIT', 1009],
    ['a close of one byte', CLOSE, '\x03', FINAL, 'WS_PROTOCOL', 1002],
    ...['0000', '03e7', '03ec', '03ed', '03ee', '03f7', '044c', '07d0', '0bb7', '1388', 'ffff'].map(
      (code) =>
        [
          `a close with ${Number.parseInt(code, 16)}`,
          CLOSE,
          Buffer.from(code, 'hex').toString('latin1'),
          FINAL,
          'WS_PROTOCOL',
          1002,
        ] as const,
    ),
    ['a close whose reason is no UTF-8', CLOSE, '\x03\xe8\xce', FINAL, 'WS_TEXT', 1007],
  ]
  test.each(wrong)(
    '%s is told with its code, and fails who receives',
    async (_why, opcode, payload, bits, code, closeCode) => {
      const { socket, peer } = meet({ maxMessageBytes: 100 })
      await peer.send(TEXT, 'good')
      await peer.send(opcode, Buffer.from(payload, 'latin1'), bits)
      await peer.send(TEXT, 'nobody hears this any more')
      expect(await peer.closeCode()).toBe(closeCode)
      peer.stream.close()
      expect(await socket.receive()).toBe('good')
      await expect(socket.receive()).rejects.toMatchObject({ code, closeCode })
      await socket.close()
    },
  )

  test.each([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])(
    'a close with %i is none of it',
    async (code) => {
      const { socket, peer } = meet()
      await peer.close(code)
      expect(await peer.closeCode()).toBe(code)
      expect(await collect(socket)).toEqual([])
    },
  )

  test('a close without a code is 1005 to us, and answered without one', async () => {
    const { socket, peer } = meet()
    await peer.send(CLOSE)
    expect(await peer.closeCode()).toBe(1005)
    expect(await collect(socket)).toEqual([])
    expect(socket.closeCode).toBe(1005)
  })

  test('a flood of pings to which nobody reads the answers takes no memory', async () => {
    const { socket, peer } = meet({}, 1_000)
    for (let i = 0; i < 5_000; i++) await peer.send(PING, `number ${i}`)
    expect(socket.queuedBytes).toBeLessThan(5_000)
    socket.terminate()
  })

  test('a peer that does not close is cut off after closeTimeoutMs', async () => {
    const { socket, peer } = meet({ closeTimeoutMs: 20 })
    const receiving = spawn(() => collect(socket))
    await socket.close()
    await expect(receiving.join()).rejects.toMatchObject({ code: 'WS_LOST' })
    expect((await peer.next())?.opcode).toBe(CLOSE)
  })

  test('one that takes no more is cut off all the same', async () => {
    const { socket } = meet({ closeTimeoutMs: 20 }, 100)
    const sending = spawn(() => socket.send(Buffer.alloc(100_000)))
    await yieldSlice()
    await socket.close()
    await expect(sending.join()).rejects.toMatchObject({ code: 'WS_LOST' })
  })
})

describe('waiting', () => {
  test('messages of many senders go out whole, in their order', async () => {
    const { socket, peer } = meet({ highWaterBytes: 500, fragmentBytes: 300 }, 200)
    const sending = spawn(() =>
      inParallel(
        Array.from(
          { length: 20 },
          (_, i) => () => socket.send(`${i} `.padEnd(i % 3 === 0 ? 1_000 : 100, '.')),
        ),
      ),
    )
    const got: string[] = []
    while (got.length < 20) {
      let text = ''
      for (;;) {
        const frame = await peer.next()
        text += frame?.payload.toString()
        expect(frame?.opcode).toBe(text.length === frame?.payload.length ? TEXT : CONTINUATION)
        if (frame?.isFinal) break
      }
      got.push(text)
    }
    expect(got.map((text) => Number.parseInt(text, 10))).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect(got.every((text, i) => text.length === (i % 3 === 0 ? 1_000 : 100))).toBe(true)
    await sending.join()
    socket.terminate()
  })

  test('a sender waits while the peer does not read, and no longer', async () => {
    const { socket, peer } = meet({ highWaterBytes: 1_000 }, 1_000)
    let sent = 0
    const sending = spawn(async () => {
      for (; sent < 100; sent++) await socket.send(Buffer.alloc(100))
    })
    while (socket.queuedBytes < 900) await yieldSlice()
    for (let i = 0; i < 10; i++) await yieldSlice()
    expect(sent).toBeLessThan(25)
    for (let i = 0; i < 100; i++) expect((await peer.next())?.payload.length).toBe(100)
    await sending.join()
    socket.terminate()
  })

  test('a peer waits while nobody receives', async () => {
    const { socket, peer } = meet({ maxReceiveQueueBytes: 1_000 }, 1_000)
    let sent = 0
    const sending = spawn(async () => {
      for (; sent < 100; sent++) await peer.send(TEXT, 'x'.repeat(100))
    })
    for (let i = 0; i < 200; i++) await yieldSlice()
    expect(sent).toBeLessThan(60)
    for (let i = 0; i < 100; i++) expect(await socket.receive()).toBe('x'.repeat(100))
    await sending.join()
    socket.terminate()
  })

  test('control frames get between the fragments of a long message', async () => {
    const { socket, peer } = meet({ fragmentBytes: 1_000 }, 500)
    const sending = spawn(() => socket.send(Buffer.alloc(70_000, 'x')))
    expect(await peer.next()).toMatchObject({ opcode: BINARY, isFinal: false })
    await peer.send(PING, 'now')
    const opcodes: number[] = []
    let length = 1_000
    for (;;) {
      const frame = await peer.next()
      opcodes.push(frame?.opcode ?? -1)
      if (frame?.opcode === CONTINUATION) length += frame.payload.length
      if (frame?.isFinal && frame.opcode === CONTINUATION) break
    }
    expect(length).toBe(70_000)
    expect(opcodes.indexOf(PONG)).toBeLessThan(10)
    expect(opcodes.indexOf(PONG)).toBeGreaterThanOrEqual(0)
    await sending.join()
    socket.terminate()
  })

  test('a long binary message lasts until the next one is received, where memory is recycled, and for good elsewhere', async () => {
    for (const recycleMessages of [true, false]) {
      const { socket, peer } = meet({ recycleMessages, maxReceiveQueueBytes: 200_000 })
      for (let i = 0; i < 6; i++) await peer.send(BINARY, Buffer.alloc(10_000, i))
      const all: Buffer[] = []
      for (let i = 0; i < 6; i++) {
        const message = (await socket.receive()) as Buffer
        expect(message.equals(Buffer.alloc(10_000, i))).toBe(true)
        all.push(message)
        await peer.send(BINARY, Buffer.alloc(10_000, 6 + i))
      }
      const isKept = all.map((message, i) => message.equals(Buffer.alloc(10_000, i)))
      expect(isKept.every((kept) => kept)).toBe(!recycleMessages)
      socket.terminate()
    }
  })

  test('a second receiver is refused, and the first not disturbed', async () => {
    const { socket, peer } = meet()
    const first = spawn(async () => socket.receive())
    await yieldSlice()
    await expect(async () => socket.receive()).rejects.toMatchObject({ code: 'SIMULTANEOUS' })
    await peer.send(TEXT, 'one')
    expect(await first.join()).toBe('one')
    socket.terminate()
  })

  test('messages that come together are received without waiting, and answered in one write', async () => {
    const { socket, peer } = meet()
    await peer.stream.send(Buffer.concat(Array.from({ length: 20 }, (_, i) => peer.frame(TEXT, `${i}`))))
    for (let i = 0; i < 20; i++) {
      const message = await socket.receive()
      await socket.send(`<${message}>`)
    }
    const bytes = await peer.stream.recv()
    expect(bytes.toString('latin1').match(/<\d+>/g)).toHaveLength(20)
    socket.terminate()
  })

  test('a program that echoes for ever lets others have their turn', async () => {
    const { socket, peer } = meet({ isClient: false })
    const other = meet()
    const busy = spawn(async () => {
      for await (const message of socket) await socket.send(message)
    })
    const pushing = spawn(async () => {
      for (let i = 0; i < 2_000; i++) await peer.send(TEXT, 'x')
    })
    const pulling = spawn(async () => {
      for (let i = 0; i < 2_000; i++) await peer.next()
    })
    await other.peer.send(TEXT, 'me too')
    expect(await withTimeout(5_000, async () => other.socket.receive())).toBe('me too')
    await pushing.join()
    await pulling.join()
    socket.terminate()
    await expect(busy.join()).rejects.toMatchObject({ code: 'WS_LOST' })
    other.socket.terminate()
  })
})

describe('cancelling', () => {
  test('a receive takes nothing', async () => {
    const { socket, peer } = meet()
    await expect(withTimeout(5, async () => socket.receive())).rejects.toBeInstanceOf(TimeoutError)
    const iterator = socket[Symbol.asyncIterator]()
    await expect(withTimeout(5, () => iterator.next())).rejects.toBeInstanceOf(TimeoutError)
    await peer.send(TEXT, 'still here')
    expect(await socket.receive()).toBe('still here')
    socket.terminate()
  })

  test('a send that waits for its turn leaves no trace', async () => {
    const { socket, peer } = meet({ highWaterBytes: 100 }, 100)
    await socket.send('a'.repeat(90))
    const second = spawn(() => socket.send('b'.repeat(99)))
    await yieldSlice()
    const doomed = spawn(() => socket.send('c'.repeat(99)))
    const large = spawn(() => socket.send(Buffer.alloc(500, 'd')))
    const last = spawn(() => socket.send('e'))
    while (doomed.state !== 'waiting' || large.state !== 'waiting') await yieldSlice()
    doomed.shutdown()
    large.shutdown()
    const seen: string[] = []
    for (let i = 0; i < 3; i++) seen.push((await peer.next())?.payload.toString().slice(0, 1) ?? '')
    expect(seen).toEqual(['a', 'b', 'e'])
    await second.join()
    await last.join()
    await expect(doomed.join()).rejects.toMatchObject({ code: 'SHUTDOWN' })
    await expect(large.join()).rejects.toMatchObject({ code: 'SHUTDOWN' })
    await socket.send('f')
    expect((await peer.next())?.payload.toString()).toBe('f')
    socket.terminate()
  })

  test.each([
    ['in a fragment', 1_000_000],
    ['between fragments', 100],
  ])('a send %s breaks the connection', async (_where, fragmentBytes) => {
    const { socket, peer } = meet({ fragmentBytes: Math.max(125, fragmentBytes) }, 1_000)
    const sending = spawn(() => socket.send(Buffer.alloc(100_000)))
    for (let i = 0; i < 5; i++) await yieldSlice()
    sending.shutdown()
    await expect(sending.join()).rejects.toMatchObject({ code: 'SHUTDOWN' })
    await expect(socket.send('x')).rejects.toMatchObject({ code: 'WS_LOST' })
    await expect(async () => {
      while ((await peer.next()) !== undefined);
    }).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('a ping that nobody waits for any more harms nobody', async () => {
    const { socket, peer } = meet()
    await expect(withTimeout(5, () => socket.ping())).rejects.toBeInstanceOf(TimeoutError)
    const ping = await peer.next()
    await peer.send(PONG, ping?.payload)
    await peer.send(TEXT, 'after')
    expect(await socket.receive()).toBe('after')
    socket.terminate()
  })

  test('a close goes on by itself', async () => {
    const { socket, peer } = meet({ closeTimeoutMs: 50 })
    await expect(withTimeout(5, () => socket.close())).rejects.toBeInstanceOf(TimeoutError)
    expect((await peer.next())?.opcode).toBe(CLOSE)
    await socket.untilClosed()
    await socket.close()
  })

  test('waiting for the end leaves it to others', async () => {
    const { socket, peer } = meet()
    await expect(withTimeout(5, () => socket.untilClosed())).rejects.toBeInstanceOf(TimeoutError)
    const over = new Event()
    const waiting = spawn(async () => {
      await socket.untilClosed()
      over.set()
    })
    peer.stream.close()
    await waiting.join()
    expect(over.isSet).toBe(true)
  })
})

describe('silence', () => {
  async function withClock(run: (clock: VirtualClock) => Promise<void>): Promise<void> {
    const clock = new VirtualClock(1_000)
    const restore = useClock(clock)
    try {
      await run(clock)
    } finally {
      restore()
    }
  }

  test('is broken by a ping after pingIntervalMs, and a peer that answers lives', () =>
    withClock(async (clock) => {
      const { socket, peer } = meet({ pingIntervalMs: 1_000, pongTimeoutMs: 500 })
      for (let round = 0; round < 5; round++) {
        await clock.advance(1_000)
        const ping = await peer.next()
        expect(ping).toMatchObject({ opcode: PING, payload: Buffer.alloc(0) })
        await clock.advance(round === 4 ? 499 : 0)
        await peer.send(PONG)
        await clock.settle()
      }
      expect(socket.isOpen).toBe(true)
      socket.terminate()
    }))

  test('without a pong for pongTimeoutMs is death', () =>
    withClock(async (clock) => {
      const { socket, peer } = meet({ pingIntervalMs: 1_000, pongTimeoutMs: 500 })
      const receiving = spawn(() => collect(socket))
      await clock.settle()
      await clock.advance(1_000)
      expect((await peer.next())?.opcode).toBe(PING)
      await clock.advance(499)
      await clock.settle()
      expect(socket.isOpen).toBe(true)
      // Joined before it dies, or the exception notifier is told.
      const death = expect(receiving.join()).rejects.toMatchObject({ code: 'WS_DEAD' })
      await clock.advance(1)
      await death
      await expect(socket.send('x')).rejects.toMatchObject({ code: 'WS_DEAD' })
    }))

  test('is none while anything comes', () =>
    withClock(async (clock) => {
      const { socket, peer } = meet({ pingIntervalMs: 1_000, pongTimeoutMs: 500 })
      for (let i = 0; i < 10; i++) {
        await clock.advance(900)
        await peer.send(TEXT, 'x')
        expect(await socket.receive()).toBe('x')
      }
      await peer.close(1000)
      expect((await peer.next())?.opcode).toBe(CLOSE)
    }))

  test('is not the peer to blame for while nobody receives', () =>
    withClock(async (clock) => {
      const { socket, peer } = meet({ pingIntervalMs: 1_000, pongTimeoutMs: 500, maxReceiveQueueBytes: 10 })
      await peer.send(TEXT, 'a long message that nobody receives')
      await clock.settle()
      for (let i = 0; i < 10; i++) {
        await clock.advance(1_000)
        await clock.settle()
      }
      expect(socket.isOpen).toBe(true)
      expect(await socket.receive()).toBe('a long message that nobody receives')
      socket.terminate()
    }))

  test('is allowed where pingIntervalMs is Infinity', () =>
    withClock(async (clock) => {
      const { socket } = meet({ pingIntervalMs: Infinity })
      await clock.advance(1_000_000)
      await clock.settle()
      expect(socket.isOpen).toBe(true)
      expect(now()).toBe(1_001_000)
      socket.terminate()
    }))
})
