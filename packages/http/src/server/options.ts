/** What `serve` may be told, and what it does unless told otherwise. */
import type { Awaitable, SocketAddress, Stream } from '@shrapnel/core'
import { checkDuration, checkFunction, checkInteger, checkOptionNames, wrongType } from '@shrapnel/core/parts'
import type { HttpError } from '../errors.js'
import type { HttpRequest } from '../message.js'
import type { TlsListenOptions } from '../tls-types.js'
import { MAX_HEAD_BYTES, MAX_HEADERS, MAX_TARGET_BYTES } from '../wire/limits.js'

/** What connections come from: those of core and of TLS, and whatever is like them. */
export interface ConnectionSource {
  accept(): Awaitable<Stream>
  close(): void
  readonly isClosed: boolean
  readonly address?: SocketAddress | undefined
  /** Connections that it makes ready, as by a handshake: they count for `maxConnections`. */
  readonly handshakes?: number
}

export interface ConnectionOptions {
  /** The request line and all header fields, in bytes; more is answered with 431. 16,384 unless given. */
  readonly maxHeadBytes?: number
  /** Header fields of a request; more is 431. 100 unless given. */
  readonly maxHeaders?: number
  /** The target of a request, in bytes; more is 414. 8,192 unless given. */
  readonly maxTargetBytes?: number
  /** The body of a request, in bytes; more is 413. 10 MiB unless given. */
  readonly maxBodyBytes?: number
  /** How much of a body that the handler did not read is received and dropped, so that the connection can go on. 262,144 unless given. */
  readonly maxDrainBytes?: number
  /** How much is received ahead while a handler runs, in bytes: further requests, or a body that nobody reads. 65,536 unless given. */
  readonly maxPipelinedBytes?: number
  /** Requests on one connection; after the last it closes. 100,000 unless given. */
  readonly maxRequestsPerConnection?: number
  /** For a head, from its first byte, and for the first one from the beginning; then 408. 30,000 unless given. */
  readonly headTimeoutMs?: number
  /** Between two requests; then the connection closes. 75,000 unless given. */
  readonly idleTimeoutMs?: number
  /** For a body while the handler waits for it: between two pieces, and in all but for what `minBodyBytesPerSecond` adds. Then 408. 30,000 unless given. */
  readonly bodyTimeoutMs?: number
  /** What a slow body must come to after `bodyTimeoutMs`. 240 unless given. */
  readonly minBodyBytesPerSecond?: number
  /**
   * In which the client must take something of an answer, and for each 64 KiB of that in all; then the connection is reset. What was
   * taken is known of sockets; of other streams, TLS too, when 128 KiB are. 60,000 unless given.
   */
  readonly sendTimeoutMs?: number
  /** How long what a client still sends is dropped before a connection is closed, so that it can read the last answer. 2,000 unless given. */
  readonly lingerTimeoutMs?: number
  /**
   * A client that says that it sends no more while its answer is awaited: false, it has gone away, and the handler is cancelled, as Go
   * does and nginx for what it proxies; true, it still gets its answer. False unless given.
   */
  readonly allowHalfClose?: boolean
  /** Told of each error of a handler that became a 500. It goes to the exception notifier unless given. */
  readonly onError?: (error: unknown, request: HttpRequest) => void
  /** Told of each request that was refused before any handler saw it: what was wrong, with the status that was answered, and with whom. */
  readonly onRefused?: (error: HttpError, peer: SocketAddress | undefined) => void
}

export interface ServeOptions extends ConnectionOptions {
  /** 0 to 65535; 0 lets the kernel choose. */
  readonly port?: number
  /** An IPv4 or IPv6 address, or `localhost`. `127.0.0.1` unless given. */
  readonly host?: string
  /** A UNIX socket in place of a port. */
  readonly path?: string
  /** A listener that is there already, in place of a port: it is closed with the server. */
  readonly listener?: ConnectionSource
  /** Certificate, key and whatever else `tls.listen` takes. Needs the package @shrapnel/tls. */
  readonly tls?: Omit<TlsListenOptions, 'port' | 'host'>
  readonly backlog?: number
  /** Lets several sockets listen on the port (SO_REUSEPORT). False unless given. */
  readonly reusePort?: boolean
  /** Connections at a time; more are answered with 503 and closed. 50,000 unless given. */
  readonly maxConnections?: number
}

