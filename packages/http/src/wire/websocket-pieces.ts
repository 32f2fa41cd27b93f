/**
 * Frames that do not lie whole in what is fed, and messages of several: they are gathered here until a message has ended and nothing is left
 * over. A connection has one of these only meanwhile.
 */
import { WebSocketError } from '../errors.js'
import { latin1 } from './characters.js'
import type { FrameSink, MessageRules } from './websocket-decoder.js'
import {
  BINARY,
  COMPRESSED,
  CONTINUATION,
  FINAL,
  MAX_HEADER_BYTES,
  POLICY_VIOLATION,
  TEXT,
} from './websocket-frame.js'
import { Gathered, type Memory } from './websocket-gathered.js'
import { FrameHeader } from './websocket-header.js'
import { applyMask, keyAfter } from './websocket-mask.js'
import { TextCheck } from './websocket-text.js'

/** With fewer bytes to come they may as well be read with what follows them. */
const LEAST_DIRECT_BYTES = 16_384

/** For what is not given away as it is. */
const ANEW: Memory = { memoryFor: (length) => Buffer.allocUnsafeSlow(length) }

export class Pieces {
  readonly #sink: FrameSink
  readonly #rules: MessageRules
  /** Of the frame that comes. */
  readonly #header = new FrameHeader()
  /** Bytes of its payload that have not come; -1: its header has not. */
  #left = -1
  /** The beginning of a header that was cut. */
  #carry: Buffer | null = null
  #carried = 0
  #control: Buffer | null = null
  /** The message: opcode and RSV1 of its first frame; 0: there is none. */
  #kind = 0
  #fragments = 0
  #gathered = new Gathered()
  /** Which bits are set in its bytes. */
  #seen = 0
  #text: TextCheck | null = null

  constructor(sink: FrameSink, rules: MessageRules) {
    this.#sink = sink
    this.#rules = rules
  }

  /** Whether whatever comes next begins anew. */
  get isEmpty(): boolean {
    return this.#left < 0 && this.#kind === 0 && this.#carry === null
  }

  /** Where the next bytes may be read to, if a long payload is what comes; null: anywhere. */
  get target(): { readonly bytes: Buffer; readonly at: number; readonly end: number } | null {
    if (this.#left < LEAST_DIRECT_BYTES || this.#control !== null) return null
    this.#reserve(1)
    const { bytes, length, room } = this.#gathered
    return { bytes, at: length, end: Math.min(room, length + this.#left) }
  }

  /** So many bytes came into `target`. */
  arrived(count: number): void {
    this.#take(count)
    if (this.#left === 0) this.#endFrame()
    else this.#checkSoFar()
  }

  /** Takes what it needs of the bytes from `at` to `to`, and says where the rest begins. */
  push(bytes: Buffer, at: number, to: number): number {
    do {
      if (this.#left < 0) {
        if (at === to) return at
        at = this.#readHeader(bytes, at, to)
        if (this.#left < 0) return at
      }
      const count = Math.min(this.#left, to - at)
      if (count > 0) {
        this.#place(bytes, at, count)
        at += count
        this.#take(count)
      }
      if (this.#left > 0) {
        this.#checkSoFar()
        return at
      }
      this.#endFrame()
    } while (!this.isEmpty && !this.#sink.isDeaf)
    return at
  }

  /** Where the payload begins, once the header is there. */
  #readHeader(bytes: Buffer, at: number, to: number): number {
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

  #parse(bytes: Buffer, at: number, to: number): number {
    const header = this.#header
    const begun = this.#kind === 0 ? -1 : this.#gathered.length
    const size = header.parse(bytes, at, to, this.#rules, begun)
    if (size > 0) this.#begin(header)
    return size
  }

  #begin({ first, length }: FrameHeader): void {
    this.#left = length
    if ((first & 8) !== 0) {
      this.#control = Buffer.allocUnsafe(length)
      return
    }
    if ((first & 15) !== CONTINUATION) {
      this.#kind = first & (COMPRESSED | 15)
      this.#fragments = this.#seen = 0
    }
    const { maxFragments } = this.#rules
    if (++this.#fragments > maxFragments)
      throw new WebSocketError(
        'WS_LIMIT',
        `a message has more than the ${maxFragments} fragments that maxFragments allows`,
        { limit: 'maxFragments', closeCode: POLICY_VIOLATION },
      )
  }

  #place(bytes: Buffer, at: number, count: number): void {
    if (this.#control !== null) {
      bytes.copy(this.#control, this.#header.length - this.#left, at, at + count)
      return
    }
    this.#reserve(count)
    bytes.copy(this.#gathered.bytes, this.#gathered.length, at, at + count)
  }

  #reserve(count: number): void {
    const isLast = (this.#header.first & FINAL) !== 0
    this.#gathered.reserve(count, this.#left, isLast, this.#kind === BINARY ? this.#sink : ANEW)
  }

  /** `count` bytes of the payload are in their place. */
  #take(count: number): void {
    const { length, key } = this.#header
    const done = length - this.#left
    this.#left -= count
    const maskAt = (bytes: Buffer, from: number): number =>
      this.#rules.isMasked ? applyMask(bytes, from, from + count, keyAfter(key, done)) : 128
    if (this.#control !== null) maskAt(this.#control, done)
    else {
      const gathered = this.#gathered
      this.#seen |= maskAt(gathered.bytes, gathered.length)
      gathered.length += count
    }
  }

  #endFrame(): void {
    this.#left = -1
    const { first } = this.#header
    if (this.#control !== null) {
      const payload = this.#control
      this.#control = null
      this.#sink.control(first & 15, payload)
    } else if ((first & FINAL) !== 0) this.#endMessage()
    else this.#checkSoFar()
  }

  #checkSoFar(): void {
    if (this.#kind === TEXT && this.#seen >= 128) this.#checkText(false)
  }

  #checkText(isFinal: boolean): void {
    this.#text ??= new TextCheck()
    this.#text.check(this.#gathered.bytes, this.#gathered.length, isFinal)
  }

  #endMessage(): void {
    const kind = this.#kind
    const gathered = this.#gathered
    const { bytes, length } = gathered
    const isAscii = this.#seen < 128
    if (kind === TEXT && !isAscii) this.#checkText(true)
    this.#kind = 0
    this.#text = null
    this.#gathered = new Gathered()
    const sink = this.#sink
    if (kind === TEXT) sink.message(isAscii ? latin1(bytes, 0, length) : bytes.toString('utf8', 0, length))
    else if (kind === BINARY) sink.message(gathered.fitted())
    else sink.compressed((kind & 15) === TEXT, gathered.roomy(), length)
  }
}
