/**
 * For packages whose own native code reads and writes on a socket's descriptor, as TLS does: the waiting, the cancelling, the
 * fairness and the rule of one waiter a direction are the socket's. The descriptor stays the socket's, and so does closing it.
 */
import type { Awaitable } from '../awaitable.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import type { Scope } from '../runtime/scope.js'
import type { ByteStream } from './byte-stream.js'
import { type Descriptor, type Direction, IoWait, PENDING } from './descriptor.js'

export { PENDING }

/** One thing to be done on the descriptor, tried until it is done. */
export interface RawOperation<T> {
  /** What it is, in a word, for `waitingOn`: `recv`. */
  readonly verb: string
  /** Tries, and gives the outcome, or `PENDING` if the kernel said EAGAIN. What it throws is the operation's failure. */
  try(): T | typeof PENDING
  /** It was cancelled between two tries, and will not be tried again. */
  cancelled?(): void
}

export class RawSocket {
  readonly #descriptor: Descriptor
  readonly #socket: ByteStream
  readonly #reading: RawWait
  readonly #writing: RawWait

  /** @internal */
  constructor(socket: ByteStream, descriptor: Descriptor) {
    this.#socket = socket
    this.#descriptor = descriptor
    // One of each for all operations: there is one at a time in a direction.
    this.#reading = new RawWait(currentScope(), descriptor, socket, 'read')
    this.#writing = new RawWait(currentScope(), descriptor, socket, 'write')
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
      if (outcome !== PENDING) return outcome
      descriptor.exhaust(direction)
    }
    const wait = direction === 'read' ? this.#reading : this.#writing
    return wait.do(scope, operation) as Promise<T>
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

class RawWait extends IoWait<unknown> {
  #operation: RawOperation<unknown> | null = null

  protected get verb(): string {
    return this.#operation?.verb ?? ''
  }

  do(scope: Scope, operation: RawOperation<unknown>): Promise<unknown> {
    this.#operation = operation
    return this.again(scope)
  }

  protected try(): unknown {
    const outcome = this.#operation?.try()
    if (outcome === PENDING) this.descriptor.exhaust(this.direction)
    return outcome
  }

  protected override unlink(): void {
    super.unlink()
    this.#operation?.cancelled?.()
  }
}
