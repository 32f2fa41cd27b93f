/** A connected stream socket: TCP or UNIX. */
import type { FileHandle } from 'node:fs/promises'
import type { Awaitable } from '../awaitable.js'
import { checkInteger } from '../errors.js'
import { ENOTCONN, native } from '../native.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import { describeAddress, type SocketAddress, toSocketAddress } from './address.js'
import { ByteStream } from './byte-stream.js'
import { fileHandleNumber } from './file-descriptor.js'
import { getOption, type SocketOption, setOption } from './socket-options.js'
import { FileStretch, TransmitWait } from './transmit.js'

export class Socket extends ByteStream {
  #peer: string | undefined

  /** @internal */
  constructor(fd: number, isUnix: boolean) {
    super(fd)
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
