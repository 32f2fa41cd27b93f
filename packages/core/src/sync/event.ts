/** Event: something that happens once and is remembered. Whoever waits later goes on at once, with its value. */
import type { Awaitable } from '../awaitable.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import { QueuedWait, WaitQueue } from './wait-queue.js'

export class Event<T = void> {
  #isSet = false
  #value: T | undefined
  readonly #waiters = new WaitQueue<EventWait<T>>()

  get isSet(): boolean {
    return this.#isSet
  }

  /** What it was set to; undefined while it is not set. */
  get value(): T | undefined {
    return this.#value
  }

  /** How many wait for it. */
  get waiting(): number {
    return this.#waiters.size
  }

  /** It happened: everyone who waits goes on with `value`. False: it had happened before, and the value stays the first. */
  set(value: T): boolean {
    if (this.#isSet) return false
    this.#isSet = true
    this.#value = value
    this.#waiters.drain((waiter) => waiter.wake(value))
    return true
  }

  /** As if it had never happened. Those who were woken go on all the same. */
  reset(): void {
    this.#isSet = false
    this.#value = undefined
  }

  /** Waits until it has happened, and gives its value. Cancelling leaves the queue as if it had not been there. */
  wait(): Awaitable<T> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    if (this.#isSet) return spend(scope) ? (this.#value as T) : afterTurn(() => this.wait())
    const wait = new EventWait<T>(scope)
    this.#waiters.push(wait)
    return wait.suspend()
  }
}

class EventWait<T> extends QueuedWait<T> {
  describe(): string {
    return 'event'
  }
}
