/** The fields of the handshake that have a form of their own (RFC 6455, 4). */
import { createHash, randomBytes } from 'node:crypto'

const KEY_BYTES = 16
const SALT = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
/** 16 bytes in base64 (RFC 4648, 4). */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

export const WEBSOCKET_VERSION = '13'

export function isWebSocketKey(value: string): boolean {
  return KEY.test(value)
}

export function makeWebSocketKey(): string {
  return randomBytes(KEY_BYTES).toString('base64')
}

/** Sec-WebSocket-Accept: that the server has understood. */
export function acceptanceOf(key: string): string {
  return createHash('sha1').update(key).update(SALT).digest('base64')
}

/** The names of subprotocols, in order. Undefined: not as they should be, or one comes twice. */
export function parseProtocols(value: string): readonly string[] | undefined {
  const names = value.split(',').map((name) => name.replace(/^[\t ]+|[\t ]+$/g, ''))
  return names.every(isProtocolName) && new Set(names).size === names.length ? names : undefined
}

export function isProtocolName(name: string): boolean {
  return TOKEN.test(name)
}
