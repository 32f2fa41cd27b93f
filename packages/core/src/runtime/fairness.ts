/**
 * The budget of a coroutine: how many operations it may finish without suspending. When it is used up, the next
 * operation goes once round the loop first, so that one busy connection or channel starves nobody.
 */
import { yieldSlice } from '../scope/sleep.js'
import { currentScope } from './current.js'
import type { Scope } from './scope.js'

/** Pays for one operation that is about to finish at once. False: it must yield first, see `afterTurn`. */
export function spend(scope: Scope): boolean {
  return --scope.coroutine.budget >= 0
}

/**
 * Yields, which refills the budget, and then does the operation. It has paid by yielding: where a coroutine does more operations at a
 * time than its budget has, the waking of all of them would use it up, and they would yield for ever.
 */
export async function afterTurn<T>(operation: () => T | Promise<T>): Promise<T> {
  const { coroutine } = currentScope()
  await yieldSlice()
  coroutine.budget = Math.max(coroutine.budget, 1)
  return operation()
}
