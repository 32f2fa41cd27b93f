/** The client: what a program calls. Each has pools, limits and cookies of its own. */
import { now } from '@shrapnel/core'
import { checkOptions, currentScope, runIn, wrongType } from '@shrapnel/core/parts'
import { HttpError } from '../errors.js'
import { HttpHeaders } from '../headers.js'
import { type Call, isIdempotent, type ResponseTaker } from './call.js'
import { type Cookies, cookiesOf } from './cookies.js'
import { Exchange } from './exchange.js'
import { clientClosed } from './failures.js'
import { type FetchInit, fetchOptions } from './fetch.js'
import type { ClientOptions, RequestOptions } from './options.js'
import { dropUnsent, NO_BODY, outgoingBody } from './outgoing-body.js'
import type { OriginPool, PoolStats } from './pool.js'
import { Pools } from './pools.js'
import { proxyChooser } from './proxy.js'
import { isRedirect, redirected, refuse } from './redirect.js'
import { requestHead } from './request-head.js'
import type { ClientResponse } from './response.js'
import { isForwarded, type Route } from './route.js'
import {
  checkSocketPath,
  clientExchangeSettings,
  type ExchangeSettings,
  exchangeSettings,
  poolSettings,
} from './settings.js'
import { parseUrl, type Target, TargetCache } from './target.js'

const NO_OPTIONS: RequestOptions = {}

export class HttpClient implements ResponseTaker, Disposable {
  readonly #exchangeSettings: ExchangeSettings
  readonly #headers: HttpHeaders | null
  readonly #targets: TargetCache
  readonly #pools: Pools
  readonly #cookies: Cookies | null
  readonly #socketPath: string | undefined
  readonly #plainGet: Call
  #isClosed = false

