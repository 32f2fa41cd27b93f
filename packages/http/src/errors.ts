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
  /** A body is asked for a second time: its bytes came once, and somebody has them. */
  | 'HTTP_BODY_USED'
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
  /** The other side of a WebSocket broke RFC 6455 or 7692. It was told so with `closeCode` 1002. */
  | 'WS_PROTOCOL'
  /** Text that came over a WebSocket is no UTF-8 (1007). */
  | 'WS_TEXT'
  /** What came over a WebSocket passed a limit: `limit` names the option (1009; 1008 for fragments). */
  | 'WS_LIMIT'
  /** The WebSocket was closed, by either side and as it should be: `closeCode` and `reason` say what the peer said. */
  | 'WS_CLOSED'
  /** The connection of a WebSocket ended without a close: cut, reset, or broken by a send that was cancelled half-way. */
  | 'WS_LOST'
  /** The other side of a WebSocket answered no ping within `pongTimeoutMs`. */
  | 'WS_DEAD'
  /** A WebSocket was not to be had: `status` is what the server answered, undefined if it broke the handshake. */
  | 'WS_REFUSED'

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

/** What happens to a WebSocket. */
export class WebSocketError extends HttpError {
  override readonly name: string = 'WebSocketError'
  /** The code of RFC 6455, 7.4: what the peer closed with, or was told; undefined where there was none. */
  readonly closeCode: number | undefined
  /** What came with the code. */
  readonly reason: string | undefined
  constructor(
    code: HttpErrorCode,
    text: string,
    facts: HttpErrorFacts & { readonly closeCode?: number | undefined; readonly reason?: string } = {},
  ) {
    super(code, text, facts)
    this.closeCode = facts.closeCode
    this.reason = facts.reason
  }
}
