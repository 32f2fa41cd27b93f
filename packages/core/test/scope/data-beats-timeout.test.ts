/** What is ready when a limit expires is not lost to it, however late the loop is. */
import { expect, test } from 'vitest'
import { BufferedReader, Channel, Mutex, socketPair, spawn, TimeoutError, tcp, withTimeout, yieldSlice } from '../../src/index.js'
import { cleanGround, compute, errorOf } from '../runtime/harness.js'

cleanGround({ isRealTime: true })

const LIMIT_MS = 20

/** Lets the limit pass without a turn of the loop: the poller is not asked meanwhile. */
function sitOut(): void {
  compute(2 * LIMIT_MS)
}

test('bytes that came while the loop was busy past the limit are received', async () => {
  const [one, other] = socketPair()
  const received = withTimeout(LIMIT_MS, async () => String(await one.recv()))
  await yieldSlice()
  void other.send('ready')
  sitOut()
  expect(await received).toBe('ready')
  one.close()
  other.close()
})

test('a line that is completed by them is read', async () => {
  const [one, other] = socketPair()
  const reader = new BufferedReader(one)
  const received = withTimeout(LIMIT_MS, () => reader.readLine())
  void other.send('half')
  await yieldSlice()
  await yieldSlice()
  void other.send(' and half\n')
  sitOut()
  expect(String(await received)).toBe('half and half')
  one.close()
  other.close()
})

test('what another coroutine passes on from a socket through a channel arrives', async () => {
  const [one, other] = socketPair()
  const channel = new Channel<string>()
  const forwarding = spawn(async () => await channel.send(String(await one.recv())))
  const received = withTimeout(LIMIT_MS, async () => await channel.receive())
  await yieldSlice()
  void other.send('ready')
  sitOut()
  expect(await received).toBe('ready')
  await forwarding.join()
  one.close()
  other.close()
})

test('a lock given back by whoever heard from a socket is had', async () => {
  const [one, other] = socketPair()
  const mutex = new Mutex()
  const holding = spawn(() => mutex.with(async () => void (await one.recv())))
  await yieldSlice()
  const had = withTimeout(LIMIT_MS, () => mutex.with(() => 'had'))
  await yieldSlice()
  void other.send('go')
  sitOut()
  expect(await had).toBe('had')
  await holding.join()
  one.close()
  other.close()
})

test('a connection that came is accepted', async () => {
  const listener = tcp.listen({ port: 0 })
  const accepted = withTimeout(10 * LIMIT_MS, () => listener.accept())
  await yieldSlice()
  const client = await tcp.connect('127.0.0.1', listener.port)
  compute(11 * LIMIT_MS)
  const server = await accepted
  for (const each of [listener, client, server]) each.close()
})

test('the end of a stream counts as data', async () => {
  const [one, other] = socketPair()
  const received = withTimeout(LIMIT_MS, async () => await one.recv())
  await yieldSlice()
  other.close()
  sitOut()
  expect(await received).toHaveLength(0)
  one.close()
})

test('a thousand limits that expire together, of which every other has data, end as they ought to', async () => {
  const channels = Array.from({ length: 1000 }, () => new Channel<number>())
  const [one, other] = socketPair()
  const outcomes = channels.map((channel, n) =>
    withTimeout(LIMIT_MS, async () => await channel.receive()).catch((error: Error) => (error instanceof TimeoutError ? `late ${n}` : error)),
  )
  const forwarding = spawn(async () => {
    await one.recv()
    for (let n = 0; n < 1000; n += 2) channels[n]?.trySend(n)
  })
  await yieldSlice()
  void other.send('go')
  compute(3 * LIMIT_MS)
  await forwarding.join()
  expect(await Promise.all(outcomes)).toEqual(channels.map((_, n) => (n % 2 === 0 ? n : `late ${n}`)))
  one.close()
  other.close()
})

test('without data the limit holds, and the socket can be read afterwards', async () => {
  const [one, other] = socketPair()
  const failed = errorOf(withTimeout(LIMIT_MS, async () => await one.recv()))
  sitOut()
  expect(await failed).toBeInstanceOf(TimeoutError)
  await other.send('after')
  expect(String(await one.recv())).toBe('after')
  one.close()
  other.close()
})
