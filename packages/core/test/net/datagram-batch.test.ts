/** Many datagrams in one call. */
import { expect, test } from 'vitest'
import { DatagramBatch, spawn, UdpSocket, withTimeout, yieldSlice } from '../../src/index.js'
import { failureOf, patterned } from './connections.js'

function connectedPair(): [UdpSocket, UdpSocket] {
  const one = new UdpSocket()
  const other = new UdpSocket()
  one.connect('127.0.0.1', other.address.port)
  other.connect('127.0.0.1', one.address.port)
  return [one, other]
}

/** What a batch holds, as text; errors by number. */
function contents(batch: DatagramBatch): (string | number)[] {
  return Array.from({ length: batch.count }, (_, index) => {
    const length = batch.lengthOf(index)
    const start = batch.startOf(index)
    return length < 0 ? length : batch.bytes.toString('latin1', start, start + length)
  })
}

async function receiveAll(
  socket: UdpSocket,
  batch: DatagramBatch,
  count: number,
): Promise<(string | number)[]> {
  const all: (string | number)[] = []
  while (all.length < count) {
    await socket.readable()
    socket.tryRecvMany(batch)
    all.push(...contents(batch))
  }
  return all
}

test('datagrams that go out together arrive whole and in their order', async () => {
  const [one, other] = connectedPair()
  const texts = Array.from({ length: 100 }, (_, i) => 'x'.repeat(i))
  expect(one.trySendMany(texts.map((text) => Buffer.from(text)))).toBe(100)
  expect(await receiveAll(other, new DatagramBatch(7, 200), 100)).toEqual(texts)
  one.close()
  other.close()
})

test('more than there is room for in one call take several', async () => {
  const [one, other] = connectedPair()
  const large = [patterned(40_000), patterned(50_000), patterned(60_000)]
  expect(one.trySendMany(large)).toBe(3)
  const batch = new DatagramBatch(4, 65_535)
  expect((await receiveAll(other, batch, 3)).map((each) => String(each).length)).toEqual([
    40_000, 50_000, 60_000,
  ])
  expect(one.trySendMany([])).toBe(0)
  const many = Array.from({ length: 1_000 }, () => Buffer.alloc(1))
  expect(one.trySendMany(many)).toBe(1_000)
  one.close()
  other.close()
})

test('a datagram that is longer than its slot is an error in its place', async () => {
  const [one, other] = connectedPair()
  one.trySendMany([Buffer.from('a'), Buffer.from('too long'), Buffer.from('b')])
  const received = await receiveAll(other, new DatagramBatch(5, 4), 3)
  expect(received).toEqual(['a', expect.any(Number), 'b'])
  expect(received[1]).toBeLessThan(0)
  one.close()
  other.close()
})

test('a batch that is full leaves the rest for the next', async () => {
  const [one, other] = connectedPair()
  one.trySendMany(['a', 'b', 'c'].map((text) => Buffer.from(text)))
  const batch = new DatagramBatch(2, 10)
  await other.readable()
  expect(other.tryRecvMany(batch)).toBe(2)
  await other.readable()
  expect(other.tryRecvMany(batch)).toBe(1)
  expect(contents(batch)).toEqual(['c'])
  expect(other.tryRecvMany(batch)).toBe(0)
  one.close()
  other.close()
})

test('a peer that is not there is an error of receiving, or of the next sending', async () => {
  const gone = new UdpSocket()
  const { port } = gone.address
  gone.close()
  using socket = new UdpSocket()
  socket.connect('127.0.0.1', port)
  socket.trySendMany([Buffer.from('hello')])
  const batch = new DatagramBatch(4, 10)
  const [refused] = await receiveAll(socket, batch, 1)
  expect(refused).toBeLessThan(0)
  const again = async (): Promise<never> => {
    for (;;) {
      socket.trySendMany([Buffer.from('hello')])
      await yieldSlice()
    }
  }
  expect(await failureOf(again)).toMatchObject({ code: 'ECONNREFUSED', syscall: 'send' })
})

test('waiting to be readable can be cancelled, ends with a close, and is for one at a time', async () => {
  const [one, other] = connectedPair()
  const batch = new DatagramBatch(4, 10)
  expect(other.tryRecvMany(batch)).toBe(0)
  await expect(withTimeout(5, () => other.readable())).rejects.toMatchObject({ code: 'TIMEOUT' })
  const waiting = spawn(() => other.readable())
  await yieldSlice()
  expect(waiting.waitingOn).toContain('datagrams')
  expect(await failureOf(() => other.readable())).toMatchObject({ code: 'SIMULTANEOUS' })
  expect(await failureOf(() => other.tryRecvMany(batch))).toMatchObject({ code: 'SIMULTANEOUS' })
  one.trySendMany([Buffer.from('now')])
  await waiting.join()
  expect(await receiveAll(other, batch, 1)).toEqual(['now'])
  const closed = spawn(() => other.readable())
  await yieldSlice()
  other.close()
  expect(await failureOf(() => closed.join())).toMatchObject({ code: 'CLOSED' })
  expect(await failureOf(() => other.readable())).toMatchObject({ code: 'CLOSED' })
  one.close()
  expect(await failureOf(() => one.trySendMany([Buffer.from('late')]))).toMatchObject({ code: 'CLOSED' })
})

test('wrong arguments are refused', async () => {
  const [one, other] = connectedPair()
  for (const [capacity, bytes] of [
    [0, 10],
    [2_000, 10],
    [4, 0],
    [4, 65_536],
  ] as const)
    expect(() => new DatagramBatch(capacity, bytes)).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    )
  expect(await failureOf(() => one.trySendMany([3 as never]))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  expect(await failureOf(() => one.trySendMany([Buffer.alloc(65_536)]))).toMatchObject({
    code: 'ERR_OUT_OF_RANGE',
  })
  expect(await failureOf(() => one.trySendMany([Buffer.alloc(65_535)]))).toMatchObject({ code: 'EMSGSIZE' })
  one.close()
  other.close()
})
