/** The client's side of the handshake (RFC 6455, 4.1). Redirects are not followed: a WebSocket that is elsewhere is another WebSocket. */
import { type Awaitable, type Stream, tcp, withTimeout } from '@shrapnel/core'
import { checkDuration, checkFunction, checkOptionNames, outOfRange, wrongType } from '@shrapnel/core/parts'
import { HttpError } from '../errors.js'
import type { HeadersInit } from '../headers.js'
import type { TlsClientOptions as ClientOptions } from '../tls-types.js'
import { DEFAULT_HEAD_LIMITS } from '../wire/limits.js'
import { ResponseHead } from '../wire/response-head.js'
import { isProtocolName, makeWebSocketKey } from '../wire/websocket-handshake.js'
import { agreedDeflate, agreedProtocol, checkAnswer, encodeRequest, refused } from './client-handshake.js'
import {
  WEBSOCKET_OPTION_NAMES,
  type WebSocketOptions,
  type WebSocketSettings,
  webSocketSettings,
} from './options.js'
import { WebSocketConnection } from './web-socket-connection.js'

/** Where a WebSocket is. */
export interface WebSocketTarget {
  readonly host: string
  readonly port: number
  readonly isSecure: boolean
}

export interface ConnectWebSocketOptions extends WebSocketOptions {
  /** The subprotocols to offer, the best one first. None unless given. */
  readonly protocols?: readonly string[]
  /** Further header fields: `Authorization`, `Cookie`, `Origin`. */
  readonly headers?: HeadersInit
  /** For connection and handshake together, in milliseconds; then `TIMEOUT`. 30,000 unless given. */
  readonly timeoutMs?: number
  /** For `wss:`: what `tls.connect` takes besides host and port. Needs the package @shrapnel/tls. */
  readonly tls?: ClientOptions
  /** Connects in place of core's TCP or TLS: through a proxy, or over a stream of one's own. */
  readonly connect?: (target: WebSocketTarget) => Awaitable<Stream>
}

const OPTIONS: ReadonlySet<string> = new Set([
  ...WEBSOCKET_OPTION_NAMES, 'protocols', 'headers', 'timeoutMs', 'tls', 'connect',
]) // biome-ignore format: a table
const DEFAULT_TIMEOUT_MS = 30_000

interface Plan {
  readonly url: URL
  readonly target: WebSocketTarget
  readonly protocols: readonly string[]
  readonly key: string
  readonly request: Buffer
  readonly settings: WebSocketSettings
  readonly options: ConnectWebSocketOptions
}

/**
 * Opens a WebSocket to a `ws:` or `wss:` URL. Waits for connection and handshake; cancelled, nothing is left open. Fails with `WS_REFUSED`,
 * whose `status` is the server's answer where that was not 101; `TIMEOUT`; and what connecting fails with: `ECONNREFUSED`, `ENOTFOUND`, a
 * TlsError or CertificateError.
 */
export async function connectWebSocket(
  url: string | URL,
  options: ConnectWebSocketOptions = {},
): Promise<WebSocketConnection> {
  const plan = makePlan(url, options)
  const timeoutMs = checkDuration('timeoutMs', options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
  return withTimeout(timeoutMs, () => open(plan))
}

function makePlan(where: string | URL, options: ConnectWebSocketOptions): Plan {
  checkOptionNames(options, OPTIONS)
  const url = parseUrl(where)
  const settings = webSocketSettings(options)
  const { protocols = [], connect } = options
  if (connect !== undefined) checkFunction('connect', connect)
  if (
    !Array.isArray(protocols) ||
    !protocols.every((name) => typeof name === 'string' && isProtocolName(name))
  )
    throw wrongType('protocols', 'an array of names', protocols)
  const isSecure = url.protocol === 'wss:'
  const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port)
  const target = { host: url.hostname.replace(/^\[|\]$/g, ''), port, isSecure }
  const key = makeWebSocketKey()
  const request = encodeRequest(url, key, protocols, settings, options.headers)
  return { url, target, protocols, key, request, settings, options }
}

function parseUrl(where: string | URL): URL {
  if (typeof where !== 'string' && !(where instanceof URL)) throw wrongType('url', 'a string or a URL', where)
  const url = new URL(where)
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:')
    throw outOfRange('url', 'a ws: or wss: URL', url.protocol)
  if (url.hash !== '') throw outOfRange('url', 'without a fragment (RFC 6455, 3)', url.hash)
  return url
}

async function open(plan: Plan): Promise<WebSocketConnection> {
  const stream = await connectTo(plan)
  try {
    await stream.send(plan.request)
    return await handshake(stream, plan)
  } catch (error) {
    stream.close()
    throw error
  }
}

async function connectTo({ target, options }: Plan): Promise<Stream> {
  if (options.connect !== undefined) return options.connect(target)
  const { host, port, isSecure } = target
  if (!isSecure) return tcp.connect(host, port)
  const { tls } = await import('@shrapnel/tls')
  return tls.connect(host, port, { alpn: ['http/1.1'], ...options.tls })
}

async function handshake(stream: Stream, plan: Plan): Promise<WebSocketConnection> {
  const head = new ResponseHead()
  let bytes: Buffer = Buffer.alloc(0)
  for (;;) {
    const more = await stream.recv()
    if (more.length === 0) throw refused('the server ended the connection in the middle of the handshake')
    bytes = bytes.length === 0 ? more : Buffer.concat([bytes, more])
    try {
      if (head.parse(bytes, 0, bytes.length, DEFAULT_HEAD_LIMITS)) break
    } catch (error) {
      if (error instanceof HttpError) throw refused('what the server answered is no HTTP', undefined, error)
      throw error
    }
  }
  const headers = head.headers(bytes)
  checkAnswer(head.status, headers, plan.key)
  const protocol = agreedProtocol(headers, plan.protocols)
  const extensions = headers.get('sec-websocket-extensions') ?? ''
  const { settings } = plan
  const deflate = agreedDeflate(extensions, settings)
  return new WebSocketConnection(stream, Buffer.from(bytes.subarray(head.to)), {
    isClient: true,
    settings,
    deflate,
    protocol,
    extensions,
  })
}
