/**
 * Reads the fields of one message, or of one value, and checks each against its end. For everything but rows, which are read in place
 * (src/wire/rows). What it gives away as bytes are copies, except by `view`.
 */
import { fail } from './errors.js'
import { utf8Text } from './fast-text.js'

export class BodyReader {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  at: number

  constructor(bytes: Buffer, from: number, to: number) {
    this.bytes = bytes
    this.start = from
    this.at = from
    this.end = to
  }

  get left(): number {
    return this.end - this.at
  }

  /** Where it stands in the message, for an error. */
  get offset(): number {
    return this.at - this.start
  }

  need(count: number): void {
    if (count < 0) fail('PG_FIELD', `a length of ${count}`, this.offset)
    if (count > this.end - this.at)
      fail('PG_SHORT', `${count} bytes are promised and ${this.left} are there`, this.offset)
  }

  uint8(): number {
    this.need(1)
    return this.bytes[this.at++] as number
  }

  int16(): number {
    this.need(2)
    const value = this.bytes.readInt16BE(this.at)
    this.at += 2
    return value
  }

  uint16(): number {
    return this.int16() & 0xffff
  }

  int32(): number {
    this.need(4)
    const value = this.bytes.readInt32BE(this.at)
    this.at += 4
    return value
  }

  uint32(): number {
    return this.int32() >>> 0
  }

  int64(): bigint {
    this.need(8)
    const value = this.bytes.readBigInt64BE(this.at)
    this.at += 8
    return value
  }

  uint64(): bigint {
    return BigInt.asUintN(64, this.int64())
  }

  /** Text up to a NUL. */
  cstring(): string {
    const zero = this.bytes.indexOf(0, this.at)
    if (zero < 0 || zero >= this.end) fail('PG_SHORT', 'text without its NUL', this.offset)
    const text = utf8Text(this.bytes, this.at, zero)
    this.at = zero + 1
    return text
  }

  text(length: number): string {
    this.need(length)
    const text = utf8Text(this.bytes, this.at, this.at + length)
    this.at += length
    return text
  }

  copy(length: number): Buffer {
    this.need(length)
    const copy = Buffer.allocUnsafeSlow(length)
    this.bytes.copy(copy, 0, this.at, this.at + length)
    this.at += length
    return copy
  }

  /** Without copying. A view: it lives as long as the chunk that it lies in. */
  view(length: number): Buffer {
    this.need(length)
    const view = this.bytes.subarray(this.at, this.at + length)
    this.at += length
    return view
  }

  finish(): void {
    if (this.at !== this.end) fail('PG_TRAILING', `${this.left} bytes after the last field`, this.offset)
  }
}

/** The same bytes as a Buffer, whose methods are the fast ones. A view. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
