/** Clients that are slow, or go away where nobody would: what they leave behind is nothing. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setExceptionNotifier, sleep, spawn, tcp } from '@shrapnel/core'
import { expectNoDescriptorLeak, seededRandom } from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Server, serve } from '../../src/index.js'
import { answers, body, get, post } from '../conversation.js'
import { answering, digest, patternBytes } from './answering.js'

let server: Server
let handling = 0
const failures: unknown[] = []

let before: ReturnType<typeof setExceptionNotifier>

beforeAll(async () => {
  // Whatever fails in the server without a request is a failure, too.
  before = setExceptionNotifier((error) => failures.push(error))
  server = await serve({ port: 0, onError: (error) => failures.push(error) }, async (request) => {
    handling++
    try {
      return await answering(request)
    } finally {
      handling--
    }
  })
})
afterAll(async () => {
  await server.stop({ graceMs: 5_000 })
  setExceptionNotifier(before)
})

const random = seededRandom(4_711)
const upTo = (limit: number): number => Math.floor(random() * limit)

/** Until the server has seen that they are gone. */
async function untilQuiet(): Promise<void> {
  while (server.connections > 0 || handling > 0) await sleep(1)
}

const BODY = patternBytes(100_000).toString('latin1')
const CHUNKED = `PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${'2710\r\n'}${BODY.slice(0, 10_000)}\r\n0\r\nX: y\r\n\r\n`
const CONVERSATIONS = [
  get('/hello') + get('/pieces?20') + get('/hello'),
  post(BODY, '', '/summary') + get('/hello'),
  post(BODY, '', '/echo'),
  post(BODY, 'Expect: 100-continue\r\n', '/unread') + get('/hello'),
  CHUNKED + CHUNKED,
  `${get('/upgrade', 'Connection: Upgrade\r\nUpgrade: echo\r\n')}hello`,
  get('/large?300000').repeat(3),
]

/** Sends a beginning of the bytes, receives a little or nothing, and goes: in order, with a reset, or with half a close first. */
async function comeAndGo(index: number): Promise<void> {
  const bytes = Buffer.from(CONVERSATIONS[index % CONVERSATIONS.length] as string, 'latin1')
  const conn = await tcp.connect('127.0.0.1', server.port)
  const sending = spawn(async () => {
    try {
      await conn.send(bytes.subarray(0, upTo(bytes.length + 1)))
      if (index % 4 === 0) await conn.shutdown()
    } catch {
      // The server was first.
    }
  })
  try {
    for (let left = upTo(20_000); left > 0; ) {
      const came = await Promise.race([conn.recv(1 + upTo(left)), sleep(2).then(() => Buffer.alloc(0))])
      if (came.length === 0) break
      left -= came.length
    }
  } catch {
    // It ended, or two wait: nothing more is received.
  }
  if (index % 3 === 0) conn.reset()
  else conn.close()
  await sending.join()
}

test('a thousand clients that go away anywhere leave nothing behind', async () => {
  await expectNoDescriptorLeak(async () => {
    for (let round = 0; round < 50; round++)
      await Promise.all(Array.from({ length: 20 }, (_, i) => comeAndGo(20 * round + i)))
    await untilQuiet()
  })
  expect(failures).toEqual([])
  const client = await tcp.connect('127.0.0.1', server.port)
  await client.send(get('/hello'))
  expect((await client.recv()).toString()).toContain('Hello, world!')
  client.close()
}, 60_000)

test('a client that resets in the middle of a body cancels the handler that waits for it', async () => {
  for (let i = 0; i < 50; i++) {
    const client = await tcp.connect('127.0.0.1', server.port)
    await client.send(post(BODY, '', '/summary').slice(0, -1 - i))
    while (handling === 0) await sleep(0)
    client.reset()
    await untilQuiet()
  }
  expect(failures).toEqual([])
})

const received = async (socket: Socket, isEnough: (text: string) => boolean): Promise<string> => {
  let text = ''
  for await (const bytes of socket) {
    text += (bytes as Buffer).toString('latin1')
    if (isEnough(text)) break
  }
  return text
}

test('a client that sends byte by byte is understood', async () => {
  const client = connect({ port: server.port, host: '127.0.0.1', noDelay: true })
  const sending = spawn(async () => {
    for (const byte of post('hello', '', '/summary')) {
      client.write(byte)
      await sleep(0)
    }
  })
  expect(JSON.parse(body(await received(client, answers(1))))).toMatchObject({ length: 5 })
  await sending.join()
})

test('a client that receives slowly gets all of it', async () => {
  const client = connect(server.port, '127.0.0.1')
  client.write(get('/large?3000000', 'Connection: close\r\n'))
  const pieces: Buffer[] = []
  let count = 0
  for await (const bytes of client) {
    pieces.push(bytes as Buffer)
    if (++count % 20 === 0) await sleep(0)
  }
  const all = Buffer.concat(pieces)
  expect(digest(all.subarray(all.indexOf('\r\n\r\n') + 4))).toBe(digest(patternBytes(3_000_000)))
})

test('a client that receives nothing does not keep others waiting', async () => {
  const idlers = Array.from({ length: 20 }, () => connect(server.port, '127.0.0.1'))
  for (const idler of idlers) {
    idler.on('error', () => {})
    idler.pause()
    idler.write(get('/large?3000000'))
  }
  const client = connect(server.port, '127.0.0.1')
  client.write(get('/hello'))
  expect(body(await received(client, answers(1)))).toBe('Hello, world!')
  for (const idler of idlers) idler.resetAndDestroy()
  await Promise.all(idlers.map((idler) => (idler.destroyed ? undefined : once(idler, 'close'))))
  client.destroy()
  await untilQuiet()
  expect(server.connections).toBe(0)
})
