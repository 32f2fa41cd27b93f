/** Barrier: coroutines wait for each other until enough have come, go on together, and may meet there again. */
import type { Awaitable } from '../awaitable.js'
import { checkInteger } from '../errors.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import type { Scope } from '../runtime/scope.js'
import { QueuedWait, WaitQueue } from './wait-queue.js'

export class Barrier {
  /** How many must come. */
  readonly parties: number
  readonly #waiters = new WaitQueue<BarrierWait>()

  constructor(parties: number) {
    this.parties = checkInteger('parties', parties, 1, Number.MAX_SAFE_INTEGER)
  }

  /** How many have come and wait. */
  get waiting(): number {
    return this.#waiters.size
  }

  /**
   * Waits until as many have come as it takes, and gives this one's place in the order of arrival, from 0. One that is
   * cancelled leaves it as if it had not come: another must come instead, and those behind move up.
   */
  wait(): Awaitable<number> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    if (this.#waiters.size === this.parties - 1)
      return spend(scope) ? this.#open() : afterTurn(() => this.wait())
    const wait = new BarrierWait(scope, this)
    this.#waiters.push(wait)
    return wait.suspend()
  }

  #open(): number {
    let place = 0
    this.#waiters.drain((waiter) => waiter.wake(place++))
    return place
  }
}

class BarrierWait extends QueuedWait<number> {
  readonly #barrier: Barrier
  constructor(scope: Scope, barrier: Barrier) {
    super(scope)
    this.#barrier = barrier
  }
  describe(): string {
    return `barrier: ${this.#barrier.waiting} of ${this.#barrier.parties} have come`
  }
}
