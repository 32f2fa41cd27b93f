/** How a number of queries ended, in words that a test can compare. */
import { PostgresError } from '../../src/errors.js'

/** `done`, or the error's code with its sqlState; `… (safe)` if it may be asked again. Anything but a PostgresError is thrown: it is a bug. */
export async function endings(...queries: readonly PromiseLike<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(queries)
  return settled.map((each) => (each.status === 'fulfilled' ? 'done' : ending(each.reason)))
}

export function ending(reason: unknown): string {
  if (!(reason instanceof PostgresError)) throw reason
  const { code, sqlState, safeToRetry } = reason
  return [code, sqlState, safeToRetry ? '(safe)' : undefined].filter((part) => part !== undefined).join(' ')
}
