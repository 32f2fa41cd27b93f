/** The errors of this package. `code` is stable; messages are for people. */
import { CoroError } from '@shrapnel/core'

export type HttpErrorCode =
  /** A header field that cannot be sent. */
  | 'HTTP_HEADER'
  /** The peer sent what is no HTTP, or what must be refused. `status` is what a server answers. */
  | 'HTTP_SYNTAX'
  /** Something from the peer passed a limit: `limit` names the option. `status` is what a server answers. */
  | 'HTTP_LIMIT'
  /** The peer went away in the middle of a message. */
  | 'HTTP_CUT'
  /** A body can only be received. */
  | 'HTTP_READ_ONLY'

export class HttpError extends CoroError {
  override readonly name: string = 'HttpError'
  declare readonly code: HttpErrorCode
  /** The status that a server answers with; undefined where none fits. */
  readonly status: number | undefined
  /** The name of the option that sets the limit, for `HTTP_LIMIT`. */
  readonly limit: string | undefined
  constructor(
    code: HttpErrorCode,
    text: string,
    facts: { readonly status?: number; readonly limit?: string; readonly cause?: unknown } = {},
  ) {
    super(code, text, facts.cause)
    this.status = facts.status
    this.limit = facts.limit
  }
}
