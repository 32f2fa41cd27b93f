/**
 * Mailbox: values for one coroutine, which waits for the next one until a time. For what many events from several descriptors
 * mean to one waiter: it costs one wait, where `withTimeout` around a Fifo is a scope, a wait and three promises.
 */
import type { Awaitable } from '../awaitable.js'
import { SimultaneousError } from '../errors.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import type { Scope } from '../runtime/scope.js'
import { addTimer, removeTimer, type Timed } from '../runtime/timers.js'
import { Wait } from '../runtime/wait.js'

export class Mailbox<T> {
  readonly #owner: { describe(): string }
  #values: T[] = []
  #wait: MailWait<T> | null = null

  /** `owner` says what is waited for, for people. */
  constructor(owner: { describe(): string }) {
    this.#owner = owner
  }

  /** Values that nobody took. */
  get size(): number {
    return this.#values.length
  }

  post(value: T): void {
    const wait = this.#wait
    if (wait === null) this.#values.push(value)
    else wait.wake(value)
  }

  /**
   * The next value; undefined when `now()` has reached `until` and there was none. A value that is there beats a time that has
   * come. Waits as for the outside world: it keeps the process alive. Cancelling takes nothing. Fails with `SIMULTANEOUS`.
   */
  next(until = Infinity): Awaitable<T | undefined> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    if (this.#wait !== null)
      throw new SimultaneousError('SIMULTANEOUS', `two coroutines wait for ${this.#owner.describe()}`)
    if (this.#values.length > 0) {
      if (!spend(scope)) return afterTurn(() => this.next(until))
      return this.#values.shift()
    }
    const wait = new MailWait<T>(scope, until, this)
    this.#wait = wait
    addTimer(wait)
    return wait.suspend()
  }

  /** @internal */
  ended(): void {
    this.#wait = null
  }

  /** @internal */
  describe(): string {
    return this.#owner.describe()
  }
}

class MailWait<T> extends Wait<T | undefined> implements Timed {
  at: number
  sequence = 0
  place = -1
  readonly yieldsToData = true
  readonly #mailbox: Mailbox<T>

  constructor(scope: Scope, at: number, mailbox: Mailbox<T>) {
    super(scope)
    this.at = at
    this.#mailbox = mailbox
  }

  /** A turn after its time: the value may have come meanwhile. */
  expire(): void {
    if (this.isPending) this.wake(undefined)
  }

  override wake(value: T | undefined): void {
    this.unlink()
    super.wake(value)
  }

  protected unlink(): void {
    removeTimer(this)
    this.#mailbox.ended()
  }

  protected override get isExternal(): boolean {
    return true
  }

  describe(): string {
    return this.#mailbox.describe()
  }
}
