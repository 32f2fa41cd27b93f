/** Files and many parts on their way out. */
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inParallel, type Socket, socketPair, spawn } from '../../src/index.js'
import { native } from '../../src/native.js'
import {
  digest,
  drain,
  failureOf,
  fill,
  MORE_THAN_BUFFERS,
  outcomeOf,
  patterned,
  take,
  tcpPair,
  unixPair,
  untilIn,
} from './connections.js'

const bytes = patterned(MORE_THAN_BUFFERS)
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let file: FileHandle

beforeAll(async () => {
  folder = await temporaryFolder()
  file = await open(join(folder.path, 'file'), 'w+')
  await file.writeFile(bytes)
})
afterAll(async () => {
  await file.close()
  await folder.remove()
})

test('a whole file arrives unchanged, over TCP and over UNIX sockets, however slowly it is read', {
  timeout: 30_000,
}, async () => {
  for (const { client, server } of [await tcpPair(), await unixPair(join(folder.path, 's'))]) {
    const [sent, received] = await inParallel([
      async () => {
        const count = await client.sendFile(file)
        client.close()
        return count
      },
      () => drain(server, 50_000),
    ])
    expect(sent).toBe(bytes.length)
    expect(digest(received)).toBe(digest(bytes))
    server.close()
  }
})

test.each([
  ['from the beginning', 0, 10],
  ['from the middle', 5000, 70_000],
  ['of one byte', 1, 1],
  ['of nothing', 7, 0],
  ['up to the end', MORE_THAN_BUFFERS - 10, 10],
  ['past the end', MORE_THAN_BUFFERS - 10, 100],
  ['behind the end', MORE_THAN_BUFFERS + 10, 100],
  ['at the end', MORE_THAN_BUFFERS, Number.MAX_SAFE_INTEGER],
  ['far behind the end', 2 ** 40, 1],
] as const)('a stretch %s is what is sent, and its length what is said', async (_, offset, length) => {
  const { client, server } = await tcpPair()
  const expected = bytes.subarray(offset, Math.min(offset + length, bytes.length))
  expect(await client.sendFile(file, offset, length)).toBe(expected.length)
  client.close()
  expect((await drain(server)).equals(expected)).toBe(true)
  server.close()
})

test('a file is taken as a handle or a number, and its position stays', async () => {
  const { client, server } = await tcpPair()
  const own = await open(join(folder.path, 'file'))
  const { buffer } = await own.read(Buffer.alloc(4), 0, 4)
  expect(buffer.equals(bytes.subarray(0, 4))).toBe(true)
  expect(await client.sendFile(own.fd, 10, 5)).toBe(5)
  expect((await take(server, 5)).equals(bytes.subarray(10, 15))).toBe(true)
  const next = await own.read(Buffer.alloc(4), 0, 4)
  expect(next.buffer.equals(bytes.subarray(4, 8))).toBe(true)
  await own.close()
  client.close()
  server.close()
})

test('bytes before and behind a file stay in order', async () => {
  const { client, server } = await tcpPair()
  await client.send('<')
  await client.sendFile(file, 0, 3)
  await client.sendv(['>', '<'])
  await client.sendFile(file, 3, 3)
  await client.send('>')
  client.close()
  const expected = Buffer.concat([
    Buffer.from('<'),
    bytes.subarray(0, 3),
    Buffer.from('><'),
    bytes.subarray(3, 6),
    Buffer.from('>'),
  ])
  expect((await drain(server)).equals(expected)).toBe(true)
  server.close()
})

test("what is no file is the system's error, and the connection stays usable", async () => {
  const { client, server } = await tcpPair()
  const closed = await open(join(folder.path, 'file'))
  const { fd } = closed
  await closed.close()
  expect(await failureOf(() => client.sendFile(fd))).toMatchObject({ code: 'EBADF', syscall: 'sendfile' })
  const directory = await open(folder.path)
  expect(await failureOf(() => client.sendFile(directory))).toMatchObject({
    code: expect.stringMatching(/^E(INVAL|ISDIR)$/),
  })
  await directory.close()
  const writeOnly = await open(join(folder.path, 'other'), 'w')
  expect(await failureOf(() => client.sendFile(writeOnly))).toMatchObject({ code: 'EBADF' })
  await writeOnly.close()
  expect(await failureOf(() => client.sendFile(server.fd))).toMatchObject({ errno: expect.any(Number) })
  await client.send('fine')
  expect(String(await server.recv())).toBe('fine')
  client.close()
  server.close()
})

