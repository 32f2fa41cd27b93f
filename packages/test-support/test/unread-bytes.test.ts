import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { unreadBytes, untilRead } from '../src/unread-bytes.js'
import { Client } from './traffic.js'

const never = new AbortController().signal

async function pair() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = new Client({ port: (server.address() as { port: number }).port, host: '127.0.0.1' })
  const [peer] = (await once(server, 'connection')) as [Socket]
  server.close()
  return {
    client,
    peer,
    [Symbol.dispose]() {
      client.socket.destroy()
      peer.destroy()
    },
  }
}

describe('unreadBytes', () => {
  test('what the peer has not read is counted, wherever it lies', async () => {
    using at = await pair()
    at.client.socket.pause()
    await expect.poll(() => unreadBytes(at.peer)).toBe(0)
    at.peer.write(Buffer.alloc(10_000_000))
    await expect.poll(() => unreadBytes(at.peer)).toBeGreaterThan(100_000)
    at.client.socket.resume()
    await at.client.has(10_000_000)
    await expect.poll(() => unreadBytes(at.peer)).toBe(0)
  })

  test('a socket that is closed has nothing to tell', async () => {
    using at = await pair()
    at.peer.destroy()
    await once(at.peer, 'close')
    expect(await unreadBytes(at.peer)).toBeUndefined()
  })
})

describe('untilRead', () => {
  test('a peer that reads is waited for, and no longer', async () => {
    using at = await pair()
    at.peer.write('abc')
    await untilRead(at.peer, 60_000, never)
    expect(at.client.text).toBe('abc')
  })

  test('a peer that never reads costs the patience', async () => {
    using at = await pair()
    at.client.socket.pause()
    at.peer.write(Buffer.alloc(1_000_000))
    const startedAt = performance.now()
    await untilRead(at.peer, 50, never)
    expect(performance.now() - startedAt).toBeGreaterThan(48)
  })

  test('an abort ends the waiting', async () => {
    using at = await pair()
    at.client.socket.pause()
    at.peer.write(Buffer.alloc(1_000_000))
    const abort = new AbortController()
    const waiting = untilRead(at.peer, 60_000, abort.signal)
    abort.abort()
    await expect(waiting).rejects.toThrow(abort.signal.reason)
  })
})
