import { Event, sleep, spawn, withTimeout, yieldSlice } from '@shrapnel/core'
import { expect, test } from 'vitest'
import { createClient, type HttpClient } from '../src/index.js'
import { answering, type Line, ok, scripted } from './scripted-server.js'

const textOf = async (client: HttpClient, url: string): Promise<string> => (await client.get(url)).text()

test('requests one after another go over one connection', async () => {
  using server = answering(ok('x'))
  using client = createClient()
  for (let i = 0; i < 20; i++) expect(await textOf(client, `${server.url}/${i}`)).toBe('x')
  expect(server.connections).toBe(1)
})

test('requests at a time have a connection each, up to the limit; the others wait, the first first', async () => {
  const order: string[] = []
  const free = new Event()
  using server = scripted(async (line) => {
    for (let request = await line.request(); request !== ''; request = await line.request()) {
      order.push(request.split(' ')[1] as string)
      await free.wait()
      await line.send(ok('x'))
    }
  })
  using client = createClient({ maxConnectionsPerOrigin: 2 })
  const all = Array.from({ length: 6 }, (_, i) => textOf(client, `${server.url}/${i}`))
  while (order.length < 2) await yieldSlice()
  expect(client.stats[0]).toMatchObject({ connections: 2, waiting: 4, idle: 0 })
  free.set()
  await Promise.all(all)
  expect(server.connections).toBe(2)
  expect(order.slice(2)).toEqual(['/2', '/3', '/4', '/5'])
  expect(client.stats[0]).toMatchObject({ connections: 2, waiting: 0, idle: 2 })
})

test('a connection that the server closed is noticed while it is idle', async () => {
  const closed = new Event()
  using server = scripted(async (line) => {
    await line.answer(ok('x'))
    line.socket.close()
    closed.set()
  })
  using client = createClient()
  expect(await textOf(client, server.url)).toBe('x')
  await closed.wait()
  while (client.stats[0]?.connections !== 0) await yieldSlice()
  expect(await (await client.post(server.url, { body: 'never twice' })).text()).toBe('x')
  expect(server.connections).toBe(2)
})

test('a connection that was closed in this very turn is noticed before it is used', async () => {
  let held: Line | undefined
  using server = scripted(async (line) => {
    await line.answer(ok('x'))
    held = line
    await line.ended().catch(() => {})
  })
  using client = createClient()
  for (let i = 0; i < 10; i++) {
    expect(await (await client.post(server.url, { body: `${i}` })).text()).toBe('x')
    await sleep(5)
    // The end is in the kernel now, and the loop has not turned since.
    held?.socket.close()
  }
  expect(server.connections).toBe(10)
})

test('a request that a closing server did not see is sent again, once', async () => {
  using server = scripted(async (line) => {
    await line.answer(ok('first'))
    // Read, and closed without a word: as a server that gives up at this very moment.
    const request = await line.request()
    if (line.index === 1 && request !== '') await line.send(ok('third'))
  })
  using client = createClient()
  expect(await textOf(client, server.url)).toBe('first')
  expect(await textOf(client, server.url)).toBe('first')
  expect(server.connections).toBe(2)
})

test.each([1, 3])(
  'a server that answers once for each connection, and does not say so, answers a crowd, %i deep',
  async (pipelining) => {
    using server = scripted(async (line) => {
      const request = await line.request()
      await line.send(ok(request.split(' ')[1] as string))
      // Whoever comes next comes in vain.
      await line.request()
    })
    using client = createClient({ maxConnectionsPerOrigin: 4, pipelining })
    for (let round = 0; round < 5; round++) {
      const paths = Array.from({ length: 30 }, (_, i) => `/${round}/${i}`)
      expect(await Promise.all(paths.map((path) => textOf(client, server.url + path)))).toEqual(paths)
    }
    expect(client.stats[0]).toMatchObject({ waiting: 0, connecting: 0 })
  },
)

test('a request that is not idempotent is not sent again', async () => {
  const seen: string[] = []
  using server = scripted(async (line) => {
    await line.answer(ok('first'))
    seen.push(await line.request())
  })
  using client = createClient()
  expect(await textOf(client, server.url)).toBe('first')
  const failed = client.post(server.url, { body: 'pay' })
  await expect(failed).rejects.toMatchObject({ code: 'HTTP_CUT', safeToRetry: false, phase: 'head' })
  expect(seen).toHaveLength(1)
  expect(server.connections).toBe(1)
})

