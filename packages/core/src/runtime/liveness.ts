/**
 * Keeps the process alive while something waits for the outside world: a descriptor, a time. The count lives in memory
 * that the native loop reads once a round, so a coroutine that suspends and resumes makes no native call.
 */
import type { Awaitable } from '../awaitable.js'
import { native } from '../native.js'
import { currentScope } from './current.js'

const WAITING = 0
const IS_ALIVE = 1

/** Handed to the native loop at start. */
export const shared = new Int32Array(2)

export function hold(): void {
  // At once and not at the next round: Node may be about to end its loop, which has no next round then.
  const before = shared[WAITING] as number
  shared[WAITING] = before + 1
  if (before === 0 && shared[IS_ALIVE] === 0) native.keepAlive()
}

export function release(): void {
  shared[WAITING] = (shared[WAITING] as number) - 1
}

/** Waits that keep the process alive now. */
export function held(): number {
  return shared[WAITING] as number
}

/**
 * `waiting`, which keeps the process alive until it has ended unless a daemon waits: for what comes from the outside world, and by way of
 * a coroutine that is a daemon itself.
 */
export function keepAlive<T>(waiting: Awaitable<T>): Awaitable<T> {
  if (!(waiting instanceof Promise) || currentScope().coroutine.isDaemon) return waiting
  hold()
  return waiting.finally(release)
}
