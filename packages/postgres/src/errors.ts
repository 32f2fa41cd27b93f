/** The errors of this package. `code` is stable; messages are for people. Parameters of a query are in none of them unless asked for. */
import { CoroError } from '@shrapnel/core'
import type { ServerReport } from './wire/backend-message.js'

export type PostgresErrorCode =
  /** The server refused: `sqlState` and `report` say what. */
  | 'PG_SERVER'
  /** The server let nobody in: a wrong password, no such database or user, a method that is not allowed. `sqlState` if it said one. */
  | 'PG_AUTH'
  /** No server that was asked for could be reached, or none was what `targetSessionAttrs` wants. `cause` has them all. */
  | 'PG_CONNECT'
  /** The connection ended or broke. `safeToRetry` is true only if not a byte of the query had been given to the kernel. */
  | 'PG_BROKEN'
  /** The connection was lost, or given up, while COMMIT was under way: whether it was committed is not known. */
  | 'PG_COMMIT_UNKNOWN'
  /** What is used was closed, by this program: a connection, a pool, a transaction that is over. */
  | 'PG_CLOSED'
  /** The server sent what no honest server sends. The connection is discarded. */
  | 'PG_PROTOCOL'
  /** Something passed a limit: `limit` names the option. */
  | 'PG_LIMIT'
  /** Something took longer than it was told: `limit` names the option. */
  | 'PG_TIMEOUT'
  /** A value that cannot be sent as what the query wants. */
  | 'PG_PARAMETER'
  /** A URL or an option that means nothing. */
  | 'PG_OPTION'
  /** It cannot be done here: COPY by `query`, a parameter of a transaction in the wrong place. */
  | 'PG_USAGE'

export interface PostgresErrorFacts {
  readonly report?: ServerReport | undefined
  readonly query?: string | undefined
  readonly parameters?: readonly unknown[] | undefined
  readonly limit?: string | undefined
  readonly safeToRetry?: boolean | undefined
  readonly cause?: unknown
}

export class PostgresError extends CoroError {
  override readonly name: string = 'PostgresError'
  declare readonly code: PostgresErrorCode
  /** Five characters, of the server: `23505`. */
  readonly sqlState: string | undefined
  /** Every field that the server sent: detail, hint, constraint, table, column, position … */
  readonly report: ServerReport | undefined
  /** The text of the query, without its values. */
  readonly query: string | undefined
  /** Only with `errors: { parameters: true }`. */
  declare readonly parameters?: readonly unknown[]
  /** The name of the option that sets the limit. */
  readonly limit: string | undefined
  /** Nothing can be done twice by doing it again. False where nobody can know. */
  readonly safeToRetry: boolean
  constructor(code: PostgresErrorCode, text: string, facts: PostgresErrorFacts = {}) {
    super(code, text, facts.cause)
    this.report = facts.report
    this.sqlState = facts.report?.sqlState
    this.query = facts.query
    this.limit = facts.limit
    this.safeToRetry = facts.safeToRetry ?? false
    if (facts.parameters !== undefined) this.parameters = facts.parameters
  }
}
