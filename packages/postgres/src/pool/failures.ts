/** Errors of a pool. */
import { PostgresError } from '../errors.js'

export function poolClosed(): PostgresError {
  return new PostgresError('PG_CLOSED', 'the pool is closed', { safeToRetry: true })
}

/** What connecting has failed with, for each of those who waited for it: with a stack of its own. */
export function again(error: PostgresError): PostgresError {
  const { code, message, report, limit } = error
  return new PostgresError(code, message, { report, limit, safeToRetry: true, cause: error })
}
