/**
 * Reads the fields of one message, never past the end of the message or of the record in hand. It decodes names, because only the message
 * knows what a compression pointer means. What it returns owns its bytes: nothing is a view of the message.
 */

import { BACKSLASH, DOT, PLAIN, WRITTEN } from './characters.js'
import { DnsWireError } from './errors.js'
import { KnownNames } from './known-names.js'
import { latin1Buffer } from './latin1.js'
import { HEADER_BYTES, POINTER_BITS } from './layout.js'
import { MAX_COMPRESSION_HOPS, MAX_LABEL_BYTES, MAX_NAME_BYTES } from './limits.js'

/** Long enough for 255 bytes of which each is written as `\000`. */
const written = latin1Buffer(new Uint8Array(4 * MAX_NAME_BYTES))
/** Of the message in hand. Nothing that reads a message calls out, so that there is one at a time. */
const known = new KnownNames()

export class ByteReader {
  readonly bytes: Uint8Array
  at = 0
  /** Where the record in hand ends, or the message. */
  end: number
  #isInRecord = false
  readonly #hasPointers: boolean

  /** Without `hasPointers`, a compressed name is refused. */
  constructor(message: Uint8Array, hasPointers = true) {
    this.bytes = message
    this.#hasPointers = hasPointers
    this.end = message.length
    known.forget()
  }

  uint8(): number {
    const at = this.#take(1)
    return this.bytes[at] as number
  }

  uint16(): number {
    const at = this.#take(2)
    const { bytes } = this
    return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
  }

  uint32(): number {
    const at = this.#take(4)
    const { bytes } = this
    const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
    return high * 0x1_0000 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
  }

  /** Where the next `length` bytes begin, which are read. */
  skip(length: number): number {
    return this.#take(length)
  }

  /** A copy of the next `length` bytes. */
  take(length: number): Uint8Array {
    const at = this.#take(length)
    return copyOf(this.bytes, at, at + length)
  }

  /** A copy of what is left of the record. */
  rest(): Uint8Array {
    return this.take(this.end - this.at)
  }

  /** A character string (RFC 1035, 3.3), as bytes. */
  string(): Uint8Array {
    return this.take(this.uint8())
  }

  /** The same as text, a character for each byte. */
  textString(): string {
    return this.text(this.uint8())
  }

  /** The next `length` bytes as text, a character for each byte. */
  text(length: number): string {
    const at = this.#take(length)
    return latin1Buffer(this.bytes).latin1Slice(at, at + length)
  }

  /** Ends a record: the next field is read from the message again. Throws DNS_RDATA_LONG if there is more of it. */
  finish(): void {
    if (this.at < this.end)
      throw new DnsWireError('DNS_RDATA_LONG', `${this.end - this.at} bytes after the last field`, {
        at: this.at,
      })
    this.end = this.bytes.length
    this.#isInRecord = false
  }

  /** Gives the next `length` bytes to a record. Until `finish()` nothing is read past them. */
  begin(length: number): void {
    if (length > this.end - this.at) this.#failShort(length)
    this.end = this.at + length
    this.#isInRecord = true
  }

  isAtEnd(): boolean {
    return this.at >= this.end
  }

  /** Fails with DNS_RDATA_VALUE at the byte that was read last. */
  failValue(text: string): never {
    throw new DnsWireError('DNS_RDATA_VALUE', text, { at: this.at })
  }

  /** A name, in presentation form; compressed or not. */
  name(): string {
    const { at, bytes } = this
    const first = bytes[at] as number
    if (first >= POINTER_BITS && at + 1 < this.end) {
      const name = known.find(((first & MAX_LABEL_BYTES) << 8) | (bytes[at + 1] as number))
      if (name !== undefined) {
        this.at = at + 2
        return name
      }
    }
    return this.#walk()
  }

  /** Follows the labels from here. Pointers go strictly backwards, which is why it ends. */
  #walk(): string {
    const { bytes } = this
    const start = this.at
    let at = start
    let { end } = this
    let octets = 1
    let length = 0
    let segment = start
    let keyOffset = start
    let afterPointer = -1
    let hops = 0
    for (;;) {
      if (at >= end) this.#failShort(at + 1 - this.at)
      const label = bytes[at] as number
      at++
      if (label === 0) break
      if (label <= MAX_LABEL_BYTES) {
        octets += label + 1
        const stop = at + label
        if (octets > MAX_NAME_BYTES)
          throw new DnsWireError('DNS_NAME_LENGTH', 'a name of more than 255 bytes', {
            at: start,
            limit: 'MAX_NAME_BYTES',
          })
        if (stop > end) this.#failShort(stop - this.at)
        if (length > 0) written[length++] = DOT
        for (; at < stop; at++) {
          const byte = bytes[at] as number
          if (PLAIN[byte] === 1) written[length++] = byte
          else length = writeEscaped(byte, length)
        }
      } else if (label >= POINTER_BITS) {
        if (at >= end) this.#failShort(at + 1 - this.at)
        const target = ((label & MAX_LABEL_BYTES) << 8) | (bytes[at] as number)
        at++
        if (afterPointer < 0) {
          afterPointer = at
          if (at === start + 2) keyOffset = target
        }
        if (target >= segment || target < HEADER_BYTES || !this.#hasPointers)
          throw new DnsWireError('DNS_POINTER', 'a compression pointer that leads to no earlier name', {
            at: at - 2,
          })
        if (++hops > MAX_COMPRESSION_HOPS)
          throw new DnsWireError('DNS_POINTER', 'too many compression pointers', {
            at: at - 2,
            limit: 'MAX_COMPRESSION_HOPS',
          })
        segment = target
        at = target
        end = bytes.length
      } else {
        throw new DnsWireError('DNS_LABEL_TYPE', `a label begins with ${label}`, { at: at - 1 })
      }
    }
    this.at = afterPointer < 0 ? at : afterPointer
    const name = length === 0 ? '.' : written.latin1Slice(0, length)
    if (this.#hasPointers) known.add(keyOffset, name)
    return name
  }

  #take(count: number): number {
    const { at } = this
    if (count > this.end - at) this.#failShort(count)
    this.at = at + count
    return at
  }

  #failShort(needed: number): never {
    throw new DnsWireError(
      this.#isInRecord ? 'DNS_RDATA_SHORT' : 'DNS_SHORT',
      `the ${this.#isInRecord ? 'record' : 'message'} ends ${this.end - this.at} bytes into a field of ${needed}`,
      { at: this.at },
    )
  }
}

function writeEscaped(byte: number, at: number): number {
  const text = WRITTEN[byte] as string
  written[at] = BACKSLASH
  for (let i = 1; i < text.length; i++) written[at + i] = text.charCodeAt(i)
  return at + text.length
}

function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start)
  for (let i = start; i < end; i++) copy[i - start] = bytes[i] as number
  return copy
}
