/** The addon's calls, straight: what they own, what they refuse, and what they leave alone. */
import { closeSync, fstatSync, openSync } from 'node:fs'
import { constants as os } from 'node:os'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
// Starts the loop, as every program does.
import '../../src/index.js'
import { EAGAIN, EINVAL, native } from '../../src/native.js'

const { AF_INET, SOCK_DGRAM, SOCK_STREAM } = native.constants
const EBADF = -os.errno.EBADF
const ownSource = fileURLToPath(import.meta.url)

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd)
    return true
  } catch {
    return false
  }
}

test('a descriptor is counted from its making to its close, and closed once', () => {
  const before = native.openCount()
  const fd = native.socket(AF_INET, SOCK_STREAM, 0)
  expect(native.openCount()).toBe(before + 1)
  expect(native.close(fd)).toBe(0)
  expect(native.openCount()).toBe(before)
  expect(isOpen(fd)).toBe(false)
  expect(native.close(fd)).toBe(EBADF)
})

test('a descriptor of somebody else is neither closed nor watched', () => {
  const fd = openSync(ownSource, 'r')
  expect(native.close(fd)).toBe(EBADF)
  expect(native.watch(fd)).toBe(EBADF)
  expect(isOpen(fd)).toBe(true)
  closeSync(fd)
  for (const number of [-1, -2_000_000_000, 2 ** 31 - 1]) {
    expect(native.close(number)).toBe(EBADF)
    expect(native.watch(number)).toBe(EBADF)
  }
})

test('everything made is closed on exec and never blocks', () => {
  const [one, other] = native.socketPair(SOCK_STREAM)
  const [reader, writer] = native.pipe()
  const target = new Uint8Array(8)
  expect(native.read(one, target, 0, 8)).toBe(EAGAIN)
  expect(native.read(reader, target, 0, 8)).toBe(EAGAIN)
  const udp = native.socket(AF_INET, SOCK_DGRAM, 0)
  expect(native.receiveFrom(udp, target, new Uint8Array(129))).toBe(EAGAIN)
  for (const fd of [one, other, reader, writer, udp]) native.close(fd)
})

