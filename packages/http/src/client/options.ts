/** What clients and requests may be told. */
import type { Stream } from '@shrapnel/core'
import type { FormBody } from '../form/form-body.js'
import type { HeadersInit } from '../headers.js'
import type { FileBody } from '../message.js'
import type { TlsClientOptions } from '../tls-types.js'
import type { CookieStore } from './cookies.js'

/** A body whose bytes come once. Its length is not known: it is sent chunked unless Content-Length is given. */
export type StreamedBody = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string> | Stream

/** Strings go out as UTF-8, forms as multipart/form-data. A function is called each time the body is sent: what it gives can be sent again. */
export type RequestBody =
  | string
  | Uint8Array
  | ArrayBuffer
  | URLSearchParams
  | FormData
  | FormBody
  | StreamedBody
  | { readonly file: FileBody }
  | (() => StreamedBody)
  | null

/** What a client does with each request, and a request may do otherwise. */
export interface ExchangeOptions {
  /** For everything, from the call to the last byte of the body, redirects included, in milliseconds. No limit unless given. */
  readonly timeoutMs?: number
  /** From the last byte of the request to the end of the response's head, in milliseconds. 60,000 unless given. */
  readonly headTimeoutMs?: number
  /** Between two pieces of a body, while somebody waits for the next or sends one, in milliseconds. 60,000 unless given. */
  readonly bodyTimeoutMs?: number
  /** The status line and all header fields of a response, in bytes. 65,536 unless given. */
  readonly maxHeadBytes?: number
  /** Header fields of a response. 256 unless given. */
  readonly maxHeaders?: number
  /**
   * The body of a response, decoded, in bytes. Unless given: no limit for what is received in pieces, and 67,108,864 (64 MiB) for `bytes()`,
   * `text()` and `json()`, which can be told another by their own `maxBytes`.
   */
  readonly maxResponseBytes?: number
  /** How much of a body that nobody wants is received and dropped, so that the connection can be used again. 65,536 unless given. */
  readonly maxDrainBytes?: number
  /** How often a redirect is followed; 0: the redirect itself is the response. 10 unless given. */
  readonly maxRedirects?: number
  /** Whether a redirect may lead from `https` to `http`. False unless given. */
  readonly allowInsecureRedirects?: boolean
  /** Whether compressed responses are asked for and decoded: gzip, deflate, br, and zstd where Node has it. True unless given. */
  readonly decompress?: boolean
  /**
   * Waits for the server's `100 Continue` before the body is sent, `continueTimeoutMs` at most. False unless given.
   */
  readonly expectContinue?: boolean
  /** In milliseconds; then the body is sent all the same. 1,000 unless given. */
  readonly continueTimeoutMs?: number
  /** Whether requests that are not idempotent may be pipelined too. False unless given. */
  readonly pipelineAll?: boolean
}

export interface RequestOptions extends ExchangeOptions {
  readonly method?: string
  readonly headers?: HeadersInit
  readonly body?: RequestBody
  /** Sent as JSON, in place of `body`. */
  readonly json?: unknown
  /** Fields behind a body that is sent chunked; asked for when it has been sent. */
  readonly trailers?: () => HeadersInit
  /** Ends the request when it aborts: it fails with the signal's reason, and the connection is closed. */
  readonly signal?: AbortSignal
  /** Connects to this UNIX socket, whatever the URL's host. */
  readonly socketPath?: string
}

export interface ClientOptions extends ExchangeOptions {
  /** Sent with each request that has none of the same name. */
  readonly headers?: HeadersInit
  /** What relative URLs are relative to. */
  readonly baseUrl?: string | URL
  /** Connections to one origin at a time; further requests wait for one, the first first. 100 unless given. */
  readonly maxConnectionsPerOrigin?: number
  /** Idle connections that are kept, to all origins together. 256 unless given. */
  readonly maxIdleConnections?: number
  /** How long an idle connection is kept, in milliseconds; less where the server's Keep-Alive says so. 30,000 unless given. */
  readonly idleTimeoutMs?: number
  /** For name lookup, connecting, proxy and TLS together, in milliseconds. 10,000 unless given. */
  readonly connectTimeoutMs?: number
  /** Requests under way on one connection at a time. 1 unless given: no pipelining. */
  readonly pipelining?: number
  /**
   * `http://`, `https://`, `socks5://` or `socks5h://` (the proxy looks names up, for both), with `user:password@` where it
   * asks for them. `env`: what HTTPS_PROXY, http_proxy, ALL_PROXY and NO_PROXY say, as for curl. `none`. `env` unless given.
   */
  readonly proxy?: string | URL
  /** True: a jar of its own (needs the package tough-cookie); or a jar. None unless given. */
  readonly cookies?: boolean | CookieStore
  /** For `https`: roots, certificates, versions. Needs the package @shrapnel/tls. */
  readonly tls?: TlsClientOptions
  readonly socketPath?: string
  /** The address to connect from. The kernel's choice unless given. */
  readonly localAddress?: string
}
