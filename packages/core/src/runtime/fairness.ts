/**
 * The budget of a coroutine: how many operations it may finish without suspending. When it is used up, the next
 * operation goes once round the loop first, so that one busy connection or channel starves nobody.
 */
import { yieldSlice } from '../scope/sleep.js'
import type { Scope } from './scope.js'

/** Pays for one operation that is about to finish at once. False: it must yield first, see `afterTurn`. */
export function spend(scope: Scope): boolean {
  return --scope.coroutine.budget >= 0
}

/** Yields, which refills the budget, and then does the operation. */
export async function afterTurn<T>(operation: () => T | Promise<T>): Promise<T> {
  await yieldSlice()
  return operation()
}
