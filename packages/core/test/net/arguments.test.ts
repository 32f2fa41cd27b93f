/** Wrong arguments: every public function of the sockets says which, with Node's own codes, and does nothing. */
import { expectNoDescriptorLeak } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fromDescriptor, type Listener, setResolver, type Socket, socketPair, tcp, UdpSocket, unix } from '../../src/index.js'
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

interface Row {
  readonly call: Untyped
  /** Arguments, and the code of the error. */
  readonly refused: readonly (readonly [args: readonly unknown[], code: string])[]
}

const BAD_PORTS = [
  [undefined, TYPE],
  [null, TYPE],
  ['80', TYPE],
  [80n, TYPE],
  [-1, RANGE],
  [65_536, RANGE],
  [1.5, RANGE],
  [Number.NaN, RANGE],
  [Number.POSITIVE_INFINITY, RANGE],
] as const
const BAD_BYTES = [undefined, null, 5, true, {}, [], [1, 2], new ArrayBuffer(4), new DataView(new ArrayBuffer(4)), new Uint16Array(2), Symbol('x')]
const BAD_DURATIONS = [
  ['1', TYPE],
  [null, TYPE],
  [-1, RANGE],
  [Number.NaN, RANGE],
] as const

const table: Record<string, Row> = {
  'tcp.connect: host': {
    call: (host) => untyped(tcp.connect)(host, 80),
    refused: [undefined, null, 5, {}, []].map((host) => [[host], TYPE] as const).concat([[[''], RANGE]]),
  },
  'tcp.connect: port': {
    call: (port) => untyped(tcp.connect)('127.0.0.1', port),
    refused: [...BAD_PORTS, [0, RANGE] as const].map(([port, code]) => [[port], code] as const),
  },
  'tcp.connect: options': {
    call: (options) => untyped(tcp.connect)('127.0.0.1', 9, options),
    refused: [null, 5, 'fast'].map((options) => [[options], TYPE] as const),
  },
  'tcp.connect: timeoutMs': {
    call: (timeoutMs) => untyped(tcp.connect)('127.0.0.1', 9, { timeoutMs }),
    refused: BAD_DURATIONS.filter(([value]) => value !== null).map(([value, code]) => [[value], code] as const),
  },
  'tcp.connect: localAddress': {
    call: (localAddress) => untyped(tcp.connect)('127.0.0.1', 9, { localAddress }),
    refused: [
      [[5], TYPE],
      [['here'], RANGE],
    ],
  },
  'tcp.listen: options': {
    call: untyped(tcp.listen),
    refused: [undefined, null, 80, '80'].map((options) => [[options], TYPE] as const),
  },
  'tcp.listen: port': {
    call: (port) => untyped(tcp.listen)({ port }),
    refused: BAD_PORTS.map(([port, code]) => [[port], code] as const),
  },
  'tcp.listen: host': {
    call: (host) => untyped(tcp.listen)({ port: 0, host }),
    refused: [null, 5, {}].map((host) => [[host], TYPE] as const).concat([[['name.example'], RANGE]]),
  },
  'tcp.listen: backlog': {
    call: (backlog) => untyped(tcp.listen)({ port: 0, backlog }),
    refused: [
      [['5'], TYPE],
      [[0], RANGE],
      [[-1], RANGE],
      [[2 ** 31], RANGE],
      [[1.5], RANGE],
    ],
  },
  'unix.connect: path': {
    call: untyped(unix.connect),
    refused: [undefined, null, 5, Buffer.from('x')].map((path) => [[path], TYPE] as const).concat([
      [[''], RANGE],
      [['a\0b'], RANGE],
      [['\0a\0b'], RANGE],
    ]),
  },
  'unix.connect: options': {
    call: (options) => untyped(unix.connect)('nowhere', options),
    refused: [null, 5].map((options) => [[options], TYPE] as const),
  },
  'unix.connect: timeoutMs': {
    call: (timeoutMs) => untyped(unix.connect)('nowhere', { timeoutMs }),
    refused: BAD_DURATIONS.filter(([value]) => value !== null).map(([value, code]) => [[value], code] as const),
  },
  'unix.listen: options': {
    call: untyped(unix.listen),
    refused: [undefined, null, 'path'].map((options) => [[options], TYPE] as const),
  },
  'unix.listen: path': {
    call: (path) => untyped(unix.listen)({ path }),
    refused: [
      [[undefined], TYPE],
      [[5], TYPE],
      [[''], RANGE],
      [['a\0b'], RANGE],
    ],
  },
  'unix.listen: mode': {
    call: (mode) => untyped(unix.listen)({ path: '\0unused', mode }),
    refused: [
      [['600'], TYPE],
      [[-1], RANGE],
      [[0o1000], RANGE],
      [[1.5], RANGE],
    ],
  },
  'unix.unlinkPath: path': {
    call: untyped(unix.unlinkPath),
    refused: [undefined, null, 5].map((path) => [[path], TYPE] as const),
  },
  'socket.recv: max': {
    call: (max) => untyped(socket.recv.bind(socket))(max),
    refused: [
      [[null], TYPE],
      [['5'], TYPE],
      [[5n], TYPE],
      [[0], RANGE],
      [[-1], RANGE],
      [[1.5], RANGE],
      [[Number.NaN], RANGE],
      [[Number.POSITIVE_INFINITY], RANGE],
    ],
  },
  'socket.recvExact: count': {
    call: (count) => untyped(socket.recvExact.bind(socket))(count),
    refused: [
      [[undefined], TYPE],
      [['5'], TYPE],
      [[-1], RANGE],
      [[1.5], RANGE],
      [[2 ** 31], RANGE],
    ],
  },
  'socket.recvInto: target': {
    call: (target) => untyped(socket.recvInto.bind(socket))(target),
    refused: [...BAD_BYTES, 'text'].map((target) => [[target], TYPE] as const),
  },
  'socket.send: data': {
    call: (data) => untyped(socket.send.bind(socket))(data),
    refused: BAD_BYTES.map((data) => [[data], TYPE] as const),
  },
  'socket.sendv: parts': {
    call: (parts) => untyped(socket.sendv.bind(socket))(parts),
    refused: [undefined, null, 'text', Buffer.from('x'), { length: 1, 0: 'x' }].map((parts) => [[parts], TYPE] as const),
  },
  'socket.sendv: a part': {
    call: (part) => untyped(socket.sendv.bind(socket))(['first', part]),
    refused: BAD_BYTES.map((part) => [[part], TYPE] as const),
  },
  'socket.sendFile: file': {
    call: (file) => untyped(socket.sendFile.bind(socket))(file),
    refused: [
      [[undefined], TYPE],
      [[null], TYPE],
      [['path'], TYPE],
      [[{}], TYPE],
      [[-1], RANGE],
      [[1.5], RANGE],
      [[2 ** 31], RANGE],
      [[{ fd: -1 }], RANGE],
    ],
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
  'socket.setOption: option': {
    call: (option) => untyped(socket.setOption.bind(socket))(option, 1),
    refused: [undefined, null, 5, 'SO_DEBUG', 'constructor', '__proto__'].map((option) => [[option], RANGE] as const),
  },
  'socket.setOption: value': {
    call: (value) => untyped(socket.setOption.bind(socket))('sendBufferBytes', value),
    refused: [
      [[undefined], TYPE],
      [[null], TYPE],
      [['5000'], TYPE],
      [[Number.NaN], RANGE],
      [[1.5], RANGE],
      [[2 ** 31], RANGE],
    ],
  },
  'socket.getOption: option': {
    call: (option) => untyped(socket.getOption.bind(socket))(option),
    refused: [undefined, 'TCP_NODELAY', 'toString'].map((option) => [[option], RANGE] as const),
  },
  'listener.serve: session': {
    call: (session) => untyped(listener.serve.bind(listener))(session),
    refused: [undefined, null, 'session', {}].map((session) => [[session], TYPE] as const),
  },
  'fromDescriptor: fd': {
    call: untyped(fromDescriptor),
    refused: [
      [[undefined], TYPE],
      [['0'], TYPE],
      [[-1], RANGE],
      [[0.5], RANGE],
      [[2 ** 31], RANGE],
    ],
  },
  'setResolver: resolver': {
    call: untyped(setResolver),
    refused: [null, 'dns', {}].map((resolver) => [[resolver], TYPE] as const),
  },
  'new UdpSocket: options': {
    call: (options) => Reflect.construct(UdpSocket, [options]),
    refused: [null, 5, '::1'].map((options) => [[options], TYPE] as const),
  },
  'new UdpSocket: host': {
    call: (host) => Reflect.construct(UdpSocket, [{ host }]),
    refused: [
      [[5], TYPE],
      [[null], TYPE],
      [[{}], TYPE],
      [['name.example'], RANGE],
      [[''], RANGE],
    ],
  },
  'new UdpSocket: port': {
    call: (port) => Reflect.construct(UdpSocket, [{ port }]),
    refused: BAD_PORTS.filter(([port]) => port != null).map(([port, code]) => [[port], code] as const),
  },
  'new UdpSocket: family': {
    call: (family) => Reflect.construct(UdpSocket, [{ family }]),
    refused: [
      [['IPv5'], RANGE],
      [[4], RANGE],
    ],
  },
  'new UdpSocket: maxDatagramBytes': {
    call: (maxDatagramBytes) => Reflect.construct(UdpSocket, [{ maxDatagramBytes }]),
    refused: [
      [['1'], TYPE],
      [[0], RANGE],
      [[65_536], RANGE],
    ],
  },
  'udp.sendTo: data': {
    call: (data) => untyped(udp.sendTo.bind(udp))(data, '127.0.0.1', 9),
    refused: BAD_BYTES.map((data) => [[data], TYPE] as const).concat([[[Buffer.alloc(65_536)], RANGE]]),
  },
  'udp.sendTo: host': {
    call: (host) => untyped(udp.sendTo.bind(udp))('x', host, 9),
    refused: [
      [[undefined], TYPE],
      [[5], TYPE],
      [['name.example'], RANGE],
      [['127.0.0.1\0'], RANGE],
    ],
  },
  'udp.sendTo: port': {
    call: (port) => untyped(udp.sendTo.bind(udp))('x', '127.0.0.1', port),
    refused: [...BAD_PORTS, [0, RANGE] as const].map(([port, code]) => [[port], code] as const),
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
    refused: BAD_BYTES.map((data) => [[data], TYPE] as const),
  },
}

const rows = Object.entries(table).flatMap(([name, { call, refused }]) =>
  refused.map(([args, code]) => ({ name, call, args, code, shown: args.map(show).join(', ') })),
)

function show(value: unknown): string {
  if (typeof value === 'object' && value !== null) return `${value.constructor.name}`
  return typeof value === 'string' ? JSON.stringify(value) : `${String(value)}${typeof value === 'bigint' ? 'n' : ''}`
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
