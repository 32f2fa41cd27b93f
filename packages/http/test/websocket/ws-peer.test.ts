/** Against the npm package `ws`, both ways round, plain and compressed. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { interruptible, spawn } from '@shrapnel/core'
import { afterAll, describe, expect, test } from 'vitest'
import WebSocket, { WebSocketServer } from 'ws'
import { acceptWebSocket, connectWebSocket, serve, type WebSocketConnection } from '../../src/index.js'

const LENGTHS = [0, 1, 125, 126, 127, 1_000, 65_535, 65_536, 65_537, 1_000_000]
const message = (length: number, isText: boolean): string | Buffer =>
  isText ? 'é'.repeat(length >> 1).padEnd(length - (length >> 1), 'x') : Buffer.alloc(length, length & 255)

async function echo(socket: WebSocketConnection): Promise<void> {
  for await (const received of socket) await socket.send(received)
}

const ends: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const end of ends) await end()
})

async function ourServer(options: object): Promise<string> {
  const server = await serve({ port: 0 }, (request) => acceptWebSocket(request, options, echo))
  ends.push(() => server.stop({ graceMs: 200 }))
  return `ws://127.0.0.1:${server.port}/`
}

async function theirServer(options: object, onConnection: (socket: WebSocket) => void): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options })
  await once(server, 'listening')
  ends.push(async () => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  server.on('connection', onConnection)
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

async function theirClient(url: string, options: object, protocols: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(url, protocols, options)
  await once(socket, 'open')
  return socket
}

const theirEcho = (socket: WebSocket): void => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
}

describe.each([
  ['plain', false, false],
  ['with compression', true, true],
  [
    'with a small window',
    { maxWindowBits: 9, thresholdBytes: 0 },
    { serverMaxWindowBits: 9, clientMaxWindowBits: 9, threshold: 0 },
  ],
  ['with compression of one side', true, false],
])('%s', (_how, ours, theirs) => {
  test('a client of ws is echoed, message by message', async () => {
    const socket = await theirClient(await ourServer({ compression: ours, recycleMessages: true }), {
      perMessageDeflate: theirs,
    })
    expect(socket.extensions).toBe(ours !== false && theirs !== false ? 'permessage-deflate' : '')
    for (const length of LENGTHS)
      for (const isText of [true, false]) {
        const sent = message(length, isText)
        socket.send(sent)
        const [data, isBinary] = (await once(socket, 'message')) as [Buffer, boolean]
        expect(isBinary).toBe(!isText)
        expect(data.equals(Buffer.from(sent as string)), `${length}`).toBe(true)
      }
    socket.close(4001, 'enough')
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
    expect([code, reason.toString()]).toEqual([4001, 'enough'])
  })

  test('all at once', async () => {
    const socket = await theirClient(await ourServer({ compression: ours }), { perMessageDeflate: theirs })
    const got: Buffer[] = []
    socket.on('message', (data) => got.push(data as Buffer))
    for (const length of LENGTHS) socket.send(message(length, false))
    while (got.length < LENGTHS.length) await once(socket, 'message')
    expect(got.map((data) => data.length)).toEqual(LENGTHS)
    socket.terminate()
  })

  test('a server of ws echoes what our client sends', async () => {
    const url = await theirServer({ perMessageDeflate: theirs }, theirEcho)
    const socket = await connectWebSocket(url, { compression: ours })
    for (const length of LENGTHS)
      for (const isText of [true, false]) {
        const sent = message(length, isText)
        const sending = spawn(() => socket.send(sent))
        const received = await socket.receive()
        expect(typeof received).toBe(typeof sent)
        expect(Buffer.from(received as string).equals(Buffer.from(sent as string)), `${length}`).toBe(true)
        await sending.join()
      }
    expect(await socket.ping()).toBeGreaterThan(0)
    await socket.close(4001, 'enough')
    expect(socket).toMatchObject({ closeCode: 4001, isOpen: false })
  })
})

describe('ws', () => {
  test('sends fragments, with pings between, and gets its pong', async () => {
    const socket = await theirClient(await ourServer({}), {})
    for (const [part, isFinal] of [
      ['one ', false],
      ['two ', false],
      ['three', true],
    ] as const) {
      socket.send(part, { fin: isFinal })
      if (!isFinal) socket.ping(part)
    }
    const pong = once(socket, 'pong')
    const [data] = (await once(socket, 'message')) as [Buffer]
    expect(data.toString()).toBe('one two three')
    await pong
    socket.terminate()
  })

  test('takes our fragments', async () => {
    let fragments = 0
    const url = await theirServer({}, (socket) => {
      theirEcho(socket)
      socket.on('message', () => fragments++)
    })
    const socket = await connectWebSocket(url, { fragmentBytes: 1_000 })
    const sent = Buffer.alloc(100_000, 'f')
    await socket.send(sent)
    expect(((await socket.receive()) as Buffer).equals(sent)).toBe(true)
    expect(fragments).toBe(1)
    await socket.close()
  })

  test.each([
    ['a code and a reason', 4242, 'so long'],
    ['the usual code', 1000, ''],
  ])('closes with %s, which our client hears', async (_what, code, reason) => {
    const url = await theirServer({}, (socket) => socket.close(code, reason))
    const socket = await connectWebSocket(url)
    for await (const received of socket) expect(received).toBeUndefined()
    expect(socket).toMatchObject({ closeCode: code, closeReason: reason })
    await socket.untilClosed()
  })

  test('that is terminated is lost', async () => {
    const url = await theirServer({}, (socket) => socket.terminate())
    const socket = await connectWebSocket(url)
    await expect(async () => socket.receive()).rejects.toMatchObject({ code: 'WS_LOST' })
  })

  test('hears with which code a session ends', async () => {
    const server = await serve({ port: 0, onError: () => {} }, (request) =>
      acceptWebSocket(request, async (socket) => {
        const what = await socket.receive()
        if (what === 'close') await socket.close(3001, 'by itself')
      }),
    )
    ends.push(() => server.stop({ graceMs: 200 }))
    const url = `ws://127.0.0.1:${server.port}/`
    for (const [what, code] of [
      ['return', 1000],
      ['close', 3001],
    ] as const) {
      const socket = await theirClient(url, {})
      socket.send(what)
      const [got] = (await once(socket, 'close')) as [number]
      expect(got).toBe(code)
    }
    const socket = await theirClient(url, {})
    server.close()
    const [got] = (await once(socket, 'close')) as [number]
    expect(got).toBe(1001)
  })

  test('chooses from the subprotocols of our client', async () => {
    const url = await theirServer({ handleProtocols: () => 'second' }, theirEcho)
    await using socket = await connectWebSocket(url, { protocols: ['first', 'second'] })
    expect(socket.protocol).toBe('second')
  })

  test('that reads nothing makes our send wait', async () => {
    const client: { socket?: WebSocket } = {}
    let sent = 0
    let isOver = false
    const server = await serve({ port: 0 }, (request) =>
      acceptWebSocket(request, async (socket) => {
        for (; sent < 300; sent++) await socket.send(Buffer.alloc(100_000))
        isOver = true
        await socket.receive()
      }),
    )
    ends.push(() => server.stop({ graceMs: 200 }))
    client.socket = await theirClient(`ws://127.0.0.1:${server.port}/`, {})
    client.socket.pause()
    let before = -1
    while (before !== sent) {
      before = sent
      await interruptible(new Promise((resolve) => setImmediate(() => setImmediate(resolve))))
    }
    expect(isOver).toBe(false)
    let got = 0
    client.socket.on('message', () => got++)
    client.socket.resume()
    while (got < 300) await once(client.socket, 'message')
    expect(sent).toBe(300)
    client.socket.terminate()
  })
})
