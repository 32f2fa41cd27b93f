/**
 * RWLock: many readers or one writer. A writer that waits keeps new readers out, so that it is not starved; one that is
 * interrupted lets them in again. Locks are handed over by whoever gives one back, before the waiter runs.
 *
 * A coroutine that reads may read again even while a writer waits, and one that writes may read: keeping that and giving
 * the write lock back makes it a reader. One that holds any lock is refused a write lock, as it would wait for itself.
 * Code outside of any coroutine is many strands that share one coroutine, so there none of this is known: they wait.
 */
import type { Awaitable } from '../awaitable.js'
import { checkFunction, LockError } from '../errors.js'
import type { Coroutine } from '../runtime/coroutine.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import type { Scope } from '../runtime/scope.js'
import { type Held, HeldOnce, withHeld } from './held.js'
import { nameOf, QueuedWait, WaitQueue } from './wait-queue.js'

export class RWLock {
  #writer: Coroutine | null = null
  #readers = 0
  /** How many read locks each coroutine holds; none of the main coroutine's, which is many strands. */
  readonly #readLocks = new Map<Coroutine, number>()
  readonly #waitingReaders = new WaitQueue<ReadWait>()
  readonly #waitingWriters = new WaitQueue<WriteWait>()

  /** Who writes: from the moment the lock is handed over, even if that coroutine has not run since. */
  get writer(): Coroutine | undefined {
    return this.#writer ?? undefined
  }

  /** How many read locks are out. */
  get readers(): number {
    return this.#readers
  }

  /** How many wait to read. */
  get waitingReaders(): number {
    return this.#waitingReaders.size
  }

  /** How many wait to write. */
  get waitingWriters(): number {
    return this.#waitingWriters.size
  }

  /**
   * Waits until nobody writes or waits to: `using held = await lock.readLock()`. Cancelling leaves the queue as if it
   * had not been there.
   */
  readLock(): Awaitable<Held> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    if (this.#admitsReader(scope.coroutine)) {
      return spend(scope) ? this.#giveRead(scope.coroutine) : afterTurn(() => this.readLock())
    }
    const wait = new ReadWait(scope, this)
    this.#waitingReaders.push(wait)
    return wait.suspend()
  }

  /**
   * Waits until nobody else reads or writes: `using held = await lock.writeLock()`. Cancelling lets in the readers that
   * waited behind it. Fails with `LOCK` for a coroutine that holds a lock of either kind here.
   */
  writeLock(): Awaitable<Held> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    const { coroutine } = scope
    if (this.#isFree) return spend(scope) ? this.#giveWrite(coroutine) : afterTurn(() => this.writeLock())
    if (this.#writer === coroutine && coroutine.id !== 0) {
      return Promise.reject(
        new LockError(`${nameOf(coroutine)} holds this write lock already and would wait for itself`),
      )
    }
    if (this.#readLocks.has(coroutine)) {
      return Promise.reject(
        new LockError(
          `${nameOf(coroutine)} holds a read lock here and would wait for itself to give it back`,
        ),
      )
    }
    const wait = new WriteWait(scope, this)
    this.#waitingWriters.push(wait)
    return wait.suspend()
  }

  /** A read lock, if one is to be had now. */
  tryReadLock(): Held | undefined {
    const { coroutine } = currentScope()
    return this.#admitsReader(coroutine) ? this.#giveRead(coroutine) : undefined
  }

  /** The write lock, if it is to be had now. */
  tryWriteLock(): Held | undefined {
    return this.#isFree ? this.#giveWrite(currentScope().coroutine) : undefined
  }

  /** Calls `fn` under a read lock; waits and fails as `readLock`. */
  withRead<T>(fn: () => T | PromiseLike<T>): Promise<T> {
    checkFunction('fn', fn)
    return withHeld(this.readLock(), fn)
  }

  /** Calls `fn` under the write lock; waits and fails as `writeLock`. */
  withWrite<T>(fn: () => T | PromiseLike<T>): Promise<T> {
    checkFunction('fn', fn)
    return withHeld(this.writeLock(), fn)
  }

  /** @internal */
  releaseRead(holder: Coroutine): void {
    this.#readers--
    const others = (this.#readLocks.get(holder) ?? 0) - 1
    if (others > 0) this.#readLocks.set(holder, others)
    else this.#readLocks.delete(holder)
    this.admit()
  }

  /** @internal */
  releaseWrite(): void {
    this.#writer = null
    this.admit()
  }

  /** Lets in whoever may come in now: the next writer, or every reader. @internal */
  admit(): void {
    if (this.#writer !== null) return
    if (this.#waitingWriters.first === null) {
      this.#waitingReaders.drain((reader) => reader.wake(this.#giveRead(reader.scope.coroutine)))
    } else if (this.#readers === 0) {
      const next = this.#waitingWriters.shift() as WriteWait
      next.wake(this.#giveWrite(next.scope.coroutine))
    }
  }

  get #isFree(): boolean {
    return this.#writer === null && this.#readers === 0
  }

  #admitsReader(coroutine: Coroutine): boolean {
    if (this.#writer !== null) return this.#writer === coroutine && coroutine.id !== 0
    return this.#waitingWriters.first === null || this.#readLocks.has(coroutine)
  }

  #giveRead(coroutine: Coroutine): Held {
    this.#readers++
    if (coroutine.id !== 0) this.#readLocks.set(coroutine, (this.#readLocks.get(coroutine) ?? 0) + 1)
    return new HeldRead(this, coroutine)
  }

  #giveWrite(coroutine: Coroutine): Held {
    this.#writer = coroutine
    return new HeldWrite(this)
  }
}

class HeldRead extends HeldOnce {
  readonly #lock: RWLock
  readonly #holder: Coroutine
  constructor(lock: RWLock, holder: Coroutine) {
    super()
    this.#lock = lock
    this.#holder = holder
  }
  protected giveBack(): void {
    this.#lock.releaseRead(this.#holder)
  }
}

class HeldWrite extends HeldOnce {
  readonly #lock: RWLock
  constructor(lock: RWLock) {
    super()
    this.#lock = lock
  }
  protected giveBack(): void {
    this.#lock.releaseWrite()
  }
}

class ReadWait extends QueuedWait<Held> {
  readonly #lock: RWLock
  constructor(scope: Scope, lock: RWLock) {
    super(scope)
    this.#lock = lock
  }
  describe(): string {
    const { writer, waitingWriters } = this.#lock
    return `read lock: ${writer === undefined ? `${waitingWriters} writers wait` : `${nameOf(writer)} writes`}`
  }
}

class WriteWait extends QueuedWait<Held> {
  readonly #lock: RWLock
  constructor(scope: Scope, lock: RWLock) {
    super(scope)
    this.#lock = lock
  }
  protected override left(): void {
    this.#lock.admit()
  }
  describe(): string {
    const { writer, readers } = this.#lock
    return `write lock: ${writer === undefined ? `${readers} read` : `${nameOf(writer)} writes`}`
  }
}
