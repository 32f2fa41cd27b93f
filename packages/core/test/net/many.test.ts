/** Many connections: at once, one after the other, and forgotten ones. */
import {
  collectGarbage,
  expectFlatHeap,
  expectNoDescriptorLeak,
  openDescriptors,
} from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import {
  all,
  inParallel,
  type Listener,
  pipe,
  type Socket,
  socketPair,
  spawn,
  tcp,
  UdpSocket,
  whereAll,
  yieldSlice,
} from '../../src/index.js'
import { native } from '../../src/native.js'
import { outcomeOf, tcpPair, until } from './connections.js'

/** Until the client ends, or resets. */
async function echo(connection: Socket): Promise<void> {
  try {
    for (;;) {
      const block = await connection.recv()
      if (block.length === 0) return
      await connection.send(block)
    }
  } catch (error) {
    if ((error as { code?: string }).code !== 'ECONNRESET') throw error
  }
}

async function withEcho(body: (listener: Listener) => Promise<void>): Promise<void> {
  const listener = tcp.listen({ port: 0, backlog: 1024 })
  const serving = spawn(() => listener.serve(echo))
  await body(listener)
  listener.close()
  await serving.join()
  await until(() => all().length === 0)
}

test('1000 connections at once are each answered, over and over, and all end', {
  timeout: 30_000,
}, async () => {
  const before = native.openCount()
  await withEcho(async ({ port }) => {
    const clients = await inParallel(Array.from({ length: 1000 }, () => () => tcp.connect('127.0.0.1', port)))
    for (let round = 0; round < 3; round++) {
      await inParallel(
        clients.map((client, i) => async () => {
          const text = `${round}/${i}`
          await client.send(text)
          expect(String(await client.recv())).toBe(text)
        }),
      )
    }
    // One per session, each saying where it waits.
    expect(String(whereAll()).match(/ echo|session/g)?.length ?? 0).toBeGreaterThanOrEqual(1000)
    for (const client of clients) client.close()
  })
  expect(native.openCount()).toBe(before)
})

test('5000 connections one after the other leave no descriptor', { timeout: 60_000 }, async () => {
  await expectNoDescriptorLeak(
    async () => {
      await withEcho(async ({ port }) => {
        // A reset at the end: no port is kept busy by what lingers.
        const client = async (): Promise<void> => {
          const socket = await tcp.connect('127.0.0.1', port)
          await socket.send('x')
          expect(String(await socket.recv())).toBe('x')
          socket.reset()
        }
        for (let i = 0; i < 500; i++) {
          await inParallel(new Array<typeof client>(10).fill(client))
        }
      })
    },
    { warmUpRounds: 0 },
  )
})

test('a hundred thousand receives and sends on one connection leave the heap where it was', {
  timeout: 60_000,
}, async () => {
  const { client, server } = await tcpPair()
  await expectFlatHeap(50_000, async () => {
    await client.send('ping')
    await server.recv()
    await server.sendv(['po', 'ng'])
    await client.recv(100)
  })
  client.close()
  server.close()
})

test('waits that are cancelled leave the heap where it was', { timeout: 60_000 }, async () => {
  const { client, server } = await tcpPair()
  await expectFlatHeap(20_000, async () => {
    const receiving = spawn(() => server.recv())
    await yieldSlice()
    receiving.interrupt()
    await outcomeOf(receiving)
  })
  client.close()
  server.close()
})

/** Opens what is then forgotten; how many descriptors that is. */
const forgettables: Record<string, () => unknown> = {
  'a connection': () => tcpPair().then(() => undefined),
  'a pair': () => void socketPair(),
  'a pipe': () => void pipe(),
  'a UDP socket': () => void new UdpSocket(),
  'a connection that was waited on': async () => {
    const { client, server } = await tcpPair()
    const receiving = spawn(() => server.recv())
    await client.send('x')
    await receiving.join()
  },
}

test.each(Object.keys(forgettables))(
  '%s that nobody has any more is closed by the collector',
  async (name) => {
    const before = native.openCount()
    const open = openDescriptors().length
    for (let i = 0; i < 10; i++) await forgettables[name]?.()
    expect(native.openCount()).toBeGreaterThanOrEqual(before + 10)
    await until(() => {
      collectGarbage()
      return native.openCount() === before
    }, `${name} is closed`)
    expect(openDescriptors().length).toBe(open)
  },
)

test('a connection that somebody waits on is not taken by the collector', async () => {
  const { client, server } = await tcpPair()
  const { fd } = server
  // Nobody but the wait has it: the coroutine's own reference is gone once `recv` is called.
  const receiving = spawn(
    (hold: { socket: Socket | null }) => {
      const wait = hold.socket?.recv()
      hold.socket = null
      return wait
    },
    { socket: server } as { socket: Socket | null },
  )
  for (let i = 0; i < 5; i++) {
    collectGarbage()
    await yieldSlice()
  }
  await client.send('still there')
  expect(String(await receiving.join())).toBe('still there')
  expect(server.fd).toBe(fd)
  client.close()
  server.close()
})
