/**
 * Which scope, and so which coroutine, the running code belongs to. It survives `await` on any promise, ours or not.
 *
 * Node 24 carries an AsyncLocalStorage along at no cost. Before, one costs several calls and two numbers for every
 * promise of the program; there the scope is kept by promise hooks of our own, which is a third of the time of a
 * channel's message. What they do not see are callbacks that are no promise's (timers, emitters, nextTick): before
 * Node 24 these belong to the main coroutine.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { promiseHooks } from 'node:v8'
import type { Scope } from './scope.js'

interface Context {
  /** The scope of the running code; undefined outside of any coroutine. */
  get(): Scope | undefined
  run<Arguments extends unknown[], Result>(
    scope: Scope,
    fn: (...args: Arguments) => Result,
    ...args: Arguments
  ): Result
}

const FIRST_WITH_CHEAP_STORAGE = 24
const major = Number.parseInt(process.versions.node, 10)
const context = major >= FIRST_WITH_CHEAP_STORAGE ? storageContext() : promiseContext()
let mainScope: Scope

function storageContext(): Context {
  const storage = new AsyncLocalStorage<Scope>()
  return {
    get: () => storage.getStore(),
    run: (scope, fn, ...args) => storage.run(scope, fn, ...args),
  }
}

function promiseContext(): Context {
  const SCOPE = Symbol('scope')
  type Marked = Promise<unknown> & { [SCOPE]?: Scope }
  let running: Scope | undefined
  promiseHooks.createHook({
    // A continuation is a promise too, made by `await` or `then` where the waiting code runs, and has the promise it waits
    // for as its parent. Others need no mark, which would be 40 bytes.
    init(promise: Promise<unknown>, parent: Promise<unknown> | undefined) {
      if (running !== undefined && parent !== undefined) (promise as Marked)[SCOPE] = running
    },
    before(promise: Promise<unknown>) {
      running = (promise as Marked)[SCOPE]
    },
    after() {
      running = undefined
    },
  })
  return {
    get: () => running,
    run(scope, fn, ...args) {
      const outer = running
      running = scope
      try {
        return fn(...args)
      } finally {
        running = outer
      }
    },
  }
}

/** The scope of code that belongs to no coroutine: top level, an Express handler. */
export function setMainScope(scope: Scope): void {
  mainScope = scope
}

export function currentScope(): Scope {
  return context.get() ?? mainScope
}

export function runIn<Arguments extends unknown[], Result>(
  scope: Scope,
  fn: (...args: Arguments) => Result,
  ...args: Arguments
): Result {
  return context.run(scope, fn, ...args)
}

/** Runs `fn` as code that belongs to no coroutine. */
export function runInMain<Result>(fn: () => Result): Result {
  return context.run(mainScope, fn)
}
