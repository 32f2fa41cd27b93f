/**
 * Frames to messages (RFC 6455, 5), fed in any chunking. A frame that lies whole in what is fed is unmasked there and never gathered: text
 * becomes a string straight from it. Others are gathered in a buffer that grows with what came, not with what a header claims.
 *
 * It changes the bytes that it is fed. It neither waits nor answers. What is wrong throws `WS_PROTOCOL`, `WS_TEXT`, `WS_LIMIT`, and after
 * that it is not to be fed again.
 */
import { isUtf8 } from 'node:buffer'
import { WebSocketError } from '../errors.js'
import { latin1 } from './characters.js'
import {
  BINARY,
  badText,
  broken,
  CLOSE,
  COMPRESSED,
  CONTINUATION,
  FINAL,
  MASKED,
  MAX_CONTROL_BYTES,
  MAX_HEADER_BYTES,
  POLICY_VIOLATION,
  PONG,
  RESERVED,
  TEXT,
  tooBig,
} from './websocket-frame.js'
import { applyMask, keyAfter } from './websocket-mask.js'
import { TextCheck } from './websocket-text.js'

/** What a message may come to. */
export interface MessageLimits {
  /** Bytes of a message, all fragments together, compressed and not. */
  readonly maxMessageBytes: number
  readonly maxFragments: number
}

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

const NOTHING: Buffer = Buffer.alloc(0)
/** What a message is given before its bytes are there. */
const FIRST_BYTES = 65_536
/** The end of a compressed message, which is not sent (RFC 7692, 7.2.2). */
export const TRAILER_BYTES = 4
/** With fewer bytes to come they may as well be read with what follows them. */
const LEAST_DIRECT_BYTES = 16_384

export class FrameDecoder {
  readonly #limits: MessageLimits
  readonly #sink: FrameSink
  readonly #isMasked: boolean
  readonly #allowsCompression: boolean
  /** The beginning of a header that was cut. */
  #carry: Buffer | null = null
  #carried = 0
  // The frame.
  #first = 0
  #length = 0
  #key = 0
  /** Bytes of its payload that have not come; -1: its header has not. */
  #left = -1
  /** The message: opcode and RSV1 of its first frame; 0: there is none. */
  #kind = 0
  #fragments = 0
  #gathered: Buffer = NOTHING
  #gatheredBytes = 0
  #seen = 0
  #control: Buffer | null = null
  #text: TextCheck | null = null

  constructor(sink: FrameSink, limits: MessageLimits, isMasked: boolean, allowsCompression: boolean) {
    this.#sink = sink
    this.#limits = limits
    this.#isMasked = isMasked
    this.#allowsCompression = allowsCompression
  }

