/** Pairs, pipes, and descriptors that somebody else opened. */
import { execFileSync, spawn as startChild } from 'node:child_process'
import { closeSync, constants, fstatSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { expectNoDescriptorLeak, runProgram, temporaryFolder } from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  fromDescriptor,
  inParallel,
  interruptible,
  Pipe,
  pipe,
  socketPair,
  spawn,
  tcp,
  UdpSocket,
} from '../../src/index.js'
import { native } from '../../src/native.js'
import { digest, drain, failureOf, outcomeOf, patterned, tcpPair, untilIn } from './connections.js'

const adopts = new URL('../programs/adopts.mjs', import.meta.url)
let folder: Awaited<ReturnType<typeof temporaryFolder>>

beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

test('a pair is connected both ways', async () => {
  const [one, other] = socketPair()
  await one.send('there')
  await other.send('back')
  expect(String(await other.recv())).toBe('there')
  expect(String(await one.recv())).toBe('back')
  one.shutdown()
  expect(await other.recv()).toHaveLength(0)
  await other.send('still')
  expect(String(await one.recv())).toBe('still')
  one.close()
  other.close()
})

test('20 MB go through a pair and through a pipe unchanged', { timeout: 30_000 }, async () => {
  const bytes = patterned(20 * 1024 * 1024)
  const [one, other] = socketPair()
  const { reader, writer } = pipe()
  for (const { from, to } of [
    { from: one, to: other },
    { from: writer, to: reader },
  ]) {
    const [received] = await inParallel([
      () => drain(to),
      async () => {
        await from.sendv([bytes.subarray(0, 7), bytes.subarray(7)])
        from.close()
      },
    ])
    expect(digest(received)).toBe(digest(bytes))
    to.close()
  }
})

test('a pipe goes one way only', async () => {
  const { reader, writer } = pipe()
  expect(await failureOf(() => reader.send('x'))).toMatchObject({ code: 'EBADF', syscall: 'write' })
  expect(await failureOf(() => writer.recv())).toMatchObject({ code: 'EBADF', syscall: 'read' })
  await writer.send('x')
  expect(String(await reader.recv())).toBe('x')
  reader.close()
  writer.close()
})

test('a pipe whose writer closes ends, and one whose reader closes is EPIPE', async () => {
  const first = pipe()
  await first.writer.send('last')
  first.writer.close()
  expect(String(await drain(first.reader))).toBe('last')
  first.reader.close()
  const second = pipe()
  second.reader.close()
  expect(await failureOf(() => second.writer.send('x'))).toMatchObject({ code: 'EPIPE' })
  expect(await failureOf(() => second.writer.sendv(['x', 'y']))).toMatchObject({ code: 'EPIPE' })
  second.writer.close()
})

test('a writer that waits for room in a pipe gets EPIPE when the reader closes', async () => {
  const { reader, writer } = pipe()
  const sending = spawn(() => writer.send(Buffer.alloc(1_000_000)))
  await untilIn(sending, 'send')
  reader.close()
  expect(await outcomeOf(sending)).toMatchObject({ code: 'EPIPE' })
  writer.close()
})

test('shutting a pipe down closes it', async () => {
  const { reader, writer } = pipe()
  writer.shutdown()
  expect(writer.isClosed).toBe(true)
  expect(await reader.recv()).toHaveLength(0)
  reader.close()
})

test('the two ends of a FIFO are adopted, and closed with their streams', async () => {
  const path = join(folder.path, 'fifo')
  execFileSync('mkfifo', [path])
  const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writing = openSync(path, constants.O_WRONLY)
  const reader = fromDescriptor(reading)
  const writer = fromDescriptor(writing)
  expect(reader).toBeInstanceOf(Pipe)
  expect(reader.fd).toBe(reading)
  const bytes = patterned(500_000)
  const sending = spawn(() => writer.send(bytes))
  const receiving = spawn(() => drain(reader))
  await sending.join()
  writer.close()
  expect(digest(await receiving.join())).toBe(digest(bytes))
  reader.close()
  expect(() => fstatSync(reading)).toThrow(expect.objectContaining({ code: 'EBADF' }))
  expect(() => fstatSync(writing)).toThrow(expect.objectContaining({ code: 'EBADF' }))
})

test('what was written before a pipe was adopted is read', async () => {
  const path = join(folder.path, 'early')
  execFileSync('mkfifo', [path])
  const fd = openSync(path, constants.O_RDWR)
  writeSync(fd, 'early')
  const both = fromDescriptor(fd)
  expect(String(await both.recv())).toBe('early')
  await both.send('late')
  expect(String(await both.recv())).toBe('late')
  both.close()
})

