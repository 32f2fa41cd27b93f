import { expect, test } from 'vitest'
import { Channel } from '../../src/channel/channel.js'
import { yieldSlice } from '../../src/scope/sleep.js'
import { spawn } from '../../src/spawn.js'
import { turns } from '../sync/matrix.js'

const closed = { name: 'ChannelClosed', code: 'CHANNEL_CLOSED' }

test('at capacity 0 a send waits for its receiver, and a receive for its sender', async () => {
  const channel = new Channel<string>()
  const log: string[] = []
  const sender = spawn(async () => {
    await channel.send('a')
    log.push('sent')
  })
  await turns()
  expect([log, channel.balance]).toEqual([[], 1])
  expect(channel.receive()).toBe('a')
  await sender.join()
  expect([log, channel.balance]).toEqual([['sent'], 0])
  const receiver = spawn(() => channel.receive())
  await turns()
  expect(channel.balance).toBe(-1)
  expect(channel.send('b'), 'somebody waits for it: no promise').toBeUndefined()
  expect(await receiver.join()).toBe('b')
})

test('values arrive in the order of their senders, receivers are served in the order in which they came', async () => {
  const channel = new Channel<number>()
  const senders = [1, 2, 3].map((value) => spawn(() => channel.send(value)))
  await turns()
  expect(channel.balance).toBe(3)
  expect([channel.receive(), channel.receive(), channel.receive()]).toEqual([1, 2, 3])
  for (const each of senders) await each.join()
  const receivers = [1, 2, 3].map(() => spawn(() => channel.receive()))
  await turns()
  for (const value of [4, 5, 6]) channel.trySend(value)
  expect(await Promise.all(receivers.map((each) => each.join()))).toEqual([4, 5, 6])
})

test('with a capacity, sends run ahead by so many values and no more', async () => {
  const channel = new Channel<number>(2)
  expect([channel.send(1), channel.send(2), channel.size]).toEqual([undefined, undefined, 2])
  const third = spawn(() => channel.send(3))
  await turns()
  expect([channel.size, channel.balance]).toEqual([2, 1])
  expect(channel.receive()).toBe(1)
  await third.join()
  expect([channel.receive(), channel.receive(), channel.size]).toEqual([2, 3, 0])
})

test('a capacity of Infinity never makes a sender wait', () => {
  const channel = new Channel<number>(Infinity)
  for (let value = 0; value < 50; value++) expect(channel.send(value)).toBeUndefined()
  expect([channel.size, channel.receive()]).toEqual([50, 0])
})

test('a value that is undefined is a value', async () => {
  const channel = new Channel<undefined>()
  const receiver = spawn(() => channel.receive())
  await turns()
  expect(channel.trySend(undefined)).toBe(true)
  expect(await receiver.join()).toBeUndefined()
  const sender = spawn(() => channel.send(undefined))
  await turns()
  expect(channel.tryReceive()).toEqual({ closed: false, value: undefined })
  await sender.join()
})

test('trySend and tryReceive do what needs no waiting, and say so when it does', () => {
  const channel = new Channel<number>(1)
  expect(channel.tryReceive()).toBeUndefined()
  expect([channel.trySend(1), channel.trySend(2)]).toEqual([true, false])
  expect(channel.tryReceive()).toEqual({ closed: false, value: 1 })
  channel.trySend(3)
  channel.close()
  expect(channel.tryReceive()).toEqual({ closed: false, value: 3 })
  expect(channel.tryReceive()).toEqual({ closed: true, value: undefined })
  expect(() => channel.trySend(4)).toThrow(expect.objectContaining(closed))
})

test('sendError rejects the receive that gets it, in its turn, and nothing else', async () => {
  const channel = new Channel<number>(Infinity)
  const error = new Error('no row')
  channel.trySend(1)
  expect(channel.sendError(error)).toBeUndefined()
  channel.trySend(2)
  expect(channel.receive()).toBe(1)
  await expect(channel.receive()).rejects.toBe(error)
  expect(channel.receive()).toBe(2)
  const waiting = spawn(() => channel.receive())
  const failure = expect(waiting.join()).rejects.toBe(error)
  await turns()
  expect(channel.sendError(error)).toBeUndefined()
  await failure
})

test('sendError waits for a receiver as send does, and tryReceive throws what it sent', async () => {
  const channel = new Channel<number>()
  const error = new Error('no row')
  const sender = spawn(() => channel.sendError(error))
  await turns()
  expect(channel.balance).toBe(1)
  expect(() => channel.tryReceive()).toThrow(error)
  await sender.join()
})

test('iteration receives until the channel is closed and empty', async () => {
  const channel = new Channel<number>(2)
  const got: number[] = []
  const consumer = spawn(async () => {
    for await (const value of channel) got.push(value)
    return 'ended'
  })
  for (const value of [1, 2, 3, 4, 5]) await channel.send(value)
  channel.close()
  expect(await consumer.join()).toBe('ended')
  expect(got).toEqual([1, 2, 3, 4, 5])
})

test('an iteration that waits ends when the channel is closed, and one that begins later at once', async () => {
  const channel = new Channel<number>()
  const consumer = spawn(async () => {
    for await (const _ of channel) throw new Error('nothing was sent')
    return 'ended'
  })
  await turns()
  channel.close()
  expect(await consumer.join()).toBe('ended')
  expect(await channel[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined })
})

