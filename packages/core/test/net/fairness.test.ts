/** One busy connection starves nobody; and yielding for the others does not open a hole for cancellations. */
import { expect, test } from 'vitest'
import { type Coroutine, current, now, type Socket, spawn, tcp, UdpSocket, withTimeout, yieldSlice } from '../../src/index.js'
import { outcomeOf, tcpPair } from './connections.js'

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
const supplies: Record<string, (count: number) => Promise<Supply>> = {
  recv: async (count) => {
    const { client, server } = await tcpPair()
    await client.send('x'.repeat(count))
    return { receive: () => server.recv(1), close: () => (client.close(), server.close()) }
  },
  recvExact: async (count) => {
    const { client, server } = await tcpPair()
    await client.send('x'.repeat(count))
    return { receive: () => server.recvExact(1), close: () => (client.close(), server.close()) }
  },
  recvInto: async (count) => {
    const { client, server } = await tcpPair()
    await client.send('x'.repeat(count))
    return { receive: () => server.recvInto(new Uint8Array(1)), close: () => (client.close(), server.close()) }
  },
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
    expect(await withTimeout(2000, () => outcomeOf(coroutine))).toMatchObject({ code: 'TIMEOUT', timeoutMs: 5 })
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
