import { expectFlatHeap, heapUsedAfterGc } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { spawn } from '../../src/spawn.js'
import { memoryStreamPair } from '../../src/stream/memory-stream.js'
import { describeStreamContract, receiveAll, waiting } from './stream-contract.js'

describeStreamContract('memory streams', () => memoryStreamPair(), { afterBreak: ['ECONNRESET'] })
describeStreamContract('memory streams that hold little', () => memoryStreamPair({ limitBytes: 1000 }), {
  afterBreak: ['ECONNRESET'],
})

test('what is sent at once arrives at once, and is not joined to what is sent next', async () => {
  const [left, right] = memoryStreamPair()
  void left.send('one')
  void left.sendv(['tw', 'o'])
  void left.send('three')
  expect(String(await right.recv())).toBe('one')
  expect(String(await right.recv())).toBe('two')
  expect(String(await right.recv(2))).toBe('th')
  expect(String(await right.recv())).toBe('ree')
})

test('a send that had no room for its first byte may be cancelled, and the stream is as before', async () => {
  const [left, right] = memoryStreamPair({ limitBytes: 4 })
  await left.send('full')
  const doomed = await waiting(() => left.send('never sent'))
  doomed.interrupt()
  await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
  expect(String(await right.recv())).toBe('full')
  await left.send('next')
  expect(String(await right.recv())).toBe('next')
})

test('the peer of a broken stream reads what arrived before it learns of the break', async () => {
  const [left, right] = memoryStreamPair({ limitBytes: 4 })
  const doomed = await waiting(() => left.send('half a frame'))
  doomed.interrupt()
  await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
  expect(String(await right.recv())).toBe('half')
  await expect(async () => right.recv()).rejects.toMatchObject({ code: 'ECONNRESET', syscall: 'read' })
  await expect(async () => right.send('x')).rejects.toMatchObject({ code: 'EPIPE' })
})

test('sending to a peer that closed fails with EPIPE, also for who waits already', async () => {
  const [left, right] = memoryStreamPair({ limitBytes: 4 })
  const sender = await waiting(() => left.send('too much'))
  right.close()
  await expect(sender.join()).rejects.toMatchObject({ code: 'EPIPE', syscall: 'write' })
  await expect(async () => left.send('x')).rejects.toMatchObject({ code: 'EPIPE' })
  expect(await receiveAll(left)).toHaveLength(0)
})

test('a shutdown in the middle of a send of somebody else is refused', async () => {
  const [left, right] = memoryStreamPair({ limitBytes: 4 })
  const sender = await waiting(() => left.send('too much'))
  await expect(async () => left.shutdown()).rejects.toMatchObject({ code: 'SIMULTANEOUS' })
  expect(String(await right.recv())).toBe('too ')
  expect(String(await right.recv())).toBe('much')
  await sender.join()
})

test('a coroutine says which memory stream it waits for', async () => {
  const [left] = memoryStreamPair()
  const receiver = await waiting(() => left.recv())
  expect(receiver.waitingOn).toMatch(/^recv memory stream \d+ left$/)
  left.close()
  await expect(receiver.join()).rejects.toMatchObject({ code: 'CLOSED' })
})

test('a piece that was taken is not kept, though others are still on their way', async () => {
  const [left, right] = memoryStreamPair()
  for (const piece of ['one', 'two', 'three']) await left.send(piece)
  const taken = await (async () => new WeakRef(await right.recv()))()
  await heapUsedAfterGc()
  expect(taken.deref()).toBeUndefined()
  expect(String(await right.recv())).toBe('two')
})

test('nothing is retained of pieces that were taken and waits that were cancelled', async () => {
  const [left, right] = memoryStreamPair()
  const round = async (): Promise<void> => {
    void left.send(Buffer.alloc(1000))
    await right.recv()
    const doomed = spawn(() => right.recv())
    await waiting(() => left.recv()).then((other) => {
      other.interrupt()
      doomed.interrupt()
      return Promise.allSettled([other.join(), doomed.join()])
    })
  }
  await expectFlatHeap(8000, round, { warmUpRounds: 2000, toleranceBytes: 1_000_000 })
})

test.each([[0], [-1], [1.5], [Number.NaN]])('%s is no limit', (limitBytes) => {
  expect(() => memoryStreamPair({ limitBytes })).toThrow(RangeError)
})
