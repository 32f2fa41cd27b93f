/** Every living coroutine of this thread, by id, in order of birth. */
import type { Coroutine } from './coroutine.js'

const living = new Map<number, Coroutine>()
let lastId = 0
let onEmpty: (() => void) | null = null

/** Ids count from 1 and are not used again: 2^53 of them do not run out. The main coroutine is 0 and not listed here. */
export function register(coroutine: Coroutine): number {
  const id = ++lastId
  living.set(id, coroutine)
  return id
}

export function unregister(coroutine: Coroutine): void {
  living.delete(coroutine.id)
  if (living.size === 0) onEmpty?.()
}

export function find(id: number): Coroutine | undefined {
  return living.get(id)
}

export function everyone(): Coroutine[] {
  return [...living.values()]
}

export function population(): number {
  return living.size
}

/** Calls back whenever the last coroutine has ended. */
export function whenEmpty(callback: (() => void) | null): void {
  onEmpty = callback
}
