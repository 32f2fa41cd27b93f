/**
 * The head of a response, parsed in place (RFC 9112, 4 and 6.3), as strictly as that of a request: two programs that read an
 * answer in two ways mix up answers. What is wrong has no status: a client answers nobody.
 */
import { HttpError } from '../errors.js'
import { HttpHeaders } from '../headers.js'
import {
  CLASS,
  CR,
  equals,
  exactBytes,
  IS_DIGIT,
  IS_VALUE,
  LF,
  latin1,
  matches,
  nameBytes,
  SPACE,
} from './characters.js'
import type { HeadLimits } from './limits.js'
import { MessageHead } from './message-head.js'
import { badByte, badSyntax, pastLimit } from './refusals.js'
import { isBodiless } from './status.js'

const VERSION = exactBytes('HTTP/1.')
const SET_COOKIE = nameBytes('set-cookie')
const CONTENT_ENCODING = nameBytes('content-encoding')
/** `HTTP/1.1 200 `, or the line's end in place of the last space. */
const STATUS_AT = 9
const REASON_AT = 12

export class ResponseHead extends MessageHead {
  status = 0
  reasonFrom = 0
  reasonTo = 0
  /** Whether there are such fields: most heads have none, and need not be taken apart to know. */
  hasSetCookie = false
  hasContentEncoding = false

  constructor() {
    super('maxResponseBytes')
  }

  parse(bytes: Buffer, from: number, to: number, limits: HeadLimits): boolean {
    const end = Math.min(to, from + limits.maxHeadBytes)
    try {
      const isComplete = this.#parseLine(bytes, from, end) && this.#parseRest(bytes, end, limits)
      if (!isComplete && to - from >= limits.maxHeadBytes)
        throw pastLimit('maxHeadBytes', 431, 'the head is longer')
      return isComplete
    } catch (error) {
      throw withoutStatus(error)
    }
  }

  /** The fields of the head that was parsed last, of the same bytes. */
  headers(bytes: Buffer): HttpHeaders {
    return HttpHeaders.fromWire(latin1(bytes, this.fieldsFrom, this.to), 0)
  }

  reason(bytes: Buffer): string {
    return latin1(bytes, this.reasonFrom, this.reasonTo)
  }

  /**
   * How many bytes of body follow, to a request with this method; -1: chunked; -2: all until the connection ends
   * (RFC 9112, 6.3).
   */
  bodyLength(method: string): number {
    const { status, framing } = this
    if (method === 'HEAD' || isBodiless(status) || (method === 'CONNECT' && status < 300)) return 0
    if (framing.isChunked) return CHUNKED_BODY
    return framing.contentLength >= 0 ? framing.contentLength : BODY_UNTIL_END
  }

  /** Whether another response may follow on the connection, as far as this one says. */
  get keepsAlive(): boolean {
    const { saysClose, saysKeepAlive } = this.framing
    return !saysClose && (this.minorVersion === 1 || saysKeepAlive)
  }

  #parseLine(bytes: Buffer, from: number, to: number): boolean {
    const known = Math.min(to - from, VERSION.length)
    for (let i = 0; i < known; i++)
      if (bytes[from + i] !== VERSION[i]) throw badSyntax('what came is no response of HTTP/1')
    if (to - from <= REASON_AT) return false
    const minor = (bytes[from + VERSION.length] as number) - 48
    if (!equals(bytes, from, VERSION) || minor < 0 || minor > 9 || bytes[from + STATUS_AT - 1] !== SPACE)
      throw badSyntax('a status line without a version')
    let status = 0
    for (let i = from + STATUS_AT; i < from + REASON_AT; i++) {
      const byte = bytes[i] as number
      if (((CLASS[byte] as number) & IS_DIGIT) === 0) throw badSyntax('a status that is no number')
      status = 10 * status + (byte - 48)
    }
    if (status < 100) throw badSyntax('a status below 100')
    this.status = status
    this.minorVersion = minor === 0 ? 0 : 1
    return this.#parseReason(bytes, from + REASON_AT, to)
  }

  /** It may be empty, and then the space before it missing too: servers leave it out, and nothing hangs on it. */
  #parseReason(bytes: Buffer, at: number, to: number): boolean {
    if (bytes[at] !== SPACE && bytes[at] !== CR) throw badByte(bytes[at] as number, 'the status line')
    let i = bytes[at] === SPACE ? at + 1 : at
    this.reasonFrom = i
    while (i < to && ((CLASS[bytes[i] as number] as number) & IS_VALUE) !== 0) i++
    if (i === to) return false
    if (bytes[i] !== CR) throw badByte(bytes[i] as number, 'the status line')
    if (i + 1 === to) return false
    if (bytes[i + 1] !== LF) throw badByte(CR, 'the status line')
    this.reasonTo = i
    this.fieldsFrom = i + 2
    return true
  }

  #parseRest(bytes: Buffer, to: number, limits: HeadLimits): boolean {
    this.hasSetCookie = this.hasContentEncoding = false
    if (!this.parseFields(bytes, to, limits)) return false
    this.framing.decide(this.minorVersion)
    return true
  }

  protected takeField(bytes: Buffer, at: number, length: number): void {
    if (length < 10) return
    this.framing.take(bytes, this.field)
    if (length === 16 && matches(bytes, at, CONTENT_ENCODING)) this.hasContentEncoding = true
    else if (length === 10 && matches(bytes, at, SET_COOKIE)) this.hasSetCookie = true
  }
}

export const CHUNKED_BODY = -1
export const BODY_UNTIL_END = -2

/** A client answers nobody. */
function withoutStatus(error: unknown): unknown {
  if (!(error instanceof HttpError)) return error
  return new HttpError(error.code, error.message, error.limit === undefined ? {} : { limit: error.limit })
}
