/** Errors of transactions. */
import { PostgresError } from '../errors.js'

/** The server refuses everything in a transaction in which something has failed. */
const IN_FAILED_TRANSACTION = '25P02'
const SERIALIZATION_FAILURE = '40001'
const DEADLOCK = '40P01'

/** Transactions have got in each other's way: the same once more may do. */
export function isConflict(error: unknown): boolean {
  return (
    error instanceof PostgresError &&
    error.code === 'PG_SERVER' &&
    (error.sqlState === SERIALIZATION_FAILURE || error.sqlState === DEADLOCK)
  )
}

/** It is not what went wrong, but what follows from it. */
export function isConsequence(error: unknown): boolean {
  return error instanceof PostgresError && error.sqlState === IN_FAILED_TRANSACTION
}

/** Whether a query that ended like this has left the transaction as it was, so that it can go on. */
export function isHarmless(error: unknown): boolean {
  if (!(error instanceof PostgresError) || error.code === 'PG_SERVER') return false
  return error.code === 'PG_PARAMETER' || error.safeToRetry
}

/** The function has returned, but there is nothing that could be committed. */
export function rolledBack(failure: unknown): PostgresError {
  const text = failure instanceof Error ? failure.message : String(failure)
  const why = `the transaction was rolled back, as a query in it failed: ${text}`
  if (!(failure instanceof PostgresError))
    return new PostgresError('PG_USAGE', why, { safeToRetry: true, cause: failure })
  const { code, report, query, limit } = failure
  return new PostgresError(code, why, { report, query, limit, safeToRetry: true, cause: failure })
}

export function commitUnknown(cause: unknown): PostgresError {
  const text = cause instanceof Error ? cause.message : String(cause)
  return new PostgresError(
    'PG_COMMIT_UNKNOWN',
    `COMMIT was under way, and nobody knows whether it was done: ${text}`,
    { query: 'commit', report: cause instanceof PostgresError ? cause.report : undefined, cause },
  )
}

export function transactionOver(): PostgresError {
  return new PostgresError('PG_CLOSED', 'the transaction is over')
}
