import { Event, Interrupted, sleep, spawn, withTimeout, yieldSlice } from '@shrapnel/core'
import { expectFlatHeap, expectNoDescriptorLeak } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { type ClientOptions, type ClientResponse, createClient, type HttpClient } from '../src/index.js'
import { answering, type Line, ok, scripted } from './scripted-server.js'

interface Waiting {
  readonly title: string
  readonly options?: ClientOptions
  /** What the first connection does; the others answer. */
  script(line: Line): Promise<void>
  wait(client: HttpClient, url: string): Promise<unknown>
  /** Connections there were when all is done. */
  readonly connections: number
}

const silent = async (line: Line): Promise<void> => {
  await line.request()
  await line.ended()
}
const half = async (line: Line): Promise<void> => {
  await line.answer('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf')
  await line.ended()
}
const halfGzip = async (line: Line): Promise<void> => {
  await line.answer(
    'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1000\r\n\r\n\x1f\x8b\x08\x00',
  )
  await line.ended()
}
async function* endless(): AsyncGenerator<string, void> {
  yield 'a'
  await sleep(Number.MAX_SAFE_INTEGER)
}

const WAITS: readonly Waiting[] = [
  { title: 'for the head', script: silent, wait: (client, url) => client.get(url), connections: 2 },
  { title: 'for the head of a redirect\'s target', script: async (line) => {
      await line.answer('HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n')
      await silent(line)
    }, wait: (client, url) => client.get(url), connections: 2 },
  { title: 'for text()', script: half, wait: async (client, url) => (await client.get(url)).text(), connections: 2 },
  { title: 'in a loop over the body', script: half, wait: async (client, url) => {
      for await (const piece of (await client.get(url)).body) expect(piece.toString()).toBe('half')
    }, connections: 2 },
  { title: 'for a compressed body', script: halfGzip, wait: async (client, url) => (await client.get(url)).text(), connections: 2 },
  { title: 'while a body is sent that does not come', script: silent, wait: (client, url) => client.post(url, { body: endless() }), connections: 2 },
  { title: 'while the server takes nothing', script: async (line) => {
      while (!line.socket.isClosed) await sleep(10)
    }, wait: (client, url) => client.post(url, { body: Buffer.alloc(50_000_000) }), connections: 2 },
  { title: 'for 100 Continue', script: silent, wait: (client, url) => client.post(url, { body: 'x', expectContinue: true, continueTimeoutMs: 60_000 }), connections: 2 },
] // biome-ignore format: a table

test.each(WAITS)('cancelled $title, the connection is closed and the client goes on', async (row) => {
  const { script, wait, options = {} } = row
  const gone = new Event()
  using server = scripted(async (line) => {
    if (line.index === 0) await script(line).finally(() => gone.set())
    else while ((await line.answer(ok('well'))) !== '');
  })
  using client = createClient({ maxConnectionsPerOrigin: 1, ...options })
  const doomed = spawn(() => wait(client, server.url))
  while (server.connections === 0) await yieldSlice()
  await sleep(20)
  doomed.interrupt()
  await expect(doomed.join()).rejects.toBeInstanceOf(Interrupted)
  expect(client.stats[0]).toMatchObject({ connections: 0, waiting: 0 })
  expect(await (await client.get(server.url)).text()).toBe('well')
  expect(server.connections).toBe(row.connections)
  if (row.title !== 'while the server takes nothing') await gone.wait()
})

test.each(WAITS)('timeoutMs ends what waits $title', async ({ script, wait }) => {
  using server = scripted(async (line) => {
    if (line.index === 0) await script(line)
    else while ((await line.answer(ok('well'))) !== '');
  })
  using client = createClient({ maxConnectionsPerOrigin: 1, timeoutMs: 60 })
  await expect(wait(client, server.url)).rejects.toMatchObject({ code: 'HTTP_TIMEOUT', limit: 'timeoutMs' })
  expect(client.stats[0]).toMatchObject({ connections: 0, waiting: 0 })
  expect(await (await client.get(server.url, { timeoutMs: 5_000 })).text()).toBe('well')
})

test('cancelled in the queue, a request leaves it as if it had never been there', async () => {
  const free = new Event()
  const seen: string[] = []
  using server = scripted(async (line) => {
    for (let request = await line.request(); request !== ''; request = await line.request()) {
      seen.push(request.split(' ')[1] as string)
      await free.wait()
      await line.send(ok('x'))
    }
  })
  using client = createClient({ maxConnectionsPerOrigin: 1 })
  const first = spawn(() => client.get(`${server.url}/first`))
  const doomed = Array.from({ length: 5 }, (_, i) => spawn(() => client.get(`${server.url}/doomed${i}`)))
  const survivor = spawn(() => client.get(`${server.url}/survivor`))
  while (seen.length === 0 || client.stats[0]?.waiting !== 6) await yieldSlice()
  for (const each of doomed) each.interrupt()
  for (const each of doomed) await expect(each.join()).rejects.toBeInstanceOf(Interrupted)
  expect(client.stats[0]).toMatchObject({ waiting: 1 })
  free.set()
  await first.join()
  expect((await survivor.join()).status).toBe(200)
  expect(seen).toEqual(['/first', '/survivor'])
})

