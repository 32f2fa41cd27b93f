/** What is wrong with bytes, with text, or with a value that cannot be sent. Nothing here knows of servers or of waiting. */

export type PostgresWireErrorCode =
  /** A message whose length cannot be true: shorter than itself, or than its type allows. */
  | 'PG_LENGTH'
  /** A field reaches beyond the end of its message. */
  | 'PG_SHORT'
  /** Bytes after the last field. */
  | 'PG_TRAILING'
  /** A length, a count or a depth above a limit; `limit` names it. */
  | 'PG_LIMIT'
  /** A message of a type that nobody knows. */
  | 'PG_MESSAGE_TYPE'
  /** A field that holds what the protocol forbids. */
  | 'PG_FIELD'
  /** A value of a row that is not what its type promises. */
  | 'PG_VALUE'
  /** To be sent: a value that its type cannot hold, or text with a NUL. */
  | 'PG_PARAMETER'
  /** COPY data that is not well formed. */
  | 'PG_COPY'
  /** An authentication exchange that does not follow its RFC, or a peer that does not know the password. */
  | 'PG_SCRAM'
  /** A message of logical replication that does not fit what came before. */
  | 'PG_REPLICATION'

export interface PostgresWireFacts {
  /** Where in the message, the value or the text, from its beginning. */
  readonly at?: number | undefined
  /** The limit that was exceeded, by its name. */
  readonly limit?: string | undefined
  readonly cause?: unknown
}

/** Bytes that no honest server sends, or a value that cannot be bytes. */
export class PostgresWireError extends Error {
  override readonly name: string = 'PostgresWireError'
  readonly code: PostgresWireErrorCode
  readonly at: number | undefined
  readonly limit: string | undefined
  constructor(code: PostgresWireErrorCode, text: string, facts: PostgresWireFacts = {}) {
    super(text, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = code
    this.at = facts.at
    this.limit = facts.limit
  }
}

/** For the places that are never reached by honest bytes: keeps the check itself small enough to be inlined. */
export function fail(code: PostgresWireErrorCode, text: string, at?: number): never {
  throw new PostgresWireError(code, text, { at })
}

export function failLimit(name: string, limit: number, what: string, at?: number): never {
  throw new PostgresWireError('PG_LIMIT', `${what}: more than ${name} (${limit})`, { at, limit: name })
}
