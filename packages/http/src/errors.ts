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
  /** A URL that no request can be sent to. */
  | 'HTTP_URL'
  /** Something took longer than the client was told to wait: `limit` names the option. */
  | 'HTTP_TIMEOUT'
  /** The server sends the client on, and it may not or cannot go there. */
  | 'HTTP_REDIRECT'
  /** A proxy refused, or answered what is no answer. `status` is what an HTTP proxy said. */
  | 'HTTP_PROXY'
  /** The client was closed. */
  | 'HTTP_CLOSED'

/** How far a request of a client had come. */
export type RequestPhase = 'queue' | 'connect' | 'send' | 'head' | 'body'

/** What the error of a request says beside its code. */
export interface HttpErrorFacts {
  readonly status?: number | undefined
  readonly limit?: string | undefined
  readonly cause?: unknown
  readonly phase?: RequestPhase | undefined
  readonly url?: string | undefined
  readonly safeToRetry?: boolean | undefined
}

export class HttpError extends CoroError {
  override readonly name: string = 'HttpError'
  declare readonly code: HttpErrorCode
  /** The status that a server answers with; undefined where none fits. */
  readonly status: number | undefined
  /** The name of the option that sets the limit, for `HTTP_LIMIT`. */
  readonly limit: string | undefined
  /** Of a client's request: how far it had come. */
  readonly phase: RequestPhase | undefined
  /** Of a client's request: where to, without credentials. */
  readonly url: string | undefined
  /** Of a client's request: nothing can be done twice by sending it again. False where nobody can know. */
  readonly safeToRetry: boolean
  constructor(code: HttpErrorCode, text: string, facts: HttpErrorFacts = {}) {
    super(code, text, facts.cause)
    this.status = facts.status
    this.limit = facts.limit
    this.phase = facts.phase
    this.url = facts.url
    this.safeToRetry = facts.safeToRetry ?? false
  }
}