test('cancelled while it connects, a request leaves nothing behind', async () => {
  // A listener that accepts nobody, with a queue that is full: connecting to it waits.
  using server = answering(ok('x'))
  using client = createClient()
  const doomed = spawn(() => client.get(server.url))
  await yieldSlice()
  doomed.interrupt()
  await expect(doomed.join()).rejects.toBeInstanceOf(Interrupted)
  expect(client.stats[0]).toMatchObject({ connecting: 0, waiting: 0 })
  expect(await (await client.get(server.url)).text()).toBe('x')
})

test('a timeout further out ends a request, and the next one is not disturbed', async () => {
  using server = scripted(async (line) => {
    if (line.index === 0) await silent(line)
    else while ((await line.answer(ok('well'))) !== '');
  })
  using client = createClient()
  await expect(withTimeout(30, () => client.get(server.url))).rejects.toMatchObject({ code: 'TIMEOUT' })
  expect(await (await client.get(server.url)).text()).toBe('well')
})

test('an AbortSignal ends a request and its body with its own reason', async () => {
  using server = scripted(half)
  using client = createClient()
  const reason = new Error('enough')
  const before = AbortSignal.abort(reason)
  await expect(client.get(server.url, { signal: before })).rejects.toBe(reason)
  expect(server.connections).toBe(0)
  const controller = new AbortController()
  const response = await client.get(server.url, { signal: controller.signal })
  const reading = response.text()
  controller.abort(reason)
  await expect(reading).rejects.toBe(reason)
  expect(client.stats[0]).toMatchObject({ connections: 0 })
})

test('cancelling recv takes no byte', async () => {
  const go = new Event()
  using server = scripted(async (line) => {
    await line.answer('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n')
    await go.wait()
    await line.send('late')
    await line.ended()
  })
  using client = createClient()
  const response = await client.get(server.url)
  const doomed = spawn(() => response.body.recv())
  await yieldSlice()
  doomed.interrupt()
  await expect(doomed.join()).rejects.toBeInstanceOf(Interrupted)
  go.set()
  expect(await response.text()).toBe('late')
  expect(client.stats[0]).toMatchObject({ idle: 1 })
})

// Limits of time

test('headTimeoutMs ends the wait for a head, bodyTimeoutMs that for the next piece of a body', async () => {
  using silentServer = scripted(silent)
  using halfServer = scripted(half)
  using client = createClient({ headTimeoutMs: 30, bodyTimeoutMs: 30 })
  await expect(client.get(silentServer.url)).rejects.toMatchObject({
    code: 'HTTP_TIMEOUT',
    limit: 'headTimeoutMs',
    phase: 'head',
    safeToRetry: true,
  })
  const response: ClientResponse = await client.get(halfServer.url)
  await sleep(60)
  await expect(response.text()).rejects.toMatchObject({ code: 'HTTP_TIMEOUT', limit: 'bodyTimeoutMs' })
  const stuck = client.post(silentServer.url, { body: Buffer.alloc(50_000_000) })
  await expect(stuck).rejects.toMatchObject({ code: 'HTTP_TIMEOUT' })
})

test('timeoutMs counts the time in the queue', async () => {
  using server = scripted(silent)
  using client = createClient({ maxConnectionsPerOrigin: 1 })
  const first = spawn(() => client.get(server.url))
  while (client.stats[0]?.connections !== 1) await yieldSlice()
  await expect(client.get(server.url, { timeoutMs: 20 })).rejects.toMatchObject({
    code: 'HTTP_TIMEOUT',
    phase: 'queue',
  })
  first.interrupt()
  await expect(first.join()).rejects.toBeInstanceOf(Interrupted)
})

// Leaks

test('no request leaves a descriptor open, however it ends', async () => {
  await expectNoDescriptorLeak(async () => {
    using good = answering(ok('x'.repeat(1000)))
    using bad = answering('HTTP/1.1 200 OK\nA: b\n\n')
    using cut = scripted(half)
    const client = createClient({ timeoutMs: 30 })
    await (await client.get(good.url)).text()
    await client.get(good.url)
    await client.get(bad.url).catch(() => {})
    await (await client.get(cut.url)).text().catch(() => {})
    await client.get('http://127.0.0.1:1/').catch(() => {})
    client.close()
  })
})

test('thousands of requests leave the heap as it was', async () => {
  using server = answering(ok('x'))
  using client = createClient()
  const { signal } = new AbortController()
  await expectFlatHeap(
    6_000,
    async () => (await client.get(server.url, { timeoutMs: 60_000, signal })).text(),
    {
      warmUpRounds: 4_000,
    },
  )
})