test('no call reads or writes beyond its buffer, whatever it is told', () => {
  const [one, other] = native.socketPair(SOCK_STREAM)
  const bytes = new Uint8Array([1, 2, 3, 4])
  expect(native.write(one, bytes, 0, 1000)).toBe(4)
  expect(native.write(one, bytes, 3, 2 ** 31 - 1)).toBe(1)
  expect(native.write(one, bytes, 4, 10)).toBe(0)
  for (const [offset, length] of [
    [-1, 1],
    [5, 1],
    [0, -1],
  ] as const) {
    expect(() => native.write(one, bytes, offset, length)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
    expect(() => native.read(other, bytes, offset, length)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
  }
  const target = new Uint8Array(3)
  expect(native.read(other, target, 1, 1000)).toBe(2)
  expect([...target]).toEqual([0, 1, 2])
  native.close(one)
  native.close(other)
})

test('a call on a closed number is EBADF, in every function that takes one', () => {
  // Opened first, so that it does not get the number that is free afterwards.
  const file = openSync(ownSource, 'r')
  const fd = native.socket(AF_INET, SOCK_STREAM, 0)
  native.close(fd)
  const bytes = new Uint8Array(8)
  const address = native.encodeInternet('127.0.0.1', 9) as Uint8Array
  const out = new Int32Array(2)
  const calls = {
    read: () => native.read(fd, bytes, 0, 8),
    write: () => native.write(fd, bytes, 0, 8),
    writev: () => native.writev(fd, [bytes], 0, 0),
    sendFile: () => native.sendFile(fd, file, 0, 1),
    sendTo: () => native.sendTo(fd, bytes, 0, 8, address),
    receiveFrom: () => native.receiveFrom(fd, bytes, new Uint8Array(129)),
    sendMany: () => native.sendMany(fd, bytes, new Int32Array([8]), 1),
    watch: () => native.watch(fd),
    watchExclusive: () => native.watchExclusive(fd),
    setAccepting: () => native.setAccepting(fd, 1),
    adopt: () => native.adopt(fd),
    adoptListener: () => native.adoptListener(fd),
    sendDescriptor: () => native.sendDescriptor(fd, 0),
    receiveDescriptor: () => native.receiveDescriptor(fd, new Int32Array(3)),
    peerCredentials: () => native.peerCredentials(fd, new Float64Array(3)),
    close: () => native.close(fd),
    bind: () => native.bind(fd, address),
    listen: () => native.listen(fd, 5),
    accept: () => native.accept(fd),
    connect: () => native.connect(fd, address),
    shutdown: () => native.shutdown(fd, native.constants.SHUT_WR),
    getOption: () => native.getOption(fd, native.constants.SOL_SOCKET, native.constants.SO_TYPE, out),
    setOption: () => native.setOption(fd, native.constants.SOL_SOCKET, native.constants.SO_KEEPALIVE, 1),
    setLinger: () => native.setLinger(fd, 0),
    socketName: () => native.socketName(fd),
    peerName: () => native.peerName(fd),
    watchAdd: () => native.watchAdd(fd, Buffer.from('.'), 1),
    watchRemove: () => native.watchRemove(fd, 1),
    watchRead: () => native.watchRead(fd, bytes),
  }
  for (const [name, call] of Object.entries(calls)) expect(call(), name).toBe(EBADF)
  closeSync(file)
})

test('a path with a NUL in it is not watched up to there', () => {
  const fd = native.watchOpen()
  expect(native.watchAdd(fd, Buffer.from('.\0x'), 2)).toBe(EINVAL)
  expect(native.watchRemove(fd, -1)).toBeLessThan(0)
  expect(native.watchRead(fd, new Uint8Array(0))).toBeLessThan(0)
  native.close(fd)
})

test('an address survives its encoding', () => {
  for (const [host, port] of [
    ['127.0.0.1', 0],
    ['255.255.255.255', 65_535],
    ['::', 1],
    ['::ffff:1.2.3.4', 80],
    ['2001:db8::1', 443],
    ['::1%lo', 5],
  ] as const) {
    const encoded = native.encodeInternet(host, port) as Uint8Array
    expect(native.decode(encoded).slice(1)).toEqual([host, port])
  }
  for (const path of ['/some/where', 'relative', '\0abstract', '\0', 'ü'.repeat(53)]) {
    expect(native.decode(native.encodeUnix(path) as Uint8Array)).toEqual([native.constants.AF_UNIX, path, 0])
  }
})

test('bytes that are no address are one without a name', () => {
  for (const bytes of [
    new Uint8Array(0),
    new Uint8Array(1),
    new Uint8Array(16),
    new Uint8Array(500).fill(0xff),
  ]) {
    expect(native.decode(bytes)[0]).toBe(0)
  }
})

test('a wrong argument is refused before anything is done', () => {
  const wrong = native as unknown as Record<string, (...args: unknown[]) => unknown>
  for (const [name, ...args] of [
    ['socket', 'x', SOCK_STREAM, 0],
    ['close'],
    ['close', '5'],
    ['encodeInternet', 5, 5],
    ['encodeInternet', 'x'],
    ['encodeUnix', undefined],
    ['accept', {}],
    ['shutdown', 5],
    ['receiveDescriptor', 5, new Int32Array(2)],
    ['peerCredentials', 5, new Float64Array(2)],
    ['writev', 5, 'parts', 0, 0],
    ['writev', 5, {}, 0, 0],
  ] as const) {
    expect(() => wrong[name]?.(...args), `${name}(${args.join()})`).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
  }
})

test('a second start of the same loop is refused', () => {
  expect(native.start(new Int32Array(2), new Int32Array(2), () => {})).toBe(-os.errno.EALREADY)
})
