/**
 * The head of an answer, written into an OutputBuffer. Framing, Date and Connection are written here and nowhere else: fields of a
 * handler that would say otherwise are left out, and its Content-Length is what the body is held to.
 */
import { wrongType } from '@shrapnel/core/parts'
import { HttpError } from '../errors.js'
import { type HeadersInit, HttpHeaders } from '../headers.js'
import { formatHttpDate } from '../wire/date.js'
import { reasonOf } from '../wire/status.js'
import type { OutputBuffer } from './output-buffer.js'

const FIELD_END = 4
const COLON = 58
const SPACE = 32
const CR = 13
const LF = 10
const SMALL_LETTER = 32
const LETTER_C = 99
const LETTER_D = 100
const LETTER_K = 107
const LETTER_T = 116

/** `HTTP/1.1 200 OK`, CRLF and Date, for each status that was used in this second. */
let prefixes: (Buffer | undefined)[] = []
let goodUntilMs = 0

/** The date changes once a second; `timeMs` is the runtime's time, which costs no call. */
function prefixOf(status: number, timeMs: number): Buffer {
  if (timeMs >= goodUntilMs) {
    prefixes = []
    goodUntilMs = timeMs + 1000 - (Date.now() % 1000)
  }
  let prefix = prefixes[status]
  if (prefix === undefined) {
    const date = formatHttpDate(Date.now())
    prefix = Buffer.from(`HTTP/1.1 ${status} ${reasonOf(status)}\r\nDate: ${date}\r\n`)
    prefixes[status] = prefix
  }
  return prefix
}

export class AnswerHead {
  /** What the fields said; -1: nothing. */
  contentLength = -1
  hasType = false
  saysClose = false
  readonly #out: OutputBuffer

  constructor(out: OutputBuffer) {
    this.#out = out
  }

  /** The status line, Date and what the handler gave. Throws `HTTP_HEADER`. */
  begin(status: number, headers: HeadersInit | undefined, timeMs: number): void {
    this.contentLength = -1
    this.hasType = this.saysClose = false
    this.#out.add(prefixOf(status, timeMs))
    if (headers === undefined) return
    if (headers instanceof HttpHeaders) {
      const { flat } = headers
      for (let i = 0; i < flat.length; i += 2) this.#field(flat[i] as string, flat[i + 1] as string)
    } else if (typeof headers !== 'object' || headers === null)
      throw wrongType('headers', 'an object, pairs or HttpHeaders', headers)
    else if (Symbol.iterator in headers) for (const [name, value] of headers) this.#field(name, value)
    else this.#record(headers as Readonly<Record<string, string | number | readonly string[] | undefined>>)
  }

  #record(record: Readonly<Record<string, string | number | readonly string[] | undefined>>): void {
    for (const name in record) {
      if (!Object.hasOwn(record, name)) continue
      const value = record[name]
      if (typeof value === 'string') this.#field(name, value)
      else if (Array.isArray(value)) for (const one of value as readonly string[]) this.#field(name, one)
      else if (value !== undefined) this.#field(name, String(value))
    }
  }

  #field(name: string, value: string): void {
    const out = this.#out
    const isOurs = this.#look(name, value)
    if (isOurs) return
    if (!out.addToken(name))
      throw new HttpError('HTTP_HEADER', `${JSON.stringify(name)} is no name of a header field`)
    out.reserve(FIELD_END)
    out.bytes[out.at++] = COLON
    out.bytes[out.at++] = SPACE
    if (typeof value !== 'string' || !out.addValue(value))
      throw new HttpError('HTTP_HEADER', `the value of ${name} has a character that no header field can have`)
    this.endLine()
  }

  /** Fields that mean something here. True: it is not the handler's to send. */
  #look(name: string, value: string): boolean {
    const first = name.charCodeAt(0) | SMALL_LETTER
    switch (name.length) {
      case 4:
        return first === LETTER_D && name.toLowerCase() === 'date'
      case 10:
        if (first === LETTER_K) return name.toLowerCase() === 'keep-alive'
        if (first !== LETTER_C || name.toLowerCase() !== 'connection') return false
        if (/(?:^|,)[\t ]*close[\t ]*(?:,|$)/i.test(value)) this.saysClose = true
        return true
      case 12:
        if (first === LETTER_C && name.toLowerCase() === 'content-type') this.hasType = true
        return false
      case 14:
        if (first !== LETTER_C || name.toLowerCase() !== 'content-length') return false
        this.#takeLength(value)
        return true
      case 17:
        return first === LETTER_T && name.toLowerCase() === 'transfer-encoding'
      default:
        return false
    }
  }

  #takeLength(value: string): void {
    if (!/^\d{1,15}$/.test(value) || (this.contentLength >= 0 && this.contentLength !== Number(value)))
      throw new HttpError('HTTP_HEADER', `${JSON.stringify(value)} is no Content-Length`)
    this.contentLength = Number(value)
  }

  length(bytes: number): void {
    this.#out.addAscii('Content-Length: ')
    this.#out.addNumber(bytes)
    this.endLine()
  }

  line(text: string): void {
    this.#out.addAscii(text)
  }

  endLine(): void {
    const out = this.#out
    out.reserve(FIELD_END)
    out.bytes[out.at++] = CR
    out.bytes[out.at++] = LF
  }
}