export interface ConnectionSettings {
  readonly maxHeadBytes: number
  readonly maxHeaders: number
  readonly maxTargetBytes: number
  readonly maxBodyBytes: number
  readonly maxDrainBytes: number
  readonly maxPipelinedBytes: number
  readonly maxRequestsPerConnection: number
  readonly headTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly bodyTimeoutMs: number
  readonly minBodyBytesPerSecond: number
  readonly sendTimeoutMs: number
  readonly lingerTimeoutMs: number
  readonly allowHalfClose: boolean
  readonly onError: ((error: unknown, request: HttpRequest) => void) | undefined
  readonly onRefused: ((error: HttpError, peer: SocketAddress | undefined) => void) | undefined
}

const MOST = Number.MAX_SAFE_INTEGER
const CONNECTION_NAMES = [
  'maxHeadBytes', 'maxHeaders', 'maxTargetBytes', 'maxBodyBytes', 'maxDrainBytes', 'maxPipelinedBytes',
  'maxRequestsPerConnection', 'headTimeoutMs', 'idleTimeoutMs', 'bodyTimeoutMs', 'minBodyBytesPerSecond',
  'sendTimeoutMs', 'lingerTimeoutMs', 'allowHalfClose', 'onError', 'onRefused',
] // biome-ignore format: a table
const CONNECTION_OPTIONS = new Set(CONNECTION_NAMES)
const SERVE_OPTIONS = new Set([
  ...CONNECTION_NAMES,
  'port', 'host', 'path', 'listener', 'tls', 'backlog', 'reusePort', 'maxConnections',
]) // biome-ignore format: a table

/** Also for options of `serve`. */
export function connectionSettings(options: ConnectionOptions, isServe = false): ConnectionSettings {
  checkOptionNames(options, isServe ? SERVE_OPTIONS : CONNECTION_OPTIONS)
  const { allowHalfClose = false, onError, onRefused } = options
  if (typeof allowHalfClose !== 'boolean') throw wrongType('allowHalfClose', 'true or false', allowHalfClose)
  if (onError !== undefined) checkFunction('onError', onError)
  if (onRefused !== undefined) checkFunction('onRefused', onRefused)
  const bytes = (name: keyof ConnectionOptions, usual: number, least = 0): number =>
    checkInteger(name, options[name] ?? usual, least, MOST)
  const duration = (name: keyof ConnectionOptions, usual: number): number =>
    checkDuration(name, options[name] ?? usual)
  return {
    maxHeadBytes: bytes('maxHeadBytes', MAX_HEAD_BYTES, 1),
    maxHeaders: bytes('maxHeaders', MAX_HEADERS),
    maxTargetBytes: bytes('maxTargetBytes', MAX_TARGET_BYTES, 1),
    maxBodyBytes: bytes('maxBodyBytes', 10 * 1024 * 1024),
    maxDrainBytes: bytes('maxDrainBytes', 262_144),
    maxPipelinedBytes: bytes('maxPipelinedBytes', 65_536, 1),
    maxRequestsPerConnection: bytes('maxRequestsPerConnection', 100_000, 1),
    headTimeoutMs: duration('headTimeoutMs', 30_000),
    idleTimeoutMs: duration('idleTimeoutMs', 75_000),
    bodyTimeoutMs: duration('bodyTimeoutMs', 30_000),
    minBodyBytesPerSecond: bytes('minBodyBytesPerSecond', 240),
    sendTimeoutMs: duration('sendTimeoutMs', 60_000),
    lingerTimeoutMs: duration('lingerTimeoutMs', 2_000),
    allowHalfClose,
    onError,
    onRefused,
  }
}
