/** The client's words in the handshake (RFC 6455, 4.1): the request, and what the server's answer must say to it. */
import { WebSocketError } from '../errors.js'
import { type HeadersInit, HttpHeaders } from '../headers.js'
import { listElements } from '../wire/list-value.js'
import { agreeDeflate, type Deflate, offerDeflate, parseExtensions } from '../wire/websocket-extensions.js'
import { acceptanceOf, WEBSOCKET_VERSION } from '../wire/websocket-handshake.js'
import type { WebSocketSettings } from './options.js'

/** What the handshake says itself. */
const OURS = new Set([
  'host', 'connection', 'upgrade', 'content-length', 'transfer-encoding',
  'sec-websocket-key', 'sec-websocket-version', 'sec-websocket-protocol', 'sec-websocket-extensions',
]) // biome-ignore format: a table

export function encodeRequest(
  url: URL,
  key: string,
  protocols: readonly string[],
  { compression }: WebSocketSettings,
  given: HeadersInit | undefined,
): Buffer {
  const headers = new HttpHeaders([
    ['Host', url.host],
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Version', WEBSOCKET_VERSION],
    ['Sec-WebSocket-Key', key],
  ])
  if (protocols.length > 0) headers.append('Sec-WebSocket-Protocol', protocols.join(', '))
  if (compression !== null)
    headers.append('Sec-WebSocket-Extensions', offerDeflate(compression.maxWindowBits))
  const further = new HttpHeaders(given)
  for (const [name, value] of further) if (!OURS.has(name.toLowerCase())) headers.append(name, value)
  if (url.username !== '' && !further.has('authorization')) {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
    headers.append('Authorization', `Basic ${Buffer.from(credentials).toString('base64')}`)
  }
  let text = `GET ${url.pathname}${url.search} HTTP/1.1\r\n`
  for (const [name, value] of headers) text += `${name}: ${value}\r\n`
  return Buffer.from(`${text}\r\n`, 'latin1')
}

export function checkAnswer(status: number, headers: HttpHeaders, key: string): void {
  if (status !== 101) throw refused(`the server answered ${status}`, status)
  if ((headers.get('upgrade') ?? '').toLowerCase() !== 'websocket')
    throw refused('the server switched to another protocol')
  if (!listElements(headers.get('connection') ?? '').includes('upgrade'))
    throw refused('the server did not upgrade the connection')
  if (headers.get('sec-websocket-accept') !== acceptanceOf(key))
    throw refused('the server did not understand the handshake: Sec-WebSocket-Accept is wrong')
}

export function agreedProtocol(headers: HttpHeaders, offered: readonly string[]): string {
  const protocol = headers.get('sec-websocket-protocol')
  if (protocol === undefined) return ''
  if (!offered.includes(protocol)) throw refused('the server chose a subprotocol that was not offered')
  return protocol
}

export function agreedDeflate(value: string, { compression }: WebSocketSettings): Deflate | null {
  if (value === '') return null
  const extensions = parseExtensions(value)
  const [extension] = extensions ?? []
  const deflate =
    extension === undefined || extensions?.length !== 1 || compression === null
      ? undefined
      : agreeDeflate(extension, compression.maxWindowBits)
  if (deflate === undefined) throw refused('the server chose extensions that were not offered')
  return deflate
}

export function refused(text: string, status?: number, cause?: unknown): WebSocketError {
  return new WebSocketError('WS_REFUSED', text, { ...(status === undefined ? {} : { status }), cause })
}
