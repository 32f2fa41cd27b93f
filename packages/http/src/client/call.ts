/** What was asked for, without where: it stays the same through redirects, as far as they let it. */
import type { HttpHeaders } from '../headers.js'
import type { Exchange } from './exchange.js'
import type { RequestOptions } from './options.js'
import type { OutgoingBody } from './outgoing-body.js'
import type { ClientResponse } from './response.js'
import type { ExchangeSettings } from './settings.js'

/** Who made the call, and gets the response before the caller does. */
export interface ResponseTaker {
  /** @internal */
  deliver(exchange: Exchange, response: ClientResponse, hasSetCookie: boolean): void
}

export interface Call {
  readonly client: ResponseTaker
  readonly method: string
  /** Sending it twice is as good as once (RFC 9110, 9.2.2). */
  readonly isIdempotent: boolean
  readonly headers: HttpHeaders | null
  readonly body: OutgoingBody
  readonly settings: ExchangeSettings
  readonly socketPath: string | undefined
  readonly trailers: RequestOptions['trailers']
  readonly signal: AbortSignal | undefined
  /** A redirect led to another origin: what the client says for its own does not go there. */
  readonly hasLeftOrigin: boolean
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method)
}
