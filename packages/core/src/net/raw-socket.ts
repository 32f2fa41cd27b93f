/**
 * For packages whose own native code reads and writes on a socket's descriptor, as TLS does: the waiting, the cancelling, the
 * fairness and the rule of one waiter a direction are the socket's. The descriptor stays the socket's, and so does closing it.
 */
import type { Awaitable } from '../awaitable.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import type { Scope } from '../runtime/scope.js'
import { type Job, nextTurn } from '../runtime/turn.js'
import type { SystemError } from '../system-error.js'
import type { ByteStream } from './byte-stream.js'
import { type Descriptor, type Direction, IoWait, PENDING } from './descriptor.js'

export { PENDING }

/** What `try` gives when it has had its share of the turn and the kernel would take more: it is tried again in the next turn. */
export const LATER = Symbol('later')

/** What the `try` of a writer gives that has to read first: it is tried again when there is something to read, too. */
export const CROSSED = Symbol('crossed')

/** One thing to be done on the descriptor, tried until it is done. */
export interface RawOperation<T> {
  /** What it is, in a word, for `waitingOn`: `recv`. */
  readonly verb: string
  /**
   * Tries, and gives the outcome, `PENDING` if the kernel said EAGAIN, `LATER` to let others have their turn, or `CROSSED` if it
   * writes and has to read first. What it throws is the operation's failure.
   */
  try(): T | typeof PENDING | typeof LATER | typeof CROSSED
  /** It was cancelled between two tries, and will not be tried again. */
  cancelled?(): void
}

export class RawSocket {
  readonly #descriptor: Descriptor
  readonly #socket: ByteStream
  // One of each for all operations: there is one at a time in a direction. Made when it is first needed.
  #reading: RawWait | null = null
  #writing: RawWait | null = null

  /** @internal */
  constructor(socket: ByteStream, descriptor: Descriptor) {
    this.#socket = socket
    this.#descriptor = descriptor
  }

  get fd(): number {
    return this.#descriptor.fd
  }

  get isClosed(): boolean {
    return this.#descriptor.isClosed
  }

  /**
   * Does `operation`, now or when the descriptor is ready in `direction`: a plain value if at once. Only `direction` is claimed.
   * Fails with `CLOSED`, `SIMULTANEOUS`, and what the operation throws. Cancelled, it calls the operation's `cancelled`.
   */
  attempt<T>(direction: Direction, operation: RawOperation<T>): Awaitable<T> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    const descriptor = this.#descriptor
    descriptor.claim(direction, operation.verb)
    if (direction === 'read' ? descriptor.readable : descriptor.writable) {
      if (!spend(scope)) return afterTurn(() => this.attempt(direction, operation))
      const outcome = operation.try()
      if (outcome === LATER || outcome === CROSSED) {
        const done = this.#waitOf(direction).do(scope, operation) as Promise<T>
        if (outcome === LATER) this.#waitOf(direction).goOnLater()
        else this.#waitOf(direction).cross()
        return done
      }
      if (outcome !== PENDING) return outcome
      descriptor.exhaust(direction)
    }
    return this.#waitOf(direction).do(scope, operation) as Promise<T>
  }

  /** Whether a read is worth a system call: the last one did not say that there is no more. */
  get isReadable(): boolean {
    return this.#descriptor.readable
  }

  /**
   * One read(2) into `target`, now, for an operation or beside one that waits: the count, 0 at the end, below 0 if nothing is there.
   * Claims nothing and costs no budget. Throws the system's error.
   */
  read(target: Uint8Array, offset: number, length: number): number {
    return this.#descriptor.read(target, offset, length)
  }

  /** One write(2) of what is in `data` from `offset` up to `end`, as `read`: the count, below 0 if the kernel takes nothing now. */
  write(data: Uint8Array, offset: number, end: number): number {
    return this.#descriptor.writeUpTo(data, offset, end)
  }

  /** Bytes that the kernel took of what was sent in any way, modulo 2^30: it changes while the peer takes something. */
  get taken(): number {
    return this.#descriptor.taken
  }

  /** As `retry`, but in the middle of this turn: the operation had left something where it was. */
  retryNow(direction: Direction): void {
    const descriptor = this.#descriptor
    if (descriptor.isClosed) return
    if (direction === 'read') {
      descriptor.readable = true
      descriptor.reader?.attempt()
    } else {
      descriptor.writable = true
      descriptor.writer?.attempt()
    }
  }

  #waitOf(direction: Direction): RawWait {
    if (direction === 'read') {
      this.#reading ??= new RawWait(currentScope(), this.#descriptor, this.#socket, 'read')
      return this.#reading
    }
    this.#writing ??= new RawWait(currentScope(), this.#descriptor, this.#socket, 'write')
    return this.#writing
  }

  /** Whether a read of fewer bytes than there was room for means that there are no more: it need not be tried again. */
  get trustsShortReads(): boolean {
    return !this.#descriptor.distrustsShortReads
  }

  /** The kernel has no more, or takes no more: the next operation waits for an event before it is tried. */
  exhaust(direction: Direction): void {
    this.#descriptor.exhaust(direction)
  }

  /**
   * Something else than an event has changed what an operation in `direction` would find: one that waits is tried again in the next turn,
   * and the next one is not made to wait for an event.
   */
  retry(direction: Direction): void {
    if (direction === 'read') this.#descriptor.readable = true
    else this.#descriptor.writable = true
    this.#waitOf(direction).goOnLater()
  }

  /** The error of a system call that failed with `result`, a negative errno. */
  failure(syscall: string, result: number): SystemError {
    return this.#descriptor.failure(syscall, result)
  }

  /** Closes the socket with a reset: what was sent half must not look whole. `text` says why, to whoever comes later (`BROKEN`). */
  break(text: string): void {
    this.#descriptor.break(text)
  }

  /** Closes the socket. */
  close(): void {
    this.#socket.close()
  }
}

class RawWait extends IoWait<unknown> implements Job {
  #isInTurn = false
  #operation: RawOperation<unknown> | null = null

  protected get verb(): string {
    return this.#operation?.verb ?? ''
  }

  do(scope: Scope, operation: RawOperation<unknown>): Promise<unknown> {
    this.#operation = operation
    return this.again(scope)
  }

  protected try(): unknown {
    if (this.descriptor.crossed === this) this.descriptor.crossed = null
    const outcome = this.#operation?.try()
    if (outcome === PENDING) this.descriptor.exhaust(this.direction)
    if (outcome === LATER) this.goOnLater()
    else if (outcome === CROSSED) this.cross()
    else return outcome
    return PENDING
  }

  /** It is told when there is something to read, too. */
  cross(): void {
    if (this.isPending) this.descriptor.crossed = this
  }

  /** Where the kernel would take more, no event will say so. */
  goOnLater(): void {
    if (this.#isInTurn) return
    this.#isInTurn = true
    nextTurn(this)
  }

  /** @internal */
  runJob(): void {
    this.#isInTurn = false
    if (this.isPending) this.attempt()
  }

  protected override unlink(): void {
    super.unlink()
    this.#operation?.cancelled?.()
  }
}
