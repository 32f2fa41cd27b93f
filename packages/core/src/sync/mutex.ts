/**
 * Mutex: one coroutine at a time. Whoever unlocks hands the lock to the one that waited longest, before that one runs:
 * nobody overtakes. It is not recursive, and it is not given back when its holder dies: `using` and `with` see to that.
 *
 * A coroutine that locks again what it holds is refused, as it would wait for itself. Code outside of any coroutine is
 * many strands that share one coroutine, so there a second one waits.
 */
import type { Awaitable } from '../awaitable.js'
import { checkFunction, LockError } from '../errors.js'
import type { Coroutine } from '../runtime/coroutine.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import type { Scope } from '../runtime/scope.js'
import { type Held, HeldOnce, withHeld } from './held.js'
import { nameOf, QueuedWait, WaitQueue } from './wait-queue.js'

export class Mutex {
  #held: HeldMutex | null = null
  readonly #waiters = new WaitQueue<LockWait>()

  get isLocked(): boolean {
    return this.#held !== null
  }

  /** Who holds it: from the moment it is handed over, even if that coroutine has not run since. */
  get holder(): Coroutine | undefined {
    return this.#held?.holder
  }

  /** How many wait for it. */
  get waiting(): number {
    return this.#waiters.size
  }

  /**
   * Waits for the lock: `using held = await mutex.lock()`. Cancelling leaves the queue as if it had not been there.
   * Fails with `LOCK` for the coroutine that holds it.
   */
  lock(): Awaitable<Held> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    const { coroutine } = scope
    const held = this.#held
    if (held === null) return spend(scope) ? this.#give(coroutine) : afterTurn(() => this.lock())
    if (held.holder === coroutine && coroutine.id !== 0) {
      return Promise.reject(
        new LockError(`${nameOf(coroutine)} holds this mutex already and would wait for itself`),
      )
    }
    const wait = new LockWait(scope, this)
    this.#waiters.push(wait)
    return wait.suspend()
  }

  /** The lock, if nobody holds it now. */
  tryLock(): Held | undefined {
    return this.#held === null ? this.#give(currentScope().coroutine) : undefined
  }

  /** Gives back the lock that the running coroutine holds. Throws `LOCK` if it holds none. */
  unlock(): void {
    const { coroutine } = currentScope()
    if (this.#held?.holder !== coroutine) {
      const text = this.#held === null ? 'nobody holds it' : `${nameOf(this.#held.holder)} holds it`
      throw new LockError(`${nameOf(coroutine)} cannot unlock this mutex: ${text}`)
    }
    this.#passOn()
  }

  /** Calls `fn` under the lock; waits and fails as `lock`. */
  with<T>(fn: () => T | PromiseLike<T>): Promise<T> {
    checkFunction('fn', fn)
    return withHeld(this.lock(), fn)
  }

  /** @internal */
  giveBack(held: HeldMutex): void {
    // Not so if `unlock` was called before.
    if (this.#held === held) this.#passOn()
  }

  #give(coroutine: Coroutine): HeldMutex {
    this.#held = new HeldMutex(this, coroutine)
    return this.#held
  }

  #passOn(): void {
    const next = this.#waiters.shift()
    if (next === undefined) this.#held = null
    else next.wake(this.#give(next.scope.coroutine))
  }
}

class HeldMutex extends HeldOnce {
  readonly holder: Coroutine
  readonly #mutex: Mutex
  constructor(mutex: Mutex, holder: Coroutine) {
    super()
    this.#mutex = mutex
    this.holder = holder
  }
  protected giveBack(): void {
    this.#mutex.giveBack(this)
  }
}

class LockWait extends QueuedWait<Held> {
  readonly #mutex: Mutex
  constructor(scope: Scope, mutex: Mutex) {
    super(scope)
    this.#mutex = mutex
  }
  describe(): string {
    const { holder } = this.#mutex
    return `mutex held by ${holder === undefined ? 'nobody' : nameOf(holder)}`
  }
}
