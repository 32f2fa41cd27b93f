/** What sockets, pipes and terminals have in common: a Stream on a descriptor of its own. */
import { type Awaitable, DONE } from '../awaitable.js'
import { CoroError, checkInteger, wrongType } from '../errors.js'
import { EAGAIN } from '../native.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import type { Scope } from '../runtime/scope.js'
import { Pushback } from '../stream/pushback.js'
import { recvExact } from '../stream/recv-exact.js'
import type { Stream } from '../stream/stream.js'
import { toBytes } from '../stream/to-bytes.js'
import { BYTES_PER_TURN, Descriptor } from './descriptor.js'
import { RawSocket } from './raw-socket.js'
import { MAX_RECV_BYTES, RecvIntoWait, RecvWait, receive } from './receive.js'
import { Block, Parts, TransmitWait } from './transmit.js'

export abstract class ByteStream implements Stream {
  /** @internal */
  protected readonly descriptor: Descriptor
  #recvWait: RecvWait | null = null
  /** Bytes that a `recvExact` got and did not take. */
  #pushback: Pushback | null = null

  /** Takes over `fd`, which the native side owns and watches. @internal */
  constructor(fd: number) {
    this.descriptor = new Descriptor(fd)
    this.descriptor.closeWith(this)
  }

  /** The number of the descriptor. It means nothing once `isClosed`. */
  get fd(): number {
    return this.descriptor.fd
  }

  get isClosed(): boolean {
    return this.descriptor.isClosed
  }

  /** Where bytes go that were received and are the next receiver's. @internal */
  protected get pushback(): Pushback {
    this.#pushback ??= new Pushback(`recv fd ${this.fd}`)
    return this.#pushback
  }

  /** ` 10.0.0.7:4431`, for `waitingOn`; empty where there is nothing to say. @internal */
  abstract describePeer(): string
  abstract shutdown(): Awaitable<void>

  /**
   * Up to `max` bytes, 65,536 unless given and never more at a time, as soon as there are any; empty at the end. Waits for the peer.
   * Cancelling takes no byte. Fails with `CLOSED`, `SIMULTANEOUS`, or the system's `ECONNRESET` and the like.
   */
  recv(max = MAX_RECV_BYTES): Awaitable<Buffer> {
    if (max !== MAX_RECV_BYTES)
      max = Math.min(checkInteger('max', max, 1, Number.MAX_SAFE_INTEGER), MAX_RECV_BYTES)
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    if (this.#pushback !== null) {
      this.#pushback.claim(scope)
      if (this.#pushback.size > 0) return this.#pushback.take(max)
    }
    return this.#recvFresh(scope, max)
  }

  #recvFresh(scope: Scope, max: number): Awaitable<Buffer> {
    const { descriptor } = this
    descriptor.claim('read', 'recv')
    if (descriptor.readable) {
      if (!spend(scope)) return afterTurn(() => this.#recvFresh(currentScope(), max))
      const bytes = receive(descriptor, max)
      if (bytes !== undefined) return bytes
    }
    this.#recvWait ??= new RecvWait(scope, descriptor, this)
    return this.#recvWait.receive(scope, max)
  }

  /**
   * Exactly `count` bytes, the caller's to keep: set a limit before a peer's number gets here. Waits for the peer. Cancelled, or
   * failing with `END_OF_STREAM` (whose `partial` has a copy), it leaves the bytes that came to the next receive.
   */
  recvExact(count: number): Awaitable<Buffer> {
    return recvExact(this.pushback, count, (max) => {
      const scope = currentScope()
      return scope.refuse() ?? this.#recvFresh(scope, max)
    })
  }

  /** As `recv`, into `target`; the count, 0 at the end. `target` must not be read before it is done. */
  recvInto(target: Uint8Array): Awaitable<number> {
    if (!(target instanceof Uint8Array)) throw wrongType('target', 'a Uint8Array', target)
    if (target.length === 0) return 0
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    if (this.#pushback !== null) {
      this.#pushback.claim(scope)
      if (this.#pushback.size > 0) {
        const bytes = this.#pushback.take(target.length)
        target.set(bytes)
        return bytes.length
      }
    }
    return this.#recvIntoFresh(scope, target)
  }

  #recvIntoFresh(scope: Scope, target: Uint8Array): Awaitable<number> {
    const { descriptor } = this
    descriptor.claim('read', 'recv')
    if (descriptor.readable) {
      if (!spend(scope)) return afterTurn(() => this.#recvIntoFresh(currentScope(), target))
      const count = descriptor.read(target, 0, target.length)
      if (count !== EAGAIN) return count
    }
    return new RecvIntoWait(scope, descriptor, this, target).begin()
  }

  /**
   * Sends all of `data`; text as UTF-8. Waits while the peer does not read. The bytes must not be changed until it is
   * done. Cancelled before the first byte it leaves the stream as it was; cancelled after, it resets the connection
   * (`BROKEN` from then on). Fails with `CLOSED`, `BROKEN`, `SIMULTANEOUS`, `EPIPE`, `ECONNRESET`.
   */
  send(data: Uint8Array | string): Promise<void> {
    const bytes = toBytes('data', data)
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    const { descriptor } = this
    descriptor.claim('write', 'send')
    let sent = 0
    if (descriptor.writable) {
      if (!spend(scope)) return afterTurn(() => this.send(bytes))
      while (descriptor.writable && sent < bytes.length && sent < BYTES_PER_TURN) {
        const count = descriptor.write(bytes, sent)
        if (count !== EAGAIN) sent += count
      }
    }
    if (sent === bytes.length) return DONE
    return new TransmitWait(scope, descriptor, this, 'send', new Block(bytes, sent)).begin()
  }

  /** As `send`, of all parts in order, in as few system calls as the kernel allows and without joining them. */
  sendv(parts: readonly (Uint8Array | string)[]): Promise<void> {
    if (!Array.isArray(parts)) throw wrongType('parts', 'an array', parts)
    return this.#sendParts(new Parts(parts.map((part) => toBytes('each of parts', part))))
  }

  #sendParts(parts: Parts): Promise<void> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    const { descriptor } = this
    descriptor.claim('write', 'sendv')
    if (parts.isSent) return DONE
    if (descriptor.writable) {
      if (!spend(scope)) return afterTurn(() => this.#sendParts(parts))
      if (parts.write(descriptor)) return DONE
    }
    return new TransmitWait(scope, descriptor, this, 'sendv', parts).begin()
  }

  /**
   * For packages that make system calls of their own on the descriptor. What `recvExact` left behind must have been received
   * before: throws `CoroError` (`PUSHED_BACK`) otherwise.
   */
  raw(): RawSocket {
    if (this.isClosed) throw this.descriptor.closedError()
    if ((this.#pushback?.size ?? 0) > 0)
      throw new CoroError('PUSHED_BACK', `fd ${this.fd} has bytes that recvExact received and did not take`)
    return new RawSocket(this, this.descriptor)
  }

  /**
   * Closes it; again without effect. Whoever waits on it gets `ClosedError`. What was sent still goes out; but TCP resets
   * the connection instead if bytes had come that nobody received.
   */
  close(): void {
    this.descriptor.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
