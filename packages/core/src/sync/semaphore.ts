/**
 * Semaphore: a number of units that coroutines take and give back, any number at a time. First come, first served: a
 * large request at the head holds up small ones behind it, so that it is never starved. Units are handed over by
 * whoever releases them, before the waiter runs: nobody overtakes.
 */
import type { Awaitable } from '../awaitable.js'
import { checkFunction, checkInteger, LockError, outOfRange } from '../errors.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import type { Scope } from '../runtime/scope.js'
import { type Held, HeldOnce, withHeld } from './held.js'
import { QueuedWait, WaitQueue } from './wait-queue.js'

const MOST_UNITS = Number.MAX_SAFE_INTEGER

export class Semaphore {
  /** No more than this can ever be available. */
  readonly capacity: number
  #available: number
  readonly #waiters = new WaitQueue<AcquireWait>()

  /** `capacity` makes it a fixed stock: releasing beyond it is an error, and so is a request that exceeds it. None unless given. */
  constructor(available: number, capacity = Infinity) {
    this.#available = checkInteger('available', available, 0, MOST_UNITS)
    this.capacity =
      capacity === Infinity ? capacity : checkInteger('capacity', capacity, available, MOST_UNITS)
  }

  get available(): number {
    return this.#available
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiters.size
  }

  /**
   * Takes `units` when it is its turn and they are there: `using held = await semaphore.acquire()`. The disposable gives
   * them back; so does `release(units)`: use one of the two. Cancelling takes nothing, and lets those behind it in.
   * Throws `ERR_OUT_OF_RANGE` for more than `capacity`.
   */
  acquire(units = 1): Awaitable<Held> {
    this.#check(units)
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    if (this.#isFree(units)) return spend(scope) ? this.#give(units) : afterTurn(() => this.acquire(units))
    const wait = new AcquireWait(scope, this, units)
    this.#waiters.push(wait)
    return wait.suspend()
  }

  /** The units, if they are there and nobody waits for some. */
  tryAcquire(units = 1): Held | undefined {
    this.#check(units)
    return this.#isFree(units) ? this.#give(units) : undefined
  }

  /** Gives `units` back, or adds them. Throws `LOCK` if more would be there than `capacity`. */
  release(units = 1): void {
    checkInteger('units', units, 0, MOST_UNITS)
    if (this.#available + units > this.capacity) {
      throw new LockError(
        `${units} released, but only ${this.capacity - this.#available} of ${this.capacity} are out`,
      )
    }
    this.#available += units
    this.serve()
  }

  /** Calls `fn` with `units` taken; waits and fails as `acquire`. */
  with<T>(fn: () => T | PromiseLike<T>, units = 1): Promise<T> {
    checkFunction('fn', fn)
    return withHeld(this.acquire(units), fn)
  }

  /** Serves whoever can be served, in order. @internal */
  serve(): void {
    for (
      let next = this.#waiters.first;
      next !== null && next.units <= this.#available;
      next = this.#waiters.first
    ) {
      this.#waiters.remove(next)
      next.wake(this.#give(next.units))
    }
  }

  #check(units: number): void {
    checkInteger('units', units, 0, MOST_UNITS)
    if (units > this.capacity) throw outOfRange('units', `at most the capacity of ${this.capacity}`, units)
  }

  #isFree(units: number): boolean {
    return units <= this.#available && this.#waiters.first === null
  }

  #give(units: number): HeldUnits {
    this.#available -= units
    return new HeldUnits(this, units)
  }
}

class HeldUnits extends HeldOnce {
  readonly #semaphore: Semaphore
  readonly #units: number
  constructor(semaphore: Semaphore, units: number) {
    super()
    this.#semaphore = semaphore
    this.#units = units
  }
  protected giveBack(): void {
    this.#semaphore.release(this.#units)
  }
}

class AcquireWait extends QueuedWait<Held> {
  readonly units: number
  readonly #semaphore: Semaphore
  constructor(scope: Scope, semaphore: Semaphore, units: number) {
    super(scope)
    this.#semaphore = semaphore
    this.units = units
  }
  protected override left(): void {
    // A large request that gives up may have held up small ones.
    this.#semaphore.serve()
  }
  describe(): string {
    return `semaphore: ${this.units} wanted, ${this.#semaphore.available} available`
  }
}
