import { expectFlatHeap } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { Channel } from '../../src/channel/channel.js'
import { defaultCase, select, timeoutCase } from '../../src/channel/select.js'
import { yieldSlice } from '../../src/scope/sleep.js'
import { withTimeout } from '../../src/scope/with-timeout.js'
import { spawn } from '../../src/spawn.js'
import { Fifo } from '../../src/sync/fifo.js'
import { Mutex } from '../../src/sync/mutex.js'

const ROUNDS = 100_000

test('selects that wait on a channel where nothing ever happens leave nothing there', async () => {
  const quiet = new Channel<number>()
  const busy = new Channel<number>()
  const sender = spawn({ daemon: true }, async () => {
    for (;;) await busy.send(1)
  })
  await expectFlatHeap(ROUNDS, () =>
    select([quiet.receiveCase(), busy.receiveCase(), quiet.sendCase(1), timeoutCase(60_000)]),
  )
  expect(quiet.balance).toBe(0)
  sender.shutdown()
})

test('selects that find something ready, or nothing, leave nothing on a channel', async () => {
  const quiet = new Channel<number>()
  const ready = new Channel<number>(1)
  await expectFlatHeap(ROUNDS, (round) => {
    if (round % 2 === 0) ready.trySend(round)
    return select([quiet.receiveCase(), ready.receiveCase(), defaultCase()])
  })
  expect(quiet.balance).toBe(0)
})

test('waits that are cancelled leave nothing on a channel, a fifo or a lock', async () => {
  const channel = new Channel<number>()
  const fifo = new Fifo<number>()
  const mutex = new Mutex()
  const held = mutex.tryLock()
  const waits = [
    () => channel.receive(),
    () => channel.send(1),
    () => fifo.pop(),
    () => mutex.lock(),
    () => select([channel.receiveCase(), timeoutCase(60_000)]),
  ]
  await expectFlatHeap(20_000, async (round) => {
    const waiter = spawn(waits[round % waits.length] as () => unknown)
    const ended = waiter.join().then(undefined, () => {})
    await yieldSlice()
    waiter.interrupt()
    await ended
  })
  expect([channel.balance, fifo.waitingTakers, mutex.waiting]).toEqual([0, 0, 0])
  held?.release()
})

test('timeouts around a wait that is woken in time leave nothing', async () => {
  const channel = new Channel<number>()
  const sender = spawn({ daemon: true }, async () => {
    for (;;) await channel.send(1)
  })
  await expectFlatHeap(ROUNDS / 4, () => withTimeout(60_000, () => channel.receive()))
  sender.shutdown()
})

test('a channel that has carried many values is as light as before', async () => {
  const channel = new Channel<{ value: number }>(1000)
  const consumer = spawn(async () => {
    let count = 0
    for await (const _ of channel) count++
    return count
  })
  await expectFlatHeap(ROUNDS, (value) => channel.send({ value }))
  channel.close()
  expect(await consumer.join()).toBeGreaterThanOrEqual(ROUNDS)
})
