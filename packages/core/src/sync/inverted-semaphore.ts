/**
 * InvertedSemaphore: counts what is under way; one waits until nothing is. Counting never waits. Everyone who waits when
 * it comes to zero goes on, even if it is raised again before they run.
 */
import type { Awaitable } from '../awaitable.js'
import { checkInteger, LockError } from '../errors.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import type { Scope } from '../runtime/scope.js'
import { type Held, HeldOnce } from './held.js'
import { QueuedWait, WaitQueue } from './wait-queue.js'

const MOST_UNITS = Number.MAX_SAFE_INTEGER

export class InvertedSemaphore {
  #value: number
  readonly #waiters = new WaitQueue<ZeroWait>()

  constructor(value = 0) {
    this.#value = checkInteger('value', value, 0, MOST_UNITS)
  }

  /** How many are under way. */
  get value(): number {
    return this.#value
  }

  /** How many wait for zero. */
  get waiting(): number {
    return this.#waiters.size
  }

  /** Counts `units` more. The disposable takes them off again; so does `release(units)`: use one of the two. */
  acquire(units = 1): Held {
    checkInteger('units', units, 0, MOST_UNITS)
    this.#value += units
    return new HeldCount(this, units)
  }

  /** Counts `units` less. Throws `LOCK`, and changes nothing, if that would go below zero. */
  release(units = 1): void {
    checkInteger('units', units, 0, MOST_UNITS)
    if (units > this.#value) throw new LockError(`${units} released, but only ${this.#value} are under way`)
    if (units === 0) return
    this.#value -= units
    if (this.#value === 0) this.#waiters.drain((waiter) => waiter.wake())
  }

  /** Waits until nothing is under way. Cancelling leaves the queue as if it had not been there. */
  untilZero(): Awaitable<void> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    if (this.#value === 0) return spend(scope) ? undefined : afterTurn(() => this.untilZero())
    const wait = new ZeroWait(scope, this)
    this.#waiters.push(wait)
    return wait.suspend()
  }
}

class HeldCount extends HeldOnce {
  readonly #semaphore: InvertedSemaphore
  readonly #units: number
  constructor(semaphore: InvertedSemaphore, units: number) {
    super()
    this.#semaphore = semaphore
    this.#units = units
  }
  protected giveBack(): void {
    this.#semaphore.release(this.#units)
  }
}

class ZeroWait extends QueuedWait<void> {
  readonly #semaphore: InvertedSemaphore
  constructor(scope: Scope, semaphore: InvertedSemaphore) {
    super(scope)
    this.#semaphore = semaphore
  }
  describe(): string {
    return `inverted semaphore: ${this.#semaphore.value} under way`
  }
}
