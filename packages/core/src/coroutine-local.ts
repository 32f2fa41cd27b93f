/** Values that every coroutine has for itself. They go when it ends, and are not inherited by those it spawns. */
import { current } from './spawn.js'

export class CoroutineLocal<T> {
  readonly #initial: (() => T) | undefined

  /** `initial` makes the value of a coroutine that has not set one; without it, that is `undefined`. */
  constructor(...initial: undefined extends T ? [initial?: () => T] : [initial: () => T]) {
    this.#initial = initial[0]
  }

  get(): T {
    const coroutine = current()
    if (coroutine.locals?.has(this)) return coroutine.locals.get(this) as T
    const value = this.#initial?.() as T
    if (this.#initial !== undefined) this.set(value)
    return value
  }

  set(value: T): void {
    const coroutine = current()
    coroutine.locals ??= new Map()
    coroutine.locals.set(this, value)
  }

  /** The coroutine is as if it had never set one. */
  delete(): void {
    current().locals?.delete(this)
  }
}
