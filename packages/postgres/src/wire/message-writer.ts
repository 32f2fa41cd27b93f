/**
 * Where messages are written before they are sent: one block that grows, many messages after one another, nothing allocated for each.
 * Promise: a message that cannot be written (a NUL in its text, a length beyond the protocol's) leaves the block as it was before it.
 */
import { fail, failLimit } from './errors.js'
import { writeUtf8 } from './fast-text.js'

const FIRST_BLOCK_BYTES = 16 * 1024
/** A block that one large message has made large is not kept for ever. */
const KEPT_BLOCK_BYTES = 256 * 1024
/** Below this many characters a loop is faster than a call into Node. Measured: equal at about 24. */
const SHORT_TEXT = 24
/** UTF-8 takes three bytes at most for each unit of UTF-16. */
const BYTES_PER_UNIT = 3
/** Beyond this, text is measured before there is room made for three times of it. */
const LARGE_TEXT = 64 * 1024
/** The protocol's lengths end here, and PostgreSQL takes no message of more than half of it. */
const MAX_BLOCK_BYTES = 0x7fff_ffff

export class MessageWriter {
  /** Only up to `length` is there anything. */
  bytes: Buffer
  length = 0
  /** Where the message begins that has not ended, and where its length is. */
  #begun = -1
  #lengthAt = 0

  constructor(firstBlockBytes = FIRST_BLOCK_BYTES) {
    this.bytes = Buffer.allocUnsafeSlow(firstBlockBytes)
  }

  /** All that was written. A view: it lives until the next write. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length)
  }

  /** All that was written, as bytes that the caller owns; the writer is empty after. Copies what is small, gives the block away if not. */
  take(): Buffer {
    const { bytes, length } = this
    this.length = 0
    if (length < bytes.length >>> 1) return Buffer.from(bytes.subarray(0, length))
    this.bytes = Buffer.allocUnsafeSlow(FIRST_BLOCK_BYTES)
    return bytes.subarray(0, length)
  }

  /** Forgets all, after it was sent. */
  clear(): void {
    this.length = 0
    if (this.bytes.length > KEPT_BLOCK_BYTES) this.bytes = Buffer.allocUnsafeSlow(FIRST_BLOCK_BYTES)
  }

  /** Back to `length`, as if nothing had been written since: for what was written and must not be sent. */
  rewind(length: number): void {
    if (length < this.length) this.length = length
  }

  /** Begins a message, which `end` ends. Type 0 begins one of the start-up, which has none. */
  begin(type: number): void {
    this.abandon()
    this.reserve(5)
    this.#begun = this.length
    if (type !== 0) this.bytes[this.length++] = type
    this.#lengthAt = this.length
    this.length += 4
  }

  /** Writes the length of the message that was begun. */
  end(): void {
    this.#begun = -1
    this.setInt32(this.#lengthAt, this.length - this.#lengthAt)
  }

  /** Takes back what was begun and not ended. */
  abandon(): void {
    if (this.#begun >= 0) this.length = this.#begun
    this.#begun = -1
  }

  /** Makes room for `count` bytes beyond `length`. */
  reserve(count: number): void {
    if (this.length + count > this.bytes.length) this.#grow(count)
  }

  #grow(count: number): void {
    const needed = this.length + count
    if (needed > MAX_BLOCK_BYTES) {
      this.abandon()
      failLimit('MAX_BLOCK_BYTES', MAX_BLOCK_BYTES, 'what waits to be sent')
    }
    const grown = Buffer.allocUnsafeSlow(Math.min(MAX_BLOCK_BYTES, Math.max(needed, this.bytes.length * 2)))
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
  }

  uint8(value: number): void {
    if (this.length === this.bytes.length) this.#grow(1)
    this.bytes[this.length++] = value
  }

  int16(value: number): void {
    this.reserve(2)
    const { bytes, length } = this
    bytes[length] = value >>> 8
    bytes[length + 1] = value
    this.length = length + 2
  }

  int32(value: number): void {
    this.reserve(4)
    this.setInt32(this.length, value)
    this.length += 4
  }

  setInt32(at: number, value: number): void {
    const { bytes } = this
    bytes[at] = value >>> 24
    bytes[at + 1] = value >>> 16
    bytes[at + 2] = value >>> 8
    bytes[at + 3] = value
  }

  int64(value: bigint): void {
    this.reserve(8)
    this.length = this.bytes.writeBigInt64BE(BigInt.asIntN(64, value), this.length)
  }

  float32(value: number): void {
    this.reserve(4)
    this.length = this.bytes.writeFloatBE(value, this.length)
  }

  float64(value: number): void {
    this.reserve(8)
    this.length = this.bytes.writeDoubleBE(value, this.length)
  }

  put(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  /** UTF-8, without an end. */
  text(text: string): void {
    const units = text.length
    if (units <= SHORT_TEXT) {
      this.reserve(units * BYTES_PER_UNIT)
      const { bytes } = this
      let at = this.length
      for (let i = 0; i < units; i++) {
        const unit = text.charCodeAt(i)
        if (unit > 0x7f) {
          this.length += writeUtf8(bytes, text, this.length)
          return
        }
        bytes[at++] = unit
      }
      this.length = at
      return
    }
    this.reserve(units > LARGE_TEXT ? Buffer.byteLength(text) : units * BYTES_PER_UNIT)
    this.length += writeUtf8(this.bytes, text, this.length)
  }

  /** Text and its NUL. Throws PG_PARAMETER if the text has one itself: what follows it would be read as the next field. */
  cstring(text: string, field: string): void {
    if (text.includes('\0')) {
      this.abandon()
      fail('PG_PARAMETER', `${field} has a NUL`, text.indexOf('\0'))
    }
    this.text(text)
    this.uint8(0)
  }

  /** Text after its length. */
  counted(text: string): void {
    this.reserve(4)
    const at = this.length
    this.length = at + 4
    this.text(text)
    this.setInt32(at, this.length - at - 4)
  }

  /** Bytes after their length; null is a length of -1. */
  countedBytes(bytes: Uint8Array | null): void {
    if (bytes === null) {
      this.int32(-1)
      return
    }
    this.int32(bytes.length)
    this.put(bytes)
  }
}
