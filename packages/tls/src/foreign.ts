/** What functions that are not ours give: a value, or a promise of any kind, which may wait for what nothing can interrupt. */
import { type Awaitable, interruptible } from '@shrapnel/core'

/** Waiting for it can be cancelled, whatever it is; it goes on then, and what it gives is dropped. */
export function outcomeOf<T>(given: T | PromiseLike<T>): Awaitable<T> {
  const { then } = (given ?? {}) as { readonly then?: unknown }
  return typeof then === 'function' ? interruptible(given as PromiseLike<T>) : (given as T)
}
