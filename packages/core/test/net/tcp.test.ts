/** TCP connections: bytes, ends, addresses, options. */
import { networkInterfaces } from 'node:os'
import { expect, test } from 'vitest'
import { inParallel, sleep, spawn, tcp, withTimeout } from '../../src/index.js'
import { digest, drain, pairOver, patterned, take, tcpPair, turns } from './connections.js'

test.each(['127.0.0.1', '127.0.0.2', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1'])(
  'bytes travel both ways over %s',
  async (host) => {
    const { client, server } = await tcpPair(host)
    await client.send('ping')
    expect(String(await server.recv())).toBe('ping')
    await server.send('pong')
    expect(String(await client.recv())).toBe('pong')
    client.close()
    expect(await server.recv()).toHaveLength(0)
    server.close()
  },
)

test('both ends agree on their addresses', async () => {
  const { client, server } = await tcpPair()
  expect(client.localAddress).toEqual(server.remoteAddress)
  expect(client.remoteAddress).toEqual(server.localAddress)
  expect(client.localAddress).toEqual({ address: '127.0.0.1', port: expect.any(Number), family: 'IPv4' })
  client.close()
  server.close()
})

test('an IPv6 connection has IPv6 addresses', async () => {
  const { client, server } = await tcpPair('::1')
  expect(client.remoteAddress).toEqual({ address: '::1', port: expect.any(Number), family: 'IPv6' })
  expect(server.localAddress?.family).toBe('IPv6')
  client.close()
  server.close()
})

const linkLocal = Object.entries(networkInterfaces()).flatMap(([zone, addresses = []]) =>
  addresses
    .filter(({ scopeid }) => scopeid !== undefined && scopeid > 0)
    .map(({ address, scopeid }) => [`${address}%${zone}`, `${address}%${scopeid}`] as const),
)

// A machine without a link-local address has no such row; the zone of loopback is tested below all the same.
test.each(linkLocal)(
  'a link-local address is reached by the name of its zone and by its number',
  async (byName, byNumber) => {
    using listener = tcp.listen({ port: 0, host: byName })
    expect(listener.address?.address).toBe(byName)
    for (const host of [byName, byNumber]) {
      const { client, server } = await pairOver(listener, () => tcp.connect(host, listener.port))
      expect(client.remoteAddress?.address).toBe(byName)
      expect(server.remoteAddress?.address).toBe(byName)
      client.close()
      server.close()
    }
  },
)

test('a zone on an address that needs none is taken', async () => {
  using listener = tcp.listen({ port: 0, host: '::1' })
  const { client, server } = await pairOver(listener, () => tcp.connect('::1%lo', listener.port))
  expect(client.remoteAddress?.port).toBe(listener.port)
  client.close()
  server.close()
})

test('a listener on all IPv6 addresses takes IPv4 too, unless ipv6Only', async () => {
  using both = tcp.listen({ port: 0, host: '::' })
  const { client, server } = await pairOver(both, () => tcp.connect('127.0.0.1', both.port))
  expect(server.remoteAddress?.address).toBe('::ffff:127.0.0.1')
  client.close()
  server.close()
  using six = tcp.listen({ port: 0, host: '::', ipv6Only: true })
  await expect(tcp.connect('127.0.0.1', six.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('a connection goes out from localAddress', async () => {
  using listener = tcp.listen({ port: 0, host: '0.0.0.0' })
  const { client, server } = await pairOver(listener, () =>
    tcp.connect('127.0.0.1', listener.port, { localAddress: '127.0.0.9' }),
  )
  expect(server.remoteAddress?.address).toBe('127.0.0.9')
  client.close()
  server.close()
})

test('the address of a peer that is gone is undefined', async () => {
  const { client, server } = await tcpPair()
  client.reset()
  await expect(async () => server.recv()).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(server.remoteAddress).toBeUndefined()
  server.close()
})

test('20 MB each way at once arrive unchanged', { timeout: 30_000 }, async () => {
  const { client, server } = await tcpPair()
  const bytes = 20 * 1024 * 1024
  const up = patterned(bytes, 1)
  const down = patterned(bytes, 2)
  const [received, answered] = await inParallel([
    () => drain(server),
    () => drain(client),
    async () => {
      await client.send(up)
      client.shutdown()
    },
    async () => {
      for (let at = 0; at < down.length; at += 100_000) await server.send(down.subarray(at, at + 100_000))
      server.shutdown()
    },
  ])
  expect(received.length).toBe(bytes)
  expect(digest(received)).toBe(digest(up))
  expect(answered.length).toBe(bytes)
  expect(digest(answered)).toBe(digest(down))
  client.close()
  server.close()
})

test('recv gives at most what was asked for, and never more than 65,536 bytes', async () => {
  const { client, server } = await tcpPair()
  const bytes = patterned(1_000_000)
  const sending = spawn(() => client.send(bytes))
  const got: Buffer[] = []
  for (const max of [1, 2, 3, 1000, 4096, 16_384, 16_385, 65_535, 65_536, 65_537, 1_000_000, undefined]) {
    const block = await server.recv(max)
    expect(block.length).toBeGreaterThan(0)
    expect(block.length).toBeLessThanOrEqual(Math.min(max ?? 65_536, 65_536))
    got.push(block)
  }
  const left = bytes.length - got.reduce((sum, block) => sum + block.length, 0)
  got.push(await take(server, left))
  expect(digest(Buffer.concat(got))).toBe(digest(bytes))
  await sending.join()
  client.close()
  server.close()
})

test("received blocks are the receiver's own: a later recv does not change them", async () => {
  const { client, server } = await tcpPair()
  const kept: Buffer[] = []
  for (let round = 0; round < 20; round++) {
    const size = [10, 5000, 20_000, 65_536][round % 4] as number
    const sending = spawn(() => client.send(Buffer.alloc(size, round)))
    kept.push(await take(server, size))
    await sending.join()
  }
  expect(kept.map((block, round) => block.every((byte) => byte === round))).not.toContain(false)
  client.close()
  server.close()
})

test('recvInto fills the target it was given and says how much', async () => {
  const { client, server } = await tcpPair()
  const target = new Uint8Array(10).fill(0xff)
  await client.send('abc')
  expect(await server.recvInto(target.subarray(2))).toBe(3)
  expect(Buffer.from(target).toString('latin1')).toBe('\xff\xffabc\xff\xff\xff\xff\xff')
  expect(await server.recvInto(new Uint8Array(0))).toBe(0)
  client.close()
  expect(await server.recvInto(target)).toBe(0)
  server.close()
})

test('nothing sent is nothing received', async () => {
  const { client, server } = await tcpPair()
  await client.send('')
  await client.send(new Uint8Array(0))
  await client.sendv([])
  await client.sendv(['', new Uint8Array(0)])
  await client.send('x')
  expect(String(await server.recv())).toBe('x')
  client.close()
  server.close()
})

test('text is sent as UTF-8, and any byte array is taken', async () => {
  const { client, server } = await tcpPair()
  await client.send('grün €')
  expect(String(await server.recv())).toBe('grün €')
  const shared = new Uint8Array(new SharedArrayBuffer(4))
  shared.set([1, 2, 3, 4])
  for (const bytes of [
    new Uint8Array([1, 2, 3, 4]),
    Buffer.from([1, 2, 3, 4]),
    shared,
    new Uint8Array([0, 1, 2, 3, 4]).subarray(1),
  ]) {
    await client.send(bytes)
    expect([...(await server.recv())]).toEqual([1, 2, 3, 4])
  }
  client.close()
  server.close()
})

test('an end is read again and again', async () => {
  const { client, server } = await tcpPair()
  client.close()
  for (let i = 0; i < 5; i++) expect(await server.recv()).toHaveLength(0)
  server.close()
})

test('after the peer has shut down its side, ours still sends, and the other way round', async () => {
  const { client, server } = await tcpPair()
  await client.send('request')
  client.shutdown()
  expect(String(await drain(server))).toBe('request')
  const answer = patterned(1_000_000)
  const sending = spawn(() => server.send(answer))
  expect(digest(await take(client, answer.length))).toBe(digest(answer))
  await sending.join()
  server.shutdown()
  expect(await client.recv()).toHaveLength(0)
  server.shutdown()
  client.close()
  server.close()
})

test('a shut down side refuses to send with EPIPE and goes on receiving', async () => {
  const { client, server } = await tcpPair()
  client.shutdown()
  await expect(async () => client.send('late')).rejects.toMatchObject({ code: 'EPIPE', syscall: 'write' })
  await server.send('still here')
  expect(String(await client.recv())).toBe('still here')
  client.close()
  server.close()
})

test('an end that comes together with the last bytes is not missed', async () => {
  for (let round = 0; round < 50; round++) {
    const { client, server } = await tcpPair()
    const receiving = spawn(() => drain(server))
    await turns(round % 3)
    await client.send('last words')
    client.close()
    expect(String(await withTimeout(2000, () => receiving.join()))).toBe('last words')
    server.close()
  }
})

test('options are set and read by name', async () => {
  const { client, server } = await tcpPair()
  expect(client.getOption('noDelay')).toBe(1)
  expect(server.getOption('noDelay')).toBe(1)
  client.setOption('noDelay', false)
  expect(client.getOption('noDelay')).toBe(0)
  client.setOption('keepAlive', true)
  client.setOption('keepAliveIdleSeconds', 11)
  client.setOption('keepAliveIntervalSeconds', 7)
  client.setOption('keepAliveProbes', 3)
  client.setOption('timeToLive', 9)
  client.setOption('receiveBufferBytes', 20_000)
  expect(client.getOption('keepAlive')).toBe(1)
  expect(client.getOption('keepAliveIdleSeconds')).toBe(11)
  expect(client.getOption('keepAliveIntervalSeconds')).toBe(7)
  expect(client.getOption('keepAliveProbes')).toBe(3)
  expect(client.getOption('timeToLive')).toBe(9)
  expect(client.getOption('receiveBufferBytes')).toBeGreaterThanOrEqual(20_000)
  expect(() => client.setOption('ipv6Only', true)).toThrow(
    expect.objectContaining({ syscall: 'setsockopt ipv6Only' }),
  )
  client.close()
  server.close()
})

test('noDelay: false leaves small writes to be gathered, at both ends', async () => {
  using listener = tcp.listen({ port: 0, noDelay: false })
  const { client, server } = await pairOver(listener, () =>
    tcp.connect('127.0.0.1', listener.port, { noDelay: false }),
  )
  expect(client.getOption('noDelay')).toBe(0)
  expect(server.getOption('noDelay')).toBe(0)
  client.close()
  server.close()
})

test('one coroutine receives while another sends on the same connection', async () => {
  const { client, server } = await tcpPair()
  const echo = spawn(async () => {
    for (;;) {
      const block = await server.recv()
      if (block.length === 0) return server.shutdown()
      await server.send(block)
    }
  })
  const bytes = patterned(3_000_000)
  const [back] = await inParallel([
    () => drain(client),
    async () => {
      for (let at = 0; at < bytes.length; at += 1_000) await client.send(bytes.subarray(at, at + 1_000))
      client.shutdown()
    },
  ])
  expect(digest(back)).toBe(digest(bytes))
  await echo.join()
  client.close()
  server.close()
})

test('a wait says what it waits for', async () => {
  const { client, server } = await tcpPair()
  const receiving = spawn(() => server.recv())
  await sleep(1)
  expect(receiving.waitingOn).toBe(`recv fd ${server.fd} 127.0.0.1:${client.localAddress?.port}`)
  client.close()
  await receiving.join()
  server.close()
})
