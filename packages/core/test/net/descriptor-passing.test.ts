/** Descriptors and credentials through UNIX sockets. */
import { execFileSync } from 'node:child_process'
import { closeSync, fstatSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expectNoDescriptorLeak, temporaryFolder } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fromDescriptor, Socket, socketPair, spawn, tcp, unix, withTimeout } from '../../src/index.js'
import { native } from '../../src/native.js'
import { failureOf, fill, outcomeOf, take, tcpPair, unixPair, until, untilIn } from './connections.js'
import { compileOddPeer, OddPeer } from './odd-peer.js'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let oddPeer: string
let lastName = 0

beforeAll(async () => {
  folder = await temporaryFolder()
  oddPeer = compileOddPeer()
}, 60_000)
afterAll(async () => {
  rmSync(oddPeer, { force: true })
  await folder.remove()
})

const freshPath = (): string => join(folder.path, `s${++lastName}`)

function openFile(text: string): number {
  const path = freshPath()
  writeFileSync(path, text)
  return openSync(path, 'r')
}

function textOf(fd: number): string {
  const block = Buffer.alloc(100)
  return block.toString('utf8', 0, readSync(fd, block, 0, 100, 0))
}

const CLOSE_ON_EXEC = 0o2000000

test('a file arrives under another number, closed on exec, and outlives the sender’s own', async () => {
  const { client, server } = await unixPair(freshPath())
  const file = openFile('the text')
  await client.sendDescriptor(file)
  expect(textOf(file)).toBe('the text')
  closeSync(file)
  const received = await server.receiveDescriptor()
  expect(textOf(received)).toBe('the text')
  const [, flags] = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${received}`, 'latin1')) ?? []
  expect(Number.parseInt(flags as string, 8) & CLOSE_ON_EXEC).toBe(CLOSE_ON_EXEC)
  closeSync(received)
  client.close()
  server.close()
})

test('a TCP connection is handed over and goes on with its new owner', async () => {
  const [from, to] = socketPair()
  const { client, server } = await tcpPair()
  await client.send('before ')
  await from.sendDescriptor(server.fd)
  server.close()
  const taken = fromDescriptor(await to.receiveDescriptor())
  expect(taken).toBeInstanceOf(Socket)
  await client.send('after')
  expect(String(await take(taken, 12))).toBe('before after')
  await taken.send('answer')
  expect(String(await client.recv())).toBe('answer')
  for (const socket of [client, taken, from, to]) socket.close()
})

test('two hundred arrive in their order, between bytes that keep theirs', async () => {
  await expectNoDescriptorLeak(async () => {
    const [from, to] = socketPair()
    const files = ['0', '1', '2'].map(openFile)
    const sending = spawn(async () => {
      for (let i = 0; i < 200; i++) {
        await from.sendDescriptor(files[i % 3] as number)
        await from.send(`<${i}>`)
      }
      from.close()
    })
    for (let i = 0; i < 200; i++) {
      const fd = await to.receiveDescriptor()
      expect(textOf(fd)).toBe(String(i % 3))
      closeSync(fd)
      expect(String(await to.recvExact(`<${i}>`.length))).toBe(`<${i}>`)
    }
    await sending.join()
    expect(await failureOf(() => to.receiveDescriptor())).toMatchObject({ code: 'END_OF_STREAM' })
    for (const file of files) closeSync(file)
    to.close()
  })
})

describe('what is no descriptor', () => {
  test('the end of the stream is END_OF_STREAM, also for one who waits', async () => {
    const [from, to] = socketPair()
    const waiting = spawn(() => to.receiveDescriptor())
    await untilIn(waiting, 'receiveDescriptor')
    from.close()
    expect(await outcomeOf(waiting)).toMatchObject({ code: 'END_OF_STREAM', partial: Buffer.alloc(0) })
    expect(await failureOf(() => to.receiveDescriptor())).toMatchObject({ code: 'END_OF_STREAM' })
    to.close()
  })

  test('a byte without one is NO_DESCRIPTOR, and is there for recv', async () => {
    const [from, to] = socketPair()
    const waiting = spawn(() => to.receiveDescriptor())
    await untilIn(waiting, 'receiveDescriptor')
    await from.send('bytes')
    expect(await outcomeOf(waiting)).toMatchObject({ code: 'NO_DESCRIPTOR' })
    for (let i = 0; i < 2; i++)
      expect(await failureOf(() => to.receiveDescriptor())).toMatchObject({ code: 'NO_DESCRIPTOR' })
    expect(String(await take(to, 5))).toBe('bytes')
    await from.sendDescriptor(from.fd)
    closeSync(await to.receiveDescriptor())
    from.close()
    to.close()
  })

  test('a recv in its place gets the byte, and the descriptor is closed by the kernel', async () => {
    await expectNoDescriptorLeak(async () => {
      const [from, to] = socketPair()
      for (let i = 0; i < 20; i++) {
        await from.sendDescriptor(from.fd)
        expect(await to.recv()).toEqual(Buffer.of(0))
      }
      from.close()
      to.close()
    })
  })
})

describe('a hostile peer', () => {
  test.each([2, 200, 253])('that sends %i in one message is LIMIT, and none stays open', async (count) => {
    const path = freshPath()
    using listener = unix.listen({ path })
    await expectNoDescriptorLeak(async () => {
      using peer = new OddPeer(oddPeer, `rights-${count}`, path)
      using connection = await listener.accept()
      await until(() => peer.output === 'done\n')
      const error = await failureOf(() => connection.receiveDescriptor())
      expect(error).toMatchObject({ code: 'LIMIT', limit: 'descriptors' })
      expect(String(error)).toContain(String(count))
      // The message behind it is untouched.
      expect(String(await withTimeout(2000, () => connection.recv()))).toBe('b')
      connection.close()
      await peer.ended()
    })
  })

  test('that puts one beside more bytes has the bytes behind it read as bytes', async () => {
    const path = freshPath()
    using listener = unix.listen({ path })
    using peer = new OddPeer(oddPeer, 'rights', path)
    using connection = await listener.accept()
    await until(() => peer.output === 'done\n')
    closeSync(await connection.receiveDescriptor())
    expect(await failureOf(() => connection.receiveDescriptor())).toMatchObject({ code: 'NO_DESCRIPTOR' })
    expect(String(await connection.recv())).toBe('b')
  })

  test('that closed is EPIPE, and the descriptor stays ours', async () => {
    const [from, to] = socketPair()
    to.close()
    const file = openFile('ours')
    for (let i = 0; i < 2; i++)
      expect(await failureOf(() => from.sendDescriptor(file))).toMatchObject({
        code: 'EPIPE',
        syscall: 'sendmsg',
      })
    expect(textOf(file)).toBe('ours')
    closeSync(file)
    from.close()
  })

  test('that closes with unread bytes while one waits to send fails the wait', async () => {
    const [from, to] = socketPair()
    await fill(from)
    const file = openFile('ours')
    const waiting = spawn(() => from.sendDescriptor(file))
    await untilIn(waiting, 'sendDescriptor')
    to.close()
    expect((await outcomeOf(waiting)) as { code: string }).toMatchObject({
      code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/),
    })
    expect(textOf(file)).toBe('ours')
    closeSync(file)
    from.close()
  })
})

test('a number that is not open is EBADF, and nothing was sent, however full the socket is', async () => {
  const [from, to] = socketPair()
  const fd = openFile('')
  closeSync(fd)
  expect(await failureOf(() => from.sendDescriptor(fd))).toMatchObject({ code: 'EBADF', syscall: 'sendmsg' })
  const filled = await fill(from)
  expect(await failureOf(() => from.sendDescriptor(fd))).toMatchObject({ code: 'EBADF', syscall: 'sendmsg' })
  from.close()
  expect(await take(to, filled + 1)).toHaveLength(filled)
  to.close()
})

test('a send that was cancelled sent nothing, and a receive that was cancelled took nothing', async () => {
  const [from, to] = socketPair()
  const filled = await fill(from)
  const sending = spawn(() => from.sendDescriptor(from.fd))
  await untilIn(sending, 'sendDescriptor')
  sending.interrupt()
  expect(await outcomeOf(sending)).toMatchObject({ code: 'INTERRUPTED' })
  expect(await take(to, filled)).toHaveLength(filled)
  const receiving = spawn(() => to.receiveDescriptor())
  await untilIn(receiving, 'receiveDescriptor')
  receiving.interrupt()
  expect(await outcomeOf(receiving)).toMatchObject({ code: 'INTERRUPTED' })
  await from.sendDescriptor(from.fd)
  closeSync(await to.receiveDescriptor())
  from.close()
  to.close()
})

test('receiving shares its side with recv, and sending with send', async () => {
  const [from, to] = socketPair()
  await fill(from)
  const sending = spawn(() => from.sendDescriptor(from.fd))
  await untilIn(sending, 'sendDescriptor')
  expect(await failureOf(() => from.send('x'))).toMatchObject({ code: 'SIMULTANEOUS' })
  const receiving = spawn(() => from.receiveDescriptor())
  await untilIn(receiving, 'receiveDescriptor')
  for (const receive of [() => from.recv(), () => from.recvExact(2), () => from.receiveDescriptor()])
    expect(await failureOf(receive)).toMatchObject({ code: 'SIMULTANEOUS' })
  await to.sendDescriptor(to.fd)
  closeSync(await receiving.join())
  const gathering = spawn(() => from.recvExact(2))
  await untilIn(gathering, 'recv')
  expect(await failureOf(() => from.receiveDescriptor())).toMatchObject({ code: 'SIMULTANEOUS' })
  await to.send('xy')
  expect(String(await gathering.join())).toBe('xy')
  sending.interrupt()
  await outcomeOf(sending)
  from.close()
  to.close()
})

test('TCP carries neither descriptors nor credentials: NOT_UNIX, and nothing is sent', async () => {
  const { client, server } = await tcpPair()
  for (const call of [
    () => client.sendDescriptor(client.fd),
    () => client.receiveDescriptor(),
    () => client.peerCredentials(),
  ])
    expect(await failureOf(call)).toMatchObject({ code: 'NOT_UNIX' })
  await client.send('x')
  expect(String(await server.recv())).toBe('x')
  client.close()
  server.close()
})

test('a socket that is closed is CLOSED', async () => {
  const [from, to] = socketPair()
  from.close()
  for (const call of [
    () => from.sendDescriptor(to.fd),
    () => from.receiveDescriptor(),
    () => from.peerCredentials(),
  ])
    expect(await failureOf(call)).toMatchObject({ code: 'CLOSED' })
  to.close()
})

test('what the system has no more of is an error with its name, and nothing is lost by it', () => {
  const program = fileURLToPath(new URL('../programs/descriptor-limits.mjs', import.meta.url))
  const output = execFileSync('sh', ['-c', `ulimit -n 256 && exec "${process.execPath}" "${program}"`], {
    encoding: 'utf8',
    timeout: 50_000,
  })
  expect(output.split('\n')).toEqual([
    'ETOOMANYREFS sendmsg: sendmsg ETOOMANYREFS: too many descriptors sent and not received yet',
    'some were sent: true',
    'and again when those are received',
    'EMFILE',
    'EMFILE recvmsg: recvmsg EMFILE: too many open files',
    'EMFILE recvmsg: recvmsg EMFILE: too many open files',
    'and it is still there when a number is free',
    'END_OF_STREAM undefined: the stream ended where a descriptor was to come',
    '',
  ])
})

describe('credentials', () => {
  test('of a peer that connected are its own, and of a listener those it listened with', async () => {
    const { client, server } = await unixPair(freshPath())
    const ours = { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() }
    expect(server.peerCredentials()).toEqual(ours)
    expect(client.peerCredentials()).toEqual(ours)
    client.close()
    expect(server.peerCredentials()).toEqual(ours)
    server.close()
    const [one, other] = socketPair()
    expect(one.peerCredentials()).toEqual(ours)
    one.close()
    other.close()
  })

  test('of another process name that process', async () => {
    const path = freshPath()
    using listener = unix.listen({ path })
    using peer = new OddPeer(oddPeer, 'rights', path)
    using connection = await listener.accept()
    expect(connection.peerCredentials()).toMatchObject({ pid: peer.pid, uid: process.getuid?.() })
  })

  test('of nobody are ENOTCONN', () => {
    const { AF_UNIX, SOCK_STREAM } = native.constants
    const fd = native.socket(AF_UNIX, SOCK_STREAM, 0)
    native.watch(fd)
    const lonely = new Socket(fd, true)
    expect(() => lonely.peerCredentials()).toThrow(expect.objectContaining({ code: 'ENOTCONN' }))
    lonely.close()
    expect(() => fstatSync(fd)).toThrow(expect.objectContaining({ code: 'EBADF' }))
  })
})

test('a listener is handed over, and accepts under its new number', async () => {
  const [from, to] = socketPair()
  const listener = tcp.listen({ port: 0 })
  await from.sendDescriptor(listener.fd)
  listener.close()
  using taken = tcp.listen({ fd: await to.receiveDescriptor() })
  const connecting = spawn(() => tcp.connect('127.0.0.1', taken.port))
  const accepted = await taken.accept()
  accepted.close()
  const client = await connecting.join()
  for (const socket of [client, from, to]) socket.close()
})
