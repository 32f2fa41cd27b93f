/** A response, of a head that was parsed and what came behind it. */
import type { Input } from '../connection/input.js'
import type { ResponseHead } from '../wire/response-head.js'
import { reasonOf } from '../wire/status.js'
import { decodingsOf } from './codings.js'
import type { Exchange } from './exchange.js'
import { tooLong } from './incoming-body.js'
import { ClientResponse } from './response.js'
import { type BodySource, ResponseBody } from './response-body.js'

const NOTHING: Buffer = Buffer.alloc(0)
/** The server closes a little before or after what it says; so does the way there take its time. */
const ADVICE_MARGIN_MS = 1_000

export interface BegunResponse {
  readonly response: ClientResponse
  /** What is still to come of it; null: it is all here. */
  readonly body: ResponseBody | null
}

/** Takes a body that is all here out of the input; for one that is not, `source` is what brings it. Throws `HTTP_LIMIT`. */
export function responseOf(
  head: ResponseHead,
  input: Input,
  { call, target, redirects }: Exchange,
  source: BodySource,
): BegunResponse {
  const { settings, method } = call
  const length = head.bodyLength(method)
  if (length > settings.maxResponseBytes) throw tooLong('maxResponseBytes', target.url)
  const headers = head.headers(input.bytes)
  let whole: Buffer | null = null
  let body: ResponseBody | null = null
  if (length === 0) whole = NOTHING
  else if (length > 0 && length <= input.end - input.at) {
    whole = Buffer.from(input.bytes.subarray(input.at, input.at + length))
    input.at += length
  } else body = new ResponseBody(source, length, settings, { url: target.url, headers })
  const reason = head.reason(input.bytes)
  const usual = reasonOf(head.status)
  const isCoded = head.hasContentEncoding && settings.decompress && length !== 0
  const response = new ClientResponse(
    head.status,
    // The one that is there already, and not a piece of a head.
    reason === usual ? usual : reason,
    head.minorVersion,
    headers,
    target.url,
    redirects,
    settings,
    whole,
    body,
    isCoded ? decodingsOf(headers) : null,
  )
  return { response, body }
}

/** How long `Keep-Alive: timeout=5` lets the connection be idle; `Infinity`: it says nothing; 0: not at all. */
export function advisedIdleMs({ headers }: ClientResponse): number {
  const value = headers.get('keep-alive')
  const seconds = value === undefined ? null : /(?:^|[,;\s])timeout="?(\d{1,9})/i.exec(value)
  if (seconds === null) return Number.POSITIVE_INFINITY
  const saidMs = Number(seconds[1]) * 1_000
  return Math.max(saidMs / 2, saidMs - ADVICE_MARGIN_MS)
}