  /** @internal */
  constructor(options: ClientOptions) {
    this.#exchangeSettings = clientExchangeSettings(options)
    this.#pools = new Pools(poolSettings(options), proxyChooser(options.proxy))
    this.#headers = options.headers === undefined ? null : new HttpHeaders(options.headers)
    this.#targets = new TargetCache(baseOf(options.baseUrl))
    this.#cookies = cookiesOf(options.cookies)
    this.#socketPath = checkSocketPath(options.socketPath)
    this.#plainGet = {
      client: this,
      method: 'GET',
      isIdempotent: true,
      headers: null,
      body: NO_BODY,
      settings: this.#exchangeSettings,
      socketPath: this.#socketPath,
      trailers: undefined,
      signal: undefined,
      hasLeftOrigin: false,
    }
  }

  /**
   * Sends a request and waits for the head of the response; its body is received as it is read. Redirects are followed. Cancelled, it
   * leaves the queue, or closes its connection. Fails with `ECONNREFUSED` and the like, the errors of TLS, and those of HttpError.
   */
  get(url: string | URL, options?: RequestOptions): Promise<ClientResponse> {
    return this.#begin('GET', url, options)
  }

  head(url: string | URL, options?: RequestOptions): Promise<ClientResponse> {
    return this.#begin('HEAD', url, options)
  }

  post(url: string | URL, options?: RequestOptions): Promise<ClientResponse> {
    return this.#begin('POST', url, options)
  }

  put(url: string | URL, options?: RequestOptions): Promise<ClientResponse> {
    return this.#begin('PUT', url, options)
  }

  patch(url: string | URL, options?: RequestOptions): Promise<ClientResponse> {
    return this.#begin('PATCH', url, options)
  }

  delete(url: string | URL, options?: RequestOptions): Promise<ClientResponse> {
    return this.#begin('DELETE', url, options)
  }

  /** As `get`, with everything in one object. `method` is GET unless given. */
  request(options: RequestOptions & { readonly url: string | URL }): Promise<ClientResponse> {
    try {
      checkOptions(options)
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#begin(options.method ?? 'GET', options.url, options)
  }

  /** For code that knows `fetch`: takes its `init`, follows redirects as it does, and gives a response with its face. */
  async fetch(url: string | URL, init: FetchInit = {}): Promise<ClientResponse> {
    const { method, mode, options } = fetchOptions(init)
    const response = await this.#begin(method, url, options)
    if (mode !== 'error' || !isRedirect(response)) return response
    response.discard()
    throw new HttpError('HTTP_REDIRECT', 'it was redirected', { status: response.status, url: response.url })
  }

  #begin(
    method: string,
    url: string | URL,
    options: (RequestOptions & { readonly url?: string | URL }) | undefined,
  ): Promise<ClientResponse> {
    let call: Call | undefined
    try {
      if (options !== undefined) checkOptions(options)
      const target = this.#targets.find(url)
      if (options?.method !== undefined && options.method !== method)
        throw wrongType('method', `undefined for ${method.toLowerCase()}()`, options.method)
      call = options === undefined && method === 'GET' ? this.#plainGet : this.#callOf(method, options)
      const { timeoutMs } = call.settings
      const dueAt = timeoutMs === Number.POSITIVE_INFINITY ? timeoutMs : now() + timeoutMs
      return this.#cookies === null
        ? this.#exchange(call, target, 0, dueAt, undefined)
        : this.#exchangeWithCookies(call, target, 0, dueAt)
    } catch (error) {
      if (call === undefined) dropUnsent(options?.body)
      return Promise.reject(error)
    }
  }

  #callOf(method: string, options: RequestOptions = NO_OPTIONS): Call {
    if (typeof method !== 'string') throw wrongType('method', 'text', method)
    const settings = exchangeSettings(options, this.#exchangeSettings)
    const { headers, body, json, trailers, signal, socketPath } = options
    if (signal !== undefined && !(signal instanceof AbortSignal))
      throw wrongType('signal', 'an AbortSignal', signal)
    return {
      client: this,
      method,
      isIdempotent: isIdempotent(method),
      headers: headers === undefined ? null : new HttpHeaders(headers),
      body: body === undefined && json === undefined ? NO_BODY : outgoingBody(body, json),
      settings,
      socketPath: socketPath === undefined ? this.#socketPath : checkSocketPath(socketPath),
      trailers,
      signal,
      hasLeftOrigin: false,
    }
  }

  async #exchangeWithCookies(
    call: Call,
    target: Target,
    redirects: number,
    dueAt: number,
  ): Promise<ClientResponse> {
    let cookie: string
    try {
      cookie = await (this.#cookies as Cookies).header(target.url)
    } catch (error) {
      call.body.close()
      throw error
    }
    return this.#exchange(call, target, redirects, dueAt, cookie)
  }

  #exchange(
    call: Call,
    target: Target,
    redirects: number,
    dueAt: number,
    cookie: string | undefined,
  ): Promise<ClientResponse> {
    const scope = currentScope()
    let pool: OriginPool
    let exchange: Exchange
    try {
      const refused = scope.refuse()
      if (refused !== null) {
        call.body.close()
        return refused
      }
      if (this.#isClosed) throw clientClosed()
      if (call.signal?.aborted) throw call.signal.reason
      pool = this.#pools.find(target, call.socketPath)
      const head = this.#headOf(call, target, pool.route, cookie)
      exchange = new Exchange(scope, call, target, head, redirects, dueAt)
    } catch (error) {
      call.body.close()
      throw error
    }
    const response = exchange.suspend()
    pool.dispatch(exchange)
    return response
  }

  #headOf(call: Call, target: Target, route: Route, cookie: string | undefined): string {
    const isKept = call === this.#plainGet && cookie === undefined
    if (isKept && target.getHead !== null) return target.getHead
    const isAbsolute = isForwarded(route)
    const authorization = isAbsolute ? route.proxy?.authorization : undefined
    const head = requestHead(call, target, authorization, isAbsolute, this.#headers, cookie)
    if (isKept) target.getHead = head
    return head
  }

  /** A response came to an exchange: who waits for it gets it, or what it leads to. @internal */
  deliver(exchange: Exchange, response: ClientResponse, hasSetCookie: boolean): void {
    const { status } = response
    const leadsOn =
      status >= 300 && status < 400 && exchange.call.settings.maxRedirects > 0 && isRedirect(response)
    if (leadsOn || (hasSetCookie && this.#cookies !== null)) {
      const outcome = runIn(exchange.scope, () => this.#follow(exchange, response, leadsOn))
      // It may fail before whoever waits runs, and is his failure then.
      outcome.catch(() => {})
      exchange.wake(outcome as unknown as ClientResponse)
    } else exchange.wake(response)
  }

  async #follow(exchange: Exchange, response: ClientResponse, leadsOn: boolean): Promise<ClientResponse> {
    const { dueAt, target } = exchange
    try {
      if (this.#cookies !== null) await this.#cookies.take(response.headers.getAll('set-cookie'), target.url)
    } catch (error) {
      response.body.close()
      throw error
    }
    if (!leadsOn) return response
    response.discard()
    const next = redirected(exchange, response)
    const count = exchange.redirects + 1
    if (dueAt <= now()) throw refuse(exchange, response, 'it took longer than timeoutMs allows', 'timeoutMs')
    return this.#cookies === null
      ? this.#exchange(next.call, next.target, count, dueAt, undefined)
      : this.#exchangeWithCookies(next.call, next.target, count, dueAt)
  }

  /** What there is, for each origin: connections, how many of them are idle, how many requests wait for one. */
  get stats(): PoolStats[] {
    return this.#pools.stats
  }

  /** Closes the connections that nothing is under way on. */
  closeIdle(): void {
    this.#pools.closeIdle()
  }

  /** Closes every connection. What is under way fails with `HTTP_CLOSED`, and so does every later request. */
  close(): void {
    this.#isClosed = true
    this.#pools.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

function baseOf(base: string | URL | undefined): URL | undefined {
  if (base === undefined || base instanceof URL) return base
  return parseUrl(base, undefined)
}

/** A client with pools of its own. */
export function createClient(options: ClientOptions = {}): HttpClient {
  return new HttpClient(options)
}

/** The client of whoever needs none of his own. */
export const client: HttpClient = createClient()
