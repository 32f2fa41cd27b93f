import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type CuttingProxyOptions, startCuttingProxy } from '../src/cutting-proxy.js'
import { freePort } from '../src/free-port.js'
import { expectNoDescriptorLeak } from '../src/open-descriptors.js'
import { temporaryFolder } from '../src/temporary-folder.js'
import { Client, startEcho } from './traffic.js'

const letters = 'abcdefghijklmnopqrstuvwxyz'

async function setUp(shapes: Omit<CuttingProxyOptions, 'upstream'> = {}) {
  const echo = await startEcho()
  const proxy = await startCuttingProxy({ upstream: echo.to, ...shapes })
  return {
    echo,
    proxy,
    client: (options?: { allowHalfOpen: boolean }) =>
      new Client({ port: proxy.port, host: '127.0.0.1' }, options),
    async [Symbol.asyncDispose]() {
      await proxy.close()
      await echo[Symbol.asyncDispose]()
    },
  }
}

describe('a proxy that is told nothing', () => {
  test('passes every byte both ways, ends as the peers do, and counts', async () => {
    await using at = await setUp()
    const client = at.client()
    const big = Buffer.from(letters.repeat(20_000))
    client.socket.end(big)
    await client.saw('close')
    expect(Buffer.concat(client.blocks).equals(big)).toBe(true)
    expect(client.events).toEqual(['end', 'close'])
    expect(at.echo.events).toEqual([['end', 'close']])
    expect([at.proxy.bytesToUpstream, at.proxy.bytesToClient]).toEqual([big.length, big.length])
    expect(at.proxy.lastError).toBeUndefined()
    expect(at.proxy.accepted).toBe(1)
  })

  test('knows how many connections are open', async () => {
    await using at = await setUp()
    const [one, two] = [at.client(), at.client()]
    for (const client of [one, two]) {
      client.socket.write('x')
      await client.has(1)
    }
    expect(at.proxy.connections).toBe(2)
    one.socket.end()
    await one.saw('close')
    await expect.poll(() => at.proxy.connections, { interval: 5 }).toBe(1)
    expect(at.proxy.accepted).toBe(2)
  })

  test('passes a reset on as a reset', async () => {
    await using at = await setUp()
    const client = at.client()
    client.socket.write('x')
    await client.has(1)
    client.socket.resetAndDestroy()
    await expect.poll(() => at.echo.events[0], { interval: 5 }).toEqual(['ECONNRESET', 'close'])
  })

  test('lets one direction go on when the other has ended', async () => {
    const upstream = createServer({ allowHalfOpen: true }, (socket) => {
      socket.resume().once('end', () => socket.end('the last word'))
    }).listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    const address = upstream.address()
    await using proxy = await startCuttingProxy({ upstream: address as { port: number } })
    const client = new Client({ port: proxy.port, host: '127.0.0.1' })
    client.socket.end('done')
    await client.saw('close')
    expect(client.text).toBe('the last word')
    upstream.close()
  })

  test('resets a client whose server cannot be reached, and keeps the reason', async () => {
    await using proxy = await startCuttingProxy({ upstream: { port: await freePort() } })
    const client = new Client({ port: proxy.port, host: '127.0.0.1' })
    await client.saw('close')
    expect(client.events).toEqual(['ECONNRESET', 'close'])
    expect(proxy.lastError).toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('a cut after so many bytes', () => {
  test.each([1, 5, 25])('lets %i bytes reach the client and then resets it', async (count) => {
    await using at = await setUp({ toClient: { cutAfterBytes: count } })
    const client = at.client()
    client.socket.write(letters)
    await client.saw('close')
    expect(client.text).toBe(letters.slice(0, count))
    expect(client.events).toEqual(['ECONNRESET', 'close'])
    expect(at.proxy.bytesToClient).toBe(count)
    await expect.poll(() => at.echo.events[0], { interval: 5 }).toEqual(['ECONNRESET', 'close'])
  })

  test.each([1, 5, 25])('lets %i bytes reach the server and then resets it', async (count) => {
    await using at = await setUp({ toUpstream: { cutAfterBytes: count, cut: 'reset' } })
    const client = at.client()
    client.socket.write(letters)
    await client.saw('close')
    expect(Buffer.concat(at.echo.received[0] ?? []).toString()).toBe(letters.slice(0, count))
    expect(at.echo.events).toEqual([['ECONNRESET', 'close']])
  })

  test('counts across writes', async () => {
    await using at = await setUp({ toUpstream: { cutAfterBytes: 7 } })
    const client = at.client()
    client.socket.write('abc')
    await client.has(3)
    client.socket.write('def')
    await client.has(6)
    client.socket.write('ghi')
    await client.saw('close')
    expect(Buffer.concat(at.echo.received[0] ?? []).toString()).toBe('abcdefg')
  })

  test('is exact in a large transfer whose receiver reads as it comes', async () => {
    const count = 1_234_567
    await using at = await setUp({ toClient: { cutAfterBytes: count, splitEvery: 50_001 } })
    const client = at.client()
    client.socket.write(Buffer.alloc(2_000_000, 'x'))
    await client.saw('close')
    expect(client.text.length).toBe(count)
    expect(client.events).toEqual(['ECONNRESET', 'close'])
  })

  test('at 0 comes before the first byte', async () => {
    await using at = await setUp({ toClient: { cutAfterBytes: 0 } })
    const client = at.client()
    await client.saw('close')
    expect(client.events).toEqual(['ECONNRESET', 'close'])
    expect(at.proxy.bytesToClient).toBe(0)
  })

  test('as an end gives the receiver a FIN, and the other direction lives', async () => {
    await using at = await setUp({ toClient: { cutAfterBytes: 3, cut: 'end' } })
    const client = at.client({ allowHalfOpen: true })
    client.socket.write('abcdef')
    await client.saw('end')
    expect(client.text).toBe('abc')
    client.socket.end('ghi')
    await client.saw('close')
    expect(client.events).toEqual(['end', 'close'])
    await expect.poll(() => at.echo.events[0], { interval: 5 }).toEqual(['end', 'close'])
    expect(Buffer.concat(at.echo.received[0] ?? []).toString()).toBe('abcdefghi')
  })

  test('as an end towards the server is an end that it can answer', async () => {
    await using at = await setUp({ toUpstream: { cutAfterBytes: 4, cut: 'end' } })
    const client = at.client()
    client.socket.write(letters)
    await client.saw('end')
    expect(client.text).toBe('abcd')
    expect(at.echo.events[0]).toContain('end')
  })

  test('as a stall says nothing, and the sender feels it as back pressure', async () => {
    await using at = await setUp({ toUpstream: { cutAfterBytes: 10, cut: 'stall' } })
    const client = at.client()
    // More than the buffers of the kernel and of the proxy can hold together.
    client.socket.write(Buffer.alloc(50_000_000, letters))
    await client.has(10)
    expect(client.text).toBe(letters.slice(0, 10))
    expect(client.events).toEqual([])
    expect(client.socket.writableLength).toBeGreaterThan(1_000_000)
    expect(at.proxy.bytesToUpstream).toBe(10)
    expect(at.proxy.connections).toBe(1)
  })

  test('concerns each connection by itself, and reshape() the later ones', async () => {
    await using at = await setUp({ toClient: { cutAfterBytes: 2 } })
    for (let i = 0; i < 2; i++) {
      const client = at.client()
      client.socket.write('abc')
      await client.saw('close')
      expect(client.text).toBe('ab')
    }
    at.proxy.reshape({})
    const client = at.client()
    client.socket.end('abc')
    await client.saw('close')
    expect(client.text).toBe('abc')
    expect(client.events).toEqual(['end', 'close'])
  })
})

describe('a shaped direction', () => {
  test('split every so many bytes reaches the receiver in such pieces', async () => {
    await using at = await setUp({ toUpstream: { splitEvery: 10 } })
    const client = at.client()
    client.socket.end(letters)
    await client.saw('close')
    expect(at.echo.received[0]?.map(String)).toEqual(['abcdefghij', 'klmnopqrst', 'uvwxyz'])
  })

  test('split after so many bytes is torn there and nowhere else', async () => {
    await using at = await setUp({ toUpstream: { splitAfterBytes: 7 } })
    const client = at.client()
    client.socket.write(letters)
    await client.has(letters.length)
    expect(at.echo.received[0]?.map(String)).toEqual([letters.slice(0, 7), letters.slice(7)])
  })

  test('split into single bytes still holds them all', async () => {
    await using at = await setUp({ toUpstream: { splitEvery: 1 }, toClient: { splitEvery: 1 } })
    const client = at.client()
    client.socket.end(letters)
    await client.saw('close')
    expect(client.blocks.map(String)).toEqual([...letters])
  })

  test('delayed comes later by at least the delay', async () => {
    await using at = await setUp({ toUpstream: { delayMs: 60 }, toClient: { delayMs: 40 } })
    const client = at.client()
    await once(client.socket, 'connect')
    const startedAt = performance.now()
    client.socket.write('x')
    await client.has(1)
    // Timers may ring up to a millisecond early.
    expect(performance.now() - startedAt).toBeGreaterThan(98)
  })

  test('throttled takes the time that its rate demands', async () => {
    await using at = await setUp({ toClient: { throttleBytesPerSecond: 100_000 } })
    const client = at.client()
    await once(client.socket, 'connect')
    const startedAt = performance.now()
    client.socket.write(Buffer.alloc(30_000))
    await client.has(30_000)
    expect(performance.now() - startedAt).toBeGreaterThan(230)
    expect(client.blocks.length).toBeGreaterThan(5)
  })

  test.each([
    [{ cutAfterBytes: -1 }, 'cutAfterBytes'],
    [{ cutAfterBytes: 1.5 }, 'cutAfterBytes'],
    [{ delayMs: Number.NaN }, 'delayMs'],
    [{ splitEvery: 0 }, 'splitEvery'],
    [{ splitAfterBytes: 0 }, 'splitAfterBytes'],
    [{ throttleBytesPerSecond: 0 }, 'throttleBytesPerSecond'],
  ])('%o is refused by name', async (shape, name) => {
    await expect(startCuttingProxy({ upstream: { port: 1 }, toClient: shape })).rejects.toThrow(name)
  })
})

describe('at run time', () => {
  test('cutNow resets what is open, and the next connection is served', async () => {
    await using at = await setUp()
    const client = at.client()
    client.socket.write('x')
    await client.has(1)
    at.proxy.cutNow()
    await client.saw('close')
    expect(client.events).toEqual(['ECONNRESET', 'close'])
    await expect.poll(() => at.echo.events[0], { interval: 5 }).toEqual(['ECONNRESET', 'close'])
    expect(at.proxy.connections).toBe(0)
    const next = at.client()
    next.socket.end('again')
    await next.saw('close')
    expect(next.text).toBe('again')
  })

  test('cutNow resets a client that never reads', async () => {
    await using at = await setUp()
    const client = at.client()
    client.socket.pause()
    client.socket.write(Buffer.alloc(20_000_000))
    await expect.poll(() => at.proxy.bytesToClient, { interval: 5 }).toBeGreaterThan(100_000)
    at.proxy.cutNow()
    await client.saw('close')
    expect(client.events).toContain('close')
    await expect.poll(() => at.proxy.connections, { interval: 5 }).toBe(0)
  })

  test('cutNow with an end is a FIN to both', async () => {
    await using at = await setUp()
    const client = at.client()
    client.socket.write('x')
    await client.has(1)
    at.proxy.cutNow('end')
    await client.saw('end')
    client.socket.end()
    await client.saw('close')
    expect(client.events).toEqual(['end', 'close'])
    await expect.poll(() => at.echo.events[0], { interval: 5 }).toEqual(['end', 'close'])
    await expect.poll(() => at.proxy.connections, { interval: 5 }).toBe(0)
  })

  test('cutNow with an end drops what waits in a delay', async () => {
    await using at = await setUp({ toUpstream: { delayMs: 60_000 } })
    const client = at.client()
    client.socket.write('never to arrive')
    await expect.poll(() => at.echo.received.length, { interval: 5 }).toBe(1)
    at.proxy.cutNow('end')
    client.socket.end()
    await client.saw('close')
    expect(at.echo.received).toEqual([[]])
  })

  test('cutNow with a stall passes nothing more, and a later reset still comes', async () => {
    await using at = await setUp()
    const client = at.client()
    client.socket.write('x')
    await client.has(1)
    at.proxy.cutNow('stall')
    client.socket.write('y')
    const other = at.client()
    other.socket.write('abc')
    await other.has(3)
    expect(client.text).toBe('x')
    at.proxy.cutNow('reset')
    await client.saw('close')
    expect(client.events).toEqual(['ECONNRESET', 'close'])
  })

  test('pause holds everything back and resume lets it go, in order', async () => {
    await using at = await setUp()
    const client = at.client()
    client.socket.write('a')
    await client.has(1)
    at.proxy.pause()
    at.proxy.pause()
    client.socket.write('bcd')
    const late = at.client()
    late.socket.write('late')
    // The server must have taken the late connection before silence means anything.
    await expect.poll(() => at.echo.received.length, { interval: 5 }).toBe(2)
    expect([client.text, late.text, at.proxy.bytesToUpstream]).toEqual(['a', '', 1])
    at.proxy.resume()
    await Promise.all([client.has(4), late.has(4)])
    expect([client.text, late.text]).toEqual(['abcd', 'late'])
  })

  test('closing while paused, stalled or delayed hangs nowhere', async () => {
    for (const shape of [
      {},
      { cutAfterBytes: 0, cut: 'stall' },
      { delayMs: 60_000 },
      { splitEvery: 1 },
    ] as const) {
      await using at = await setUp({ toUpstream: shape })
      const client = at.client()
      client.socket.write('abc')
      await expect.poll(() => at.echo.received.length, { interval: 5 }).toBe(1)
      at.proxy.pause()
      at.proxy.cutNow('end')
      await Promise.all([at.proxy.close(), at.proxy.close()])
      expect(at.proxy.connections).toBe(0)
      await client.saw('end')
      client.socket.destroy()
    }
  })
})

describe('a proxy on UNIX sockets', () => {
  test('passes, cuts and ends on either side', async () => {
    await using folder = await temporaryFolder()
    await using echo = await startEcho(join(folder.path, 'echo'))
    const path = join(folder.path, 'proxy')
    await using proxy = await startCuttingProxy({
      upstream: echo.to,
      unixPath: path,
      toClient: { cutAfterBytes: 5 },
    })
    expect(() => proxy.port).toThrow('no TCP port')
    const client = new Client({ path })
    client.socket.write(letters)
    await client.saw('end')
    client.socket.destroy()
    await client.saw('close')
    expect(client.text).toBe('abcde')
    expect(proxy.bytesToClient).toBe(5)
  })
})

test('a proxy leaves no descriptor open, however its connections ended', async () => {
  await expectNoDescriptorLeak(async () => {
    for (const cut of ['reset', 'end', 'stall'] as const) {
      await using at = await setUp({ toClient: { cutAfterBytes: 1, cut } })
      const client = at.client()
      client.socket.write('abc')
      await client.has(1)
      client.socket.destroy()
      await client.saw('close')
    }
  })
})
