/** Time limits, and protection from them. */
import { checkDuration, checkFunction } from '../errors.js'
import { currentScope } from '../runtime/current.js'
import { DeadlineScope } from './deadline-scope.js'

/**
 * Calls `fn(...args)` and gives its result if it comes within `ms` milliseconds. Otherwise every wait of this package
 * inside `fn` rejects with `Interrupted`, and when `fn` has ended, `withTimeout` rejects with `TimeoutError` (`TIMEOUT`).
 * If `fn` ends with something else than that interruption, a value or an error of its own, that is the outcome.
 *
 * An outer timeout passes through as `Interrupted`. `Infinity` is no limit. Data that is ready beats a timeout that is
 * due in the same turn. If `fn` is stuck on a promise that is not ours, `withTimeout` rejects all the same and lets
 * it run on; see `interruptible` and `signal` for how to avoid that.
 */
export function withTimeout<Arguments extends unknown[], Result>(
  ms: number,
  fn: (...args: Arguments) => Result | PromiseLike<Result>,
  ...args: Arguments
): Promise<Result> {
  checkDuration('ms', ms)
  checkFunction('fn', fn)
  const parent = currentScope()
  return parent.refuse() ?? new DeadlineScope(parent, parent.coroutine, ms, false).run(fn, args)
}

/**
 * Calls `fn(...args)` where no cancellation from outside reaches, for cleanup that has to wait. It has `ms` milliseconds
 * of its own, after which it rejects with `TimeoutError`. What was cancelled outside is still cancelled afterwards.
 */
export function shield<Arguments extends unknown[], Result>(
  ms: number,
  fn: (...args: Arguments) => Result | PromiseLike<Result>,
  ...args: Arguments
): Promise<Result> {
  checkDuration('ms', ms)
  checkFunction('fn', fn)
  const parent = currentScope()
  return new DeadlineScope(parent, parent.coroutine, ms, true).run(fn, args)
}
