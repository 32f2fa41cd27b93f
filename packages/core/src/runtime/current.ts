/** Which scope, and so which coroutine, the running code belongs to. It survives `await` on any promise, ours or not. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Scope } from './scope.js'

const storage = new AsyncLocalStorage<Scope>()
let mainScope: Scope

/** The scope of code that belongs to no coroutine: top level, an Express handler, a timer. */
export function setMainScope(scope: Scope): void {
  mainScope = scope
}

export function currentScope(): Scope {
  return storage.getStore() ?? mainScope
}

export function runIn<Arguments extends unknown[], Result>(
  scope: Scope,
  fn: (...args: Arguments) => Result,
  ...args: Arguments
): Result {
  return storage.run(scope, fn, ...args)
}

/** Runs `fn` as code that belongs to no coroutine. */
export function runInMain<Result>(fn: () => Result): Result {
  return storage.run(mainScope, fn)
}
