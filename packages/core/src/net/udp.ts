/** Datagrams. */
import { type Awaitable, DONE } from '../awaitable.js'
import { checkInteger, checkOptions, outOfRange, wrongType } from '../errors.js'
import { EAGAIN, type EncodedAddress, native } from '../native.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import type { Scope } from '../runtime/scope.js'
import { toBytes } from '../stream/to-bytes.js'
import { systemError } from '../system-error.js'
import { checkPort, describeAddress, encodeInternet, type SocketAddress, toSocketAddress } from './address.js'
import { type DatagramBatch, sendTogether } from './datagram-batch.js'
import { Descriptor, IoWait, PENDING } from './descriptor.js'
import { getOption, type SocketOption, setOption } from './socket-options.js'

export interface UdpOptions {
  /** The address to bind to. `127.0.0.1` unless given, or `::1` for IPv6. */
  readonly host?: string
  /** The port to bind to; 0, unless given, lets the kernel choose. */
  readonly port?: number
  /** `IPv4` unless given, or what `host` is. */
  readonly family?: 'IPv4' | 'IPv6'
  readonly reuseAddress?: boolean
  readonly reusePort?: boolean
  readonly broadcast?: boolean
  /** The longest datagram that can be received, in bytes: 65,535 unless given. A longer one fails its `recvFrom` with `EMSGSIZE`. */
  readonly maxDatagramBytes?: number
}

export interface Datagram {
  readonly data: Buffer
  readonly from: SocketAddress
}

/** UDP over IPv4 has room for no more. */
const MAX_DATAGRAM_BYTES = 65_535
/** One byte of length, then a sockaddr_storage. */
const ADDRESS_BYTES = 129

const address = Buffer.alloc(ADDRESS_BYTES)
const slab = Buffer.allocUnsafeSlow(MAX_DATAGRAM_BYTES)

/** A UDP socket, bound when made. One coroutine may receive while another sends. */
export class UdpSocket {
  readonly #descriptor: Descriptor
  readonly #maxDatagramBytes: number
  /** Who sent the last datagram: the next is likely from the same, and decoding an address costs more than receiving. */
  #lastBytes: Buffer = Buffer.alloc(0)
  #lastFrom: SocketAddress | undefined
  #lastTo: { readonly host: string; readonly port: number; readonly encoded: EncodedAddress } | undefined

