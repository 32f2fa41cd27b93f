/**
 * The chunked transfer coding, in place (RFC 9112, 7.1): `step` says where the next bytes of the body are, and copies none. Strict where
 * requests are smuggled: CRLF and nothing else ends a line, nothing but an extension stands behind a size, sizes have a limit in
 * digits and extensions in bytes, and no trailer says how long a message is.
 */
import { HttpHeaders } from '../headers.js'
import { CLASS, CR, HEX, IS_TOKEN, IS_VALUE, LF, latin1, SEMICOLON } from './characters.js'
import { FieldScanner, INCOMPLETE } from './field-scanner.js'
import { HeadEnd } from './head-end.js'
import {
  DEFAULT_HEAD_LIMITS,
  type HeadLimits,
  MAX_CHUNK_EXTENSION_BYTES,
  MAX_CHUNK_EXTENSIONS_BYTES,
  MAX_CHUNK_SIZE_DIGITS,
} from './limits.js'
import { badByte, badSyntax, pastLimit } from './refusals.js'

/** More bytes are needed. */
export const MORE = 0
/** `dataFrom` to `dataTo` are bytes of the body. */
export const DATA = 1
/** The body has ended, with its trailers. */
export const END = 2
export type ChunkedStep = typeof MORE | typeof DATA | typeof END

/** Fields that a trailer cannot be (RFC 9110, 6.5.1): what says how long a message is, or whose it is. */
const FORBIDDEN_TRAILERS = new Set(['transfer-encoding', 'content-length', 'host', 'trailer', 'connection'])

const SIZE_FIRST = 0
const SIZE = 1
const EXTENSION = 2
const SIZE_LF = 3
const BODY = 4
const BODY_CR = 5
const BODY_LF = 6
const TRAILERS = 7
const ENDED = 8

/** Where in an extension the next byte is. */
const NAME_FIRST = 0
const NAME = 1
const VALUE_FIRST = 2
const VALUE = 3
const QUOTED = 4
const QUOTED_PAIR = 5
const QUOTED_END = 6
const EQUALS = 61
const QUOTE = 34
const BACKSLASH = 92

function nextPart(part: number, byte: number): number {
  const isToken = ((CLASS[byte] as number) & IS_TOKEN) !== 0
  if (part === QUOTED || part === QUOTED_PAIR) {
    if (((CLASS[byte] as number) & IS_VALUE) === 0) throw badByte(byte, 'a chunk extension')
    if (part === QUOTED_PAIR) return QUOTED
    return byte === QUOTE ? QUOTED_END : byte === BACKSLASH ? QUOTED_PAIR : QUOTED
  }
  if (isToken && part !== QUOTED_END) return part < VALUE_FIRST ? NAME : VALUE
  if (byte === QUOTE && part === VALUE_FIRST) return QUOTED
  if (byte === EQUALS && part === NAME) return VALUE_FIRST
  if (byte === SEMICOLON && part !== NAME_FIRST && part !== VALUE_FIRST) return NAME_FIRST
  throw badByte(byte, 'a chunk extension')
}

export class ChunkedDecoder {
  /** Where what was not looked at begins. */
  at = 0
  dataFrom = 0
  dataTo = 0
  #state = SIZE_FIRST
  /** Bytes of the chunk to come. */
  #left = 0
  #digits = 0
  #extensionBytes = 0
  #extensionsBytes = 0
  #extension = NAME_FIRST
  /** What is there of the trailers. */
  #gathered: GatheredTrailers | null = null
  #trailers: HttpHeaders | null = null
  readonly #limits: HeadLimits

  constructor(limits: HeadLimits = DEFAULT_HEAD_LIMITS) {
    this.#limits = limits
  }

  get isEnded(): boolean {
    return this.#state === ENDED
  }

  /** Empty until the end was seen. */
  get trailers(): HttpHeaders {
    this.#trailers ??= new HttpHeaders()
    return this.#trailers
  }

