/** Where a redirect leads, and what goes along (RFC 9110, 15.4). */
import { HttpError } from '../errors.js'
import { HttpHeaders } from '../headers.js'
import { type Call, isIdempotent } from './call.js'
import type { Exchange } from './exchange.js'
import { NO_BODY } from './outgoing-body.js'
import { OF_ORIGIN } from './request-head.js'
import type { ClientResponse } from './response.js'
import { makeTarget, type Target } from './target.js'

const REDIRECTS = new Set([301, 302, 303, 307, 308])
/** Of the body that is left behind. */
const OF_BODY = ['content-type', 'content-length', 'content-encoding', 'content-language', 'content-location']

export function isRedirect(response: ClientResponse): boolean {
  return REDIRECTS.has(response.status) && response.headers.has('location')
}

/** Throws `HTTP_REDIRECT`. */
export function redirected(
  exchange: Exchange,
  response: ClientResponse,
): { readonly call: Call; readonly target: Target } {
  const { call, target } = exchange
  const { settings } = call
  if (exchange.redirects >= settings.maxRedirects)
    throw refuse(
      exchange,
      response,
      `it was redirected more than ${settings.maxRedirects} times`,
      'maxRedirects',
    )
  const next = nextTarget(exchange, response)
  if (target.isTls && !next.isTls && !settings.allowInsecureRedirects)
    throw refuse(exchange, response, 'a redirect leads from https to http', 'allowInsecureRedirects')
  const leaves = next.origin !== target.origin
  const drops = leaves ? [...OF_ORIGIN] : []
  const hasLeftOrigin = call.hasLeftOrigin || leaves
  const { status } = response
  const isGet =
    (status === 303 && call.method !== 'HEAD') ||
    ((status === 301 || status === 302) && call.method === 'POST')
  if (!isGet) {
    if (!call.body.isRepeatable) throw refuse(exchange, response, 'the body cannot be sent a second time')
    return { call: { ...call, hasLeftOrigin, headers: without(call.headers, drops) }, target: next }
  }
  const headers = without(call.headers, [...drops, ...OF_BODY])
  const method = 'GET'
  return {
    call: {
      ...call,
      hasLeftOrigin,
      method,
      isIdempotent: isIdempotent(method),
      headers,
      body: NO_BODY,
      trailers: undefined,
    },
    target: next,
  }
}

function nextTarget(exchange: Exchange, response: ClientResponse): Target {
  const location = response.headers.get('location') as string
  try {
    // A field is bytes, and what is not ASCII in it was most often meant as UTF-8.
    const target = makeTarget(new URL(Buffer.from(location, 'latin1').toString('utf8'), exchange.target.url))
    // A password that a server puts there is not this program's.
    return { ...target, authorization: undefined }
  } catch (cause) {
    throw refuse(exchange, response, 'a redirect leads to what is no URL of HTTP', undefined, cause)
  }
}

function without(headers: HttpHeaders | null, names: readonly string[]): HttpHeaders | null {
  if (headers === null) return null
  const rest = new HttpHeaders(headers)
  for (const name of names) rest.delete(name)
  return rest
}

export function refuse(
  exchange: Exchange,
  response: ClientResponse,
  text: string,
  limit?: string,
  cause?: unknown,
): HttpError {
  return new HttpError('HTTP_REDIRECT', text, {
    ...exchange.facts('head', cause),
    status: response.status,
    limit,
  })
}
