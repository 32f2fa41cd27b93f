/** What clients and requests may be told, and what they do unless told otherwise. */
import type { Stream } from '@shrapnel/core'
import {
  checkDuration,
  checkInteger,
  checkOptionNames,
  checkOptions,
  outOfRange,
  wrongType,
} from '@shrapnel/core/parts'
import type { ClientOptions as TlsClientOptions } from '@shrapnel/tls'
import type { HeadersInit } from '../headers.js'
import type { FileBody } from '../message.js'
import type { HeadLimits } from '../wire/limits.js'
import type { CookieStore } from './cookies.js'

/** A body whose bytes come once. Its length is not known: it is sent chunked unless Content-Length is given. */
export type StreamedBody = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string> | Stream

/** Strings go out as UTF-8. A function is called each time the body is sent: what it gives can be sent again. */
export type RequestBody =
  | string
  | Uint8Array
  | ArrayBuffer
  | URLSearchParams
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

export interface ExchangeSettings extends HeadLimits {
  readonly timeoutMs: number
  readonly headTimeoutMs: number
  readonly bodyTimeoutMs: number
  readonly maxHeadBytes: number
  readonly maxHeaders: number
  /** `Infinity`: not given. */
  readonly maxResponseBytes: number
  readonly maxDrainBytes: number
  readonly maxRedirects: number
  readonly allowInsecureRedirects: boolean
  readonly decompress: boolean
  readonly expectContinue: boolean
  readonly continueTimeoutMs: number
  readonly pipelineAll: boolean
}

export interface PoolSettings {
  readonly maxConnectionsPerOrigin: number
  readonly maxIdleConnections: number
  readonly idleTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly pipelining: number
  readonly localAddress: string | undefined
  readonly tls: TlsClientOptions
}

/** What `bytes()` and its like hold at most unless told otherwise. */
export const MAX_COLLECTED_BYTES = 67_108_864
const MOST = Number.MAX_SAFE_INTEGER

const DEFAULTS: ExchangeSettings = {
  timeoutMs: Number.POSITIVE_INFINITY,
  headTimeoutMs: 60_000,
  bodyTimeoutMs: 60_000,
  maxHeadBytes: 65_536,
  maxHeaders: 256,
  maxTargetBytes: MOST,
  maxResponseBytes: Number.POSITIVE_INFINITY,
  maxDrainBytes: 65_536,
  maxRedirects: 10,
  allowInsecureRedirects: false,
  decompress: true,
  expectContinue: false,
  continueTimeoutMs: 1_000,
  pipelineAll: false,
}

const EXCHANGE_NAMES = [
  'timeoutMs', 'headTimeoutMs', 'bodyTimeoutMs', 'maxHeadBytes', 'maxHeaders', 'maxResponseBytes', 'maxDrainBytes',
  'maxRedirects', 'allowInsecureRedirects', 'decompress', 'expectContinue', 'continueTimeoutMs', 'pipelineAll',
] as const // biome-ignore format: a table
const IS_SETTING = new Set<string>(EXCHANGE_NAMES)
const REQUEST_NAMES = new Set<string>([
  ...EXCHANGE_NAMES,
  'method', 'headers', 'body', 'json', 'trailers', 'signal', 'socketPath', 'url',
]) // biome-ignore format: a table
const CLIENT_NAMES = new Set<string>([
  ...EXCHANGE_NAMES,
  'headers', 'baseUrl', 'maxConnectionsPerOrigin', 'maxIdleConnections', 'idleTimeoutMs', 'connectTimeoutMs',
  'pipelining', 'proxy', 'cookies', 'tls', 'socketPath', 'localAddress',
]) // biome-ignore format: a table

/** Checks the options of a request: `base` itself, unless they say anything else. */
export function exchangeSettings(options: RequestOptions, base: ExchangeSettings): ExchangeSettings {
  let settings = base
  for (const name in options) {
    if (!REQUEST_NAMES.has(name)) checkOptionNames(options, REQUEST_NAMES)
    if (!IS_SETTING.has(name)) continue
    const value = options[name as keyof RequestOptions]
    if (value === undefined) continue
    settings = { ...settings, [name]: checkSetting(name, value) }
  }
  return settings
}

function checkSetting(name: string, value: unknown): number | boolean {
  const usual = DEFAULTS[name as keyof ExchangeSettings]
  if (typeof usual === 'boolean') {
    if (typeof value !== 'boolean') throw wrongType(name, 'true or false', value)
    return value
  }
  if (name.endsWith('Ms')) return checkDuration(name, value as number)
  if (name === 'maxResponseBytes' && value === Number.POSITIVE_INFINITY) return value
  return checkInteger(name, value as number, name === 'maxHeadBytes' ? 1 : 0, MOST)
}

export function clientExchangeSettings(options: ClientOptions): ExchangeSettings {
  checkOptions(options)
  checkOptionNames(options, CLIENT_NAMES)
  let settings = DEFAULTS
  for (const name of EXCHANGE_NAMES) {
    const value = options[name]
    if (value !== undefined) settings = { ...settings, [name]: checkSetting(name, value) }
  }
  return settings
}

export function poolSettings(options: ClientOptions): PoolSettings {
  const { localAddress, tls = {} } = options
  if (localAddress !== undefined && typeof localAddress !== 'string')
    throw wrongType('localAddress', 'an address', localAddress)
  checkOptions(tls)
  const count = (name: keyof ClientOptions, usual: number, least: number): number =>
    checkInteger(name, (options[name] as number | undefined) ?? usual, least, MOST)
  const duration = (name: keyof ClientOptions, usual: number): number =>
    checkDuration(name, (options[name] as number | undefined) ?? usual)
  return {
    maxConnectionsPerOrigin: count('maxConnectionsPerOrigin', 100, 1),
    maxIdleConnections: count('maxIdleConnections', 256, 0),
    idleTimeoutMs: duration('idleTimeoutMs', 30_000),
    connectTimeoutMs: duration('connectTimeoutMs', 10_000),
    pipelining: count('pipelining', 1, 1),
    localAddress,
    tls,
  }
}

export function checkSocketPath(path: unknown): string | undefined {
  if (path === undefined) return undefined
  if (typeof path !== 'string') throw wrongType('socketPath', 'a path', path)
  if (path === '') throw outOfRange('socketPath', 'not empty', '""')
  return path
}
