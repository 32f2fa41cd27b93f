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

// Errors

export { HttpError, type HttpErrorCode } from './errors.js'
