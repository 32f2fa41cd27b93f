/** Listening sockets that somebody else opened. */
import { spawn as startChild } from 'node:child_process'
import { closeSync, existsSync, fstatSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expectNoDescriptorLeak, temporaryFolder } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { interruptible, socketPair, spawn, tcp, UdpSocket, unix } from '../../src/index.js'
import { native } from '../../src/native.js'
import { drain, duplicate, failureOf, outcomeOf, pairOver, tcpPair, untilIn } from './connections.js'

const inherits = fileURLToPath(new URL('../programs/inherits-listener.mjs', import.meta.url))
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let lastName = 0

beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

const freshPath = (): string => join(folder.path, `s${++lastName}`)

/** What the program says on its standard output, and how it ends. */
async function child(args: readonly string[], listener: number): Promise<{ said: string; code: unknown }> {
  const started = startChild(process.execPath, [inherits, ...args], {
    stdio: ['ignore', 'pipe', 'inherit', listener],
  })
  let said = ''
  started.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const code = await interruptible(new Promise((resolve) => started.once('close', resolve)))
  return { said, code }
}

test.each([
  ['127.0.0.1', []],
  ['::1', []],
  ['127.0.0.1', ['exclusive']],
])('a child accepts on a listener that its parent opened on %s, and ends: %j', async (host, options) => {
  using ours = tcp.listen({ port: 0, host })
  const ending = spawn(() => child(['tcp', ...options], ours.fd))
  const client = await tcp.connect(host, ours.port)
  expect(String(await drain(client))).toBe('from the child')
  client.close()
  const { said, code } = await ending.join()
  expect(code).toBe(0)
  expect(JSON.parse(said)).toEqual({
    address: ours.address,
    port: ours.port,
    fd: 3,
    flags: 'non-blocking, closed on exec',
  })
  // It closed its own number, not the socket: ours goes on.
  const { client: again, server } = await pairOver(ours, () => tcp.connect(host, ours.port))
  again.close()
  server.close()
})

test("a child that accepts on its parent's UNIX listener leaves the file where it is", async () => {
  const path = freshPath()
  using ours = unix.listen({ path })
  const ending = spawn(() => child(['unix'], ours.fd))
  const client = await unix.connect(path)
  expect(String(await drain(client))).toBe('from the child')
  client.close()
  const { said, code } = await ending.join()
  expect(code).toBe(0)
  expect(JSON.parse(said)).toMatchObject({ port: 0, fd: 3 })
  expect(existsSync(path)).toBe(true)
})

test('a listener that was taken over is accepted from, cancelled, used again and closed like any other', async () => {
  using theirs = tcp.listen({ port: 0 })
  const fd = await duplicate(theirs.fd)
  const listener = tcp.listen({ fd })
  expect({ fd: listener.fd, address: listener.address }).toEqual({ fd, address: theirs.address })
  const accepting = spawn(() => listener.accept())
  await untilIn(accepting, 'accept')
  accepting.interrupt()
  expect(await outcomeOf(accepting)).toMatchObject({ code: 'INTERRUPTED' })
  const { client, server } = await pairOver(listener, () => tcp.connect('127.0.0.1', listener.port))
  expect(server.getOption('noDelay')).not.toBe(0)
  client.close()
  server.close()
  const last = spawn(() => listener.accept())
  await untilIn(last, 'accept')
  listener.close()
  expect(await outcomeOf(last)).toMatchObject({ code: 'CLOSED' })
  expect(() => fstatSync(fd)).toThrow(expect.objectContaining({ code: 'EBADF' }))
})

test('a UNIX listener that was taken over does not remove its file, and noDelay may be left out of it', async () => {
  const path = freshPath()
  using theirs = unix.listen({ path })
  const listener = unix.listen({ fd: await duplicate(theirs.fd) })
  const { client, server } = await pairOver(listener, () => unix.connect(path))
  client.close()
  server.close()
  listener.close()
  expect(existsSync(path)).toBe(true)
})

describe('what is no listener is refused and left alone', () => {
  const refused = expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' })

  test('a number that is not open is EBADF, and a file ENOTSOCK', () => {
    const fd = openSync(folder.path, 'r')
    for (const listen of [tcp.listen, unix.listen])
      expect(() => listen({ fd })).toThrow(expect.objectContaining({ code: 'ENOTSOCK' }))
    closeSync(fd)
    for (const listen of [tcp.listen, unix.listen])
      expect(() => listen({ fd })).toThrow(expect.objectContaining({ code: 'EBADF', syscall: 'getsockname' }))
  })

  test('a connection is no listener, and goes on', async () => {
    const { client, server } = await tcpPair()
    const [one, other] = socketPair()
    for (const [socket, listen] of [
      [server, tcp.listen],
      [one, unix.listen],
    ] as const) {
      const fd = await duplicate(socket.fd)
      expect(() => listen({ fd })).toThrow(refused)
      closeSync(fd)
    }
    await client.send('unharmed')
    expect(String(await server.recv())).toBe('unharmed')
    for (const socket of [client, server, one, other]) socket.close()
  })

  test('a socket of datagrams is no listener', async () => {
    using udp = new UdpSocket()
    const fd = await duplicate(udp.fd)
    expect(() => tcp.listen({ fd })).toThrow(refused)
    closeSync(fd)
  })

  test('a listener of the other kind is out of range, and one that is ours already EEXIST', () => {
    using overTcp = tcp.listen({ port: 0 })
    using overUnix = unix.listen({ path: freshPath() })
    expect(() => tcp.listen({ fd: overUnix.fd })).toThrow(refused)
    expect(() => unix.listen({ fd: overTcp.fd })).toThrow(refused)
    const ours = expect.objectContaining({ code: 'EEXIST' })
    expect(() => tcp.listen({ fd: overTcp.fd })).toThrow(ours)
    expect(() => unix.listen({ fd: overUnix.fd })).toThrow(ours)
  })

  test('no refusal opens or closes anything', async () => {
    const fd = openSync(folder.path, 'r')
    using listener = tcp.listen({ port: 0 })
    const before = native.openCount()
    await expectNoDescriptorLeak(() => {
      for (const wrong of [fd, listener.fd, 2 ** 31 - 1]) expect(() => tcp.listen({ fd: wrong })).toThrow()
    })
    expect(native.openCount()).toBe(before)
    closeSync(fd)
  })
})

test.each([
  ['port', { port: 80 }],
  ['host', { host: '127.0.0.1' }],
  ['path', { path: 's' }],
  ['backlog', { backlog: 5 }],
  ['reusePort', { reusePort: true }],
  ['mode', { mode: 0o600 }],
])('fd stands alone: it does not go with %s', async (other, option) => {
  const error = { code: 'ERR_INCOMPATIBLE_OPTION_PAIR', message: expect.stringContaining(other) }
  for (const listen of [tcp.listen, unix.listen])
    expect(await failureOf(() => listen({ fd: 3, ...option }))).toMatchObject(error)
})