test("a file and a directory, which are always ready, are EPERM and stay the caller's", () => {
  const path = join(folder.path, 'file')
  writeFileSync(path, 'text')
  for (const [name, flags] of [
    [path, constants.O_RDWR],
    [folder.path, constants.O_RDONLY],
  ] as const) {
    const fd = openSync(name, flags)
    expect(() => fromDescriptor(fd)).toThrow(expect.objectContaining({ code: 'EPERM', syscall: 'adopt' }))
    closeSync(fd)
  }
})

test('a device that is always ready is refused at once, or read without waiting', async () => {
  // epoll refuses it when it is asked; kqueue is asked later, and what it refuses is tried all the same.
  const fd = openSync('/dev/null', 'r')
  let outcome: unknown
  try {
    const device = fromDescriptor(fd)
    outcome = (await device.recv()).length
    device.close()
  } catch (error) {
    outcome = (error as { code: string }).code
    closeSync(fd)
  }
  expect([0, 'EPERM']).toContain(outcome)
})

test('a number that is not open is EBADF, and one that is ours already EEXIST', async () => {
  const fd = openSync(join(folder.path, 'file'), 'w')
  closeSync(fd)
  expect(() => fromDescriptor(fd)).toThrow(expect.objectContaining({ code: 'EBADF' }))
  expect(() => fromDescriptor(2 ** 31 - 1)).toThrow(expect.objectContaining({ code: 'EBADF' }))
  const [one, other] = socketPair()
  const { reader, writer } = pipe()
  using listener = tcp.listen({ port: 0 })
  for (const ours of [one, reader, writer, listener]) {
    expect(() => fromDescriptor(ours.fd)).toThrow(expect.objectContaining({ code: 'EEXIST' }))
  }
  await one.send('unharmed')
  expect(String(await other.recv())).toBe('unharmed')
  for (const stream of [one, other, reader, writer]) stream.close()
})

test('a socket of datagrams is refused', () => {
  using udp = new UdpSocket()
  expect(() => fromDescriptor(udp.fd)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
})

test('refusals leave no descriptor behind and none of ours less', async () => {
  await expectNoDescriptorLeak(() => {
    for (let round = 0; round < 10; round++) {
      const fd = openSync(folder.path, 'r')
      expect(() => fromDescriptor(fd)).toThrow(expect.objectContaining({ code: 'EPERM' }))
      closeSync(fd)
    }
  })
  const before = native.openCount()
  const [one, other] = socketPair()
  expect(native.openCount()).toBe(before + 2)
  one.close()
  other.close()
  other.close()
  expect(native.openCount()).toBe(before)
})

test('a program started by Node adopts its standard input as a socket, which it is', async () => {
  const { stdout, stderr, code } = await runProgram(adopts, { stdin: 'hello\n' })
  expect({ stdout, stderr, code }).toEqual({
    stdout: 'Socket plain non-blocking: hello\n',
    stderr: '',
    code: 0,
  })
})

test('a program in a shell pipeline adopts its standard input as a pipe', () => {
  const command = `printf hello | "${process.execPath}" "${fileURLToPath(adopts)}"`
  expect(execFileSync('sh', ['-c', command], { encoding: 'utf8' })).toBe('Pipe plain non-blocking: hello\n')
})

test('a terminal is read line by line, and the flags it shares with the shell are left alone', () => {
  const command = `"${process.execPath}" "${fileURLToPath(adopts)}"`
  const output = execFileSync('script', ['-qefc', command, '/dev/null'], {
    input: 'typed\n',
    encoding: 'utf8',
  })
  expect(output).toContain('Pipe terminal blocking: typed')
})

test('a connection that a parent process handed down is a socket, and ends when both have closed it', async () => {
  const { client, server } = await tcpPair()
  const child = startChild(process.execPath, [fileURLToPath(adopts)], {
    stdio: [server.fd, 'pipe', 'inherit'],
  })
  server.close()
  const output = spawn(() => drain(outputOf(child.stdout as Readable)))
  await client.send('handed down')
  client.shutdown()
  expect(String(await output.join())).toBe('Socket plain non-blocking: handed down\n')
  expect(await client.recv()).toHaveLength(0)
  client.close()
})

/** What a child writes, as something `drain` reads. */
function outputOf(output: Readable): { recv(): Promise<Buffer> } {
  const blocks = output[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  return {
    recv: async () => {
      const next = await interruptible(blocks.next())
      return next.done ? Buffer.alloc(0) : next.value
    },
  }
}
