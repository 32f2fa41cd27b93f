/**
 * ConditionVariable: a place to wait until somebody says so, with a value. It remembers nothing: waking when nobody
 * waits is lost (`Event` remembers). It has no lock: coroutines do not run at the same time.
 */
import { checkInteger } from '../errors.js'
import { currentScope } from '../runtime/current.js'
import { QueuedWait, WaitQueue } from './wait-queue.js'

export class ConditionVariable<T = void> {
  readonly #waiters = new WaitQueue<ConditionWait<T>>()

  /** How many wait. */
  get size(): number {
    return this.#waiters.size
  }

  /** Waits to be woken and gives the waker's value. Cancelling leaves the queue as if it had not been there. */
  wait(): Promise<T> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    const wait = new ConditionWait<T>(scope)
    this.#waiters.push(wait)
    return wait.suspend()
  }

  /** Wakes the one that waited longest. False: nobody waits. */
  wakeOne(value: T): boolean {
    const next = this.#waiters.shift()
    if (next === undefined) return false
    next.wake(value)
    return true
  }

  /** Wakes up to `count`, those that waited longest first. Gives how many it were. */
  wakeMany(count: number, value: T): number {
    if (count !== Infinity) checkInteger('count', count, 0, Number.MAX_SAFE_INTEGER)
    let woken = 0
    while (woken < count && this.wakeOne(value)) woken++
    return woken
  }

  /** Wakes everyone. Gives how many it were. */
  wakeAll(value: T): number {
    return this.wakeMany(Infinity, value)
  }

  /** Fails every wait with `error`. Gives how many it were. */
  raiseAll(error: unknown): number {
    const { size } = this.#waiters
    this.#waiters.drain((waiter) => waiter.fail(error))
    return size
  }
}

class ConditionWait<T> extends QueuedWait<T> {
  describe(): string {
    return 'condition variable'
  }
}
