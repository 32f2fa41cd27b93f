/** A connected stream socket: TCP or UNIX. */
import type { FileHandle } from 'node:fs/promises'
import type { Awaitable } from '../awaitable.js'
import { CoroError, checkInteger } from '../errors.js'
import { ENOTCONN, native } from '../native.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import { describeAddress, type SocketAddress, toSocketAddress } from './address.js'
import { ByteStream } from './byte-stream.js'
import { receiveDescriptor, sendDescriptor } from './descriptor-passing.js'
import { fileHandleNumber, LARGEST_DESCRIPTOR } from './file-descriptor.js'
import { getOption, type SocketOption, setOption } from './socket-options.js'
import { FileStretch, TransmitWait } from './transmit.js'

export interface PeerCredentials {
  readonly pid: number | undefined
  readonly uid: number
  readonly gid: number
}

export class Socket extends ByteStream {
  #peer: string | undefined
  readonly #isUnix: boolean

  /** @internal */
  constructor(fd: number, isUnix: boolean) {
    super(fd)
    this.#isUnix = isUnix
    // A read from a UNIX socket ends behind a message that carries descriptors, whether or not anything follows.
    if (isUnix) this.descriptor.distrustsShortReads = true
  }

  /** The end of this side; undefined for a UNIX socket, and once this is closed. */
  get localAddress(): SocketAddress | undefined {
    return this.#address(native.socketName)
  }

  /** The end of the other side; undefined for a UNIX socket, and once the peer is gone or this is closed. */
  get remoteAddress(): SocketAddress | undefined {
    return this.#address(native.peerName)
  }

  #address(query: typeof native.socketName): SocketAddress | undefined {
    if (this.isClosed) return undefined
    const name = query(this.fd)
    return typeof name === 'number' ? undefined : toSocketAddress(name)
  }

  /** @internal */
  describePeer(): string {
    if (this.#peer === undefined) {
      const name = this.isClosed ? ENOTCONN : native.peerName(this.fd)
      const text = typeof name === 'number' ? '' : describeAddress(name)
      this.#peer = text === '' ? '' : ` ${text}`
    }
    return this.#peer
  }

  /** The value of an option, as the kernel has it: buffer sizes are twice what was set on Linux. */
  getOption(option: SocketOption): number {
    if (this.isClosed) throw this.descriptor.closedError()
    return getOption(this.fd, option)
  }

  setOption(option: SocketOption, value: number | boolean): void {
    if (this.isClosed) throw this.descriptor.closedError()
    setOption(this.fd, option, value)
  }

  /**
   * Sends `length` bytes of `file` from `offset` on, by sendfile(2) where the kernel has it: they never enter the
   * process. Waits while the peer does not read. Gives how many were sent: fewer only if the file is shorter.
   * Cancelling is as with `send`. `file` is a FileHandle or a descriptor number; its own position is not touched.
   */
  sendFile(file: FileHandle | number, offset = 0, length = Number.MAX_SAFE_INTEGER): Awaitable<number> {
    checkInteger('offset', offset, 0, Number.MAX_SAFE_INTEGER)
    checkInteger('length', length, 0, Number.MAX_SAFE_INTEGER)
    return this.#sendStretch(new FileStretch(fileHandleNumber(file), offset, length))
  }

  #sendStretch(stretch: FileStretch): Awaitable<number> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    const { descriptor } = this
    descriptor.claim('write', 'sendFile')
    if (stretch.isSent) return 0
    if (descriptor.writable) {
      if (!spend(scope)) return afterTurn(() => this.#sendStretch(stretch))
      if (stretch.write(descriptor)) return stretch.sent
    }
    const wait = new TransmitWait(scope, descriptor, this, 'sendFile', stretch)
    return wait.begin().then(() => stretch.sent)
  }

  /**
   * Sends the descriptor `fd`, of this or any open file, with one byte of 0 over a UNIX socket (unix(7), SCM_RIGHTS). The number
   * stays the caller's, to close once this is done and not before. Waits while the peer does not read; cancelled, it sent nothing.
   * Fails with `NOT_UNIX`, `EBADF` (no such number; nothing was sent), `ETOOMANYREFS` (more than the limit of open files is under
   * way), `EPIPE`, `ECONNRESET`, `CLOSED`, `SIMULTANEOUS` (with `send`).
   */
  sendDescriptor(fd: number): Promise<void> {
    checkInteger('fd', fd, 0, LARGEST_DESCRIPTOR)
    this.#requireUnix('sendDescriptor')
    const scope = currentScope()
    return scope.refuse() ?? sendDescriptor(scope, this.descriptor, this, fd)
  }

  /**
   * The next descriptor, as a number of this process, closed on exec: the caller's, to give to `fromDescriptor` or
   * `tcp.listen({ fd })`, or to close. Waits for the peer. Cancelling takes nothing. It takes one byte, whatever its value; `recv` in its
   * place gets the byte and drops the descriptor, as read(2) does. Fails with `END_OF_STREAM`; `NO_DESCRIPTOR` if the next byte came
   * without one, and leaves that byte to `recv`; `LIMIT` if it came with several, all of which are closed; `EMFILE` (the message
   * stays); `NOT_UNIX`, `CLOSED`, `SIMULTANEOUS` (with `recv`).
   */
  receiveDescriptor(): Awaitable<number> {
    this.#requireUnix('receiveDescriptor')
    const scope = currentScope()
    return scope.refuse() ?? receiveDescriptor(scope, this.descriptor, this, this.pushback)
  }

  /**
   * Who is at the other end of a UNIX socket, as the kernel knows it: whoever called `connect`, `listen` or `socketPair`, as it was
   * then (SO_PEERCRED in unix(7); getpeereid elsewhere). It may have handed the socket on since, and its pid may be another's by now.
   * `pid` is undefined where the kernel does not say. Fails with `NOT_UNIX`, `CLOSED`, `ENOTCONN`.
   */
  peerCredentials(): PeerCredentials {
    if (this.isClosed) throw this.descriptor.closedError()
    this.#requireUnix('peerCredentials')
    const facts = new Float64Array(3)
    const result = native.peerCredentials(this.fd, facts)
    if (result < 0) throw this.descriptor.failure('peerCredentials', result)
    const [pid, uid, gid] = facts as unknown as readonly [number, number, number]
    return { pid: pid === 0 ? undefined : pid, uid, gid }
  }

  #requireUnix(what: string): void {
    if (this.#isUnix) return
    throw new CoroError(
      'NOT_UNIX',
      `${what} is for UNIX sockets, which fd ${this.fd}${this.describePeer()} is not`,
    )
  }

  /** Sends no more: after all that was sent, the peer reads an end. Receiving goes on. Returns at once. */
  shutdown(): void {
    const { descriptor } = this
    descriptor.claim('write', 'shutdown')
    const result = native.shutdown(this.fd, native.constants.SHUT_WR)
    // The peer has reset or closed already: it will read nothing, end or not.
    if (result < 0 && result !== ENOTCONN) throw descriptor.failure('shutdown', result)
  }

  /** Closes with RST where it is TCP (SO_LINGER of 0): what was not sent yet is dropped, the peer gets ECONNRESET. */
  reset(): void {
    if (this.isClosed) return
    const result = native.setLinger(this.fd, 0)
    this.close()
    if (result < 0) throw this.descriptor.failure('setsockopt', result)
  }
}
