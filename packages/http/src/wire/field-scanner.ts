/**
 * One header field after another, in place: where its name and value begin and end. It decodes nothing. Strict (RFC 9112, 5): CRLF
 * and nothing else ends a line, no white space before the colon, no line goes on in the next one (obs-fold), no control bytes.
 */
import { CLASS, COLON, CR, IS_TOKEN, IS_VALUE, LF, latin1, SPACE, TAB } from './characters.js'
import { badByte, badSyntax } from './refusals.js'

const LONG_HEAD_BYTES = 192
const HIGH_BITS = 0x80808080 | 0
const SPACES = 0x20202020
const DELETES = 0x7f7f7f7f
const ONES = 0x01010101

/** What `next` gives where a line has no end yet. */
export const INCOMPLETE = -1

export class FieldScanner {
  nameFrom = 0
  nameTo = 0
  valueFrom = 0
  valueTo = 0
  #bytes: Uint8Array | null = null
  #view: DataView | null = null
  /** Null: the head is so short that nothing is gained by it. */
  #words: DataView | null = null

  /** A head is scanned next, for which there are so many bytes. */
  begin(bytes: Uint8Array, length: number): void {
    if (length < LONG_HEAD_BYTES) {
      this.#words = null
      return
    }
    // Nearly all heads are in the one slab of the thread: its view is made once.
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    this.#words = this.#view
  }

  /** Scans the line at `at`: where the next one begins, or `INCOMPLETE`. Throws `HTTP_SYNTAX` (status 400). */
  next(bytes: Uint8Array, at: number, to: number): number {
    let i = at
    while (i < to && ((CLASS[bytes[i] as number] as number) & IS_TOKEN) !== 0) i++
    if (i === to) return INCOMPLETE
    if (bytes[i] !== COLON || i === at) throw badName(bytes, at, i)
    this.nameFrom = at
    this.nameTo = i++
    while (i < to && (bytes[i] === SPACE || bytes[i] === TAB)) i++
    this.valueFrom = i
    if (this.#words !== null) i = passPlain(this.#words, i, to)
    while (i < to && ((CLASS[bytes[i] as number] as number) & IS_VALUE) !== 0) i++
    if (i === to) return INCOMPLETE
    if (bytes[i] !== CR) throw badByte(bytes[i] as number, 'the value of a header field')
    if (i + 1 === to) return INCOMPLETE
    if (bytes[i + 1] !== LF) throw badByte(CR, 'the value of a header field')
    let end = i
    while (end > this.valueFrom && (bytes[end - 1] === SPACE || bytes[end - 1] === TAB)) end--
    this.valueTo = end
    return i + 2
  }

  /** The value's text, of bytes as they came. */
  value(bytes: Buffer): string {
    return latin1(bytes, this.valueFrom, this.valueTo)
  }
}

/**
 * Passes over bytes of a value, eight at a time, up to eight that have a control byte among them: where those begin. A byte is below a
 * space if taking that from it borrows from its highest bit, unless that was set; DEL is what is 0 without its bits.
 */
function passPlain(words: DataView, from: number, to: number): number {
  let i = from
  for (; i + 8 <= to; i += 8) {
    const first = words.getInt32(i, true)
    const second = words.getInt32(i + 4, true)
    const firstBare = first ^ DELETES
    const secondBare = second ^ DELETES
    const controls = ((first - SPACES) & ~first) | ((second - SPACES) & ~second)
    const deletes = ((firstBare - ONES) & ~firstBare) | ((secondBare - ONES) & ~secondBare)
    if (((controls | deletes) & HIGH_BITS) !== 0) break
  }
  return i
}

function badName(bytes: Uint8Array, at: number, i: number): Error {
  const byte = bytes[i] as number
  if (byte === COLON) return badSyntax('a header field without a name')
  if (byte !== SPACE && byte !== TAB) return badByte(byte, 'the name of a header field')
  return badSyntax(
    i === at
      ? 'a header field that goes on in a second line'
      : 'white space before the colon of a header field',
  )
}
