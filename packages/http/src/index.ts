/** HTTP/1.1 and WebSocket for coroutines, server and client. The public names, by what one does with them. */

// Messages

export { type HeadersInit, HttpHeaders } from './headers.js'
export type {
  Body,
  FileBody,
  Handler,
  HttpRequest,
  HttpResponse,
  Middleware,
  ResponseBody,
} from './message.js'

// Server

export type { ConnectionOptions, ConnectionSource, ServeOptions } from './server/options.js'
export { type Server, serve, serveStream } from './server/serve.js'

// Client

export { client, createClient, type HttpClient } from './client/client.js'
export type { CookieStore } from './client/cookies.js'
export type { FetchInit, RedirectMode } from './client/fetch.js'
export type {
  ClientOptions,
  ExchangeOptions,
  RequestBody,
  RequestOptions,
  StreamedBody,
} from './client/options.js'
export type { PoolStats } from './client/pool.js'
export type { ClientResponse } from './client/response.js'

// Errors

export { HttpError, type HttpErrorCode, type HttpErrorFacts, type RequestPhase } from './errors.js'
