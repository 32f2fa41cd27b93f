import { expect, test } from 'vitest'
import { spawn } from '../../src/spawn.js'
import { Fifo } from '../../src/sync/fifo.js'
import { turns } from './matrix.js'

const closed = { name: 'ChannelClosed', code: 'CHANNEL_CLOSED' }

test('values come out in the order in which they went in, without a promise while there are some', () => {
  const fifo = new Fifo<number>()
  for (const value of [1, 2, 3]) expect(fifo.push(value)).toBeUndefined()
  expect(fifo.size).toBe(3)
  expect([fifo.pop(), fifo.pop(), fifo.pop()]).toEqual([1, 2, 3])
  expect(fifo.size).toBe(0)
})

test('pushFront puts a value before all others, also beyond the limit', () => {
  const fifo = new Fifo<number>(2)
  fifo.tryPush(1)
  fifo.tryPush(2)
  fifo.pushFront(0)
  expect(fifo.size).toBe(3)
  expect([fifo.tryPop(), fifo.tryPop(), fifo.tryPop(), fifo.tryPop()]).toEqual([0, 1, 2, undefined])
})

test('top shows the first value and leaves it', () => {
  const fifo = new Fifo<string>()
  expect(fifo.top()).toBeUndefined()
  fifo.tryPush('a')
  fifo.tryPush('b')
  expect([fifo.top(), fifo.top(), fifo.size]).toEqual(['a', 'a', 2])
})

test('popAll takes everything there is, and waits for one value when there is none', async () => {
  const fifo = new Fifo<number>()
  fifo.tryPush(1)
  fifo.tryPush(2)
  expect(fifo.popAll()).toEqual([1, 2])
  const waiter = spawn(() => fifo.popAll())
  await turns()
  fifo.tryPush(3)
  fifo.tryPush(4)
  expect(await waiter.join(), 'the one it was woken with').toEqual([3])
  expect(fifo.popAll()).toEqual([4])
})

test('a popper that is interrupted after a push has woken it has its value, and the next push finds the next popper', async () => {
  const fifo = new Fifo<string>()
  const got: string[] = []
  const take = async (name: string): Promise<void> => {
    got.push(`${name} ${await fifo.pop()}`)
  }
  const first = spawn(take, 'first')
  const second = spawn(take, 'second')
  await turns()
  fifo.tryPush('a')
  first.interrupt()
  await first.join()
  fifo.tryPush('b')
  await second.join()
  expect(got).toEqual(['first a', 'second b'])
  expect(fifo.size).toBe(0)
})

test('a popper that is interrupted before the push leaves the value to those who wait behind it', async () => {
  const fifo = new Fifo<string>()
  const first = spawn(() => fifo.pop())
  const second = spawn(() => fifo.pop())
  await turns()
  first.interrupt()
  fifo.tryPush('a')
  expect(await second.join()).toBe('a')
  await expect(first.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
})

test('a newcomer does not take the value of a popper that was woken and has not run', async () => {
  const fifo = new Fifo<string>()
  const waiter = spawn(() => fifo.pop())
  await turns()
  fifo.tryPush('a')
  expect(fifo.tryPop()).toBeUndefined()
  expect(await waiter.join()).toBe('a')
})

test('a full one makes push wait, in order, and tryPush say no', async () => {
  const fifo = new Fifo<number>(2)
  expect([fifo.tryPush(1), fifo.tryPush(2), fifo.tryPush(3)]).toEqual([true, true, false])
  const pushers = [3, 4].map((value) => spawn(() => fifo.push(value)))
  await turns()
  expect([fifo.size, fifo.waitingPushers]).toEqual([2, 2])
  expect(fifo.pop()).toBe(1)
  expect(fifo.tryPush(5), 'the room went to the one that waited').toBe(false)
  await pushers[0]?.join()
  expect(fifo.popAll()).toEqual([2, 3])
  await pushers[1]?.join()
  expect(fifo.popAll()).toEqual([4])
})

test('a push that is interrupted while it waits has added nothing', async () => {
  const fifo = new Fifo<number>(1)
  fifo.tryPush(1)
  const pusher = spawn(() => fifo.push(2))
  await turns()
  pusher.interrupt()
  await expect(pusher.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
  expect(fifo.popAll()).toEqual([1])
  expect(fifo.size).toBe(0)
})

test('iteration takes value after value and ends when the fifo is closed and empty', async () => {
  const fifo = new Fifo<number>()
  const got: number[] = []
  const consumer = spawn(async () => {
    for await (const value of fifo) got.push(value)
    return 'ended'
  })
  fifo.tryPush(1)
  await turns()
  fifo.tryPush(2)
  fifo.tryPush(3)
  fifo.close()
  expect(await consumer.join()).toBe('ended')
  expect(got).toEqual([1, 2, 3])
})

test('leaving an iteration leaves the rest in the fifo', async () => {
  const fifo = new Fifo<number>()
  fifo.tryPush(1)
  fifo.tryPush(2)
  for await (const value of fifo) {
    expect(value).toBe(1)
    break
  }
  expect([fifo.size, fifo.isClosed]).toEqual([1, false])
})

test('closing fails those who wait on either side, and lets what is inside be taken', async () => {
  const full = new Fifo<number>(1)
  full.tryPush(1)
  const pusher = spawn(() => full.push(2))
  const empty = new Fifo<number>()
  const takers = [spawn(() => empty.pop()), spawn(() => empty.popAll())]
  const failures = [pusher, ...takers].map((each) => expect(each.join()).rejects.toMatchObject(closed))
  await turns()
  full.close()
  full.close()
  empty.close()
  for (const failure of failures) await failure
  expect(full.isClosed).toBe(true)
  expect(full.pop()).toBe(1)
  await expect(full.pop()).rejects.toMatchObject(closed)
  await expect(full.popAll()).rejects.toMatchObject(closed)
  await expect(full.push(3)).rejects.toMatchObject(closed)
  expect(() => full.tryPush(3)).toThrow(expect.objectContaining(closed))
  expect(() => full.pushFront(3)).toThrow(expect.objectContaining(closed))
})

test.each([0, -1, 1.5, Number.NaN])('a limit of %d is refused', (limit) => {
  expect(() => new Fifo(limit)).toThrow(RangeError)
})

test('waits say whether it is empty or full', async () => {
  const fifo = new Fifo<number>(1)
  const taker = spawn(() => fifo.pop())
  await turns()
  expect(taker.waitingOn).toBe('fifo: empty')
  fifo.tryPush(1)
  fifo.tryPush(2)
  const pusher = spawn(() => fifo.push(3))
  await turns()
  expect(pusher.waitingOn).toBe('fifo: full')
  fifo.tryPop()
  await pusher.join()
})
