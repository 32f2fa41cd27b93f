/** What a WebSocket may be told, on both sides, and what it does unless told otherwise. */
import { checkDuration, checkInteger, checkOptionNames, wrongType } from '@shrapnel/core/parts'
import { LEAST_OWN_WINDOW_BITS, MOST_WINDOW_BITS } from '../wire/websocket-extensions.js'

export interface CompressionOptions {
  /** Shorter messages are sent as they are. 1,024 unless given. */
  readonly thresholdBytes?: number
  /** The window of both sides is 2 to the power of this, 9 to 15. 15 unless given. */
  readonly maxWindowBits?: number
  /** How much work zlib puts in, 1 to 9. 6 unless given. */
  readonly level?: number
}

export interface WebSocketOptions {
  /** A message from the peer, all fragments together and not compressed, in bytes; more is closed with 1009. 10 MiB unless given. */
  readonly maxMessageBytes?: number
  /** Fragments of a message; more is closed with 1008. 16,384 unless given. */
  readonly maxFragments?: number
  /** Messages that nobody has received yet, in bytes; beyond it the connection is not read. 65,536 unless given. */
  readonly maxReceiveQueueBytes?: number
  /** What is sent and not on its way yet, in bytes; beyond it `send` waits. 65,536 unless given. */
  readonly highWaterBytes?: number
  /** Longer messages go out in fragments of so many bytes, between which pings get through. 1 MiB unless given. */
  readonly fragmentBytes?: number
  /** After so long without a byte from the peer it is pinged. `Infinity`: never. 30,000 unless given. */
  readonly pingIntervalMs?: number
  /** How long it then has; after that it is dead. 15,000 unless given. */
  readonly pongTimeoutMs?: number
  /** How long `close` waits for the peer's own close; then the connection is cut. 5,000 unless given. */
  readonly closeTimeoutMs?: number
  /**
   * The bytes of a binary message are good until the next `receive`, which may put another message in their place: for servers that carry
   * many messages of more than 4 KiB. False unless given.
   */
  readonly recycleMessages?: boolean
  /** permessage-deflate (RFC 7692), without a context that outlives a message. False unless given. */
  readonly compression?: boolean | CompressionOptions
}

export interface CompressionSettings {
  readonly thresholdBytes: number
  readonly maxWindowBits: number
  readonly level: number
}

export interface WebSocketSettings {
  readonly maxMessageBytes: number
  readonly maxFragments: number
  readonly maxReceiveQueueBytes: number
  readonly highWaterBytes: number
  readonly fragmentBytes: number
  readonly pingIntervalMs: number
  readonly pongTimeoutMs: number
  readonly closeTimeoutMs: number
  readonly recycleMessages: boolean
  readonly compression: CompressionSettings | null
}

export const WEBSOCKET_OPTION_NAMES = [
  'maxMessageBytes', 'maxFragments', 'maxReceiveQueueBytes', 'highWaterBytes', 'fragmentBytes',
  'pingIntervalMs', 'pongTimeoutMs', 'closeTimeoutMs', 'recycleMessages', 'compression',
] as const // biome-ignore format: a table
const COMPRESSION_OPTIONS = new Set(['thresholdBytes', 'maxWindowBits', 'level'])

/** What a Buffer may hold on every Node, with room to spare. */
const MOST_BYTES = 2 ** 31 - 16

/** The names of the options have been checked. */
export function webSocketSettings(options: WebSocketOptions): WebSocketSettings {
  const bytes = (name: keyof WebSocketOptions, usual: number, least = 1): number =>
    checkInteger(name, options[name] ?? usual, least, MOST_BYTES)
  const duration = (name: keyof WebSocketOptions, usual: number): number =>
    checkDuration(name, options[name] ?? usual)
  const { recycleMessages = false } = options
  if (typeof recycleMessages !== 'boolean')
    throw wrongType('recycleMessages', 'true or false', recycleMessages)
  return shared({
    maxMessageBytes: bytes('maxMessageBytes', 10 * 1024 * 1024),
    maxFragments: bytes('maxFragments', 16_384),
    maxReceiveQueueBytes: bytes('maxReceiveQueueBytes', 65_536),
    highWaterBytes: bytes('highWaterBytes', 65_536),
    fragmentBytes: bytes('fragmentBytes', 1024 * 1024, 125),
    pingIntervalMs: duration('pingIntervalMs', 30_000),
    pongTimeoutMs: duration('pongTimeoutMs', 15_000),
    closeTimeoutMs: duration('closeTimeoutMs', 5_000),
    recycleMessages,
    compression: compressionSettings(options.compression ?? false),
  })
}

let last: WebSocketSettings | null = null

/** One object for all connections that have the same settings, where they come one after another. */
function shared(settings: WebSocketSettings): WebSocketSettings {
  const names = Object.keys(settings) as (keyof WebSocketSettings)[]
  const known = last
  if (known !== null && names.every((name) => settings[name] === known[name])) return known
  last = settings
  return settings
}

function compressionSettings(option: unknown): CompressionSettings | null {
  if (option === false) return null
  if (option !== true && (typeof option !== 'object' || option === null))
    throw wrongType('compression', 'true, false or an object', option)
  const given: CompressionOptions = option === true ? {} : option
  checkOptionNames(given, COMPRESSION_OPTIONS)
  const { thresholdBytes = 1024, maxWindowBits = MOST_WINDOW_BITS, level = 6 } = given
  return {
    thresholdBytes: checkInteger('thresholdBytes', thresholdBytes, 0, MOST_BYTES),
    maxWindowBits: checkInteger('maxWindowBits', maxWindowBits, LEAST_OWN_WINDOW_BITS, MOST_WINDOW_BITS),
    level: checkInteger('level', level, 1, 9),
  }
}