test('a request that is not idempotent, and of which a part was sent, is not sent again', async () => {
  const seen: string[] = []
  using server = scripted(async (line) => {
    await line.answer(ok('first'))
    seen.push((await line.socket.recv(1_000)).toString('latin1'))
    // With most of it unread: the client hears of a reset.
  })
  using client = createClient()
  expect(await textOf(client, server.url)).toBe('first')
  const failed = client.post(server.url, { body: Buffer.alloc(50_000_000) })
  await expect(failed).rejects.toMatchObject({ code: 'HTTP_CUT', safeToRetry: false, phase: 'send' })
  expect(seen).toEqual([expect.stringMatching(/^POST \//)])
  expect(server.connections).toBe(1)
  expect(client.stats[0]).toMatchObject({ connections: 0, waiting: 0, connecting: 0 })
})

test('a request on a fresh connection is not sent again', async () => {
  using server = scripted(async (line) => {
    await line.request()
  })
  using client = createClient()
  await expect(client.get(server.url)).rejects.toMatchObject({ code: 'HTTP_CUT', safeToRetry: true })
  expect(server.connections).toBe(1)
})

test('after one byte of a response nothing is sent again', async () => {
  using server = scripted(async (line) => {
    await line.answer(ok('first'))
    await line.answer('H')
  })
  using client = createClient()
  expect(await textOf(client, server.url)).toBe('first')
  await expect(client.get(server.url)).rejects.toMatchObject({ code: 'HTTP_CUT' })
  expect(server.connections).toBe(1)
})

test('bytes that nobody asked for end the connection', async () => {
  const said = new Event()
  using server = scripted(async (line) => {
    await line.answer(`${ok('one')}${line.index === 0 ? ok('poison') : ''}`)
    said.set()
    await line.ended()
  })
  using client = createClient()
  expect(await textOf(client, server.url)).toBe('one')
  await said.wait()
  while (client.stats[0]?.connections !== 0) await yieldSlice()
  expect(await textOf(client, server.url)).toBe('one')
  expect(server.connections).toBe(2)
})

test.each([
  ['Connection: close', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx'],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx'],
])('a connection is not used again after %s', async (_, answer) => {
  using server = scripted(async (line) => {
    await line.answer(answer)
    await line.ended()
  })
  using client = createClient()
  expect(await textOf(client, server.url)).toBe('x')
  expect(await textOf(client, server.url)).toBe('x')
  expect(server.connections).toBe(2)
})

test('an idle connection is closed after idleTimeoutMs, and before the server says that it will', async () => {
  for (const [options, fields] of [
    [{ idleTimeoutMs: 20 }, ''],
    [{ idleTimeoutMs: 60_000 }, 'Keep-Alive: timeout=1\r\n'],
  ] as const) {
    const ended = new Event()
    using server = scripted(async (line) => {
      await line.answer(ok('x', fields))
      await line.ended()
      ended.set()
    })
    using client = createClient(options)
    expect(await textOf(client, server.url)).toBe('x')
    await withTimeout(900, () => ended.wait())
    expect(client.stats[0]).toMatchObject({ connections: 0 })
  }
})

test('a connection that its server keeps for no time is not used again', async () => {
  using server = answering(ok('x', 'Keep-Alive: timeout=0\r\n'))
  using client = createClient()
  expect(await textOf(client, server.url)).toBe('x')
  expect(client.stats[0]).toMatchObject({ connections: 0 })
  expect(await textOf(client, server.url)).toBe('x')
  expect(server.connections).toBe(2)
})

test('a connection that comes when nobody needs it any more is closed after idleTimeoutMs, too', async () => {
  const accepted = new Event()
  using server = scripted(async (line) => {
    if (line.index === 1) accepted.set()
    while ((await line.answer(ok('x'))) !== '');
  })
  using client = createClient({ idleTimeoutMs: 50 })
  expect(await textOf(client, server.url)).toBe('x')
  // The second opens a connection, and has its answer on the first one before that is there.
  expect(await Promise.all([textOf(client, server.url), textOf(client, server.url)])).toEqual(['x', 'x'])
  await accepted.wait()
  while ((client.stats[0]?.connections ?? 0) > 0) await sleep(5)
})

test('no more idle connections are kept than maxIdleConnections', async () => {
  using server = answering(ok('x'))
  using client = createClient({ maxIdleConnections: 3 })
  await Promise.all(Array.from({ length: 10 }, () => textOf(client, server.url)))
  expect(server.connections).toBe(10)
  expect(client.stats[0]).toMatchObject({ connections: 3, idle: 3 })
})

test('a short body that nobody reads frees its connection, and so does one that is discarded', async () => {
  using server = answering(ok('x'.repeat(30_000)))
  using client = createClient({ maxConnectionsPerOrigin: 1 })
  await client.get(server.url)
  await client.get(server.url)
  for (let i = 0; i < 3; i++) {
    using response = await client.get(server.url)
    expect(response.ok).toBe(true)
  }
  expect(await textOf(client, server.url)).toHaveLength(30_000)
  expect(server.connections).toBe(1)
})

test('a long body that is discarded closes its connection, which makes room for another', async () => {
  using server = answering(ok('x'.repeat(3_000_000)))
  using client = createClient({ maxConnectionsPerOrigin: 1 })
  for (let i = 0; i < 3; i++) (await client.get(server.url)).discard()
  expect(await textOf(client, server.url)).toHaveLength(3_000_000)
  expect(server.connections).toBe(4)
})

test('a loop over a body that is left early gives the connection up', async () => {
  using server = answering(ok('x'.repeat(3_000_000)))
  using client = createClient({ maxConnectionsPerOrigin: 1 })
  const response = await client.get(server.url)
  for await (const piece of response.body) {
    expect(piece.length).toBeGreaterThan(0)
    break
  }
  expect(await textOf(client, server.url)).toHaveLength(3_000_000)
})

test('what fails to connect tells each of those who wait', async () => {
  using server = answering(ok('x'))
  const { url } = server
  server[Symbol.dispose]()
  using client = createClient({ maxConnectionsPerOrigin: 2 })
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => client.get(url)))
  expect(outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason.code)).toEqual(
    new Array(5).fill('ECONNREFUSED'),
  )
})

