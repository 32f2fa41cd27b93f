/** One busy connection starves nobody; and yielding for the others does not open a hole for cancellations. */
import { expect, test } from 'vitest'
import {
  type Coroutine,
  current,
  now,
  type Socket,
  sleep,
  spawn,
  tcp,
  UdpSocket,
  withTimeout,
  yieldSlice,
} from '../../src/index.js'
import { drain, MORE_THAN_BUFFERS, outcomeOf, tcpPair, until, untilIn } from './connections.js'

/** Keeps the processor until a deadline `ms` from now is certainly over. */
function hog(ms: number): void {
  const end = now() + ms
  while (now() < end);
}

/** Two of something that can be received, there already, or one; and how to receive one. */
interface Supply {
  receive(): unknown
  close(): void
}
async function supplyOver(count: number, receive: (server: Socket) => unknown): Promise<Supply> {
  const { client, server } = await tcpPair()
  await client.send('x'.repeat(count))
  return {
    receive: () => receive(server),
    close: () => {
      client.close()
      server.close()
    },
  }
}

const supplies: Record<string, (count: number) => Promise<Supply>> = {
  recv: (count) => supplyOver(count, (server) => server.recv(1)),
  recvExact: (count) => supplyOver(count, (server) => server.recvExact(1)),
  recvInto: (count) => supplyOver(count, (server) => server.recvInto(new Uint8Array(1))),
  accept: async (count) => {
    const listener = tcp.listen({ port: 0 })
    const sockets: Socket[] = []
    for (let i = 0; i < count; i++) sockets.push(await tcp.connect('127.0.0.1', listener.port))
    return {
      receive: async () => sockets.push(await listener.accept()),
      close: () => {
        listener.close()
        for (const socket of sockets) socket.close()
      },
    }
  },
  recvFrom: async (count) => {
    const socket = new UdpSocket()
    for (let i = 0; i < count; i++) await socket.sendTo('x', '127.0.0.1', socket.address.port)
    return { receive: () => socket.recvFrom(), close: () => socket.close() }
  },
}

/** Receives one, lets the time run out while it may do nothing more in this turn, and receives another. */
function greedy(supply: Supply, interrupt: (coroutine: Coroutine<unknown>) => void): Coroutine<unknown> {
  return spawn(async () => {
    const coroutine = current()
    coroutine.selfishness = 1
    return withTimeout(5, async () => {
      await supply.receive()
      interrupt(coroutine)
      await supply.receive()
      return 'received'
    })
  })
}

test.each(Object.keys(supplies))(
  'what is there for a %s beats a timeout that became due while the coroutine yielded for others',
  async (how) => {
    const supply = await (supplies[how] as (typeof supplies)[string])(2)
    expect(await outcomeOf(greedy(supply, () => hog(10)))).toBe('received')
    supply.close()
  },
)

test.each(Object.keys(supplies))(
  'a timeout that became due while a %s yielded for others ends it if nothing is there',
  async (how) => {
    const supply = await (supplies[how] as (typeof supplies)[string])(1)
    const coroutine = greedy(supply, () => hog(10))
    expect(await withTimeout(2000, () => outcomeOf(coroutine))).toMatchObject({
      code: 'TIMEOUT',
      timeoutMs: 5,
    })
    supply.close()
  },
)

test.each(Object.keys(supplies))(
  'an interrupt in the turn in which a %s comes back from yielding ends it if nothing is there',
  async (how) => {
    const supply = await (supplies[how] as (typeof supplies)[string])(1)
    const coroutine = spawn(async () => {
      current().selfishness = 1
      await supply.receive()
      await supply.receive()
    })
    const interrupter = spawn(async () => {
      await yieldSlice()
      coroutine.interrupt()
    })
    expect(await withTimeout(2000, () => outcomeOf(coroutine))).toMatchObject({ code: 'INTERRUPTED' })
    await interrupter.join()
    supply.close()
  },
)

/** Runs `operation` for ever, and how often it did between two turns of somebody else: the most, over some turns. */
async function mostBetweenTurns(operation: () => unknown, selfishness?: number): Promise<number> {
  let count = 0
  const busy = spawn(async () => {
    if (selfishness !== undefined) current().selfishness = selfishness
    for (;;) {
      await operation()
      count++
    }
  })
  let most = 0
  for (let turn = 0; turn < 50; turn++) {
    const before = count
    await new Promise(setImmediate)
    most = Math.max(most, count - before)
  }
  expect(count).toBeGreaterThan(0)
  busy.shutdown()
  await outcomeOf(busy)
  return most
}

test.each([
  [undefined, 64],
  [1000, 1000],
  [5, 5],
])(
  'a coroutine of selfishness %s receives about that often between two turns of everybody else',
  async (selfishness, operations) => {
    const { client, server } = await tcpPair()
    const sending = spawn(() => client.send(Buffer.alloc(MORE_THAN_BUFFERS)))
    await untilIn(sending, 'send')
    const most = await mostBetweenTurns(() => server.recv(1), selfishness)
    expect(most).toBeGreaterThanOrEqual(operations)
    expect(most).toBeLessThanOrEqual(2 * operations + 2)
    sending.shutdown()
    await outcomeOf(sending)
    server.close()
  },
)

test('a coroutine that sends what is taken at once lets others have their turn', async () => {
  const { client, server } = await tcpPair()
  const draining = spawn(() => drain(server))
  const most = await mostBetweenTurns(() => client.send('x'))
  expect(most).toBeLessThanOrEqual(130)
  client.close()
  await draining.join()
  server.close()
})

test('a connection that always has data does not keep another from its pings, nor a timer from its time', async () => {
  const busy = await tcpPair()
  const quiet = await tcpPair()
  const block = Buffer.alloc(65_536)
  let received = 0
  const flood = spawn(async () => {
    for (;;) await busy.client.send(block)
  })
  const sink = spawn(async () => {
    for (;;) received += (await busy.server.recv()).length
  })
  const echo = spawn(async () => {
    for (;;) await quiet.server.send(await quiet.server.recv())
  })
  await until(() => received > 1_000_000)
  const tookMs: number[] = []
  for (let i = 0; i < 50; i++) {
    const begun = now()
    await quiet.client.send('ping')
    expect(String(await quiet.client.recv())).toBe('ping')
    tookMs.push(now() - begun)
    await sleep(1)
    tookMs.push(now() - begun)
  }
  // The middle one: a machine that is busy with other things stalls now and then. A tenth of a second would be starvation.
  expect(tookMs.sort((a, b) => a - b)[50]).toBeLessThan(100)
  for (const coroutine of [flood, sink, echo]) {
    coroutine.shutdown()
    await outcomeOf(coroutine)
  }
  for (const socket of [busy.server, quiet.client, quiet.server]) socket.close()
})

test('one coroutine may do more operations at a time than its budget has', async () => {
  const listener = tcp.listen({ port: 0 })
  const count = 3 * current().selfishness
  const exchange = async (): Promise<string> => {
    const socket = await tcp.connect('127.0.0.1', listener.port)
    await socket.send('x')
    socket.close()
    return 'sent'
  }
  const sent = await withTimeout(5000, () => Promise.all(Array.from({ length: count }, exchange)))
  expect(sent).toHaveLength(count)
  listener.close()
})
