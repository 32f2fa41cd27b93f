/**
 * Frames to messages (RFC 6455, 5), fed in any chunking. A frame that lies whole in what is fed, as most do, is unmasked there and never
 * gathered: text becomes a string straight from it. All others are the business of `Pieces`.
 *
 * It changes the bytes that it is fed. It neither waits nor answers. What is wrong throws `WS_PROTOCOL`, `WS_TEXT`, `WS_LIMIT`, and after
 * that it is not to be fed again.
 */
import { isUtf8 } from 'node:buffer'
import { latin1 } from './characters.js'
import { BINARY, badText, COMPRESSED, FINAL, TEXT } from './websocket-frame.js'
import { TRAILER_BYTES } from './websocket-gathered.js'
import { FrameHeader, type FrameRules } from './websocket-header.js'
import { applyMask } from './websocket-mask.js'
import { Pieces } from './websocket-pieces.js'

/** What a message may come to. */
export interface MessageLimits {
  /** Bytes of a message, all fragments together, compressed and not. */
  readonly maxMessageBytes: number
  readonly maxFragments: number
}

export interface MessageRules extends FrameRules, MessageLimits {}

/** Who gets what is decoded. */
export interface FrameSink {
  message(message: string | Buffer): void
  /** A compressed message; behind `length` bytes of it there is room for four more. */
  compressed(isText: boolean, bytes: Buffer, length: number): void
  /** CLOSE, PING or PONG; the payload is the sink's to keep. */
  control(opcode: number, payload: Buffer): void
  /** Memory for a binary message. */
  memoryFor(length: number): Buffer
  /** Nothing more is wanted: what is left of a chunk is dropped. */
  readonly isDeaf: boolean
}

/** Of the frame that is decoded now, by whichever decoder of the thread. */
const header = new FrameHeader()

export class FrameDecoder implements MessageRules {
  readonly isMasked: boolean
  readonly allowsCompression: boolean
  readonly maxMessageBytes: number
  readonly maxFragments: number
  readonly #sink: FrameSink
  /** While a frame or a message is in the middle. */
  #pieces: Pieces | null = null

  constructor(sink: FrameSink, limits: MessageLimits, isMasked: boolean, allowsCompression: boolean) {
    this.isMasked = isMasked
    this.allowsCompression = allowsCompression
    this.maxMessageBytes = limits.maxMessageBytes
    this.maxFragments = limits.maxFragments
    this.#sink = sink
  }

  /** Where the next bytes may be read to, if a long payload is what comes; null: anywhere. Tell `gathered` how many came. */
  get target(): { readonly bytes: Buffer; readonly at: number; readonly end: number } | null {
    return this.#pieces === null ? null : this.#pieces.target
  }

  gathered(count: number): void {
    const pieces = this.#pieces as Pieces
    pieces.arrived(count)
    if (pieces.isEmpty) this.#pieces = null
  }

  /** Decodes the bytes from `from` to `to`. Borrowed ones are copied if they have to be kept. */
  push(bytes: Buffer, from: number, to: number): void {
    const sink = this.#sink
    let at = from
    while (at < to && !sink.isDeaf) {
      if (this.#pieces === null) {
        const payload = this.#whole(bytes, at, to)
        if (payload > 0) {
          at = payload + header.length
          this.#deliver(bytes, payload, at)
          continue
        }
        this.#pieces = new Pieces(sink, this)
      }
      at = this.#pieces.push(bytes, at, to)
      if (this.#pieces.isEmpty) this.#pieces = null
    }
  }

  /** Where the payload begins of a frame that lies whole from `at` on, and in which a message or control ends that began in it; else 0. */
  #whole(bytes: Buffer, at: number, to: number): number {
    const size = header.parse(bytes, at, to, this, -1)
    const payload = at + size
    return size > 0 && header.length <= to - payload && (header.first & FINAL) !== 0 ? payload : 0
  }

  #deliver(bytes: Buffer, from: number, to: number): void {
    const sink = this.#sink
    const kind = header.first & (COMPRESSED | 15)
    const seen = this.isMasked ? applyMask(bytes, from, to, header.key) : 128
    if (kind === BINARY) {
      const message = sink.memoryFor(to - from)
      bytes.copy(message, 0, from, to)
      sink.message(message)
    } else if (kind === TEXT) sink.message(textOf(bytes, from, to, seen))
    else if ((kind & 8) !== 0) sink.control(kind, Buffer.from(bytes.subarray(from, to)))
    else {
      const message = Buffer.allocUnsafe(to - from + TRAILER_BYTES)
      bytes.copy(message, 0, from, to)
      sink.compressed((kind & 15) === TEXT, message, to - from)
    }
  }
}

/** Text from `from` to `to`, of bytes in which the bits of `seen` are set. Throws `WS_TEXT`. */
function textOf(bytes: Buffer, from: number, to: number, seen: number): string {
  if (seen < 128) return latin1(bytes, from, to)
  if (!isUtf8(bytes.subarray(from, to))) throw badText('a text message')
  return bytes.toString('utf8', from, to)
}