  /** Goes on from `from`. Throws `HTTP_SYNTAX` (status 400) or `HTTP_LIMIT`; it is of no use then. */
  step(bytes: Buffer, from: number, to: number): ChunkedStep {
    let at = from
    while (at < to) {
      if (this.#state === BODY) return this.#giveData(at, to)
      if (this.#state >= TRAILERS)
        return this.#state === ENDED ? this.#stop(at, END) : this.#takeTrailers(bytes, at, to)
      this.#takeByte(bytes[at++] as number)
    }
    return this.#stop(at, this.#state === ENDED ? END : MORE)
  }

  #stop(at: number, step: ChunkedStep): ChunkedStep {
    this.at = at
    return step
  }

  #giveData(at: number, to: number): ChunkedStep {
    const end = Math.min(to, at + this.#left)
    this.dataFrom = at
    this.dataTo = end
    this.#left -= end - at
    if (this.#left === 0) this.#state = BODY_CR
    return this.#stop(end, DATA)
  }

  #takeByte(byte: number): void {
    switch (this.#state) {
      case SIZE_FIRST:
      case SIZE:
        this.#takeSize(byte)
        break
      case EXTENSION:
        this.#takeExtension(byte)
        break
      case SIZE_LF:
        if (byte !== LF) throw badByte(CR, 'the size of a chunk')
        this.#state = this.#left === 0 ? TRAILERS : BODY
        break
      case BODY_CR:
        if (byte !== CR) throw badSyntax('a chunk that is longer than its size')
        this.#state = BODY_LF
        break
      default:
        if (byte !== LF) throw badByte(CR, 'the end of a chunk')
        this.#state = SIZE_FIRST
    }
  }

  #takeSize(byte: number): void {
    const digit = HEX[byte] as number
    if (digit < 16) {
      if (this.#state === SIZE_FIRST) this.#left = this.#digits = 0
      if (++this.#digits > MAX_CHUNK_SIZE_DIGITS) throw badSyntax('the size of a chunk has too many digits')
      this.#left = 16 * this.#left + digit
      this.#state = SIZE
      return
    }
    if (this.#state === SIZE_FIRST) throw badByte(byte, 'the size of a chunk')
    if (byte === CR) this.#state = SIZE_LF
    else if (byte === SEMICOLON) {
      this.#extensionBytes = 0
      this.#extension = NAME_FIRST
      this.#state = EXTENSION
    } else throw badByte(byte, 'the size of a chunk')
  }

  /** `;name`, `;name=token` or `;name="text"`, without white space around: whoever skips it otherwise ends the line elsewhere. */
  #takeExtension(byte: number): void {
    const part = this.#extension
    if (byte === CR && (part === NAME || part === VALUE || part === QUOTED_END)) {
      this.#state = SIZE_LF
      return
    }
    this.#extension = nextPart(part, byte)
    if (
      ++this.#extensionBytes > MAX_CHUNK_EXTENSION_BYTES ||
      ++this.#extensionsBytes > MAX_CHUNK_EXTENSIONS_BYTES
    )
      throw badSyntax('chunk extensions that are too long')
  }

  /** Gathers them until their end is there: they are few, and most often none. */
  #takeTrailers(bytes: Buffer, at: number, to: number): ChunkedStep {
    const gathered = this.#gathered
    if (gathered === null && to - at >= 2 && bytes[at] === CR && bytes[at + 1] === LF) {
      this.#state = ENDED
      return this.#stop(at + 2, END)
    }
    // Never more than the limit is held, however much comes at a time.
    const before = gathered?.size ?? 0
    const { maxHeadBytes } = this.#limits
    const all = gathered ?? new GatheredTrailers(maxHeadBytes + 2)
    const end = all.add(bytes, at, to)
    const isFull = all.size > maxHeadBytes
    const length = all.isWorthParsing || isFull ? this.#parseTrailers(all.view) : INCOMPLETE
    if (length === INCOMPLETE) {
      if (isFull) throw pastLimit('maxHeadBytes', 431, 'the trailers are longer')
      this.#gathered = all
      return this.#stop(end, MORE)
    }
    this.#gathered = null
    this.#state = ENDED
    return this.#stop(at + length - before, END)
  }

  /** How long they are, with the empty line. */
  #parseTrailers(bytes: Buffer): number {
    const field = new FieldScanner()
    let count = 0
    for (let at = 0; ; ) {
      if (at === bytes.length) return INCOMPLETE
      if (bytes[at] === CR) {
        if (at + 1 === bytes.length) return INCOMPLETE
        if (bytes[at + 1] !== LF) throw badByte(CR, 'the trailers')
        this.#trailers = HttpHeaders.fromWire(latin1(bytes, 0, at + 2), 0)
        return at + 2
      }
      const next = field.next(bytes, at, bytes.length)
      if (next === INCOMPLETE) return INCOMPLETE
      if (++count > this.#limits.maxHeaders) throw pastLimit('maxHeaders', 431, 'there are more trailers')
      const name = latin1(bytes, field.nameFrom, field.nameTo).toLowerCase()
      if (FORBIDDEN_TRAILERS.has(name)) throw badSyntax(`${name} as a trailer`)
      at = next
    }
  }
}

/** Trailers that are not all there. */
class GatheredTrailers {
  #bytes: Buffer = Buffer.allocUnsafe(256)
  size = 0
  isWorthParsing = false
  readonly #maxBytes: number
  readonly #end = new HeadEnd(true)

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get view(): Buffer {
    return this.#bytes.subarray(0, this.size)
  }

  /** Takes what there is room for; where that ends. */
  add(bytes: Buffer, from: number, to: number): number {
    const end = Math.min(to, from + this.#maxBytes - this.size)
    const size = this.size + end - from
    if (size > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.min(this.#maxBytes, Math.max(size, 2 * this.#bytes.length)))
      this.#bytes.copy(larger, 0, 0, this.size)
      this.#bytes = larger
    }
    bytes.copy(this.#bytes, this.size, from, end)
    this.size = size
    this.isWorthParsing = this.#end.isWorthParsing(this.#bytes, 0, size)
    return end
  }
}
