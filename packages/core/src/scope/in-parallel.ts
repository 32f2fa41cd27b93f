/** Several functions at once, each in a coroutine of its own. */
import { checkFunction, InParallelError, wrongType } from '../errors.js'
import { currentScope } from '../runtime/current.js'
import { Children } from './children.js'

type Results<Functions extends readonly (() => unknown)[]> = {
  -readonly [K in keyof Functions]: Awaited<ReturnType<Functions[K]>>
}

/**
 * Calls all `functions` and waits until every one has ended. Gives the results in order. If any failed, rejects with
 * `InParallelError` (`IN_PARALLEL`), whose `outcomes` has every result and error. Interrupting the caller interrupts
 * the functions, waits for them, and then passes.
 */
export async function inParallel<const Functions extends readonly (() => unknown)[]>(
  functions: Functions,
): Promise<Results<Functions>> {
  if (!Array.isArray(functions)) throw wrongType('functions', 'an array of functions', functions)
  for (const fn of functions) checkFunction('each of functions', fn)
  const refused = currentScope().refuse()
  if (refused !== null) return refused
  const outcomes = new Array<PromiseSettledResult<unknown>>(functions.length)
  const places = new Map<object, number>()
  const children = new Children((child, outcome) => {
    outcomes[places.get(child) as number] = outcome
  })
  for (const [place, fn] of functions.entries()) places.set(children.spawn(fn, []), place)
  const interrupted = await children.settle()
  if (interrupted !== undefined) throw interrupted
  if (outcomes.some((outcome) => outcome.status === 'rejected')) throw new InParallelError(outcomes)
  return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<unknown>).value) as Results<Functions>
}