  /** Where the next bytes may be read to, if a long payload is what comes; null: anywhere. Tell `gathered` how many came. */
  get target(): { readonly bytes: Buffer; readonly at: number; readonly end: number } | null {
    if (this.#left < LEAST_DIRECT_BYTES || this.#control !== null) return null
    this.#reserve(1)
    const at = this.#gatheredBytes
    return { bytes: this.#gathered, at, end: Math.min(this.#room, at + this.#left) }
  }

  gathered(count: number): void {
    this.#take(count)
    if (this.#left === 0) this.#endFrame()
  }

  /** Decodes the bytes from `from` to `to`. Borrowed ones are copied if they have to be kept. */
  push(bytes: Buffer, from: number, to: number): void {
    let at = from
    while (!this.#sink.isDeaf) {
      if (this.#left < 0) {
        if (at === to) return
        at = this.#header(bytes, at, to)
        if (this.#left < 0) return
        if (this.#kind !== 0 && this.#control === null && this.#isWhole && this.#left <= to - at) {
          this.#deliver(bytes, at, at + this.#left)
          at += this.#left
          this.#left = -1
          continue
        }
      }
      const count = Math.min(this.#left, to - at)
      if (count > 0) {
        this.#place(bytes, at, count)
        at += count
        this.#take(count)
      }
      if (this.#left > 0) return
      this.#endFrame()
    }
  }

  /** Whether the frame is a message of its own. */
  get #isWhole(): boolean {
    return (this.#first & FINAL) !== 0 && this.#fragments === 1
  }

  // The header

  /** Where the payload begins, once the header is there. */
  #header(bytes: Buffer, at: number, to: number): number {
    if (this.#carry === null) {
      const size = this.#parse(bytes, at, to)
      if (size > 0) return at + size
      this.#carry = Buffer.allocUnsafe(MAX_HEADER_BYTES)
      this.#carried = bytes.copy(this.#carry, 0, at, to)
      return to
    }
    const before = this.#carried
    const copied = bytes.copy(this.#carry, before, at, Math.min(to, at + MAX_HEADER_BYTES - before))
    const size = this.#parse(this.#carry, 0, before + copied)
    this.#carried += copied
    if (size === 0) return to
    this.#carry = null
    return at + size - before
  }

  /** The header's size; 0: it is not all there. What is wrong is found with the bytes that say so. */
  #parse(bytes: Buffer, at: number, to: number): number {
    if (to - at < 2) {
      if (to > at) this.#checkFirst(bytes[at] as number)
      return 0
    }
    const first = bytes[at] as number
    const second = bytes[at + 1] as number
    this.#checkFirst(first)
    if (((second & MASKED) !== 0) !== this.#isMasked)
      throw broken(
        this.#isMasked ? 'a frame of a client that is not masked' : 'a frame of a server that is masked',
      )
    let length = second & 127
    const isControl = (first & 8) !== 0
    if (isControl && length > MAX_CONTROL_BYTES) throw broken('a control frame of more than 125 bytes')
    let size = 2
    if (length >= 126) {
      size = length === 126 ? 4 : 10
      if (to - at < size) return 0
      length = length === 126 ? bytes.readUInt16BE(at + 2) : longLength(bytes, at + 2)
      if (length < (size === 4 ? 126 : 65_536)) throw broken('a length in more bytes than it needs')
    }
    const all = isControl ? 0 : this.#gatheredBytes + length
    if (all > this.#limits.maxMessageBytes) throw tooBig(this.#limits.maxMessageBytes)
    if (this.#isMasked) {
      if (to - at < size + 4) return 0
      this.#key =
        (bytes[at + size] as number) |
        ((bytes[at + size + 1] as number) << 8) |
        ((bytes[at + size + 2] as number) << 16) |
        ((bytes[at + size + 3] as number) << 24)
      size += 4
    }
    this.#begin(first, length, isControl)
    return size
  }

  #checkFirst(first: number): void {
    const opcode = first & 15
    if ((first & RESERVED) !== 0) throw broken('a frame with reserved bits')
    if (opcode >= CLOSE) {
      if (opcode > PONG) throw broken(`a frame with the opcode ${opcode}`)
      if ((first & FINAL) === 0) throw broken('a control frame in fragments')
      if ((first & COMPRESSED) !== 0) throw broken('a control frame that is compressed')
      return
    }
    if (opcode > BINARY) throw broken(`a frame with the opcode ${opcode}`)
    if (opcode === CONTINUATION) {
      if (this.#kind === 0) throw broken('a continuation of nothing')
      if ((first & COMPRESSED) !== 0) throw broken('a continuation that says it is compressed')
    } else {
      if (this.#kind !== 0) throw broken('a message inside of another')
      if ((first & COMPRESSED) !== 0 && !this.#allowsCompression)
        throw broken('a compressed message, which was not agreed on')
    }
  }

  #begin(first: number, length: number, isControl: boolean): void {
    this.#first = first
    this.#length = this.#left = length
    if (isControl) {
      this.#control = length === 0 ? NOTHING : Buffer.allocUnsafe(length)
      return
    }
    if ((first & 15) !== CONTINUATION) {
      this.#kind = first & (COMPRESSED | 15)
      this.#fragments = this.#seen = 0
    }
    const { maxFragments } = this.#limits
    if (++this.#fragments > maxFragments)
      throw new WebSocketError(
        'WS_LIMIT',
        `a message has more than the ${maxFragments} fragments that maxFragments allows`,
        { limit: 'maxFragments', closeCode: POLICY_VIOLATION },
      )
  }

  // A message that lies in one piece

  #deliver(bytes: Buffer, from: number, to: number): void {
    const kind = this.#kind
    const seen = this.#isMasked ? applyMask(bytes, from, to, this.#key) : 128
    this.#kind = 0
    if (kind === BINARY) {
      const message = this.#sink.memoryFor(to - from)
      bytes.copy(message, 0, from, to)
      this.#sink.message(message)
    } else if (kind === TEXT) this.#sink.message(textOf(bytes, from, to, seen))
    else {
      const message = Buffer.allocUnsafe(to - from + TRAILER_BYTES)
      bytes.copy(message, 0, from, to)
      this.#sink.compressed((kind & 15) === TEXT, message, to - from)
    }
  }

  // One that does not

  #place(bytes: Buffer, at: number, count: number): void {
    if (this.#control !== null) {
      bytes.copy(this.#control, this.#length - this.#left, at, at + count)
      return
    }
    this.#reserve(count)
    bytes.copy(this.#gathered, this.#gatheredBytes, at, at + count)
  }

  get #room(): number {
    return this.#gathered.length - TRAILER_BYTES
  }

  /** Room for `count` bytes more. It has at most twice what came, or what the frame still brings if that is little. */
  #reserve(count: number): void {
    const least = this.#gatheredBytes + count
    if (least <= this.#room) return
    const wanted = Math.max(FIRST_BYTES, 2 * this.#gatheredBytes, least)
    const known = this.#gatheredBytes + this.#left
    const isLast = (this.#first & FINAL) !== 0
    const capacity = isLast || known >= wanted ? Math.min(known, wanted) : Math.min(wanted, 2 * known)
    const bytes = Math.max(least, capacity) + TRAILER_BYTES
    const grown = this.#kind === BINARY ? this.#sink.memoryFor(bytes) : Buffer.allocUnsafeSlow(bytes)
    this.#gathered.copy(grown, 0, 0, this.#gatheredBytes)
    this.#gathered = grown
  }

  /** `count` bytes of the payload are in their place. */
  #take(count: number): void {
    const done = this.#length - this.#left
    const into = this.#control ?? this.#gathered
    const from = this.#control === null ? this.#gatheredBytes : done
    if (this.#isMasked) {
      const seen = applyMask(into, from, from + count, keyAfter(this.#key, done))
      if (this.#control === null) this.#seen |= seen
    } else this.#seen = 128
    if (this.#control === null) this.#gatheredBytes += count
    this.#left -= count
  }

  #endFrame(): void {
    this.#left = -1
    if (this.#control !== null) {
      const payload = this.#control
      this.#control = null
      this.#sink.control(this.#first & 15, payload)
    } else if ((this.#first & FINAL) !== 0) this.#endMessage()
    else if (this.#kind === TEXT) this.#checkText(false)
  }

  #checkText(isFinal: boolean): void {
    if (this.#text === null) {
      this.#text = new TextCheck()
      this.#text.begin()
    }
    if (this.#seen >= 128) this.#text.check(this.#gathered, this.#gatheredBytes, isFinal)
  }

  #endMessage(): void {
    const bytes = this.#gathered
    const length = this.#gatheredBytes
    const kind = this.#kind
    const seen = this.#seen
    if (kind === TEXT && seen >= 128) this.#checkText(true)
    this.#gathered = NOTHING
    this.#gatheredBytes = this.#kind = 0
    this.#text = null
    if (kind === TEXT) {
      this.#sink.message(seen < 128 ? latin1(bytes, 0, length) : bytes.toString('utf8', 0, length))
    } else if (kind === BINARY) this.#sink.message(fitted(bytes, length))
    else
      this.#sink.compressed(
        (kind & 15) === TEXT,
        bytes.length === 0 ? Buffer.alloc(TRAILER_BYTES) : bytes,
        length,
      )
  }
}

/** Text from `from` to `to`, of bytes in which the bits of `seen` are set. Throws `WS_TEXT`. */
function textOf(bytes: Buffer, from: number, to: number, seen: number): string {
  if (seen < 128) return latin1(bytes, from, to)
  if (!isUtf8(bytes.subarray(from, to))) throw badText('a text message')
  return bytes.toString('utf8', from, to)
}

/** The first `length` bytes, without holding on to much more. */
function fitted(bytes: Buffer, length: number): Buffer {
  return 2 * length >= bytes.length ? bytes.subarray(0, length) : Buffer.from(bytes.subarray(0, length))
}

function longLength(bytes: Buffer, at: number): number {
  const high = bytes.readUInt32BE(at)
  if (high >= 0x8000_0000) throw broken('a length of 64 bits whose first is set')
  return high * 0x1_0000_0000 + bytes.readUInt32BE(at + 4)
}
