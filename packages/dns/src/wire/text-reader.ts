/** Reads the fields of one record from the words of a zone file. Every field is checked as it will be when it is encoded. */
import { parseBase32Hex } from './base32hex.js'
import { parseString } from './character-string.js'
import { DnsWireError } from './errors.js'
import { MAX_STRING_BYTES, MAX_TTL_SECONDS } from './limits.js'
import { RECORD_TYPES } from './mnemonics.js'
import { canonicalName } from './name.js'
import type { Word } from './zone-lexer.js'

const DECIMAL = /^\d{1,10}$/
const DURATION = /^(?:\d+[smhdw])+$/i
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }
const HEX = /^(?:[0-9a-f]{2})*$/i
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
/** The end of a name that is absolute: a dot that is not escaped. */
const ABSOLUTE = /(?:^|[^\\])(?:\\\\)*\.$/
const TIME = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/

export class TextReader {
  readonly #words: readonly Word[]
  readonly #origin: string
  #at: number

  /** Names without a last dot are below `origin`, which is absolute. */
  constructor(words: readonly Word[], origin: string, start = 0) {
    this.#words = words
    this.#origin = origin
    this.#at = start
  }

  isAtEnd(): boolean {
    return this.#at >= this.#words.length
  }

  /** The next word, which stays the next. */
  peek(): Word | undefined {
    return this.#words[this.#at]
  }

  /** The next word as it is written. */
  word(field: string): Word {
    const word = this.#words[this.#at]
    if (word === undefined) throw new DnsWireError('DNS_TEXT', `${field} is missing`)
    this.#at++
    return word
  }

  /** The next word, which must not be quoted. */
  plain(field: string): string {
    const { text, isQuoted } = this.word(field)
    return isQuoted ? fail(`${field} must not be in quotes`) : text
  }

  uint8(field: string): number {
    return this.#number(field, 0xff)
  }

  uint16(field: string): number {
    return this.#number(field, 0xffff)
  }

  uint32(field: string): number {
    return this.#number(field, 0xffff_ffff)
  }

  #number(field: string, largest: number): number {
    const text = this.plain(field)
    if (!DECIMAL.test(text) || Number(text) > largest)
      fail(`${field}: '${text}' is no number up to ${largest}`)
    return Number(text)
  }

  /** A number of seconds, as `3600` or `1h30m`. */
  seconds(field: string): number {
    const text = this.plain(field)
    const seconds = parseSeconds(text)
    return seconds ?? fail(`${field}: '${text}' is no time in seconds`)
  }

  /** A number of 32 bits, or a time as above: the fields of SOA. */
  interval(field: string): number {
    return DECIMAL.test(this.peek()?.text ?? '') ? this.uint32(field) : this.seconds(field)
  }

  /** A moment, in seconds since 1970, or as YYYYMMDDHHmmSS (RFC 4034, 3.2). */
  moment(field: string): number {
    const text = this.plain(field)
    const parts = TIME.exec(text)
    if (parts === null)
      return DECIMAL.test(text) && Number(text) <= 0xffff_ffff
        ? Number(text)
        : fail(`${field}: '${text}' is no moment`)
    const [, year, month, day, hour, minute, second] = parts
    const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
    if (!(ms >= 0) || ms >= 0x1_0000_0000 * 1000)
      fail(`${field}: '${text}' is no moment between 1970 and 2106`)
    return ms / 1000
  }

  name(field: string): string {
    return absoluteName(this.plain(field), this.#origin)
  }

  type(field: string): string {
    const text = this.plain(field)
    const number = RECORD_TYPES.find(text)
    return number === undefined ? fail(`${field}: there is no type '${text}'`) : RECORD_TYPES.word(number)
  }

  /** Types to the end of the record, by number and each of them once. */
  types(): string[] {
    const numbers = new Set<number>()
    while (!this.isAtEnd()) numbers.add(RECORD_TYPES.number(this.type('types')))
    return [...numbers].sort((a, b) => a - b).map((number) => RECORD_TYPES.word(number))
  }

  /** A character string, in quotes or not. */
  string(field: string): Uint8Array {
    const bytes = this.bytes(field)
    if (bytes.length > MAX_STRING_BYTES)
      fail(`${field} has ${bytes.length} bytes, and ${MAX_STRING_BYTES} are the most`)
    return Uint8Array.from(bytes)
  }

  /** The same as text whose characters are bytes. */
  textString(field: string): string {
    return Buffer.from(this.string(field)).toString('latin1')
  }

  /** What a word stands for, however long it is. */
  bytes(field: string): Buffer {
    const { text, isQuoted } = this.word(field)
    if (!isQuoted && /(?:^|[^\\])(?:\\\\)*"/.test(text)) fail(`${field}: a quote in the middle of a word`)
    return parseString(text)
  }

  /** Hexadecimal digits in one word. */
  hex(field: string): Uint8Array {
    return bytesOfHex(this.plain(field), field)
  }

  /** The same to the end of the record, in as many words as there are. */
  hexRest(field: string): Uint8Array {
    return bytesOfHex(this.#rest(field), field)
  }

  base64Rest(field: string): Uint8Array {
    const text = this.#rest(field)
    return BASE64.test(text) ? Uint8Array.from(Buffer.from(text, 'base64')) : fail(`${field} is no base 64`)
  }

  base32Hex(field: string): Uint8Array {
    return parseBase32Hex(this.plain(field)) ?? fail(`${field} is no base 32`)
  }

  #rest(field: string): string {
    let text = ''
    while (!this.isAtEnd()) text += this.plain(field)
    return text
  }

  /** Throws DNS_TEXT if words are left. */
  finish(): void {
    const word = this.peek()
    if (word !== undefined) fail(`'${word.text}' after the last field`)
  }
}

/** Undefined for what is none. A time to live of more than 2^31 - 1 is none either. */
export function parseSeconds(text: string): number | undefined {
  let seconds = 0
  if (DECIMAL.test(text)) seconds = Number(text)
  else if (DURATION.test(text)) {
    for (const [, count, unit] of text.toLowerCase().matchAll(/(\d+)([smhdw])/g)) {
      seconds += Number(count) * (UNIT_SECONDS[unit as string] as number)
    }
  } else return undefined
  return seconds <= MAX_TTL_SECONDS ? seconds : undefined
}

export function absoluteName(text: string, origin: string): string {
  if (text === '@') return origin
  if (ABSOLUTE.test(text) || origin === '.') return canonicalName(text)
  return canonicalName(`${text}.${origin}`)
}

function bytesOfHex(text: string, field: string): Uint8Array {
  return HEX.test(text)
    ? Uint8Array.from(Buffer.from(text, 'hex'))
    : fail(`${field} is no even number of hexadecimal digits`)
}

function fail(text: string): never {
  throw new DnsWireError('DNS_TEXT', text)
}
