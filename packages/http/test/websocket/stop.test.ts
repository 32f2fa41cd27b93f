/** What the end of a server means to its WebSockets: they are told, get the time of `stop`, and are cut off behind it. */
import { once } from 'node:events'
import { Event, interruptible, sleep, spawn, tcp } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import {
  acceptWebSocket,
  connectWebSocket,
  type Server,
  serve,
  serveStream,
  type WebSocketConnection,
  type WebSocketSession,
} from '../../src/index.js'
import { BINARY, CLOSE, CONTINUATION, TEXT } from '../../src/wire/index.js'
import { RawPeer } from './raw-peer.js'

const LONG_MS = 60_000

async function echo(socket: WebSocketConnection): Promise<void> {
  for await (const message of socket) await socket.send(message)
}

/** A server, and how its sessions ended. */
async function serving(session: WebSocketSession = echo): Promise<{ server: Server; ended: unknown[] }> {
  const ended: unknown[] = []
  const server = await serve({ port: 0 }, (request) =>
    acceptWebSocket(request, { closeTimeoutMs: LONG_MS }, async (socket) => {
      try {
        await session(socket)
        ended.push(socket.closeCode)
      } catch (error) {
        ended.push((error as { readonly code?: string }).code)
        throw error
      }
    }),
  )
  return { server, ended }
}

const urlOf = ({ port }: Server): string => `ws://127.0.0.1:${port}/`

/** A client that shakes hands, and whose frames are the test's. */
async function rawClient({ port }: Server): Promise<RawPeer> {
  const stream = await tcp.connect('127.0.0.1', port)
  await stream.send(
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  await stream.recv()
  return new RawPeer(stream, true)
}

describe('a server that stops', () => {
  test('tells its WebSockets at once, and waits for those that close', async () => {
    const { server, ended } = await serving()
    const sockets = [await connectWebSocket(urlOf(server)), await connectWebSocket(urlOf(server))]
    const stopping = spawn(() => server.stop({ graceMs: LONG_MS }))
    for (const socket of sockets) {
      await expect(socket.receive()).rejects.toMatchObject({ code: 'WS_CLOSED', closeCode: 1001 })
      await socket.untilClosed()
      expect(socket.closeCode).toBe(1001)
    }
    expect(await stopping.join(), 'none had to be cut off').toBe(0)
    expect(ended, 'the sessions ended as by any close').toEqual([1001, 1001])
    expect(server.connections).toBe(0)
  })

  test('tells clients of ws, and they close cleanly', async () => {
    const { server, ended } = await serving()
    const socket = new WebSocket(urlOf(server))
    await interruptible(once(socket, 'open'))
    const closed = once(socket, 'close')
    expect(await server.stop({ graceMs: LONG_MS })).toBe(0)
    const [code] = (await interruptible(closed)) as [number]
    expect(code).toBe(1001)
    expect(ended).toEqual([1001])
  })

  test('cuts off who does not close in its time, without another wait', async () => {
    const { server, ended } = await serving()
    const peer = await rawClient(server)
    const began = performance.now()
    expect(await server.stop({ graceMs: 50 })).toBe(1)
    expect(performance.now() - began, 'no last words on top of it').toBeLessThan(950)
    expect((await peer.next())?.payload.readUInt16BE(0)).toBe(1001)
    await expect(peer.next()).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(ended).toEqual(['SHUTDOWN'])
  })

  test('cuts off a session that goes on after its WebSocket has closed', async () => {
    const { server, ended } = await serving(async () => {
      await sleep(LONG_MS)
    })
    const socket = await connectWebSocket(urlOf(server))
    const stopping = spawn(() => server.stop({ graceMs: 50 }))
    await socket.untilClosed()
    expect(socket.closeCode).toBe(1001)
    expect(await stopping.join()).toBe(1)
    expect(ended).toEqual(['SHUTDOWN'])
  })

  test('lets a message that is being sent go out first', async () => {
    const bytes = Buffer.alloc(8_000_000, 7)
    const isSending = new Event()
    const { server } = await serving(async (socket) => {
      await socket.receive()
      isSending.set()
      await socket.send(bytes)
    })
    const peer = await rawClient(server)
    await peer.send(TEXT, 'go')
    await isSending.wait()
    const stopping = spawn(() => server.stop({ graceMs: LONG_MS }))
    let length = 0
    let frame = await peer.next()
    for (; frame?.opcode === BINARY || frame?.opcode === CONTINUATION; frame = await peer.next())
      length += frame.payload.length
    expect(length).toBe(bytes.length)
    expect(frame?.opcode).toBe(CLOSE)
    await peer.close(1001)
    expect(await stopping.join()).toBe(0)
    peer.stream.close()
  })

  test('tells a WebSocket whose handshake it was still answering', async () => {
    const isAsked = new Event()
    const goOn = new Event()
    const server = await serve({ port: 0 }, async (request) => {
      isAsked.set()
      await goOn.wait()
      return acceptWebSocket(request, echo)
    })
    const connecting = spawn(() => connectWebSocket(urlOf(server)))
    await isAsked.wait()
    const stopping = spawn(() => server.stop({ graceMs: LONG_MS }))
    goOn.set()
    const socket = await connecting.join()
    await socket.untilClosed()
    expect(socket.closeCode).toBe(1001)
    expect(await stopping.join()).toBe(0)
  })

  test('is not held up by a peer that closes at the same time', async () => {
    const { server } = await serving()
    const sockets = await Promise.all(Array.from({ length: 20 }, () => connectWebSocket(urlOf(server))))
    const closing = sockets.map((socket) => spawn(() => socket.close(1000)))
    expect(await server.stop({ graceMs: LONG_MS })).toBe(0)
    for (const one of closing) await one.join()
  })

  test('that is closed instead gives them a second for their last words', async () => {
    const { server, ended } = await serving()
    const socket = await connectWebSocket(urlOf(server))
    server.close()
    await socket.untilClosed()
    expect(socket.closeCode).toBe(1001)
    await server.stop()
    expect(ended).toEqual(['SHUTDOWN'])
  })

  test('tells whoever else has taken a connection over', async () => {
    const told = new Event()
    const server = await serve({ port: 0 }, () => ({
      status: 101,
      headers: { upgrade: 'wait' },
      upgrade: async (stream, owner) => {
        owner.onStop(() => told.set())
        await told.wait()
        await stream.send('bye')
      },
    }))
    const stream = await tcp.connect('127.0.0.1', server.port)
    await stream.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: wait\r\n\r\n')
    expect((await stream.recv()).toString()).toMatch(/^HTTP\/1.1 101 /)
    const stopping = spawn(() => server.stop({ graceMs: LONG_MS }))
    expect((await stream.recv()).toString()).toBe('bye')
    expect(await stopping.join()).toBe(0)
    stream.close()
  })

  test('tells those on a stream of its own, when its process is to go', async () => {
    const draining = new Event()
    const listener = await tcp.listen({ port: 0 })
    const serving = spawn(async () => {
      const stream = await listener.accept()
      await serveStream(stream, (request) => acceptWebSocket(request, echo), { draining })
    })
    const socket = await connectWebSocket(`ws://127.0.0.1:${listener.port}/`)
    await socket.send('still here')
    expect(await socket.receive()).toBe('still here')
    draining.set()
    await socket.untilClosed()
    expect(socket.closeCode).toBe(1001)
    await serving.join()
    listener.close()
  })
})
