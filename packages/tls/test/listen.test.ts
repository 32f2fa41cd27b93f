/** The listener: handshakes beside each other, and what they may cost. */
import { all, memoryStreamPair, socketPair, spawn, tcp, yieldSlice } from '@shrapnel/core'
import { expect, test } from 'vitest'
import { receiveAll, waiting } from '../../core/test/stream/stream-contract.js'
import { tls } from '../src/index.js'
import { native } from '../src/native.js'
import { house } from './house.js'

const here = house()

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await yieldSlice()
}

test('a client that stalls in its handshake keeps nobody waiting, and is gone when its time is up', async () => {
  const failures: { code?: string }[] = []
  await using listener = tls.listen({
    port: 0,
    ...here.server,
    handshakeTimeoutMs: 100,
    onHandshakeFailure: (error) => failures.push(error as { code: string }),
  })
  const silent = await tcp.connect('127.0.0.1', listener.port)
  const stalled = await tcp.connect('127.0.0.1', listener.port)
  await stalled.send(Buffer.from('160301', 'hex'))
  const client = await tls.connect('localhost', listener.port, here.client)
  const server = await listener.accept()
  await server.send('served')
  expect(String(await client.recv())).toBe('served')
  expect(await silent.recv()).toHaveLength(0)
  await expect(receiveAll(stalled)).resolves.toHaveLength(0)
  expect(failures.map(({ code }) => code)).toEqual(['TIMEOUT', 'TIMEOUT'])
  for (const each of [client, server, silent, stalled]) each.close()
})

test('no more handshakes than allowed go on at a time; the others wait and are served', async () => {
  await using listener = tls.listen({ port: 0, ...here.server, maxPendingHandshakes: 2 })
  const silent = [
    await tcp.connect('127.0.0.1', listener.port),
    await tcp.connect('127.0.0.1', listener.port),
  ]
  const late = await waiting(() => tls.connect('localhost', listener.port, here.client))
  for (let turn = 0; turn < 20; turn++) await yieldSlice()
  expect(late.isDead).toBe(false)
  silent[0]?.close()
  const client = await late.join()
  client.close()
  silent[1]?.close()
})

test('an accept that is cancelled loses no connection', async () => {
  await using listener = tls.listen({ port: 0, ...here.server })
  const doomed = await waiting(() => listener.accept())
  doomed.interrupt()
  await expect(doomed.join()).rejects.toMatchObject({ code: 'INTERRUPTED' })
  const client = await tls.connect('localhost', listener.port, here.client)
  const server = await listener.accept()
  await client.send('kept')
  expect(String(await server.recv())).toBe('kept')
  client.close()
  server.close()
})

test('a loop over it that is left may be begun again, and loses no connection', async () => {
  await using listener = tls.listen({ port: 0, ...here.server })
  for (let round = 0; round < 2; round++) {
    const client = await tls.connect('localhost', listener.port, here.client)
    for await (const stream of listener) {
      stream.close()
      break
    }
    client.close()
  }
  const left = listener[Symbol.asyncIterator]()
  expect(await left.return?.()).toEqual({ done: true, value: undefined })
  expect(await left.next()).toEqual({ done: true, value: undefined })
  expect(listener.isClosed).toBe(false)
})

test('closing ends the loop over it and whoever waits, and closes connections that nobody has taken', async () => {
  const listener = tls.listen({ port: 0, ...here.server })
  const client = await tls.connect('localhost', listener.port, here.client)
  const seen: unknown[] = []
  const loop = spawn(async () => {
    for await (const stream of listener) seen.push(stream)
  })
  await until(() => seen.length === 1)
  const untaken = await tls.connect('localhost', listener.port, here.client)
  loop.interrupt()
  await loop.join().catch(() => {})
  const last = await tls.connect('localhost', listener.port, here.client)
  for (let turn = 0; turn < 20; turn++) await yieldSlice()
  listener.close()
  listener.close()
  expect(listener.isClosed).toBe(true)
  expect(await last.recv()).toHaveLength(0)
  await expect(async () => listener.accept()).rejects.toMatchObject({ code: 'CLOSED' })
  await expect(tls.connect('localhost', listener.port, here.client)).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  })
  for (const each of [client, untaken, last, ...(seen as { close(): void }[])]) each.close()
})

test('whoever waits in accept is told when it is closed, and a loop over it ends', async () => {
  const listener = tls.listen({ port: 0, ...here.server })
  const accepting = [await waiting(() => listener.accept()), await waiting(() => listener.accept())]
  const loop = await waiting(async () => {
    for await (const stream of listener) stream.close()
    return 'ended'
  })
  listener.close()
  for (const each of accepting)
    await expect(each.join()).rejects.toMatchObject({ name: 'ClosedError', code: 'CLOSED' })
  expect(await loop.join()).toBe('ended')
})

