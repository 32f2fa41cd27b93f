/**
 * One direction of a stream, which one coroutine at a time may use. It moves no bytes: it keeps the one wait, or the holder of
 * an operation of several waits, and refuses the second comer, who must not disturb the first.
 */
import { SimultaneousError } from '../errors.js'
import type { Coroutine } from '../runtime/coroutine.js'
import { runInMain } from '../runtime/current.js'
import type { Scope } from '../runtime/scope.js'
import { Wait } from '../runtime/wait.js'
import { nameOf } from '../sync/wait-queue.js'

export class Direction<T> {
  /** What is done in it, for people: `recv memory stream 3`. */
  readonly name: string
  #wait: DirectionWait<T> | null = null
  #holder: Coroutine | null = null

  constructor(name: string) {
    this.name = name
  }

  /** Throws `SIMULTANEOUS` if somebody uses it. */
  claim(scope: Scope): void {
    const first = this.#wait?.scope.coroutine ?? this.#holder
    if (first === null) return
    const text = `${nameOf(scope.coroutine)} cannot ${this.name}: ${nameOf(first)} does already`
    throw new SimultaneousError('SIMULTANEOUS', text)
  }

  /** Keeps others out between the waits of one operation, until `release`. */
  hold(scope: Scope): void {
    this.#holder = scope.coroutine
  }

  release(): void {
    this.#holder = null
  }

  get isFree(): boolean {
    return this.#wait === null && this.#holder === null
  }

  get isWaiting(): boolean {
    return this.#wait !== null
  }

  /** Waits until `wake` or `fail`. `onCancel` is called if it is cancelled, before whoever waits hears of it. */
  suspend(scope: Scope, onCancel?: () => void): Promise<T> {
    this.#wait = new DirectionWait(scope, this, onCancel)
    return this.#wait.suspend()
  }

  /** Waits for `promise`, of something that this wait began. */
  follow(scope: Scope, promise: Promise<T>, onCancel?: () => void): Promise<T> {
    const waiting = this.suspend(scope, onCancel)
    const wait = this.#wait
    runInMain(() => {
      promise.then(
        (value) => this.#wait === wait && this.wake(value),
        (error) => this.#wait === wait && this.fail(error),
      )
    })
    return waiting
  }

  /** False: nobody waits. */
  wake(value: T): boolean {
    const wait = this.#wait
    if (wait === null) return false
    this.#wait = null
    wait.wake(value)
    return true
  }

  fail(error: unknown): void {
    const wait = this.#wait
    this.#wait = null
    wait?.fail(error)
  }

  /** @internal */
  drop(): void {
    this.#wait = null
  }
}

class DirectionWait<T> extends Wait<T> {
  readonly #direction: Direction<T>
  readonly #onCancel: (() => void) | undefined

  constructor(scope: Scope, direction: Direction<T>, onCancel: (() => void) | undefined) {
    super(scope)
    this.#direction = direction
    this.#onCancel = onCancel
  }

  protected unlink(): void {
    this.#direction.drop()
    this.#onCancel?.()
  }

  describe(): string {
    return this.#direction.name
  }
}
