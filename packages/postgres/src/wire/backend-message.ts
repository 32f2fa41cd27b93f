/** What a server sends, as values. Rows have a faster way to be read: src/wire/rows. */
import type { Format } from './message-types.js'

/** What a server asks of who connects. */
export type AuthenticationRequest =
  | { readonly method: 'ok' | 'kerberos-v5' | 'cleartext-password' | 'gss' | 'sspi' }
  | { readonly method: 'md5-password'; readonly salt: Buffer }
  | { readonly method: 'sasl'; readonly mechanisms: readonly string[] }
  | { readonly method: 'gss-continue' | 'sasl-continue' | 'sasl-final'; readonly data: Buffer }

/** A column of a result. */
export interface ColumnDescription {
  readonly name: string
  /** The table that it comes from, or 0. */
  readonly tableOid: number
  /** Its number in that table, or 0. */
  readonly attributeNumber: number
  readonly typeOid: number
  /** In bytes; negative for types of any length. */
  readonly typeSize: number
  /** What the type says of itself: a length, a precision; -1 for nothing. */
  readonly typeModifier: number
  readonly format: Format
}

/** An error or a notice. Each field as PostgreSQL documents it ("Error and Notice Message Fields"); absent if not sent. */
export interface ServerReport {
  /** In the server's language. */
  readonly localizedSeverity?: string
  /** ERROR, FATAL, PANIC, WARNING, NOTICE, DEBUG, INFO or LOG. */
  readonly severity?: string
  readonly sqlState?: string
  readonly message?: string
  readonly detail?: string
  readonly hint?: string
  /** In the query, in characters from 1. */
  readonly position?: number
  readonly internalPosition?: number
  readonly internalQuery?: string
  readonly where?: string
  readonly schema?: string
  readonly table?: string
  readonly column?: string
  readonly dataType?: string
  readonly constraint?: string
  readonly file?: string
  readonly line?: number
  readonly routine?: string
  /** Fields of letters that are not known yet. */
  readonly unknown?: Readonly<Record<string, string>>
}

/** I: no transaction; T: in one; E: in one that has failed. */
export type TransactionStatus = 'idle' | 'transaction' | 'failed'

export interface CopyResponse {
  readonly format: Format
  readonly columnFormats: readonly Format[]
}

export type BackendMessage =
  | { readonly kind: 'authentication'; readonly request: AuthenticationRequest }
  | { readonly kind: 'backend-key-data'; readonly processId: number; readonly secretKey: Buffer }
  | { readonly kind: 'bind-complete' }
  | { readonly kind: 'close-complete' }
  | { readonly kind: 'command-complete'; readonly tag: string }
  | ({ readonly kind: 'copy-both' | 'copy-in' | 'copy-out' } & CopyResponse)
  | { readonly kind: 'copy-data'; readonly data: Buffer }
  | { readonly kind: 'copy-done' }
  | { readonly kind: 'data-row'; readonly values: readonly (Buffer | null)[] }
  | { readonly kind: 'empty-query' }
  | { readonly kind: 'error'; readonly report: ServerReport }
  | { readonly kind: 'function-call'; readonly value: Buffer | null }
  | {
      readonly kind: 'negotiate-protocol-version'
      /** The newest minor version that the server speaks, of the major one that was asked for. */
      readonly minorVersion: number
      readonly unknownOptions: readonly string[]
    }
  | { readonly kind: 'no-data' }
  | { readonly kind: 'notice'; readonly report: ServerReport }
  | {
      readonly kind: 'notification'
      readonly processId: number
      readonly channel: string
      readonly payload: string
    }
  | { readonly kind: 'parameter-description'; readonly typeOids: readonly number[] }
  | { readonly kind: 'parameter-status'; readonly name: string; readonly value: string }
  | { readonly kind: 'parse-complete' }
  | { readonly kind: 'portal-suspended' }
  | { readonly kind: 'ready-for-query'; readonly status: TransactionStatus }
  | { readonly kind: 'row-description'; readonly columns: readonly ColumnDescription[] }

/** What a command did: `INSERT 0 5`. */
export interface CommandTag {
  /** `INSERT`, `CREATE TABLE`. */
  readonly command: string
  /** The rows that it made, changed, found or copied; undefined if it does not say. */
  readonly rowCount: number | undefined
}
