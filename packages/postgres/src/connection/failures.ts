/** Errors of a connection: what the codec, the stream and the server complain of, as what a program gets. */
import { PostgresError, type PostgresErrorCode, type PostgresErrorFacts } from '../errors.js'
import type { ServerReport } from '../wire/backend-message.js'
import { PostgresWireError } from '../wire/errors.js'

const LONGEST_LABEL = 80

/** The query in few characters and one line. */
export function shortQuery(text: string): string {
  // Long ones are cut first: only what is shown is looked at.
  const line = text
    .slice(0, 2 * LONGEST_LABEL)
    .replace(/\s+/g, ' ')
    .trim()
  return line.length > LONGEST_LABEL ? `${line.slice(0, LONGEST_LABEL)}…` : line
}

/** The server refused. */
export function serverError(report: ServerReport, facts: PostgresErrorFacts = {}): PostgresError {
  return new PostgresError('PG_SERVER', report.message ?? 'the server reports an error without a message', {
    ...facts,
    report,
  })
}

/** What ends a connection: bytes that no honest server sends, or whatever went wrong with the stream. */
export function connectionFailure(error: unknown, target: string): PostgresError {
  if (error instanceof PostgresError) return error
  if (error instanceof PostgresWireError) {
    const code: PostgresErrorCode = error.code === 'PG_LIMIT' ? 'PG_LIMIT' : 'PG_PROTOCOL'
    return new PostgresError(code, `${target}: ${error.message}`, { cause: error, limit: error.limit })
  }
  const text = error instanceof Error ? error.message : String(error)
  return new PostgresError('PG_BROKEN', `the connection to ${target} broke: ${text}`, { cause: error })
}

/** What cannot be sent as the query wants it. */
export function refusal(error: unknown, facts: PostgresErrorFacts): unknown {
  if (!(error instanceof PostgresWireError)) return error
  const code = error.code === 'PG_LIMIT' ? 'PG_LIMIT' : 'PG_PARAMETER'
  return new PostgresError(code, error.message, {
    safeToRetry: false,
    ...facts,
    cause: error,
    limit: error.limit,
  })
}

/** A message where none of its kind may be. */
export function outOfPlace(what: string): PostgresWireError {
  return new PostgresWireError('PG_FIELD', `${what} that nothing asked for`)
}

/** For one who was waiting when the connection ended. */
export function lostError(loss: PostgresError, wasSent: boolean, facts: PostgresErrorFacts): PostgresError {
  const { code, message, report, limit } = loss
  return new PostgresError(code, message, {
    ...facts,
    report,
    limit,
    safeToRetry: !wasSent,
    cause: loss.cause ?? loss,
  })
}

/** For those whose fault it is not that the connection ended. */
export function bystanderLoss(loss: PostgresError): PostgresError {
  if (loss.code === 'PG_CLOSED' || loss.code === 'PG_BROKEN') return loss
  return new PostgresError('PG_BROKEN', `the connection was given up: ${loss.message}`, {
    report: loss.report,
    cause: loss,
  })
}

/** In the function of a transaction, the connection was asked in place of the transaction. */
export function waitsForItself(): PostgresError {
  return new PostgresError(
    'PG_USAGE',
    'the function of a transaction asked its connection, which waits for that transaction to end: ask what the function was given',
    { safeToRetry: true },
  )
}