test('several iterations share the values of a channel between them', async () => {
  const channel = new Channel<number>()
  const got: number[] = []
  const consumers = [1, 2, 3].map(() =>
    spawn(async () => {
      for await (const value of channel) got.push(value)
    }),
  )
  for (let value = 0; value < 10; value++) await channel.send(value)
  channel.close()
  for (const each of consumers) await each.join()
  expect(got.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('leaving an iteration receives and closes nothing', async () => {
  const channel = new Channel<number>(3)
  for (const value of [1, 2, 3]) channel.trySend(value)
  for await (const value of channel) if (value === 2) break
  expect([channel.isClosed, channel.tryReceive()]).toEqual([false, { closed: false, value: 3 }])
})

test('an iteration fails with an error that was sent, and can be begun again behind it', async () => {
  const channel = new Channel<number>(3)
  const error = new Error('no row')
  channel.trySend(1)
  void channel.sendError(error)
  channel.trySend(2)
  const got: number[] = []
  const iterate = async (): Promise<void> => {
    for await (const value of channel) got.push(value)
  }
  await expect(iterate()).rejects.toBe(error)
  channel.close()
  await iterate()
  expect(got).toEqual([1, 2])
})

test('closing fails senders and receivers that wait, and everything after', async () => {
  const channel = new Channel<number>()
  const sender = spawn(() => channel.send(1))
  const failure = expect(sender.join()).rejects.toMatchObject(closed)
  await turns()
  channel.close()
  channel.close('again')
  expect(channel.balance).toBe(0)
  await failure
  const other = new Channel<number>()
  const receiver = spawn(() => other.receive())
  const otherFailure = expect(receiver.join()).rejects.toMatchObject(closed)
  await turns()
  other.close()
  await otherFailure
  await expect(other.send(1)).rejects.toMatchObject(closed)
  await expect(other.sendError(new Error('late'))).rejects.toMatchObject(closed)
  await expect(other.receive()).rejects.toMatchObject(closed)
})

test('what is buffered when a channel is closed can still be received; what waited to be sent cannot', async () => {
  const channel = new Channel<number>(1)
  channel.trySend(1)
  const sender = spawn(() => channel.send(2))
  const failure = expect(sender.join()).rejects.toMatchObject(closed)
  await turns()
  channel.close()
  expect(channel.receive()).toBe(1)
  await expect(channel.receive()).rejects.toMatchObject(closed)
  await failure
})

test('a reason to close is the cause of what receivers and senders get, and fails an iteration too', async () => {
  const reason = new Error('upstream went away')
  const channel = new Channel<number>(1)
  channel.trySend(1)
  channel.close(reason)
  expect(channel.receive()).toBe(1)
  await expect(channel.receive()).rejects.toMatchObject({ ...closed, cause: reason })
  await expect(channel.send(2)).rejects.toMatchObject({ ...closed, cause: reason })
  await expect(channel[Symbol.asyncIterator]().next()).rejects.toMatchObject({ ...closed, cause: reason })
  const other = new Channel<number>()
  const consumer = spawn(() => other[Symbol.asyncIterator]().next())
  const failure = expect(consumer.join()).rejects.toMatchObject({ ...closed, cause: 'just so' })
  await turns()
  other.close('just so')
  await failure
})

/** Who goes on first at a rendezvous where `first` waits for the other. */
async function order(
  preference: Channel<number>['preference'],
  first: 'sender' | 'receiver',
): Promise<string[]> {
  const channel = new Channel<number>()
  channel.preference = preference
  const log: string[] = []
  const send = async (): Promise<void> => {
    await channel.send(1)
    log.push('sender')
  }
  const receive = async (): Promise<void> => {
    await channel.receive()
    log.push('receiver')
  }
  const early = spawn(first === 'sender' ? send : receive)
  await turns()
  const late = spawn(first === 'sender' ? receive : send)
  await early.join()
  await late.join()
  return log
}

test('after a rendezvous the preferred side goes on first, whichever of the two had waited', async () => {
  expect(new Channel().preference).toBe('receiver')
  for (const first of ['sender', 'receiver'] as const) {
    expect(await order('receiver', first), `${first} waited`).toEqual(['receiver', 'sender'])
    expect(await order('sender', first), `${first} waited`).toEqual(['sender', 'receiver'])
  }
})

test('without a preference the one that waited goes on first', async () => {
  expect(await order('neither', 'sender')).toEqual(['sender', 'receiver'])
  expect(await order('neither', 'receiver')).toEqual(['receiver', 'sender'])
})

test('both sides go on in the same turn whatever is preferred', async () => {
  for (const preference of ['receiver', 'sender', 'neither'] as const) {
    const channel = new Channel<number>()
    channel.preference = preference
    let received = 0
    const sender = spawn(async () => {
      for (let value = 0; value < 20; value++) await channel.send(value)
    })
    spawn(async () => {
      for (; received < 20; received++) await channel.receive()
    })
    await yieldSlice()
    await yieldSlice()
    await sender.join()
    expect(received, preference).toBe(20)
  }
})

test('a preference that is none of the three, and a capacity that is no count, are refused', () => {
  expect(() => {
    new Channel().preference = 'both' as never
  }).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
  for (const capacity of [-1, 1.5, Number.NaN]) expect(() => new Channel(capacity)).toThrow(RangeError)
  expect(() => new Channel('1' as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
})

test('whoever waits at a channel says for which side', async () => {
  const channel = new Channel<number>()
  const receiver = spawn(() => channel.receive())
  await turns()
  expect(receiver.waitingOn).toBe('receive on a channel')
  channel.trySend(1)
  const sender = spawn(() => channel.send(1))
  await turns()
  expect(sender.waitingOn).toBe('send on a channel')
  channel.tryReceive()
  await sender.join()
})