test('closing a client fails what is under way and what comes later', async () => {
  using server = scripted(async (line) => {
    await line.request()
    await line.ended()
  })
  const client = createClient({ maxConnectionsPerOrigin: 1 })
  const first = client.get(server.url)
  const second = client.get(server.url)
  while (client.stats[0]?.connections !== 1) await yieldSlice()
  client.close()
  await expect(first).rejects.toMatchObject({ code: 'HTTP_CLOSED' })
  await expect(second).rejects.toMatchObject({ code: 'HTTP_CLOSED' })
  await expect(client.get(server.url)).rejects.toMatchObject({ code: 'HTTP_CLOSED' })
})

// Pipelining

test('pipelined requests go out together and are answered in order', async () => {
  const writes: number[] = []
  using server = scripted(async (line) => {
    for (;;) {
      const bytes = await line.socket.recv()
      if (bytes.length === 0) return
      const paths = [...bytes.toString().matchAll(/GET (\S+)/g)].map((match) => match[1] as string)
      writes.push(paths.length)
      for (const path of paths) await line.send(ok(path))
    }
  })
  using client = createClient({ maxConnectionsPerOrigin: 1, pipelining: 10 })
  expect(await textOf(client, server.url)).toBe('/')
  const all = await Promise.all(Array.from({ length: 10 }, (_, i) => textOf(client, `${server.url}/${i}`)))
  expect(all).toEqual(Array.from({ length: 10 }, (_, i) => `/${i}`))
  expect(server.connections).toBe(1)
  expect(writes).toEqual([1, 10])
})

test('nothing is pipelined behind a request that is not idempotent', async () => {
  const batches: string[][] = []
  using server = scripted(async (line) => {
    for (;;) {
      const bytes = await line.socket.recv()
      if (bytes.length === 0) return
      const methods = [...bytes.toString().matchAll(/(GET|POST) \//g)].map((match) => match[1] as string)
      batches.push(methods)
      for (const method of methods) await line.send(ok(method))
    }
  })
  using client = createClient({ maxConnectionsPerOrigin: 1, pipelining: 10 })
  await textOf(client, server.url)
  const methods = ['GET', 'GET', 'POST', 'GET', 'GET']
  const all = methods.map(async (method) => (await client.request({ method, url: server.url })).text())
  expect(await Promise.all(all)).toEqual(methods)
  expect(batches).toEqual([['GET'], ['GET', 'GET'], ['POST'], ['GET', 'GET']])
})

test('when a pipelined connection ends, what has no response goes to another one', async () => {
  using server = scripted(async (line) => {
    if (line.index > 0) {
      while ((await line.answer(ok('again'))) !== '');
      return
    }
    await line.answer(ok('warm'))
    await line.answer(ok('one'))
    await line.answer('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\ntwo')
  })
  using client = createClient({ maxConnectionsPerOrigin: 1, pipelining: 5 })
  await textOf(client, server.url)
  const all = await Promise.all(Array.from({ length: 5 }, () => textOf(client, server.url)))
  expect(all).toEqual(['one', 'two', 'again', 'again', 'again'])
})

test('a pipelined request that is cancelled takes nothing from those before it', async () => {
  const free = new Event()
  using server = scripted(async (line) => {
    for (;;) {
      const request = await line.request()
      if (request === '') return
      if (line.index === 0 && !request.includes('GET / ')) await free.wait()
      await line.send(ok(request.split(' ')[1] as string))
    }
  })
  using client = createClient({ maxConnectionsPerOrigin: 1, pipelining: 5 })
  await textOf(client, server.url)
  const first = spawn(() => textOf(client, `${server.url}/a`))
  const doomed = spawn(() => textOf(client, `${server.url}/b`))
  const third = spawn(() => textOf(client, `${server.url}/c`))
  await sleep(20)
  doomed.interrupt()
  await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
  free.set()
  expect(await first.join()).toBe('/a')
  expect(await third.join()).toBe('/c')
  expect(await textOf(client, `${server.url}/d`)).toBe('/d')
})
