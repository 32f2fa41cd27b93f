/**
 * The server's side of the handshake (RFC 6455, 4.2), as a response to a request. What is no handshake is answered with its status; pages
 * of other sites are refused, as a browser sends its user's cookies along with them and asks nobody.
 */
import { type Awaitable, type Stream, shield } from '@shrapnel/core'
import { checkFunction, checkOptionNames, outOfRange, wrongType } from '@shrapnel/core/parts'
import { isThenable } from '../connection/stream-end.js'
import { UpgradedStream } from '../connection/upgraded-stream.js'
import { WebSocketError } from '../errors.js'
import type { HttpRequest, HttpResponse, UpgradeServer } from '../message.js'
import { listElements } from '../wire/list-value.js'
import { acceptDeflate, parseExtensions } from '../wire/websocket-extensions.js'
import { GOING_AWAY, INTERNAL_ERROR, NORMAL_CLOSURE } from '../wire/websocket-frame.js'
import {
  acceptanceOf,
  isProtocolName,
  isWebSocketKey,
  parseProtocols,
  WEBSOCKET_VERSION,
} from '../wire/websocket-handshake.js'
import { WEBSOCKET_OPTION_NAMES, type WebSocketOptions, webSocketSettings } from './options.js'
import { checkOriginRule, isOriginAllowed, type OriginRule } from './origin.js'
import { type ConnectionFacts, WebSocketConnection } from './web-socket-connection.js'

/** What a connection gets for its last words when its server is closed. */
const LAST_WORDS_MS = 1_000
const NOTHING: Buffer = Buffer.alloc(0)

export interface AcceptWebSocketOptions extends WebSocketOptions {
  /** The subprotocols that this server speaks: the first that the client offers is chosen; or a function that chooses. None unless given. */
  readonly protocols?:
    | readonly string[]
    | ((offered: readonly string[], request: HttpRequest) => string | undefined)
  /**
   * Whose pages may connect: `same`, only those of the host they connect to; a list of origins (`https://example.com`); `any`; or a function.
   * Whoever sends no Origin is no browser, and may. `same` unless given.
   */
  readonly origins?: OriginRule
}

const OPTIONS: ReadonlySet<string> = new Set([...WEBSOCKET_OPTION_NAMES, 'protocols', 'origins'])

export type WebSocketSession = (socket: WebSocketConnection) => Awaitable<void>

/**
 * Answers a request with a WebSocket, which `session` then has: `return acceptWebSocket(request, async (socket) => { … })`. When the session
 * ends the WebSocket is closed with 1000; with 1011 if it threw, and what it threw goes on to the exception notifier, but for what the peer's
 * leaving or misbehaving made it throw; with 1001 if it was shut down. A request that is no handshake is answered with 400, 405 or 426, one of
 * a foreign page with 403, and `session` is not called.
 */
export function acceptWebSocket(request: HttpRequest, session: WebSocketSession): HttpResponse
export function acceptWebSocket(
  request: HttpRequest,
  options: AcceptWebSocketOptions,
  session: WebSocketSession,
): HttpResponse
export function acceptWebSocket(
  request: HttpRequest,
  optionsOrSession: AcceptWebSocketOptions | WebSocketSession,
  sessionOrNothing?: WebSocketSession,
): HttpResponse {
  const isBare = typeof optionsOrSession === 'function'
  const options = isBare ? {} : optionsOrSession
  const session = (isBare ? optionsOrSession : sessionOrNothing) as WebSocketSession
  checkOptionNames(options, OPTIONS)
  checkFunction('session', session)
  const settings = webSocketSettings(options)
  const chooseProtocol = protocolChooser(options.protocols ?? [])
  const origins = checkOriginRule(options.origins ?? 'same')

  const key = handshakeKey(request)
  if (typeof key !== 'string') return key
  if (!isOriginAllowed(request, origins)) return refusal(403, 'pages of this origin may not connect')
  const offered = request.headers.get('sec-websocket-protocol')
  const names = offered === undefined ? [] : parseProtocols(offered)
  if (names === undefined) return refusal(400, 'a Sec-WebSocket-Protocol that is no list of names')
  const offers = parseExtensions(request.headers.get('sec-websocket-extensions') ?? '')
  if (offers === undefined) return refusal(400, 'a Sec-WebSocket-Extensions that is no list of extensions')

  const protocol = names.length === 0 ? '' : chooseProtocol(names, request)
  const { compression } = settings
  const agreed = compression === null ? undefined : acceptDeflate(offers, compression.maxWindowBits)
  const headers: [string, string][] = [
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Accept', acceptanceOf(key)],
  ]
  if (protocol !== '') headers.push(['Sec-WebSocket-Protocol', protocol])
  if (agreed !== undefined) headers.push(['Sec-WebSocket-Extensions', agreed.answer])
  const facts: ConnectionFacts = {
    isClient: false,
    settings,
    deflate: agreed?.deflate ?? null,
    protocol,
    extensions: agreed?.answer ?? '',
  }
  return { status: 101, headers, upgrade: (stream, server) => converse(stream, server, facts, session) }
}

