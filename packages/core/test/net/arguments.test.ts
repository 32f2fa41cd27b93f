/** Wrong arguments: every public function of the sockets says which, with Node's own codes, and does nothing. */
import { expectNoDescriptorLeak } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  fromDescriptor,
  type Listener,
  type Socket,
  setResolver,
  socketPair,
  tcp,
  UdpSocket,
  unix,
} from '../../src/index.js'
import { drain, failureOf } from './connections.js'

const TYPE = 'ERR_INVALID_ARG_TYPE'
const RANGE = 'ERR_OUT_OF_RANGE'

let socket: Socket
let other: Socket
let udp: UdpSocket
let listener: Listener

beforeAll(() => {
  ;[socket, other] = socketPair()
  udp = new UdpSocket()
  listener = tcp.listen({ port: 0 })
})
afterAll(() => {
  for (const each of [socket, other, udp, listener]) each.close()
})

/** The call without its types: what a program in plain JavaScript may do. */
type Untyped = (...args: unknown[]) => unknown
const untyped = (fn: unknown): Untyped => fn as Untyped

type Refusal = readonly [args: readonly unknown[], code: string]

interface Row {
  readonly call: Untyped
  readonly refused: readonly Refusal[]
}

/** Calls of one argument that all fail with `code`. */
function each(code: string, ...values: readonly unknown[]): Refusal[] {
  return values.map((value) => [[value], code])
}

const BAD_PORTS = [
  ...each(TYPE, undefined, null, '80', 80n),
  ...each(RANGE, -1, 65_536, 1.5, Number.NaN, Number.POSITIVE_INFINITY),
]
const BAD_BYTES = [
  undefined,
  null,
  5,
  true,
  {},
  [],
  [1, 2],
  new ArrayBuffer(4),
  new DataView(new ArrayBuffer(4)),
  new Uint16Array(2),
  Symbol('x'),
]
const BAD_DURATIONS = [...each(TYPE, '1', 1n, {}), ...each(RANGE, -1, Number.NaN)]

