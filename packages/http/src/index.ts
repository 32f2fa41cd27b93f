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

// Errors

export { HttpError, type HttpErrorCode } from './errors.js'
