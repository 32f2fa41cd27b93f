/**
 * Promises that are not ours. They cannot be interrupted; waiting for them can. A promise is subscribed to once however
 * often it is waited for, and waits that end leave: racing a million rounds against one long-lived promise retains nothing.
 */
import { wrongType } from '../errors.js'
import { isThenable, promiseOf } from '../runtime/coroutine.js'
import { currentScope } from '../runtime/current.js'
import type { Scope } from '../runtime/scope.js'
import { Wait } from '../runtime/wait.js'

const watched = new WeakMap<PromiseLike<unknown>, Set<ForeignWait>>()

/**
 * Waits for `promise` and gives its result or error. Cancelling ends the wait; what the promise stands for goes on,
 * and its result is dropped. To stop that too, pass `signal()` to whatever makes the promise.
 */
export function interruptible<T>(promise: PromiseLike<T>): Promise<T> {
  if (!isThenable(promise)) throw wrongType('promise', 'a promise', promise)
  const scope = currentScope()
  const refused = scope.refuse()
  if (refused !== null) {
    // Nobody will look at it any more: its failure is not an unhandled one. A `then` of its own is not asked: a thenable
    // that works when it is asked has nothing to do here.
    if (promise instanceof Promise) Promise.prototype.then.call(promise, undefined, () => {})
    return refused
  }
  const waits = watched.get(promise) ?? subscribe(promise)
  const wait = new ForeignWait(scope, waits)
  waits.add(wait)
  return wait.suspend() as Promise<T>
}

function subscribe(promise: PromiseLike<unknown>): Set<ForeignWait> {
  const waits = new Set<ForeignWait>()
  watched.set(promise, waits)
  promiseOf(promise).then(
    (value) => {
      watched.delete(promise)
      for (const wait of waits) wait.wake(value)
    },
    (error) => {
      watched.delete(promise)
      for (const wait of waits) wait.fail(error)
    },
  )
  return waits
}

class ForeignWait extends Wait<unknown> {
  readonly #waits: Set<ForeignWait>
  constructor(scope: Scope, waits: Set<ForeignWait>) {
    super(scope)
    this.#waits = waits
  }
  protected unlink(): void {
    this.#waits.delete(this)
  }
  describe(): string {
    return 'a promise'
  }
}

/**
 * The AbortSignal of the innermost scope: it aborts when that scope is cancelled, by a timeout or a shutdown. For `fetch`
 * and whatever else takes one. A single `interrupt()` does not abort it, as the scope lives on.
 */
export function signal(): AbortSignal {
  return currentScope().signal()
}
