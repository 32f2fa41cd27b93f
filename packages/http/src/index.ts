/** HTTP/1.1 and WebSocket for coroutines, server and client. The public names, by what one does with them. */

// Messages

// Applications for the fetch standard
export {
  type FetchEnvironment,
  type FetchHandler,
  type FetchHandlerOptions,
  fetchHandler,
  fromHttpRequest,
  toHttpResponse,
} from './fetch/fetch-handler.js'
// Forms
export { type FieldData, type FormBody, formBody, type OutgoingPart } from './form/form-body.js'
export type { FormLimits } from './form/limits.js'
export type { FormPart } from './form/part.js'
export type { FormParts } from './form/parts.js'
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

// Files, compression, conditions and preferences

export { accepts, acceptsEncodings, acceptsLanguages } from './handlers/accepts.js'
export { compress } from './handlers/compress.js'
export type { CompressOptions } from './handlers/compress-options.js'
export { type ConditionalFacts, conditional, etagOf } from './handlers/conditional.js'
export type { ContentCoding } from './handlers/content-coder.js'
export { type FilesHandler, files } from './handlers/files.js'
export type { FileEncoding, FileFacts, FilesOptions } from './handlers/files-options.js'
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