/** The key, or the answer to a request that is no handshake. */
function handshakeKey({ method, version, headers }: HttpRequest): string | HttpResponse {
  const wantsWebSocket = listElements(headers.get('upgrade') ?? '').includes('websocket')
  if (!wantsWebSocket || !listElements(headers.get('connection') ?? '').includes('upgrade'))
    return refusal(426, 'this is a WebSocket', [['Upgrade', 'websocket']])
  if (method !== 'GET') return refusal(405, 'a WebSocket begins with GET', [['Allow', 'GET']])
  if (version !== '1.1') return refusal(400, 'a WebSocket begins with HTTP/1.1')
  if (headers.get('sec-websocket-version') !== WEBSOCKET_VERSION)
    return refusal(426, 'this is a WebSocket of version 13', [
      ['Upgrade', 'websocket'],
      ['Sec-WebSocket-Version', WEBSOCKET_VERSION],
    ])
  const key = headers.get('sec-websocket-key')
  if (key === undefined || !isWebSocketKey(key))
    return refusal(400, 'a handshake without a Sec-WebSocket-Key')
  return key
}

function refusal(status: number, text: string, headers: [string, string][] = []): HttpResponse {
  return { status, headers, body: `${text}\n` }
}

type ProtocolChooser = (offered: readonly string[], request: HttpRequest) => string

function protocolChooser(option: NonNullable<AcceptWebSocketOptions['protocols']>): ProtocolChooser {
  if (typeof option === 'function')
    return (offered, request) => {
      const chosen = option(offered, request)
      if (chosen !== undefined && !offered.includes(chosen))
        throw outOfRange('protocols', 'one of those that were offered, or undefined', String(chosen))
      return chosen ?? ''
    }
  if (!Array.isArray(option) || !option.every((name) => typeof name === 'string' && isProtocolName(name)))
    throw wrongType('protocols', 'an array of names or a function', option)
  return (offered) => offered.find((name) => option.includes(name)) ?? ''
}

/** No async function: what it keeps while a session goes on is part of what each WebSocket costs. */
function converse(
  stream: Stream,
  server: UpgradeServer,
  facts: ConnectionFacts,
  session: WebSocketSession,
): Awaitable<void> {
  const isWrapped = stream instanceof UpgradedStream
  const socket = isWrapped
    ? new WebSocketConnection(stream.inner, stream.takeEarly(), facts)
    : new WebSocketConnection(stream, NOTHING, facts)
  server.onStop(() => WebSocketConnection.endpointOf(socket).ending.goAway())
  let ended: Awaitable<void>
  try {
    ended = session(socket)
  } catch (error) {
    return endWith(socket, error)
  }
  if (!isThenable(ended)) return bidFarewell(socket, NORMAL_CLOSURE)
  return ended.then(
    () => bidFarewell(socket, NORMAL_CLOSURE),
    (error) => endWith(socket, error),
  )
}

async function endWith(socket: WebSocketConnection, error: unknown): Promise<void> {
  const isShutDown = (error as { readonly code?: string }).code === 'SHUTDOWN'
  await bidFarewell(socket, isShutDown ? GOING_AWAY : INTERNAL_ERROR)
  // What the connection came to is no fault of the session.
  if (!(error instanceof WebSocketError) || error !== WebSocketConnection.endpointOf(socket).ending.failure)
    throw error
}

async function bidFarewell(socket: WebSocketConnection, code: number): Promise<void> {
  try {
    // Whoever was told to go away before has had its time.
    if (code === GOING_AWAY && socket.isOpen) await shield(LAST_WORDS_MS, () => socket.close(code))
    else await socket.close(code)
  } finally {
    socket.terminate()
  }
}
