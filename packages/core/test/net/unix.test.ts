/** UNIX sockets: paths, abstract names, permissions, stale files, full queues. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expectNoDescriptorLeak, temporaryFolder } from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Socket, spawn, tcp, unix } from '../../src/index.js'
import {
  digest,
  failureOf,
  outcomeOf,
  pairOver,
  patterned,
  take,
  turns,
  unixPair,
  untilIn,
} from './connections.js'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let lastName = 0

beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

function freshPath(): string {
  return join(folder.path, `s${++lastName}`)
}

test('bytes travel both ways over a path', async () => {
  const { client, server } = await unixPair(freshPath())
  const bytes = patterned(2_000_000)
  const sending = spawn(() => client.send(bytes))
  expect(digest(await take(server, bytes.length))).toBe(digest(bytes))
  await sending.join()
  await server.send('back')
  expect(String(await client.recv())).toBe('back')
  client.close()
  expect(await server.recv()).toHaveLength(0)
  server.close()
})

test('a UNIX socket has no internet address, and its waits name the path', async () => {
  const path = freshPath()
  using listener = unix.listen({ path })
  expect(listener.address).toBeUndefined()
  expect(listener.port).toBe(0)
  const accepting = spawn(() => listener.accept())
  await untilIn(accepting, 'accept')
  expect(accepting.waitingOn).toBe(`accept fd ${listener.fd} ${path}`)
  const client = await unix.connect(path)
  const server = await accepting.join()
  expect(client.localAddress).toBeUndefined()
  expect(client.remoteAddress).toBeUndefined()
  client.close()
  server.close()
})

test('an abstract name needs no file, and is free again when its listener is closed', async () => {
  const path = `\0shrapnel-${process.pid}-${++lastName}`
  for (let round = 0; round < 2; round++) {
    using listener = unix.listen({ path, mode: 0o600, replaceStale: true })
    const accepting = spawn(() => listener.accept())
    await untilIn(accepting, 'accept')
    expect(accepting.waitingOn).toBe(`accept fd ${listener.fd} @${path.slice(1)}`)
    const client = await unix.connect(path)
    const server = await accepting.join()
    await client.send('hello')
    expect(String(await server.recv())).toBe('hello')
    client.close()
    server.close()
  }
  await expect(unix.connect(path)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('a path of 107 bytes is taken and one of 108 is too long', async () => {
  const deep = join(folder.path, 'x'.repeat(107 - folder.path.length - 1))
  expect(Buffer.byteLength(deep)).toBe(107)
  const { client, server } = await unixPair(deep)
  client.close()
  server.close()
  expect(() => unix.listen({ path: `${deep}x` })).toThrow(
    expect.objectContaining({ code: 'ENAMETOOLONG', syscall: 'bind' }),
  )
  await expect(unix.connect(`${deep}x`)).rejects.toMatchObject({
    code: 'ENAMETOOLONG',
    syscall: 'connect',
    path: `${deep}x`,
  })
})

test('length is counted in bytes of UTF-8', () => {
  const path = join(folder.path, 'é'.repeat(60))
  expect(() => unix.listen({ path })).toThrow(expect.objectContaining({ code: 'ENAMETOOLONG' }))
})

test('an abstract name may be 108 bytes long', async () => {
  const name = `\0${`shrapnel-${process.pid}-`.padEnd(107, 'n')}`
  expect(Buffer.byteLength(name)).toBe(108)
  const { client, server } = await unixPair(name)
  client.close()
  server.close()
  expect(() => unix.listen({ path: `${name}n` })).toThrow(expect.objectContaining({ code: 'ENAMETOOLONG' }))
})

test('connecting says what is wrong with the path', async () => {
  await expect(unix.connect(join(folder.path, 'missing'))).rejects.toMatchObject({
    code: 'ENOENT',
    syscall: 'connect',
  })
  const file = join(folder.path, 'file')
  writeFileSync(file, '')
  await expect(unix.connect(file)).rejects.toMatchObject({ code: 'ECONNREFUSED', path: file })
  const stale = freshPath()
  unix.listen({ path: stale, unlinkOnClose: false }).close()
  await expect(unix.connect(stale)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('a failed connect leaves no descriptor', async () => {
  await expectNoDescriptorLeak(async () => {
    for (let i = 0; i < 20; i++) await failureOf(() => unix.connect(join(folder.path, 'missing')))
  })
})

test('a file that exists is EADDRINUSE, whatever it is', () => {
  const socket = freshPath()
  unix.listen({ path: socket, unlinkOnClose: false }).close()
  const file = freshPath()
  writeFileSync(file, 'kept')
  for (const path of [socket, file]) {
    expect(() => unix.listen({ path })).toThrow(expect.objectContaining({ code: 'EADDRINUSE', path }))
  }
})

test('a listener that closes takes its file along', () => {
  const path = freshPath()
  unix.listen({ path }).close()
  expect(existsSync(path)).toBe(false)
})

test('a listener that closes leaves the file of whoever took its place', async () => {
  const path = freshPath()
  const first = unix.listen({ path })
  unix.unlinkPath(path)
  using second = unix.listen({ path })
  first.close()
  const { client, server } = await pairOver(second, () => unix.connect(path))
  client.close()
  server.close()
})

test('replaceStale removes a socket nobody listens on', async () => {
  const path = freshPath()
  unix.listen({ path, unlinkOnClose: false }).close()
  expect(existsSync(path)).toBe(true)
  using listener = unix.listen({ path, replaceStale: true })
  const { client, server } = await pairOver(listener, () => unix.connect(path))
  client.close()
  server.close()
})

test('modules behind symbolic links are found where they are, also after a stale socket was replaced or removed', () => {
  const path = freshPath()
  const real = `${path}.real`
  mkdirSync(real)
  for (const name of ['one.cjs', 'two.cjs', 'three.cjs']) writeFileSync(join(real, name), '')
  symlinkSync(real, `${path}.link`)
  const { resolve } = createRequire(join(folder.path, 'main.cjs'))
  const found = (name: string): string => resolve(`${path}.link/${name}`)
  // Node knows the way there from here on.
  expect(found('one.cjs')).toBe(join(real, 'one.cjs'))
  unix.listen({ path, unlinkOnClose: false }).close()
  const listener = unix.listen({ path, replaceStale: true })
  expect(found('two.cjs')).toBe(join(real, 'two.cjs'))
  listener.close()
  expect(found('three.cjs')).toBe(join(real, 'three.cjs'))
})

test('replaceStale does not take a socket from whoever listens, nor touch another kind of file', async () => {
  const path = freshPath()
  using first = unix.listen({ path, backlog: 1 })
  expect(() => unix.listen({ path, replaceStale: true })).toThrow(
    expect.objectContaining({ code: 'EADDRINUSE' }),
  )
  // The question was a connection: the listener sees it come and go.
  const visitor = await first.accept()
  expect(await visitor.recv()).toHaveLength(0)
  visitor.close()
  const file = freshPath()
  writeFileSync(file, 'kept')
  const link = freshPath()
  symlinkSync(file, link)
  const directory = freshPath()
  mkdirSync(directory)
  for (const taken of [file, link, directory]) {
    expect(() => unix.listen({ path: taken, replaceStale: true })).toThrow(
      expect.objectContaining({ code: 'EADDRINUSE' }),
    )
    expect(existsSync(taken)).toBe(true)
  }
})

test('replaceStale does not take a socket whose queue is full', async () => {
  const path = freshPath()
  using listener = unix.listen({ path, backlog: 1 })
  const queued: Socket[] = []
  for (let i = 0; i < 2; i++) queued.push(await unix.connect(path))
  expect(() => unix.listen({ path, replaceStale: true })).toThrow(
    expect.objectContaining({ code: 'EADDRINUSE' }),
  )
  expect(listener.isClosed).toBe(false)
  for (const socket of queued) socket.close()
})

test('the file has the mode that was asked for, whatever the umask, and the umask stays', () => {
  const umask = process.umask()
  for (const mode of [0o600, 0o660, 0o777, 0o000]) {
    const path = freshPath()
    using _ = unix.listen({ path, mode })
    expect((lstatSync(path).mode & 0o777).toString(8)).toBe(mode.toString(8))
    expect(process.umask()).toBe(umask)
  }
})

test('a listener that cannot be opened leaves no descriptor and no file', async () => {
  const before = readdirSync(folder.path).length
  await expectNoDescriptorLeak(() => {
    expect(() => unix.listen({ path: join(folder.path, 'no', 'such', 'folder') })).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    )
    expect(() => unix.listen({ path: freshPath(), mode: 0o1000 })).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    )
    expect(() => unix.listen({ path: freshPath(), backlog: 0 })).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    )
  })
  expect(readdirSync(folder.path).length).toBe(before)
})

test('closing a listener removes its file, unless it was replaced or is to stay', async () => {
  const path = freshPath()
  unix.listen({ path }).close()
  expect(existsSync(path)).toBe(false)
  unix.listen({ path, unlinkOnClose: false }).close()
  expect(existsSync(path)).toBe(true)
  unix.unlinkPath(path)
  const first = unix.listen({ path })
  unix.unlinkPath(path)
  using second = unix.listen({ path })
  first.close()
  expect(existsSync(path)).toBe(true)
  const { client, server } = await pairOver(second, () => unix.connect(path))
  client.close()
  server.close()
})

test('a listener whose file is gone, or cannot be removed, closes all the same', () => {
  const gone = freshPath()
  const one = unix.listen({ path: gone })
  unix.unlinkPath(gone)
  one.close()
  expect(one.isClosed).toBe(true)
  const inFolder = freshPath()
  mkdirSync(inFolder)
  const other = unix.listen({ path: join(inFolder, 's') })
  renameSync(inFolder, `${inFolder}-elsewhere`)
  writeFileSync(inFolder, 'a file where a folder was')
  other.close()
  expect(other.isClosed).toBe(true)
})

test('unlinkPath removes a socket and nothing else', () => {
  const path = freshPath()
  unix.listen({ path }).close()
  unix.unlinkPath(path)
  expect(existsSync(path)).toBe(false)
  unix.unlinkPath(path)
  writeFileSync(path, 'kept')
  unix.unlinkPath(path)
  expect(existsSync(path)).toBe(true)
})

test('while the queue of a listener is full a connect waits, and goes on when there is room', async () => {
  const path = freshPath()
  using listener = unix.listen({ path, backlog: 1 })
  const queued: Socket[] = []
  for (let i = 0; i < 2; i++) queued.push(await unix.connect(path))
  const late = spawn(() => unix.connect(path))
  await untilIn(late, 'sleep')
  await turns(5)
  expect(late.isDead).toBe(false)
  const accepted = [await listener.accept()]
  const socket = await late.join()
  await socket.send('here at last')
  accepted.push(await listener.accept(), await listener.accept())
  expect(String(await (accepted[2] as Socket).recv())).toBe('here at last')
  for (const each of [...queued, ...accepted, socket]) each.close()
})

test('a connect cancelled before a full queue leaves no descriptor', async () => {
  const path = freshPath()
  using listener = unix.listen({ path, backlog: 1 })
  const queued: Socket[] = []
  for (let i = 0; i < 2; i++) queued.push(await unix.connect(path))
  await expectNoDescriptorLeak(async () => {
    const late = spawn(() => unix.connect(path))
    await untilIn(late, 'sleep')
    late.interrupt()
    expect(await outcomeOf(late)).toMatchObject({ code: 'INTERRUPTED' })
    expect(await failureOf(() => unix.connect(path, { timeoutMs: 5 }))).toMatchObject({ code: 'TIMEOUT' })
  })
  listener.close()
  for (const socket of queued) socket.close()
})

test('a listener that closes ends the wait before its full queue', async () => {
  const path = freshPath()
  const listener = unix.listen({ path, backlog: 1 })
  const queued: Socket[] = []
  for (let i = 0; i < 2; i++) queued.push(await unix.connect(path))
  const late = spawn(() => unix.connect(path))
  await untilIn(late, 'sleep')
  listener.close()
  expect(await outcomeOf(late)).toMatchObject({ code: 'ENOENT' })
  for (const socket of queued) socket.close()
})

test('TCP and UNIX listeners live side by side in one process', async () => {
  using inet = tcp.listen({ port: 0 })
  const path = freshPath()
  using local = unix.listen({ path })
  const one = await pairOver(inet, () => tcp.connect('127.0.0.1', inet.port))
  const two = await pairOver(local, () => unix.connect(path))
  await one.client.send('tcp')
  await two.client.send('unix')
  expect(String(await two.server.recv())).toBe('unix')
  expect(String(await one.server.recv())).toBe('tcp')
  for (const socket of [one.client, one.server, two.client, two.server]) socket.close()
})
