/**
 * A handler out of one for the fetch standard, `(Request) => Response`: an application of Hono, for one, runs unchanged. Requests
 * and responses with bodies that are known touch no web stream; others are streamed, with back-pressure both ways.
 */
import type { Awaitable } from '@shrapnel/core'
import { checkFunction, checkOptionNames, currentScope, wrongType } from '@shrapnel/core/parts'
import { isThenable } from '../connection/stream-end.js'
import { HttpHeaders } from '../headers.js'
import type { Handler, HttpRequest, HttpResponse } from '../message.js'
import { overrideFetchGlobals } from './globals.js'
import { LightRequest, platformRequest } from './light-request.js'
import { isLight, type LightResponse, PlatformResponse } from './light-response.js'
import { urlOf } from './request-url.js'
import { StreamPieces, unwrapped, type WebStream } from './web-body.js'

/** What a handler is given beside the Request. */
export interface FetchEnvironment {
  /** The request that it was made of: peer, TLS and whatever fetch has no word for. */
  readonly request: HttpRequest
}

export type FetchHandler = (request: Request, environment: FetchEnvironment) => Awaitable<Response>

export interface FetchHandlerOptions {
  /**
   * Puts light classes in the place of the platform's `Request` and `Response`, for the whole thread: several times as fast. False
   * unless given: then each request makes a Request of the platform's own.
   */
  readonly overrideGlobals?: boolean
}

const NAMES = new Set(['overrideGlobals'])

/**
 * A handler that calls `app`, or its `fetch`. What it throws, and what is no Response, is a 500. `request.signal` aborts when the client goes
 * away, and the stream of a response is cancelled then.
 */
export function fetchHandler(
  app: FetchHandler | { readonly fetch: FetchHandler },
  options: FetchHandlerOptions = {},
): Handler {
  checkOptionNames(options, NAMES)
  const { overrideGlobals = false } = options
  if (typeof overrideGlobals !== 'boolean')
    throw wrongType('overrideGlobals', 'true or false', overrideGlobals)
  const call = typeof app === 'function' ? app : app?.fetch
  checkFunction('app', call)
  if (overrideGlobals) overrideFetchGlobals()
  return (request) => {
    const incoming = overrideGlobals ? lightRequest(request) : fromHttpRequest(request)
    const response = call(incoming, { request })
    return isThenable(response) ? answerLater(response, request) : answerOf(response, request)
  }
}

function lightRequest(request: HttpRequest): Request {
  return new LightRequest(request, currentScope()) as unknown as Request
}

/** The platform's Request of one that came; it has the body from now on. Throws `HTTP_SYNTAX` (status 400) for a URL that is none. */
export function fromHttpRequest(request: HttpRequest): Request {
  return platformRequest(request, currentScope(), urlOf(request))
}

async function answerLater(response: PromiseLike<Response>, request: HttpRequest): Promise<HttpResponse> {
  return answerOf(await response, request)
}

function answerOf(response: Response, { method }: HttpRequest): Awaitable<HttpResponse> {
  if (typeof response === 'object' && response !== null && isLight(response))
    return answerOfLight(response, method)
  if (!(response instanceof PlatformResponse)) throw new TypeError('a fetch handler has to give a Response')
  return toHttpResponse(response, method === 'HEAD')
}

function answerOfLight(response: LightResponse, method: string): Awaitable<HttpResponse> {
  const { status, known } = response
  if (known === undefined)
    return withBody(status, response.headers, response.outgoing, response.real, method === 'HEAD')
  const headers = response.outgoing
  return headers === undefined ? { status, body: known } : { status, headers, body: known }
}

/**
 * What a Response of the platform's says, its body with it: a stream is read as the client takes it. Waits for the first piece of a
 * body whose length nobody gave, as that may be all of it.
 */
export function toHttpResponse(response: Response, isHead = false): Awaitable<HttpResponse> {
  const { status } = response
  const headers = new HttpHeaders(response.headers)
  return withBody(status, response.headers, headers, response, isHead)
}

function withBody(
  status: number,
  fields: Headers,
  headers: HttpResponse['headers'],
  { body }: Response,
  isHead: boolean,
): Awaitable<HttpResponse> {
  const head = headers === undefined ? { status } : { status, headers }
  if (body === null) return head
  const stream = body as WebStream
  if (isHead) {
    stream.cancel().catch(() => {})
    return head
  }
  if (fields.has('content-length')) return { ...head, body: new StreamPieces(stream.getReader()) }
  return unwrapped(stream).then((known) => (known === null ? head : { ...head, body: known }))
}
