/** HTTP/1.1 and WebSocket for coroutines, server and client. The public names, by what one does with them. */

// Messages

export { decodeCharset } from './body/charset.js'
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
  UpgradeServer,
} from './message.js'

// Server

export type { ConnectionOptions, ConnectionSource, ServeOptions } from './server/options.js'
export { type ServeStreamOptions, serve, serveStream } from './server/serve.js'
export type { Server } from './server/server.js'

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

// Handlers

export { type AccessLog, type AccessLogOptions, accessLog } from './handlers/access-log.js'
export { authenticatedUser, setAuthenticatedUser } from './handlers/authenticated-user.js'
export { type BasicAuthOptions, basicAuth, basicCredentials } from './handlers/basic-auth.js'
export { compose } from './handlers/compose.js'
export { CookieSigner } from './handlers/cookie-signer.js'
export { type CookieOptions, cookies, deleteCookie, setCookie } from './handlers/cookies.js'
export { type CorsOptions, cors } from './handlers/cors.js'
export { digestAuth } from './handlers/digest-auth.js'
export type { DigestAlgorithm, DigestAuthOptions, DigestSecret } from './handlers/digest-options.js'
export { type EventStreamOptions, eventStream, type SendEvent } from './handlers/event-stream.js'
export { handleJsonRpc, invalidParams, jsonRpc } from './handlers/json-rpc.js'
export { JsonRpcError } from './handlers/json-rpc-error.js'
export type { JsonRpcContext, JsonRpcMethod, JsonRpcOptions } from './handlers/json-rpc-options.js'
export type { AccessLogEntry, AccessLogFormat } from './handlers/log-entry.js'
export { LogFile, type LogFileOptions } from './handlers/log-file.js'
export { type RateLimitOptions, rateLimit } from './handlers/rate-limit.js'
export { type RequestIdOptions, requestId, requestIdOf } from './handlers/request-id.js'
export {
  badRequest,
  escapeHtml,
  forbidden,
  html,
  json,
  methodNotAllowed,
  noContent,
  notFound,
  type ResponseOptions,
  redirect,
  text,
  tooManyRequests,
  unavailable,
} from './handlers/responses.js'
export { type PathParams, type RouteHandler, type Router, router } from './handlers/router.js'
export type { RouterOptions } from './handlers/router-options.js'
export { type SecurityHeadersOptions, securityHeaders } from './handlers/security-headers.js'
export type { Session } from './handlers/session.js'
export type { SessionExchange } from './handlers/session-exchange.js'
export type { SessionOptions } from './handlers/session-options.js'
export { type Sessions, sessions } from './handlers/sessions.js'
export { type StatusPageOptions, statusPage } from './handlers/status-page.js'
export { withHeaders } from './handlers/with-headers.js'
export type { ServerSentEvent } from './wire/server-sent-event.js'

// WebSocket

export {
  type AcceptWebSocketOptions,
  acceptWebSocket,
  type WebSocketSession,
} from './websocket/accept.js'
export { type BroadcastOptions, type BroadcastResult, broadcast } from './websocket/broadcast.js'
export { type ConnectWebSocketOptions, connectWebSocket, type WebSocketTarget } from './websocket/connect.js'
export type { CompressionOptions, WebSocketOptions } from './websocket/options.js'
export type { OriginRule } from './websocket/origin.js'
export { WebSocketConnection } from './websocket/web-socket-connection.js'

// Errors

export {
  HttpError,
  type HttpErrorCode,
  type HttpErrorFacts,
  type RequestPhase,
  WebSocketError,
} from './errors.js'