  /** Binds. Throws `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`, `EMFILE`. */
  constructor(options: UdpOptions = {}) {
    checkOptions(options)
    const { host = options.family === 'IPv6' ? '::1' : '127.0.0.1' } = options
    if (typeof host !== 'string') throw wrongType('host', 'a string', host)
    const { family = host.includes(':') ? 'IPv6' : 'IPv4' } = options
    if (family !== 'IPv4' && family !== 'IPv6') throw outOfRange('family', 'IPv4 or IPv6', family)
    const port = checkPort('port', options.port ?? 0)
    this.#maxDatagramBytes = checkInteger(
      'maxDatagramBytes',
      options.maxDatagramBytes ?? MAX_DATAGRAM_BYTES,
      1,
      MAX_DATAGRAM_BYTES,
    )
    const encoded = encodeInternet(host, port)
    const { AF_INET, AF_INET6, SOCK_DGRAM } = native.constants
    const fd = native.socket(family === 'IPv6' ? AF_INET6 : AF_INET, SOCK_DGRAM, 0)
    if (fd < 0) throw systemError('socket', fd)
    try {
      for (const option of ['reuseAddress', 'reusePort', 'broadcast'] as const)
        if (options[option]) setOption(fd, option, true)
      const bound = native.bind(fd, encoded)
      if (bound < 0) throw systemError('bind', bound, { address: host, port })
      const watched = native.watch(fd)
      if (watched < 0) throw systemError('epoll_ctl', watched)
    } catch (error) {
      native.close(fd)
      throw error
    }
    this.#descriptor = new Descriptor(fd)
    this.#descriptor.closeWith(this)
  }

  get fd(): number {
    return this.#descriptor.fd
  }

  get isClosed(): boolean {
    return this.#descriptor.isClosed
  }

  get address(): SocketAddress {
    if (this.isClosed) throw this.#descriptor.closedError()
    const name = native.socketName(this.fd)
    const decoded = typeof name === 'number' ? undefined : toSocketAddress(name)
    if (decoded === undefined) throw this.#descriptor.failure('getsockname', name as number)
    return decoded
  }

  /** @internal */
  describePeer(): string {
    const name = this.isClosed ? EAGAIN : native.socketName(this.fd)
    return typeof name === 'number' ? '' : ` ${describeAddress(name)}`
  }

  /**
   * Fixes the peer: only its datagrams are received, `send` goes to it, and its refusal (`ECONNREFUSED`) is reported by the next
   * operation. `host` is an address. Returns at once.
   */
  connect(host: string, port: number): void {
    if (this.isClosed) throw this.#descriptor.closedError()
    const result = native.connect(this.fd, encodeInternet(host, checkPort('port', port, 1)))
    if (result < 0) throw systemError('connect', result, { address: host, port })
  }

  /** The next datagram and its sender. Waits for one; cancelling loses none. Fails with `EMSGSIZE`, `ECONNREFUSED`, `CLOSED`. */
  recvFrom(): Awaitable<Datagram> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    return this.#recvNext(scope)
  }

  #recvNext(scope: Scope): Awaitable<Datagram> {
    const descriptor = this.#descriptor
    descriptor.claim('read', 'recvFrom')
    if (descriptor.readable) {
      if (!spend(scope)) return afterTurn(() => this.#recvNext(currentScope()))
      const datagram = this.tryRecvFrom()
      if (datagram !== undefined) return datagram
    }
    return new DatagramWait(scope, descriptor, this).begin()
  }

  /** @internal */
  tryRecvFrom(): Datagram | undefined {
    const descriptor = this.#descriptor
    const target = this.#maxDatagramBytes === slab.length ? slab : slab.subarray(0, this.#maxDatagramBytes)
    const count = native.receiveFrom(descriptor.fd, target, address)
    if (count === EAGAIN) {
      descriptor.readable = false
      return undefined
    }
    if (count < 0) throw descriptor.failure('recvfrom', count)
    const data = Buffer.allocUnsafe(count)
    slab.copy(data, 0, 0, count)
    return { data, from: this.#sender() }
  }

  #sender(): SocketAddress {
    const end = 1 + (address[0] as number)
    if (this.#lastFrom === undefined || this.#lastBytes.compare(address, 1, end) !== 0) {
      this.#lastBytes = Buffer.from(address.subarray(1, end))
      this.#lastFrom = toSocketAddress(native.decode(this.#lastBytes)) ?? {
        address: '',
        port: 0,
        family: 'IPv4',
      }
    }
    return this.#lastFrom
  }

  /** Sends one datagram to the peer of `connect`. Waits while the kernel's buffer is full; cancelling sends nothing. */
  send(data: Uint8Array | string): Promise<void> {
    return this.#send(toBytes('data', data), undefined)
  }

  /** Sends one datagram; `host` is an address. Fails with `EMSGSIZE`, `ENETUNREACH`, `EACCES` (broadcast is off), `CLOSED`. */
  sendTo(data: Uint8Array | string, host: string, port: number): Promise<void> {
    const bytes = toBytes('data', data)
    checkPort('port', port, 1)
    if (this.#lastTo?.host !== host || this.#lastTo.port !== port) {
      this.#lastTo = { host, port, encoded: encodeInternet(host, port) }
    }
    return this.#send(bytes, this.#lastTo.encoded)
  }

  #send(data: Uint8Array, to: EncodedAddress | undefined): Promise<void> {
    if (data.length > MAX_DATAGRAM_BYTES)
      throw outOfRange('data.length', `at most ${MAX_DATAGRAM_BYTES}`, data.length)
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    const descriptor = this.#descriptor
    descriptor.claim('write', 'send')
    if (descriptor.writable) {
      if (!spend(scope)) return afterTurn(() => this.#send(data, to))
      if (trySend(descriptor, data, to)) return DONE
    }
    return new SendDatagramWait(scope, descriptor, this, data, to).begin()
  }

  /**
   * As `send`, at once or not at all: false if the kernel has no room now, or another `send` waits for it. For datagrams that are sent
   * again anyway when they are lost.
   */
  trySend(data: Uint8Array | string): boolean {
    const bytes = toBytes('data', data)
    const descriptor = this.#descriptor
    if (descriptor.isClosed) throw descriptor.closedError('cannot send: ')
    if (descriptor.writer !== null) return false
    return trySend(descriptor, bytes, undefined)
  }

  /**
   * As `trySend` for each, in one call: how many the kernel took, fewer if it has no room or another `send` waits for it. Throws what it
   * says of one; none after that one was sent.
   */
  trySendMany(datagrams: readonly Uint8Array[]): number {
    const descriptor = this.#descriptor
    if (descriptor.isClosed) throw descriptor.closedError('cannot send: ')
    return sendTogether(descriptor, datagrams)
  }

  /**
   * Waits until there may be a datagram, or an error, to be received. Cancelling leaves all as it was. Fails with `SIMULTANEOUS`, `CLOSED`.
   */
  readable(): Promise<void> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    const descriptor = this.#descriptor
    descriptor.claim('read', 'wait for datagrams')
    if (descriptor.readable) return spend(scope) ? DONE : afterTurn(() => this.readable())
    return new ReadableWait(scope, descriptor, this, 'read').begin() as Promise<void>
  }

  /**
   * Receives what is there now, at once and without its senders: for a socket that is connected, which has only one. With less
   * in it than it has room for, `batch` holds all there was.
   */
  tryRecvMany(batch: DatagramBatch): number {
    const descriptor = this.#descriptor
    descriptor.claim('read', 'receive')
    batch.receive(descriptor.fd)
    if (batch.count < batch.capacity) descriptor.readable = false
    return batch.count
  }

  getOption(option: SocketOption): number {
    if (this.isClosed) throw this.#descriptor.closedError()
    return getOption(this.fd, option)
  }

  setOption(option: SocketOption, value: number | boolean): void {
    if (this.isClosed) throw this.#descriptor.closedError()
    setOption(this.fd, option, value)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Datagram, void> {
    while (!this.isClosed) {
      let datagram: Datagram
      try {
        datagram = await this.recvFrom()
      } catch (error) {
        if (this.isClosed) return
        throw error
      }
      yield datagram
    }
  }

  close(): void {
    this.#descriptor.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

function trySend(descriptor: Descriptor, data: Uint8Array, to: EncodedAddress | undefined): boolean {
  const { fd } = descriptor
  const count =
    to === undefined ? native.write(fd, data, 0, data.length) : native.sendTo(fd, data, 0, data.length, to)
  return descriptor.wrote(count) !== EAGAIN
}

class ReadableWait extends IoWait<undefined> {
  protected readonly verb = 'wait for datagrams'
  protected try(): undefined {
    return undefined
  }
}

class DatagramWait extends IoWait<Datagram> {
  protected readonly verb = 'recvFrom'
  readonly #socket: UdpSocket
  constructor(scope: Scope, descriptor: Descriptor, socket: UdpSocket) {
    super(scope, descriptor, socket, 'read')
    this.#socket = socket
  }
  protected try(): Datagram | typeof PENDING {
    return this.#socket.tryRecvFrom() ?? PENDING
  }
}

class SendDatagramWait extends IoWait<undefined> {
  protected readonly verb = 'send'
  readonly #data: Uint8Array
  readonly #to: EncodedAddress | undefined
  constructor(
    scope: Scope,
    descriptor: Descriptor,
    socket: UdpSocket,
    data: Uint8Array,
    to: EncodedAddress | undefined,
  ) {
    super(scope, descriptor, socket, 'write')
    this.#data = data
    this.#to = to
  }
  protected try(): undefined | typeof PENDING {
    return trySend(this.descriptor, this.#data, this.#to) ? undefined : PENDING
  }
}
