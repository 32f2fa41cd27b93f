/** Why nobody got in, in one kind of error whatever failed; and which failures another server need not have. */
import { Interrupted, TimeoutError, withTimeout } from '@shrapnel/core'
import { PostgresError, type PostgresErrorCode } from '../errors.js'
import { PostgresWireError, type ServerReport } from '../wire/index.js'

/** What the server said in an ErrorResponse before it was ready. */
export function refusalOf(report: ServerReport): PostgresError {
  const { sqlState = '', message = 'no reason given' } = report
  const code: PostgresErrorCode = isDenial(sqlState) ? 'PG_AUTH' : 'PG_SERVER'
  const more = [report.detail, report.hint].filter((text) => text !== undefined)
  const text = [message, ...more].join('; ')
  return new PostgresError(code, text, { report, safeToRetry: code === 'PG_SERVER' })
}

/** Who we are is wrong, or where we want to go: invalid authorization, no such database, no right to connect. */
function isDenial(sqlState: string): boolean {
  return sqlState.startsWith('28') || sqlState === '3D000' || sqlState === '42501'
}

/** A server that does not let us in ends the search, as in libpq; one that cannot be reached, is full or starting does not. */
export function isFinal(error: PostgresError): boolean {
  return error.code === 'PG_AUTH' || error.code === 'PG_OPTION' || error.code === 'PG_USAGE'
}

/** `error`, as whoever opens gets it; `where` is the server. A cancellation stays what it is. */
export function openFailure(error: unknown, where: string): unknown {
  if (error instanceof Interrupted) return error
  if (error instanceof PostgresError) return located(error, where)
  if (error instanceof PostgresWireError) return wireFailure(error, where)
  if (isOfOptions(error))
    return new PostgresError('PG_OPTION', `${where}: ${error.message}`, { cause: error })
  const text = `${where} cannot be reached: ${error instanceof Error ? error.message : String(error)}`
  return new PostgresError('PG_CONNECT', text, { cause: error, safeToRetry: true })
}

/** `fn`, for as long as one server may take. Fails with a PostgresError, PG_TIMEOUT among them, or cancelled. */
export async function limited<T>(connectTimeoutMs: number, where: string, fn: () => Promise<T>): Promise<T> {
  try {
    return await withTimeout(connectTimeoutMs, async () => {
      try {
        return await fn()
      } catch (error) {
        throw openFailure(error, where)
      }
    })
  } catch (cause) {
    if (!(cause instanceof TimeoutError)) throw cause
    const text = `${where}: no session within connectTimeoutMs (${connectTimeoutMs} ms)`
    throw new PostgresError('PG_TIMEOUT', text, { limit: 'connectTimeoutMs', cause, safeToRetry: true })
  }
}

/** A key that is none, a name that cannot be: nothing that a server did. */
export function isOfOptions(error: unknown): error is Error {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' && (code === 'TLS_OPTION' || code.startsWith('ERR_'))
}

function located(error: PostgresError, where: string): PostgresError {
  if (error.message.startsWith(where)) return error
  const { report, limit, safeToRetry, cause } = error
  return new PostgresError(error.code, `${where}: ${error.message}`, { report, limit, safeToRetry, cause })
}

function wireFailure(error: PostgresWireError, where: string): PostgresError {
  const text = `${where}: ${error.message}`
  switch (error.code) {
    case 'PG_LIMIT':
      return new PostgresError('PG_LIMIT', text, {
        limit: OPTION_OF[error.limit ?? ''] ?? error.limit,
        cause: error,
      })
    case 'PG_PARAMETER':
      return new PostgresError('PG_OPTION', text, { cause: error })
    default:
      return new PostgresError('PG_PROTOCOL', text, { cause: error })
  }
}

/** The wire has limits of its own names; these are the options that set them. */
const OPTION_OF: Readonly<Record<string, string>> = {
  maxMessageBytes: 'maxStartupMessageBytes',
  maxIterations: 'maxScramIterations',
}

/** All that failed, in one, in the order in which it was tried. A single failure is itself; one that ended the search says what it is. */
export function allFailed(failures: readonly PostgresError[]): PostgresError {
  const last = failures.at(-1) as PostgresError
  if (failures.length === 1) return last
  const text = `none of ${failures.length} attempts got in: ${failures.map(({ message }) => message).join('; ')}`
  const cause = new AggregateError(failures, text)
  if (isFinal(last)) return new PostgresError(last.code, text, { report: last.report, cause })
  return new PostgresError('PG_CONNECT', text, { cause, safeToRetry: true })
}
