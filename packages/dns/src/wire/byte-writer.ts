/**
 * Writes one message at a time into a block that is kept, and hands out copies. It compresses names (RFC 1035, 4.1.4), bytes for bytes,
 * so that every name keeps its case. A write past the end of the block does nothing; `copy` and `check` notice it.
 */
import { IPV4_BYTES, IPV6_BYTES, parseIpv4, parseIpv6 } from './address.js'
import { DnsWireError } from './errors.js'
import { LabelWriter } from './label-writer.js'
import { POINTER_BITS } from './layout.js'
import { MAX_MESSAGE_BYTES, MAX_STRING_BYTES } from './limits.js'
import { WrittenNames } from './written-names.js'

/** One record that does not fit is written whole before that is noticed. */
const SLACK_BYTES = 2 * MAX_MESSAGE_BYTES

export class ByteWriter {
  readonly bytes = Buffer.allocUnsafeSlow(MAX_MESSAGE_BYTES + SLACK_BYTES)
  at = 0
  readonly #labels = new LabelWriter()
  readonly #names = new WrittenNames()

  /** Begins a new message. */
  reset(): void {
    this.at = 0
    this.#names.forget()
  }

  /** Back to `at`, as if nothing had been written since. */
  rewind(at: number): void {
    this.at = at
    this.#names.forgetFrom(at)
  }

  /** Throws DNS_MESSAGE_LENGTH if more than `limit` bytes are written. */
  check(limit = MAX_MESSAGE_BYTES): void {
    if (this.at > limit)
      throw new DnsWireError('DNS_MESSAGE_LENGTH', `a message of more than ${limit} bytes`, {
        at: this.at,
        limit: 'MAX_MESSAGE_BYTES',
      })
  }

  /** A record that begins within the limit is written to its end, so that whoever cuts the message can take it back. */
  #checkBlock(): void {
    if (this.at > 2 * MAX_MESSAGE_BYTES) this.check()
  }

  uint8(value: number, field: string): void {
    if (value !== (value & 0xff)) failNumber(value, field, 8)
    this.bytes[this.at++] = value
  }

  uint16(value: number, field: string): void {
    if (value !== (value & 0xffff)) failNumber(value, field, 16)
    this.setUint16(this.at, value)
    this.at += 2
  }

  uint32(value: number, field: string): void {
    if (value !== value >>> 0) failNumber(value, field, 32)
    const { at, bytes } = this
    bytes[at] = value >>> 24
    bytes[at + 1] = value >>> 16
    bytes[at + 2] = value >>> 8
    bytes[at + 3] = value
    this.at = at + 4
  }

  /** Writes `value`, which fits, at `at`. */
  setUint16(at: number, value: number): void {
    this.bytes[at] = value >>> 8
    this.bytes[at + 1] = value
  }

  put(bytes: Uint8Array): void {
    if (bytes.length > MAX_MESSAGE_BYTES) failLength(bytes.length, 'a field', MAX_MESSAGE_BYTES)
    this.#checkBlock()
    const { at } = this
    for (let i = 0; i < bytes.length; i++) this.bytes[at + i] = bytes[i] as number
    this.at = at + bytes.length
  }

  zeros(length: number, field: string): void {
    if (!(length >= 0 && length <= MAX_MESSAGE_BYTES)) failLength(length, field, MAX_MESSAGE_BYTES)
    this.#checkBlock()
    this.bytes.fill(0, this.at, this.at + length)
    this.at += length
  }

  /** A character string (RFC 1035, 3.3). */
  string(bytes: Uint8Array, field: string): void {
    if (bytes.length > MAX_STRING_BYTES) failLength(bytes.length, field, MAX_STRING_BYTES)
    this.bytes[this.at++] = bytes.length
    this.put(bytes)
  }

  /** Text whose characters are bytes. */
  text(text: string, field: string): void {
    if (text.length > MAX_MESSAGE_BYTES) failLength(text.length, field, MAX_MESSAGE_BYTES)
    this.#checkBlock()
    const { at, bytes } = this
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0xff) throw new DnsWireError('DNS_VALUE', `${field} has a character that is no byte`)
      bytes[at + i] = code
    }
    this.at = at + text.length
  }

  /** The same as a character string. */
  textString(text: string, field: string): void {
    if (text.length > MAX_STRING_BYTES) failLength(text.length, field, MAX_STRING_BYTES)
    this.bytes[this.at++] = text.length
    this.text(text, field)
  }

  ipv4(address: string): void {
    if (!parseIpv4(address, this.bytes, this.at))
      throw new DnsWireError('DNS_VALUE', `'${address}' is no IPv4 address`)
    this.at += IPV4_BYTES
  }

  ipv6(address: string): void {
    this.#checkBlock()
    if (!parseIpv6(address, this.bytes, this.at))
      throw new DnsWireError('DNS_VALUE', `'${address}' is no IPv6 address`)
    this.at += IPV6_BYTES
  }

  /** A name that a pointer may stand for: of an owner, or in the types of RFC 1035 (RFC 3597, 4). */
  name(name: string): void {
    const { at, bytes } = this
    const same = this.#names.find(name)
    if (same >= 0) {
      this.setUint16(at, (POINTER_BITS << 8) | same)
      this.at = at + 2
      return
    }
    this.#checkBlock()
    const end = this.#labels.write(name, bytes, at)
    this.at = this.#names.compress(name, bytes, this.#labels, end)
  }

  /** A name in any other type: whole, but others may point to it. */
  wholeName(name: string): void {
    this.#checkBlock()
    this.at = this.#labels.write(name, this.bytes, this.at)
    if (this.#names.find(name) < 0) this.#names.remember(name, this.bytes, this.#labels)
  }

  /** What is written, after `prefix` bytes that are left for the caller. */
  copy(prefix = 0): Buffer {
    const { at, bytes } = this
    const copy = Buffer.allocUnsafe(at + prefix)
    bytes.copy(copy, prefix, 0, at)
    return copy
  }
}

function failNumber(value: unknown, field: string, bits: number): never {
  throw new DnsWireError('DNS_VALUE', `${field}: ${String(value)} is no whole number of ${bits} bits`)
}

function failLength(length: number, field: string, limit: number): never {
  throw new DnsWireError('DNS_VALUE', `${field} has ${length} bytes, and ${limit} are the most`)
}