const table: Record<string, Row> = {
  'tcp.connect: host': {
    call: (host) => untyped(tcp.connect)(host, 80),
    refused: [...each(TYPE, undefined, null, 5, {}, []), ...each(RANGE, '')],
  },
  'tcp.connect: port': {
    call: (port) => untyped(tcp.connect)('127.0.0.1', port),
    refused: [...BAD_PORTS, ...each(RANGE, 0)],
  },
  'tcp.connect: options': {
    call: (options) => untyped(tcp.connect)('127.0.0.1', 9, options),
    refused: each(TYPE, null, 5, 'fast'),
  },
  'tcp.connect: timeoutMs': {
    call: (timeoutMs) => untyped(tcp.connect)('127.0.0.1', 9, { timeoutMs }),
    refused: BAD_DURATIONS,
  },
  'tcp.connect: localAddress': {
    call: (localAddress) => untyped(tcp.connect)('127.0.0.1', 9, { localAddress }),
    refused: [...each(TYPE, 5), ...each(RANGE, 'here')],
  },
  'tcp.listen: options': {
    call: untyped(tcp.listen),
    refused: each(TYPE, undefined, null, 80, '80'),
  },
  'tcp.listen: port': {
    call: (port) => untyped(tcp.listen)({ port }),
    refused: BAD_PORTS,
  },
  'tcp.listen: host': {
    call: (host) => untyped(tcp.listen)({ port: 0, host }),
    refused: [...each(TYPE, null, 5, {}), ...each(RANGE, 'name.example')],
  },
  'tcp.listen: backlog': {
    call: (backlog) => untyped(tcp.listen)({ port: 0, backlog }),
    refused: [...each(TYPE, '5'), ...each(RANGE, 0, -1, 2 ** 31, 1.5)],
  },
  'unix.connect: path': {
    call: untyped(unix.connect),
    refused: [...each(TYPE, undefined, null, 5, Buffer.from('x')), ...each(RANGE, '', 'a\0b', '\0a\0b')],
  },
  'unix.connect: options': {
    call: (options) => untyped(unix.connect)('nowhere', options),
    refused: each(TYPE, null, 5),
  },
  'unix.connect: timeoutMs': {
    call: (timeoutMs) => untyped(unix.connect)('nowhere', { timeoutMs }),
    refused: BAD_DURATIONS,
  },
  'unix.listen: options': {
    call: untyped(unix.listen),
    refused: each(TYPE, undefined, null, 'path'),
  },
  'unix.listen: path': {
    call: (path) => untyped(unix.listen)({ path }),
    refused: [...each(TYPE, undefined, 5), ...each(RANGE, '', 'a\0b')],
  },
  'tcp.listen and unix.listen: fd': {
    call: (fd) => [untyped(tcp.listen)({ fd }), untyped(unix.listen)({ fd })],
    refused: [...each(TYPE, null, '3', {}), ...each(RANGE, -1, 0.5, 2 ** 31)],
  },
  'unix.listen: mode': {
    call: (mode) => untyped(unix.listen)({ path: '\0unused', mode }),
    refused: [...each(TYPE, '600'), ...each(RANGE, -1, 0o1000, 1.5)],
  },
  'unix.unlinkPath: path': {
    call: untyped(unix.unlinkPath),
    refused: each(TYPE, undefined, null, 5),
  },
  'socket.recv: max': {
    call: (max) => untyped(socket.recv.bind(socket))(max),
    refused: [...each(TYPE, null, '5', 5n), ...each(RANGE, 0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY)],
  },
  'socket.recvExact: count': {
    call: (count) => untyped(socket.recvExact.bind(socket))(count),
    refused: [...each(TYPE, undefined, '5'), ...each(RANGE, -1, 1.5, 2 ** 31)],
  },
  'socket.recvInto: target': {
    call: (target) => untyped(socket.recvInto.bind(socket))(target),
    refused: each(TYPE, ...BAD_BYTES, 'text'),
  },
  'socket.send: data': {
    call: (data) => untyped(socket.send.bind(socket))(data),
    refused: each(TYPE, ...BAD_BYTES),
  },
  'socket.sendv: parts': {
    call: (parts) => untyped(socket.sendv.bind(socket))(parts),
    refused: each(TYPE, undefined, null, 'text', Buffer.from('x'), { length: 1, 0: 'x' }),
  },
  'socket.sendv: a part': {
    call: (part) => untyped(socket.sendv.bind(socket))(['first', part]),
    refused: each(TYPE, ...BAD_BYTES),
  },
  'socket.sendFile: file': {
    call: (file) => untyped(socket.sendFile.bind(socket))(file),
    refused: [...each(TYPE, undefined, null, 'path', {}), ...each(RANGE, -1, 1.5, 2 ** 31, { fd: -1 })],
  },
  'socket.sendFile: offset and length': {
    call: (offset, length) => untyped(socket.sendFile.bind(socket))(0, offset, length),
    refused: [
      [['0', 1], TYPE],
      [[-1, 1], RANGE],
      [[2 ** 53, 1], RANGE],
      [[0, '1'], TYPE],
      [[0, -1], RANGE],
      [[0, 0.5], RANGE],
    ],
  },
  'socket.sendDescriptor: fd': {
    call: (fd) => untyped(socket.sendDescriptor.bind(socket))(fd),
    refused: [...each(TYPE, undefined, null, '0', {}), ...each(RANGE, -1, 0.5, 2 ** 31)],
  },
  'socket.setOption: option': {
    call: (option) => untyped(socket.setOption.bind(socket))(option, 1),
    refused: each(RANGE, undefined, null, 5, 'SO_DEBUG', 'constructor', '__proto__'),
  },
  'socket.setOption: value': {
    call: (value) => untyped(socket.setOption.bind(socket))('sendBufferBytes', value),
    refused: [...each(TYPE, undefined, null, '5000'), ...each(RANGE, Number.NaN, 1.5, 2 ** 31)],
  },
  'socket.getOption: option': {
    call: (option) => untyped(socket.getOption.bind(socket))(option),
    refused: each(RANGE, undefined, 'TCP_NODELAY', 'toString'),
  },
  'listener.serve: session': {
    call: (session) => untyped(listener.serve.bind(listener))(session),
    refused: each(TYPE, undefined, null, 'session', {}),
  },
  'fromDescriptor: fd': {
    call: untyped(fromDescriptor),
    refused: [...each(TYPE, undefined, '0'), ...each(RANGE, -1, 0.5, 2 ** 31)],
  },
  'setResolver: resolver': {
    call: untyped(setResolver),
    refused: each(TYPE, null, 'dns', {}),
  },
  'new UdpSocket: options': {
    call: (options) => Reflect.construct(UdpSocket, [options]),
    refused: each(TYPE, null, 5, '::1'),
  },
  'new UdpSocket: host': {
    call: (host) => Reflect.construct(UdpSocket, [{ host }]),
    refused: [...each(TYPE, 5, null, {}), ...each(RANGE, 'name.example', '')],
  },
  'new UdpSocket: port': {
    call: (port) => Reflect.construct(UdpSocket, [{ port }]),
    refused: BAD_PORTS.filter(([[port]]) => port != null),
  },
  'new UdpSocket: family': {
    call: (family) => Reflect.construct(UdpSocket, [{ family }]),
    refused: [...each(RANGE, 'IPv5', 4)],
  },
  'new UdpSocket: maxDatagramBytes': {
    call: (maxDatagramBytes) => Reflect.construct(UdpSocket, [{ maxDatagramBytes }]),
    refused: [...each(TYPE, '1'), ...each(RANGE, 0, 65_536)],
  },
  'udp.sendTo: data': {
    call: (data) => untyped(udp.sendTo.bind(udp))(data, '127.0.0.1', 9),
    refused: [...each(TYPE, ...BAD_BYTES), ...each(RANGE, Buffer.alloc(65_536))],
  },
  'udp.sendTo: host': {
    call: (host) => untyped(udp.sendTo.bind(udp))('x', host, 9),
    refused: [...each(TYPE, undefined, 5), ...each(RANGE, 'name.example', '127.0.0.1\0')],
  },
  'udp.sendTo: port': {
    call: (port) => untyped(udp.sendTo.bind(udp))('x', '127.0.0.1', port),
    refused: [...BAD_PORTS, ...each(RANGE, 0)],
  },
  'udp.connect: host and port': {
    call: untyped((host: string, port: number) => udp.connect(host, port)),
    refused: [
      [[undefined, 9], TYPE],
      [['name.example', 9], RANGE],
      [['127.0.0.1', 0], RANGE],
      [['127.0.0.1', '9'], TYPE],
    ],
  },
  'udp.send: data': {
    call: (data) => untyped(udp.send.bind(udp))(data),
    refused: each(TYPE, ...BAD_BYTES),
  },
}

const rows = Object.entries(table).flatMap(([name, { call, refused }]) =>
  refused.map(([args, code]) => ({ name, call, args, code, shown: args.map(show).join(', ') })),
)

function show(value: unknown): string {
  if (typeof value === 'object' && value !== null) return `${value.constructor.name}`
  return typeof value === 'string'
    ? JSON.stringify(value)
    : `${String(value)}${typeof value === 'bigint' ? 'n' : ''}`
}

describe('a wrong argument is an error that names its kind', () => {
  test.each(rows)('$name = $shown', async ({ call, args, code }) => {
    expect(await failureOf(() => call(...args))).toMatchObject({ code })
  })
})

test('none of that opened, closed, sent or received anything', async () => {
  await expectNoDescriptorLeak(async () => {
    for (const { call, args } of rows) await failureOf(() => call(...args))
  })
  await socket.send('the first bytes')
  socket.shutdown()
  expect(String(await drain(other))).toBe('the first bytes')
})
