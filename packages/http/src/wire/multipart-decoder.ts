/**
 * multipart/form-data as it comes in, in any chunking (RFC 7578, RFC 2046): heads of parts and pieces of their data, which are views of
 * what was pushed. It holds at most the head of one part, or what may be the beginning of a boundary, and looks at each byte a
 * bounded number of times. Strict: CRLF ends lines, nothing but white space stands behind a boundary. What comes before the first
 * boundary and behind the last is dropped.
 */
import { CR, LF, SPACE, TAB } from './characters.js'
import { checkBoundary } from './multipart-boundary.js'
import { type PartHead, parsePartHead } from './multipart-head.js'
import { DEFAULT_MULTIPART_LIMITS, MAX_PADDING_BYTES, type MultipartLimits } from './multipart-limits.js'
import { badByte, badSyntax, pastLimit } from './refusals.js'

/** The part whose head came last has ended. */
export const PART_END = null
export type MultipartPiece = PartHead | Buffer | typeof PART_END

const NOTHING: Buffer = Buffer.alloc(0)
const HEAD_END: Buffer = Buffer.from('\r\n\r\n')
const HYPHEN = 45

const PREAMBLE = 0
const BEHIND_BOUNDARY = 1
const HEAD = 2
const DATA = 3
const EPILOGUE = 4

export class MultipartDecoder {
  readonly #delimiter: Buffer
  readonly #limits: MultipartLimits
  #state = PREAMBLE
  /** What cannot be told yet. The first boundary needs no line before it: so there is the end of one. */
  #held: Buffer = Buffer.from('\r\n')
  #head: GatheredHead | null = null
  #parts = 0
  #pieces: MultipartPiece[] = []

  /** Throws `HTTP_SYNTAX` (status 400) for a boundary that cannot be one. */
  constructor(boundary: string, limits: MultipartLimits = DEFAULT_MULTIPART_LIMITS) {
    checkBoundary(boundary)
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
    this.#limits = limits
  }

  /** Whether the last boundary has come. */
  get isEnded(): boolean {
    return this.#state === EPILOGUE
  }

  /** Throws `HTTP_SYNTAX` (status 400 or 415) or `HTTP_LIMIT` (413); it is of no use then. */
  push(bytes: Buffer): MultipartPiece[] {
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    this.#held = NOTHING
    let at = 0
    while (at < all.length && this.#held.length === 0) at = this.#step(all, at)
    const pieces = this.#pieces
    this.#pieces = []
    return pieces
  }

  /** The body has ended. Throws `HTTP_SYNTAX` (status 400) if the form has not. */
  end(): void {
    if (this.#state !== EPILOGUE) throw badSyntax('a form that ends before its last boundary')
  }

  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case BEHIND_BOUNDARY:
        return this.#passBoundary(bytes, at)
      case HEAD:
        return this.#takeHead(bytes, at)
      case EPILOGUE:
        return bytes.length
      default:
        return this.#takeData(bytes, at)
    }
  }

  #hold(bytes: Buffer, at: number): number {
    this.#held = Buffer.from(bytes.subarray(at))
    return at
  }

  #takeData(bytes: Buffer, at: number): number {
    const delimiter = this.#delimiter
    const found = bytes.indexOf(delimiter, at)
    const end = found >= 0 ? found : this.#beginningAt(bytes, at)
    if (this.#state === DATA) {
      if (end > at) this.#pieces.push(bytes.subarray(at, end))
      if (found >= 0) this.#pieces.push(PART_END)
    }
    if (found < 0) return end === bytes.length ? end : this.#hold(bytes, end)
    this.#state = BEHIND_BOUNDARY
    return found + delimiter.length
  }

  /** Where, at the end of `bytes`, a delimiter may have begun. It has one CR, its first byte: so the last CR is the only place. */
  #beginningAt(bytes: Buffer, at: number): number {
    const delimiter = this.#delimiter
    const from = Math.max(at, bytes.length - delimiter.length + 1)
    for (let i = bytes.length - 1; i >= from; i--) {
      if (bytes[i] !== CR) continue
      for (let k = i + 1; k < bytes.length; k++) if (bytes[k] !== delimiter[k - i]) return bytes.length
      return i
    }
    return bytes.length
  }

  #passBoundary(bytes: Buffer, from: number): number {
    if (bytes.length - from < 2) return this.#hold(bytes, from)
    if (bytes[from] === HYPHEN && bytes[from + 1] === HYPHEN) {
      this.#state = EPILOGUE
      return bytes.length
    }
    let at = from
    while (at < bytes.length && (bytes[at] === SPACE || bytes[at] === TAB)) at++
    if (at - from > MAX_PADDING_BYTES) throw badSyntax('too much white space behind a boundary')
    if (at + 1 >= bytes.length) return this.#hold(bytes, from)
    if (bytes[at] !== CR) throw badByte(bytes[at] as number, 'the line of a boundary')
    if (bytes[at + 1] !== LF) throw badByte(CR, 'the line of a boundary')
    if (++this.#parts > this.#limits.maxParts) throw pastLimit('maxParts', 413, 'the form has more parts')
    this.#state = HEAD
    return at + 2
  }

  #takeHead(bytes: Buffer, at: number): number {
    const { maxPartHeadBytes, maxPartHeaders } = this.#limits
    let gathered = this.#head
    if (gathered === null) {
      if (bytes[at] === CR) throw badSyntax('a part without Content-Disposition')
      const end = bytes.subarray(at, at + maxPartHeadBytes).indexOf(HEAD_END)
      if (end >= 0) return this.#begin(bytes, at, at + end + HEAD_END.length, maxPartHeaders)
      gathered = new GatheredHead(maxPartHeadBytes)
      this.#head = gathered
    }
    const taken = gathered.add(bytes, at)
    if (gathered.end < 0) {
      if (gathered.isFull) throw pastLimit('maxPartHeadBytes', 413, 'the head of a part is longer')
      return bytes.length
    }
    this.#head = null
    this.#begin(gathered.bytes, 0, gathered.end, maxPartHeaders)
    return at + taken
  }

  #begin(bytes: Buffer, from: number, to: number, maxPartHeaders: number): number {
    this.#pieces.push(parsePartHead(bytes, from, to, maxPartHeaders))
    this.#state = DATA
    return to
  }
}

/** A head that comes in more than one piece. */
class GatheredHead {
  bytes: Buffer = Buffer.allocUnsafe(256)
  /** Where it ends, with the empty line; -1: not here. */
  end = -1
  #size = 0
  readonly #maxBytes: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get isFull(): boolean {
    return this.#size === this.#maxBytes
  }

  /** How much of `more` from `at` on belongs to it. */
  add(more: Buffer, at: number): number {
    const before = this.#size
    const size = Math.min(this.#maxBytes, before + more.length - at)
    if (size > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.min(this.#maxBytes, Math.max(size, 2 * this.bytes.length)))
      this.bytes.copy(larger, 0, 0, before)
      this.bytes = larger
    }
    more.copy(this.bytes, before, at, at + size - before)
    this.#size = size
    const from = Math.max(0, before - HEAD_END.length + 1)
    const found = this.bytes.subarray(from, size).indexOf(HEAD_END)
    if (found >= 0) this.end = from + found + HEAD_END.length
    return this.end - before
  }
}
