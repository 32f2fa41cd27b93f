/** Much of everything: what it leaves behind is nothing, and what it takes meanwhile has a limit. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { Event, shield, sleep, spawn, tcp, withTimeout } from '@shrapnel/core'
import { collectGarbage, expectFlatHeap, expectNoDescriptorLeak } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { createClient, type Handler, serve } from '../src/index.js'
import { answers, get, post, status } from './conversation.js'
import { scripted } from './scripted-server.js'

const hello: Handler = () => ({ body: 'Hello, world!' })
const MIB = 1_048_576

test('40,000 requests over one connection leave the heaps of both sides flat', async () => {
  const ports = new Set<number>()
  await using server = await serve({ port: 0, maxRequestsPerConnection: 1_000_000 }, async (request) => {
    ports.add(request.peer?.port ?? 0)
    return request.method === 'GET' ? { body: 'Hello, world!' } : { body: await request.body.text() }
  })
  using client = createClient({ maxConnectionsPerOrigin: 1 })
  const { url } = server
  await expectFlatHeap(
    40_000,
    async (round) => {
      const response =
        round % 10 === 0 ? await client.post(url, { body: 'Hello, world!' }) : await client.get(url)
      if ((await response.text()) !== 'Hello, world!') throw new Error('another answer')
    },
    { warmUpRounds: 5_000, toleranceBytes: MIB },
  )
  expect(ports.size).toBe(1)
  client.close()
}, 120_000)

test('a client that reads none of 10,000 answers costs no more than what is under way, and then gets all of them', async () => {
  let handled = 0
  const body = Buffer.alloc(10_000, 'x')
  await using server = await serve({ port: 0 }, () => {
    handled++
    return { body }
  })
  const client = connect(server.port, '127.0.0.1')
  await once(client, 'connect')
  client.pause()
  collectGarbage()
  const before = process.memoryUsage()
  client.write(get().repeat(10_000))
  // Until nothing moves any more.
  for (let last = -1, same = 0; same < 20; same = handled === last ? same + 1 : 0) {
    last = handled
    await sleep(2)
  }
  collectGarbage()
  const after = process.memoryUsage()
  // What the kernel does not take of one write; Node's own client holds what it has not sent.
  expect(handled).toBeLessThan(5_000)
  expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(2 * MIB)
  let received = 0
  let statuses = 0
  for await (const bytes of client) {
    received += (bytes as Buffer).length
    statuses += (bytes as Buffer).toString('latin1').split('HTTP/1.1 2').length - 1
    if (handled === 10_000 && received >= 10_000 * (body.length + 50) && statuses >= 9_990) break
  }
  expect(handled).toBe(10_000)
  client.destroy()
}, 60_000)

test('a client that reads nothing is cut off after sendTimeoutMs, and one that reads slowly is not', async () => {
  const large = Buffer.alloc(12 * MIB)
  await using server = await serve({ port: 0, sendTimeoutMs: 500 }, () => ({ body: large }))
  using idle = await tcp.connect('127.0.0.1', server.port)
  await idle.send(get())
  using slow = await tcp.connect('127.0.0.1', server.port)
  await slow.send(get())
  let received = 0
  while (received < large.length) {
    received += (await slow.recv(MIB)).length
    await sleep(2)
  }
  while (server.connections > 1) await sleep(1)
  const rest = async (): Promise<void> => {
    while ((await idle.recv(MIB)).length > 0);
  }
  await expect(rest()).rejects.toMatchObject({ code: 'ECONNRESET' })
}, 60_000)

test('clients that dribble their heads and bodies are refused in time, and others are served meanwhile', async () => {
  const LIMITS = { headTimeoutMs: 300, bodyTimeoutMs: 300, idleTimeoutMs: 10_000 }
  await using server = await serve(
    { port: 0, ...LIMITS, minBodyBytesPerSecond: 1_000 },
    async ({ body }) => ({ body: await body.bytes() }),
  )
  const dribble = async (atOnce: string, text: string): Promise<number> => {
    using conn = await tcp.connect('127.0.0.1', server.port)
    const sending = spawn(async () => {
      await conn.send(atOnce)
      for (const byte of text) {
        await conn.send(byte)
        await sleep(20)
      }
    })
    const answer = (await conn.recv()).toString('latin1')
    sending.shutdown()
    return status(answer)
  }
  const much = 'a'.repeat(1_000)
  const beginning = post(much).slice(0, -much.length)
  const dribbling = Array.from({ length: 100 }, (_, i) =>
    i % 2 === 0 ? dribble('', get('/', `X: ${much}\r\n`)) : dribble(beginning, much),
  )
  using client = createClient()
  for (let i = 0; i < 50; i++) {
    const response = await withTimeout(5_000, () => client.post(server.url, { body: `${i}` }))
    expect(await response.text()).toBe(`${i}`)
  }
  expect(new Set(await Promise.all(dribbling))).toEqual(new Set([408]))
  while (server.connections > 1) await sleep(1)
}, 30_000)

test('what a handler shields is done although the server is stopped by force', async () => {
  const steps: string[] = []
  const begun = new Event()
  const server = await serve({ port: 0 }, async () => {
    try {
      begun.set()
      await sleep(60_000)
      return {}
    } finally {
      await shield(5_000, async () => {
        steps.push('begins')
        await sleep(30)
        steps.push('is done')
      })
    }
  })
  using client = await tcp.connect('127.0.0.1', server.port)
  await client.send(get())
  await begun.wait()
  expect(await server.stop({ graceMs: 10 })).toBe(1)
  expect(steps).toEqual(['begins', 'is done'])
  expect(server.connections).toBe(0)
})

test('4,000 requests that are cancelled leave a client that works, and no descriptor', async () => {
  using stuck = scripted((line) => line.ended())
  await using server = await serve({ port: 0 }, hello)
  await expectNoDescriptorLeak(async () => {
    using client = createClient({ maxConnectionsPerOrigin: 20, maxIdleConnections: 20 })
    let cancelled = 0
    const ask = async (i: number): Promise<void> => {
      const at = i % 4
      const limitMs = at === 0 ? 0 : at === 1 ? 0.5 : at === 2 ? 2 : 5
      const url = at === 3 ? stuck.url : server.url
      try {
        await withTimeout(limitMs, async () => (await client.get(url)).text())
      } catch (error) {
        if ((error as { code?: string }).code !== 'TIMEOUT') throw error
        cancelled++
      }
    }
    for (let round = 0; round < 40; round++)
      await Promise.all(Array.from({ length: 100 }, (_, i) => ask(round * 100 + i)))
    expect(cancelled).toBeGreaterThan(1_000)
    for (const stats of client.stats) expect(stats).toMatchObject({ waiting: 0, connecting: 0 })
    const texts = await Promise.all(
      Array.from({ length: 100 }, async () => (await client.get(server.url)).text()),
    )
    expect(new Set(texts)).toEqual(new Set(['Hello, world!']))
    client.close()
    while (server.connections > 0) await sleep(1)
  })
}, 60_000)

test('who leaves cancels what the handler asks of another server, and what that asks of a third', async () => {
  const log: string[] = []
  const reached = new Event()
  const third = await serve({ port: 0 }, async () => {
    try {
      reached.set()
      await sleep(60_000)
      return {}
    } finally {
      log.push('third')
    }
  })
  using client = createClient()
  const forward =
    (url: string, name: string): Handler =>
    async () => {
      try {
        return { body: (await client.get(url)).body }
      } finally {
        log.push(name)
      }
    }
  const second = await serve({ port: 0 }, forward(third.url, 'second'))
  const first = await serve({ port: 0 }, forward(second.url, 'first'))
  for (let round = 0; round < 20; round++) {
    log.length = 0
    reached.reset()
    const visitor = await tcp.connect('127.0.0.1', first.port)
    await visitor.send(get())
    await reached.wait()
    if (round % 2 === 0) visitor.close()
    else visitor.reset()
    while (log.length < 3) await sleep(1)
    expect(log).toEqual(['first', 'second', 'third'])
  }
  for (const stats of client.stats) expect(stats).toMatchObject({ connections: 0, waiting: 0 })
  for (const server of [first, second, third]) expect(await server.stop({ graceMs: 1_000 })).toBe(0)
})

test('who leaves in the middle of a body cancels it all the way to its source', async () => {
  let given = 0
  let isDone = new Event()
  async function* endless(): AsyncGenerator<Uint8Array, void> {
    try {
      for (;;) {
        given++
        yield Buffer.alloc(65_536)
      }
    } finally {
      isDone.set()
    }
  }
  await using source = await serve({ port: 0 }, () => ({ body: endless() }))
  using client = createClient()
  await using proxy = await serve({ port: 0 }, async () => ({ body: (await client.get(source.url)).body }))
  for (let round = 0; round < 10; round++) {
    given = 0
    isDone = new Event()
    const visitor = await tcp.connect('127.0.0.1', proxy.port)
    await visitor.send(get())
    for (let received = 0; received < MIB; ) received += (await visitor.recv()).length
    // Nobody reads on: what is under way is bounded, however long that is.
    for (let last = -1; last !== given; await sleep(5)) last = given
    expect(given).toBeLessThan(1_000)
    visitor.close()
    await isDone.wait()
  }
  while (source.connections > 0) await sleep(1)
  expect(client.stats[0]).toMatchObject({ connections: 0 })
}, 30_000)

test('a connection answers on, whatever came before on others', async () => {
  await using server = await serve({ port: 0 }, hello)
  using witness = await tcp.connect('127.0.0.1', server.port)
  for (let i = 0; i < 200; i++) {
    const visitor = await tcp.connect('127.0.0.1', server.port)
    await visitor.send(get().slice(0, i % 40))
    if (i % 2 === 0) visitor.close()
    else visitor.reset()
    await witness.send(get())
    let text = ''
    while (!answers(1)(text)) text += (await witness.recv()).toString('latin1')
    expect(text).toContain('Hello, world!')
  }
})
