/** What frames of a WebSocket are made of (RFC 6455, 5.2 and 7.4), and the errors of those that are wrong. */
import { WebSocketError } from '../errors.js'

export const CONTINUATION = 0
export const TEXT = 1
export const BINARY = 2
export const CLOSE = 8
export const PING = 9
export const PONG = 10

/** Bits of a frame's first byte. */
export const FINAL = 0x80
/** RSV1: the message is compressed (RFC 7692, 6). */
export const COMPRESSED = 0x40
export const RESERVED = 0x30
/** Of the second. */
export const MASKED = 0x80

export const MAX_CONTROL_BYTES = 125
/** Two bytes, eight of a length, four of a mask. */
export const MAX_HEADER_BYTES = 14

export const NORMAL_CLOSURE = 1000
export const GOING_AWAY = 1001
const PROTOCOL_ERROR = 1002
/** A close frame without a code; it is never sent. */
export const NO_STATUS = 1005
const BAD_TEXT = 1007
export const POLICY_VIOLATION = 1008
const TOO_BIG = 1009
export const INTERNAL_ERROR = 1011

export function broken(text: string): WebSocketError {
  return new WebSocketError('WS_PROTOCOL', text, { closeCode: PROTOCOL_ERROR })
}

export function badText(where: string): WebSocketError {
  return new WebSocketError('WS_TEXT', `${where} is no UTF-8`, { closeCode: BAD_TEXT })
}

export function tooBig(maxMessageBytes: number): WebSocketError {
  return new WebSocketError(
    'WS_LIMIT',
    `a message is longer than the ${maxMessageBytes} bytes that maxMessageBytes allows`,
    { limit: 'maxMessageBytes', closeCode: TOO_BIG },
  )
}
