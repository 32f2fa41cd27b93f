/** Requests made by hand, as the contract allows: no server is needed to try a handler. */
import { type Awaitable, now } from '@shrapnel/core'
import {
  type Body,
  type Handler,
  type HeadersInit,
  HttpError,
  HttpHeaders,
  type HttpRequest,
  type HttpResponse,
} from '../../src/index.js'

export interface Parts {
  readonly method?: string
  readonly target?: string
  readonly headers?: HeadersInit
  readonly body?: string
  /** Null: there is none, as over a UNIX socket. */
  readonly peer?: string | null
  readonly isTls?: boolean
}

export function makeRequest({
  method = 'GET',
  target = '/',
  headers,
  body = '',
  peer = '127.0.0.1',
  isTls = false,
}: Parts = {}): HttpRequest {
  const question = target.indexOf('?')
  return {
    method,
    target,
    path: question < 0 ? target : target.slice(0, question),
    query: question < 0 ? '' : target.slice(question + 1),
    get url() {
      return new URL(`http://localhost${target}`)
    },
    version: '1.1',
    headers: new HttpHeaders(headers),
    trailers: new HttpHeaders(),
    body: bodyOf(Buffer.from(body)),
    params: {},
    peer:
      peer === null ? undefined : { address: peer, family: peer.includes(':') ? 'IPv6' : 'IPv4', port: 4711 },
    tls: isTls ? ({} as NonNullable<HttpRequest['tls']>) : undefined,
    signal: new AbortController().signal,
    receivedAt: now(),
  }
}

function bodyOf(bytes: Buffer): Body {
  return {
    length: bytes.length,
    bytes: async ({ maxBytes = Number.POSITIVE_INFINITY } = {}) => {
      if (bytes.length > maxBytes)
        throw new HttpError('HTTP_LIMIT', 'too long', { status: 413, limit: 'maxBytes' })
      return bytes
    },
  } as Body
}

export async function call(handler: Handler, parts?: Parts): Promise<HttpResponse> {
  return handler(makeRequest(parts))
}

export function fieldsOf(response: HttpResponse): HttpHeaders {
  return new HttpHeaders(response.headers)
}

/** Status and body, for tables. */
export async function answer(
  response: Awaitable<HttpResponse>,
): Promise<readonly [status: number, body: unknown]> {
  const { status = 200, body } = await response
  return [status, typeof body === 'string' ? body.trim() : body]
}
