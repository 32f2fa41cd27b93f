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

export { HttpError, type HttpErrorCode, WebSocketError } from './errors.js'
