/** How much a coroutine may do before it must let others. */
import { replaceSelfishness } from './runtime/coroutine.js'

/**
 * Sets how many operations a coroutine spawned from now on may finish without suspending before the next one goes through
 * the poller (1 to 1,000,000; 64 unless set). Gives the previous number. A coroutine's own is its `selfishness`.
 */
export function setSelfishness(operations: number): number {
  return replaceSelfishness(operations)
}
