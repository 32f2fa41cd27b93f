/**
 * Work that belongs to a stream and to no coroutine: the waits inside a Duplex, the flush at the end of a turn. They show under
 * the main coroutine in `whereAll()`, and nobody's cancellation reaches them, not even an interrupt of the main coroutine:
 * closing the stream ends them.
 */
import { type Awaitable, DONE } from '../awaitable.js'
import { mainCoroutine } from '../runtime/coroutine.js'
import { runIn, runInMain } from '../runtime/current.js'
import { Scope } from '../runtime/scope.js'

const background = backgroundScope()

/** A scope of one's own in the background, for work that has to be cancelled by itself. Whoever opens it closes it. */
export function backgroundScope(): Scope {
  return new Scope(mainCoroutine, mainCoroutine, true)
}

/**
 * Starts `operation` in the background, and calls `done` or `failed` when it has ended; at once if it does not wait. What those two call
 * in turn, a listener of a Duplex for instance, is code outside of any coroutine.
 */
export function inBackground<T>(
  operation: () => Awaitable<T>,
  done: (value: T) => void,
  failed: (error: unknown) => void,
  scope: Scope = background,
): void {
  let outcome: Awaitable<T>
  try {
    outcome = runIn(scope, operation)
  } catch (error) {
    failed(error)
    return
  }
  if (!(outcome instanceof Promise)) done(outcome)
  else if ((outcome as Promise<unknown>) === DONE) done(undefined as T)
  else runInMain(() => void (outcome as Promise<T>).then(done, failed))
}

/** Before an operation that coroutines have paid for out of their own budgets: it need not yield first. */
export function refillBackground(): void {
  mainCoroutine.budget = mainCoroutine.selfishness
}