test('a sendFile cancelled half-way breaks the connection, and one that has not begun leaves it', async () => {
  const { client, server } = await tcpPair()
  const sending = spawn(() => client.sendFile(file))
  await untilIn(sending, 'sendFile')
  sending.interrupt()
  expect(await outcomeOf(sending)).toMatchObject({ code: 'INTERRUPTED' })
  expect(await failureOf(() => client.sendFile(file))).toMatchObject({ code: 'BROKEN' })
  expect(await failureOf(() => drain(server))).toMatchObject({ code: 'ECONNRESET' })
  server.close()

  const full = await tcpPair()
  const filling = spawn(() => full.client.send(bytes))
  await untilIn(filling, 'send')
  expect(await outcomeOf(spawn(() => full.client.sendFile(file)))).toMatchObject({ code: 'SIMULTANEOUS' })
  filling.shutdown()
  full.server.close()
})

describe('a file that takes several calls', () => {
  const { IPPROTO_TCP, TCP_CORK } = native.constants
  /** Whether the kernel holds back a segment that is not full. Where it cannot, it never does. */
  const isCorked = (socket: Socket) => {
    const value = new Int32Array(2)
    return native.getOption(socket.fd, IPPROTO_TCP, TCP_CORK, value) === 0 && value[0] !== 0
  }

  test('holds nothing back once it is sent, and while it is on its way sends full segments alone', async () => {
    const { client, server } = await tcpPair()
    const sending = spawn(() => client.sendFile(file))
    await untilIn(sending, 'sendFile')
    expect(isCorked(client)).toBe(TCP_CORK !== 0)
    expect(await take(server, bytes.length)).toHaveLength(bytes.length)
    expect(await sending.join()).toBe(bytes.length)
    expect(isCorked(client)).toBe(false)
    client.close()
    server.close()
  })

  test('holds nothing back after it has failed', async () => {
    const { client, server } = await tcpPair()
    const own = await open(join(folder.path, 'file'))
    const sending = spawn(() => client.sendFile(own))
    await untilIn(sending, 'sendFile')
    await own.close()
    const reading = spawn(() => drain(server))
    expect(await outcomeOf(sending)).toMatchObject({ code: 'EBADF', syscall: 'sendfile' })
    expect(isCorked(client)).toBe(false)
    client.close()
    await reading.join()
    server.close()
  })
})

test('a peer that resets in the middle of a file is an error of the system', async () => {
  const { client, server } = await tcpPair()
  const sending = spawn(() => client.sendFile(file))
  await untilIn(sending, 'sendFile')
  await take(server, 1000)
  server.reset()
  const { code } = (await outcomeOf(sending)) as { code: string }
  expect(['ECONNRESET', 'EPIPE']).toContain(code)
  client.close()
})

test('3000 parts, empty ones among them, arrive in order', async () => {
  const { client, server } = await tcpPair()
  const parts = Array.from({ length: 3000 }, (_, i) => (i % 7 === 0 ? '' : patterned(i % 50, i)))
  await client.sendv(parts)
  client.close()
  const expected = Buffer.concat(parts.map((part) => Buffer.from(part)))
  expect((await drain(server)).equals(expected)).toBe(true)
  server.close()
})

test('parts that the kernel takes in pieces arrive in order', { timeout: 30_000 }, async () => {
  const { client, server } = await tcpPair()
  const parts: Buffer[] = []
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7 + 13) % 300_000)
    parts.push(bytes.subarray(at, at + size))
  const [, received] = await inParallel([
    async () => {
      await client.sendv(parts)
      client.close()
    },
    () => drain(server, 30_000),
  ])
  expect(digest(received)).toBe(digest(bytes))
  server.close()
})

test.each([
  ['no part', []],
  ['empty parts alone', ['', new Uint8Array(0), '']],
  ['2000 empty parts', new Array<string>(2000).fill('')],
])('%s is nothing to send, also where the kernel takes no more', async (_, parts) => {
  const [one, other] = socketPair()
  const filler = await fill(one)
  await one.sendv(parts)
  await one.send('')
  expect(await one.sendFile(file, 0, 0)).toBe(0)
  expect(await take(other, filler)).toHaveLength(filler)
  await one.send('next')
  expect(String(await other.recv())).toBe('next')
  one.close()
  other.close()
})

test('a part that is no bytes is refused before anything is sent', async () => {
  const { client, server } = await tcpPair()
  expect(await failureOf(() => client.sendv(['sent?', 5 as unknown as string]))).toMatchObject({
    code: 'ERR_INVALID_ARG_TYPE',
  })
  await client.send('only this')
  expect(String(await server.recv())).toBe('only this')
  client.close()
  server.close()
})
