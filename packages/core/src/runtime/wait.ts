/**
 * Wait: the one way to suspend. Whatever a coroutine waits for, in this package or any built on it, is a subclass
 * that says what it is (`describe`) and how to stop (`unlink`).
 *
 * A wait ends once: woken with a value, failed, or cancelled. Woken beats cancelled: a value that was handed over is
 * delivered even if an interrupt arrives before the coroutine runs, and the interrupt meets the next wait. So nothing
 * that was given to a waiter is ever lost.
 */
import { charge } from './accounting.js'
import { hold, release } from './liveness.js'
import type { Scope } from './scope.js'
import { type Job, nextTurn } from './turn.js'

let lastResolve: (value: never) => void
let lastReject: (error: unknown) => void
// What stands here in between: a promise that is not forgotten keeps what it was resolved with, which may be large.
const nobody = (): void => {}
// One executor for all promises: a closure for each would be an allocation for each.
const capture = (resolve: (value: never) => void, reject: (error: unknown) => void): void => {
  lastResolve = resolve
  lastReject = reject
}

/**
 * What there is of a wait while it waits. An object of its own, and of one class for all waits: dozens of classes extend
 * Wait, and V8 is slow at fields of objects of more than four shapes.
 */
class Suspension {
  readonly wait: Wait<unknown>
  readonly scope: Scope
  readonly since: number
  readonly isHeld: boolean
  // `never`, so that a list of waits can hold waits for anything.
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
  /** The next one of the same scope. */
  next: Suspension | null
  previous: Suspension | null = null

  constructor(wait: Wait<unknown>, scope: Scope, since: number, isHeld: boolean) {
    const next = scope.firstSuspension
    this.wait = wait
    this.scope = scope
    // Whole milliseconds are a small integer to V8, a fraction would be an object for each wait.
    this.since = Math.trunc(since)
    this.isHeld = isHeld
    this.resolve = lastResolve
    this.reject = lastReject
    this.next = next
    if (next !== null) next.previous = this
    scope.firstSuspension = this
    if (isHeld) hold()
  }

  /** Leaves the scope. */
  end(): void {
    const { scope, next, previous } = this
    if (previous !== null) previous.next = next
    else scope.firstSuspension = next
    if (next !== null) next.previous = previous
    this.next = this.previous = null
    if (this.isHeld) release()
  }
}

export type { Suspension }

export abstract class Wait<T> {
  // Declared only, and assigned in the constructor: a class field is *defined*, and V8 takes its slow path to do that in
  // a base class of more than four classes. It took as long as all the rest of a wait.
  declare scope: Scope
  declare private suspension: Suspension | null

  constructor(scope: Scope) {
    this.scope = scope
    this.suspension = null
  }

  /** Takes the wait out of whatever it waits for. Called when it is cancelled, never after it was woken. */
  protected abstract unlink(): void

  /** What is waited for, for people: `recv fd 12 10.0.0.7:4431`. */
  abstract describe(): string

  /** True: waiting keeps the process alive, as for the outside world or a time. False: only this program can end it. */
  protected get isExternal(): boolean {
    return false
  }

  /** True: it waits for coroutines below its own scope, whose waits say more than this one. */
  get isForChildren(): boolean {
    return false
  }

  get isPending(): boolean {
    return this.suspension !== null
  }

  /** When it began, in whole milliseconds of `performance.now()`; 0 if it is not pending. */
  get since(): number {
    return this.suspension?.since ?? 0
  }

  /** Begins to wait. The caller has asked `scope.refuse()` in this same turn. */
  suspend(): Promise<T> {
    const { scope } = this
    // Whole milliseconds: a small integer needs no object of its own, of which there may be a million.
    const since = Math.trunc(charge(scope.coroutine))
    const promise = new Promise<T>(capture)
    this.suspension = new Suspension(
      this as Wait<unknown>,
      scope,
      since,
      this.isExternal && !scope.coroutine.isDaemon,
    )
    lastResolve = lastReject = nobody
    return promise
  }

  /** Ends the wait with `value`. Without effect on a wait that ended already. */
  wake(value: T): void {
    const { suspension } = this
    if (suspension === null) return
    this.suspension = null
    suspension.end()
    const { scope, resolve } = suspension
    if (scope.coroutine.mayResume()) resolve(value as never)
    else nextTurn(new Resumption(scope, resolve as (value: unknown) => void, value))
  }

  /** Ends the wait with an error of what it waited for. */
  fail(error: unknown): void {
    const { suspension } = this
    if (suspension === null) return
    this.suspension = null
    suspension.end()
    const { scope, reject } = suspension
    if (scope.coroutine.mayResume()) reject(error)
    else nextTurn(new Resumption(scope, reject, error))
  }

  /** Ends the wait from outside. Never put off: a scope that expires gives its waits little time to end. */
  cancel(error: unknown): void {
    const { suspension } = this
    if (suspension === null) return
    this.unlink()
    this.suspension = null
    suspension.end()
    suspension.reject(error)
  }
}

/** The end of a wait whose coroutine has used its budget up: it hears of it in the next turn. */
class Resumption implements Job {
  readonly #scope: Scope
  readonly #settle: (outcome: unknown) => void
  readonly #outcome: unknown
  constructor(scope: Scope, settle: (outcome: unknown) => void, outcome: unknown) {
    this.#scope = scope
    this.#settle = settle
    this.#outcome = outcome
  }
  runJob(): void {
    this.#scope.coroutine.mayResume()
    this.#settle(this.#outcome)
  }
}