test('serve makes a coroutine for each connection and closes it after, and waits until the listener is closed', async () => {
  const listener = tls.listen({ port: 0, ...here.server })
  const serving = spawn(() =>
    listener.serve(async (stream) => {
      await stream.send(await stream.recv())
    }),
  )
  for (let round = 0; round < 2; round++) {
    const client = await tls.connect('localhost', listener.port, here.client)
    await client.send('there and back')
    expect(String(await receiveAll(client))).toBe('there and back')
    client.close()
  }
  expect(serving.isDead).toBe(false)
  listener.close()
  await serving.join()
  await expect(listener.serve(5 as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
})

test('a listener that was inherited by its number serves', async () => {
  using outer = tcp.listen({ port: 0 })
  const { port } = outer
  const [left, right] = socketPair()
  await left.sendDescriptor(outer.fd)
  const fd = await right.receiveDescriptor()
  await using listener = tls.listen({ fd, ...here.server, noDelay: true })
  expect(listener.port).toBe(port)
  const client = await tls.connect('localhost', port, here.client)
  const server = await listener.accept()
  await client.send('fine')
  expect(String(await server.recv())).toBe('fine')
  for (const each of [client, server, left, right]) each.close()
})

test('connections that nobody has taken count as handshakes, and accepting one lets the next in', async () => {
  await using listener = tls.listen({ port: 0, ...here.server, maxPendingHandshakes: 2 })
  const connect = () => tls.connect('localhost', listener.port, { ...here.client, maxVersion: 'TLSv1.2' })
  const first = [await connect(), await connect()]
  const late = await waiting(connect)
  for (let turn = 0; turn < 20; turn++) await yieldSlice()
  expect(late.isDead).toBe(false)
  const accepted = [await listener.accept()]
  const third = await late.join()
  for (let more = 0; more < 2; more++) accepted.push(await listener.accept())
  for (const stream of [...first, third, ...accepted]) stream.close()
})

test('closing breaks off handshakes, whether they have begun or not, and tells nobody that they failed', async () => {
  const failures: unknown[] = []
  const listener = tls.listen({
    port: 0,
    ...here.server,
    handshakeTimeoutMs: Infinity,
    onHandshakeFailure: (error) => failures.push(error),
  })
  const silent = await tcp.connect('127.0.0.1', listener.port)
  await until(() => all().some(({ name }) => name?.startsWith('TLS handshake')))
  const fresh = await tcp.connect('127.0.0.1', listener.port)
  listener.close()
  expect(await silent.recv()).toHaveLength(0)
  expect(await receiveAll(fresh).catch(({ code }) => code)).toSatisfy(
    (outcome) => outcome === 'ECONNRESET' || outcome.length === 0,
  )
  await until(() => !all().some(({ name }) => name?.startsWith('TLS handshake')))
  expect([native.engineCount(), failures]).toEqual([0, []])
  for (const socket of [silent, fresh]) socket.close()
})

test('a flood of clients that stall costs no more than the limit, and others are served', async () => {
  const maxPendingHandshakes = 20
  let failed = 0
  const onHandshakeFailure = () => {
    failed++
  }
  await using listener = tls.listen({
    port: 0,
    ...here.server,
    maxPendingHandshakes,
    handshakeTimeoutMs: 30,
    onHandshakeFailure,
  })
  const [left, right] = memoryStreamPair()
  const hello = await waiting(() => tls.upgrade(left, here.client))
  const bytes = await right.recv()
  hello.interrupt()
  await hello.join().catch(() => {})
  const flood = await Promise.all(
    Array.from({ length: 200 }, async () => {
      const socket = await tcp.connect('127.0.0.1', listener.port)
      await socket.send(bytes)
      return socket
    }),
  )
  let most = 0
  const watching = spawn({ daemon: true }, async () => {
    for (;;) {
      most = Math.max(most, native.engineCount())
      await yieldSlice()
    }
  })
  const client = await tls.connect('localhost', listener.port, here.client)
  const server = await listener.accept()
  await client.send('served')
  expect(String(await server.recv())).toBe('served')
  watching.interrupt()
  await watching.join().catch(() => {})
  // One more is the client's own.
  expect(most).toBeLessThanOrEqual(maxPendingHandshakes + 1)
  expect(failed).toBeGreaterThanOrEqual(200 - maxPendingHandshakes)
  for (const each of [client, server, ...flood]) each.close()
})

test('a client that speaks no TLS can be told so, and counts as a handshake until it was', async () => {
  const told: (string | undefined)[] = []
  await using listener = tls.listen({
    port: 0,
    ...here.server,
    onNotTls: async (socket, { reason }) => {
      told.push(reason)
      await socket.send('this port speaks TLS')
      expect(listener.handshakes).toBe(1)
    },
  })
  const client = await tcp.connect('127.0.0.1', listener.port)
  await client.send('GET / HTTP/1.1\r\n\r\n')
  expect(String(await client.recv())).toBe('this port speaks TLS')
  await until(() => listener.handshakes === 0)
  expect(told).toEqual(['http request'])
  client.close()
})
