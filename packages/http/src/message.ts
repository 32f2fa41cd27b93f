/**
 * What handlers, middleware and clients see: requests, responses and bodies, as interfaces. The server makes `HttpRequest` and takes
 * `HttpResponse`; a test may make either by hand.
 */
import type { Awaitable, SocketAddress, Stream } from '@shrapnel/core'
import type { FormLimits } from './form/limits.js'
import type { FormParts } from './form/parts.js'
import type { HeadersInit, HttpHeaders } from './headers.js'
import type { TlsFacts } from './tls-types.js'

/**
 * A body that comes in. As a Stream it can be received only: `send` and `shutdown` fail with `HTTP_READ_ONLY`. `recv` gives an empty Buffer
 * at the end, `HTTP_CUT` if the message was cut, `HTTP_LIMIT` (status 413) past `maxBodyBytes`. Its bytes come once.
 */
export interface Body extends Stream, AsyncIterable<Buffer> {
  /** What the peer announced; undefined: chunked, or until the end of the connection. 0: there is none. */
  readonly length: number | undefined
  /** Whether every byte was received by somebody. */
  readonly isFinished: boolean
  /** All of it. Fails with `HTTP_LIMIT` past `maxBytes` (the server's `maxBodyBytes` unless given). */
  bytes(options?: { readonly maxBytes?: number }): Promise<Buffer>
  /** All of it as text: UTF-8, or what Content-Type says. */
  text(options?: { readonly maxBytes?: number }): Promise<string>
  /** All of it as JSON. Fails with `HTTP_SYNTAX` (status 400). */
  json<T = unknown>(options?: { readonly maxBytes?: number }): Promise<T>
  /**
   * The parts of a form (multipart/form-data, RFC 7578) as they come, each with a body of its own. A part that was not read is passed over
   * when the next one is asked for. Throws `HTTP_SYNTAX` (status 415 or 400) at once; iterating fails with that and with `HTTP_LIMIT`.
   */
  parts(options?: FormLimits): FormParts
  /**
   * All of a form, multipart or urlencoded, gathered in memory: nothing is written to disk, so large files are for `parts`. Fails
   * with `HTTP_LIMIT` (status 413) and `HTTP_SYNTAX` (415 or 400).
   */
  formData(options?: FormLimits): Promise<FormData>
}

export interface HttpRequest {
  /** As it came: `GET`. */
  readonly method: string
  /** As it came: `/path?query`, `http://host/path`, `host:port` (CONNECT) or `*`. */
  readonly target: string
  /** The target's path, not decoded, from `/` up to the query; `*` and `host:port` as they are. */
  readonly path: string
  /** What follows `?`, not decoded; empty without. */
  readonly query: string
  /** Parsed when first asked for. */
  readonly url: URL
  readonly version: '1.0' | '1.1'
  readonly headers: HttpHeaders
  /** Those of a chunked body; empty until its end was received. */
  readonly trailers: HttpHeaders
  readonly body: Body
  /** What the router found in the path, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly peer: SocketAddress | undefined
  /** Undefined without TLS. */
  readonly tls: TlsFacts | undefined
  /** Aborted when the client goes away, or the handler has ended. For foreign code: core's waits are interrupted by themselves. */
  readonly signal: AbortSignal
  /** When the head was complete: `now()` of core, in milliseconds. */
  readonly receivedAt: number
}

/** Part of a file that is open. The response closes it. */
export interface FileBody {
  readonly fd: number
  readonly offset: number
  readonly length: number
  close(): void
}

/**
 * Strings go out as UTF-8. Of an iterable or a Stream the length is not known: it is sent chunked unless Content-Length is given. What has
 * a `close()` is closed in the end, also when nothing of it was sent.
 */
export type ResponseBody =
  | string
  | Uint8Array
  | AsyncIterable<Uint8Array | string>
  | Stream
  | { readonly file: FileBody }
  | null

/** The server of a stream that was given away. */
export interface UpgradeServer {
  /** `tell` is called once when the server begins to stop, at once if it has. Only the last one that was given is. */
  onStop(tell: () => void): void
}

export interface HttpResponse {
  /** 200 unless given. 101 with `upgrade` only. */
  readonly status?: number
  readonly headers?: HeadersInit
  /** Content-Length, Transfer-Encoding, Date and Connection are the server's business. */
  readonly body?: ResponseBody
  /** Asked for after the body: they are sent behind a chunked one. */
  readonly trailers?: () => Awaitable<HeadersInit>
  /**
   * Takes over the connection after the head was sent (status 101, or 2xx to CONNECT). The stream begins with whatever the client has sent
   * already, and is closed when this ends. A server that stops tells it through `server`, and cuts it off when the time of `stop` is over.
   */
  readonly upgrade?: (stream: Stream, server: UpgradeServer) => Awaitable<void>
  /** After this response the connection closes. */
  readonly close?: boolean
}

/** Runs in a scope of the request: it is interrupted when the client goes away. What it throws is a 500, or `status` of an HttpError. */
export type Handler = (request: HttpRequest) => Awaitable<HttpResponse>

/** Around a handler: answers itself, or lets `next` do so and changes what comes and goes. */
export type Middleware = (request: HttpRequest, next: Handler) => Awaitable<HttpResponse>
