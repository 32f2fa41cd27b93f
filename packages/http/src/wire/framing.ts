/**
 * How long a message is (RFC 9112, 6): gathered field by field while a head is parsed, decided at its end. What two programs could
 * read in two ways is refused, whatever the standard would let pass: any second Content-Length, and both it and Transfer-Encoding.
 */
import { CLASS, IS_DIGIT, matches, nameBytes } from './characters.js'
import type { FieldScanner } from './field-scanner.js'
import { listElements } from './list-value.js'
import { badSyntax, pastLimit } from './refusals.js'

const CONTENT_LENGTH = nameBytes('content-length')
const TRANSFER_ENCODING = nameBytes('transfer-encoding')
const CONNECTION = nameBytes('connection')
const CHUNKED = nameBytes('chunked')
const CLOSE = nameBytes('close')
const KEEP_ALIVE = nameBytes('keep-alive')

/** 10^15 is a petabyte, and exact. */
const MAX_LENGTH_DIGITS = 15
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/

export class Framing {
  /** -1: there is none. */
  contentLength = -1
  isChunked = false
  /** What Connection says. */
  saysClose = false
  saysKeepAlive = false
  saysUpgrade = false
  /** Transfer-Encoding, where it is anything but `chunked`. */
  #codings: string | null = null
  #hasCodings = false
  readonly #lengthLimit: string

  /** `lengthLimit`: the option that says how long a body may be. */
  constructor(lengthLimit = 'maxBodyBytes') {
    this.#lengthLimit = lengthLimit
  }

  reset(): void {
    this.contentLength = -1
    this.isChunked = this.saysClose = this.saysKeepAlive = this.saysUpgrade = this.#hasCodings = false
    this.#codings = null
  }

  /** Looks at the field that was scanned last. */
  take(bytes: Buffer, field: FieldScanner): void {
    const { nameFrom } = field
    const length = field.nameTo - nameFrom
    if (length === 10) {
      if (matches(bytes, nameFrom, CONNECTION)) this.#takeConnection(bytes, field)
    } else if (length === 14) {
      if (matches(bytes, nameFrom, CONTENT_LENGTH)) this.#takeLength(bytes, field)
    } else if (length === 17 && matches(bytes, nameFrom, TRANSFER_ENCODING)) this.#takeCodings(bytes, field)
  }

  #takeConnection(bytes: Buffer, field: FieldScanner): void {
    const { valueFrom } = field
    const length = field.valueTo - valueFrom
    if (length === 10 && matches(bytes, valueFrom, KEEP_ALIVE)) this.saysKeepAlive = true
    else if (length === 5 && matches(bytes, valueFrom, CLOSE)) this.saysClose = true
    else
      for (const element of listElements(field.value(bytes))) {
        if (element === 'close') this.saysClose = true
        else if (element === 'keep-alive') this.saysKeepAlive = true
        else if (element === 'upgrade') this.saysUpgrade = true
      }
  }

  #takeLength(bytes: Buffer, { valueFrom, valueTo }: FieldScanner): void {
    if (this.contentLength >= 0) throw badSyntax('two Content-Lengths')
    let length = 0
    for (let i = valueFrom; i < valueTo; i++) {
      const byte = bytes[i] as number
      if (((CLASS[byte] as number) & IS_DIGIT) === 0) throw badSyntax('a Content-Length that is no number')
      length = 10 * length + (byte - 48)
    }
    if (valueFrom === valueTo) throw badSyntax('an empty Content-Length')
    if (valueTo - valueFrom > MAX_LENGTH_DIGITS)
      throw pastLimit(this.#lengthLimit, 413, 'Content-Length announces more')
    this.contentLength = length
  }

  #takeCodings(bytes: Buffer, field: FieldScanner): void {
    const isFirst = !this.#hasCodings
    this.#hasCodings = true
    if (isFirst && field.valueTo - field.valueFrom === 7 && matches(bytes, field.valueFrom, CHUNKED)) {
      this.isChunked = true
      return
    }
    const before = this.isChunked ? 'chunked' : this.#codings
    this.isChunked = false
    this.#codings = before === null ? field.value(bytes) : `${before},${field.value(bytes)}`
  }

  /** The head is complete. Throws `HTTP_SYNTAX`: status 400, or 501 for codings that nobody here knows. */
  decide(minorVersion: number): void {
    if (!this.#hasCodings) return
    if (minorVersion === 0) throw badSyntax('Transfer-Encoding in HTTP/1.0')
    if (this.contentLength >= 0) throw badSyntax('both Transfer-Encoding and Content-Length')
    if (this.#codings !== null) throw badCodings(this.#codings)
  }
}

function badCodings(value: string): Error {
  const codings = value.split(',').map((coding) => coding.trim().toLowerCase())
  if (!codings.every((coding) => TOKEN.test(coding.replace(/[\t ]*;.*$/, ''))))
    return badSyntax('a Transfer-Encoding that is no list of codings')
  const first = codings.indexOf('chunked')
  if (first >= 0 && first !== codings.length - 1) return badSyntax('chunked is not the last transfer coding')
  return badSyntax('a transfer coding that is not known here', 501)
}
