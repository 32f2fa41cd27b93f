/**
 * Pushback: bytes that were received and belong to the next who receives, for a stream that has an operation which receives more
 * than once. The stream makes one when it first needs it, and asks it before it asks the kernel:
 *
 *     recv(max) {
 *       this.#pushback?.claim(scope)                                     // someone is in the middle of a recvExact
 *       if (this.#pushback !== null && this.#pushback.size > 0) return this.#pushback.take(max)
 *       return this.#recvFresh(scope, max)
 *     }
 *     recvExact(count) {
 *       this.#pushback ??= new Pushback('recv fd 12')
 *       return recvExact(this.#pushback, count, (max) => this.#recvFresh(currentScope(), max))
 *     }
 */
import type { Scope } from '../runtime/scope.js'
import { ByteQueue } from './byte-queue.js'
import { Direction } from './direction.js'

export class Pushback {
  readonly #bytes = new ByteQueue()
  readonly #turn: Direction<never>

  /** `name`: what is done with it, for people. */
  constructor(name: string) {
    this.#turn = new Direction(name)
  }

  get size(): number {
    return this.#bytes.length
  }

  /** The next bytes, at most `max`, the caller's to keep; empty if there are none. */
  take(max: number): Buffer {
    return this.#bytes.take(Math.min(max, this.#bytes.length))
  }

  /** A copy of all of it. */
  copy(): Buffer {
    return this.#bytes.copy(this.#bytes.length)
  }

  /** Puts `bytes`, which belong to it from now on, before everything that is here. */
  put(bytes: Buffer): void {
    this.#bytes.prepend(bytes)
  }

  /** Puts `bytes`, which belong to it from now on, after everything that is here. */
  append(bytes: Buffer): void {
    this.#bytes.append(bytes)
  }

  /** Throws `SIMULTANEOUS` if somebody gathers bytes here. */
  claim(scope: Scope): void {
    this.#turn.claim(scope)
  }

  /** Keeps others out until `release`. */
  hold(scope: Scope): void {
    this.#turn.hold(scope)
  }

  release(): void {
    this.#turn.release()
  }
}
