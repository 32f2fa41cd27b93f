/**
 * One query as bytes, and whether bytes that came are the reply to it. The comparison is made before anything is decoded, and of
 * bytes: the header must be that of a reply, and the question the very one that was sent, letter case included.
 */
import { DnsError } from '../errors.js'
import { ByteWriter } from '../wire/byte-writer.js'
import { DnsWireError, type Question } from '../wire/index.js'
import { CLASSES, RECORD_TYPES } from '../wire/mnemonics.js'
import type { Settings } from './options.js'

/** What came, seen beside the query. `case`: it is the reply but for the case of letters; `no-question`: but for a question at all. */
export type Verdict = 'match' | 'case' | 'no-question' | 'short' | 'not-a-reply' | 'opcode' | 'question'

export interface QueryParts {
  readonly withEdns: boolean
  readonly withRandomCase: boolean
  /** The content of a COOKIE option. */
  readonly cookie: Uint8Array | undefined
  /** True: padded to a multiple of 128 bytes (RFC 8467, 4.1). */
  readonly isPadded: boolean
}

/** RFC 1035, 4.1.1; RFC 6891, 6.1; the codes of options as IANA has them. */
const HEADER_BYTES = 12
const FLAGS_AT = 2
const IS_REPLY = 0x80
const OPCODE = 0x78
const TRUNCATED = 0x02
const RECURSION_DESIRED = 0x01
const CHECKING_DISABLED = 0x10
const QUESTIONS_AT = 4
const ADDITIONALS_AT = 10
const OPT_TYPE = 41
const OPT_BYTES = 11
const DNSSEC_OK = 0x8000
const COOKIE_OPTION = 10
const PADDING_OPTION = 12
const OPTION_HEADER_BYTES = 4
const PADDING_BLOCK_BYTES = 128
const CASE_BIT = 0x20

export class Query {
  readonly id: number
  readonly bytes: Buffer
  readonly #questionEnd: number
  /** The question as it was asked, without random case. */
  readonly #plain: Buffer
  readonly hasEdns: boolean
  /** What was sent as COOKIE option. */
  readonly cookie: Uint8Array | undefined

  constructor(id: number, question: Buffer, parts: QueryParts, settings: Settings) {
    this.id = id
    this.hasEdns = parts.withEdns
    this.cookie = parts.withEdns ? parts.cookie : undefined
    this.#plain = question
    this.#questionEnd = HEADER_BYTES + question.length
    const optBytes = parts.withEdns ? OPT_BYTES + optionBytes(parts, this.#questionEnd) : 0
    const bytes = Buffer.allocUnsafe(this.#questionEnd + optBytes)
    bytes[0] = id >> 8
    bytes[1] = id
    bytes[FLAGS_AT] = settings.recursionDesired ? RECURSION_DESIRED : 0
    bytes[FLAGS_AT + 1] = settings.checkingDisabled ? CHECKING_DISABLED : 0
    bytes[QUESTIONS_AT] = 0
    bytes[QUESTIONS_AT + 1] = 1
    bytes.fill(0, QUESTIONS_AT + 2, HEADER_BYTES)
    bytes.set(question, HEADER_BYTES)
    if (parts.withRandomCase) randomizeCase(bytes, HEADER_BYTES, settings.randomUint16)
    if (parts.withEdns) {
      bytes[ADDITIONALS_AT + 1] = 1
      writeOpt(bytes, this.#questionEnd, parts, settings)
    }
    this.bytes = bytes
  }

  compare(reply: Uint8Array): Verdict {
    if (reply.length < HEADER_BYTES) return 'short'
    const flags = reply[FLAGS_AT] as number
    if ((flags & IS_REPLY) === 0) return 'not-a-reply'
    if ((flags & OPCODE) !== 0) return 'opcode'
    const questions = ((reply[QUESTIONS_AT] as number) << 8) | (reply[QUESTIONS_AT + 1] as number)
    if (questions === 0) return 'no-question'
    const end = this.#questionEnd
    if (questions !== 1 || reply.length < end) return 'question'
    const { bytes } = this
    for (let at = HEADER_BYTES; at < end; at++)
      if (reply[at] !== bytes[at]) return this.#differsInCaseAlone(reply, at) ? 'case' : 'question'
    return 'match'
  }

  /** A byte of type or class is compared as it is. */
  #differsInCaseAlone(reply: Uint8Array, from: number): boolean {
    const nameEnd = this.#questionEnd - 4
    for (let at = from; at < this.#questionEnd; at++) {
      const one = reply[at] as number
      const other = this.bytes[at] as number
      if (one !== other && !(at < nameEnd && isLetter(one) && (one ^ other) === CASE_BIT)) return false
    }
    return true
  }

  /**
   * Puts the question into `reply` in the case in which it was asked. Names in a reply mostly point there, so they come out as one
   * wrote them and not as we disguised them.
   */
  restoreCase(reply: Uint8Array): void {
    reply.set(this.#plain, HEADER_BYTES)
  }
}

/** The question of a message: name, type, class. Throws a DnsError, `EBADNAME`, for a name that cannot be written. */
export function questionBytes(question: Question): Buffer {
  writer.reset()
  try {
    writer.wholeName(question.name)
  } catch (error) {
    if (!(error instanceof DnsWireError)) throw error
    const { name, type } = question
    throw new DnsError('EBADNAME', `${JSON.stringify(name)} is no domain name`, {
      hostname: name,
      type,
      cause: error,
    })
  }
  writer.uint16(RECORD_TYPES.number(question.type), 'type')
  writer.uint16(CLASSES.number(question.class), 'class')
  return writer.copy()
}

const writer = new ByteWriter()

/** From bytes that `compare` did not find short. */
export function isTruncated(reply: Uint8Array): boolean {
  return ((reply[FLAGS_AT] as number) & TRUNCATED) !== 0
}

/** The bytes of a name's lengths are below 64, so none of them looks like a letter. */
function randomizeCase(bytes: Buffer, from: number, random: () => number): void {
  let bits = 0
  let left = 0
  for (let at = from; ; ) {
    const length = bytes[at] as number
    if (length === 0) return
    for (const end = at + length; at < end; ) {
      const byte = bytes[++at] as number
      if (!isLetter(byte)) continue
      if (left === 0) {
        bits = random()
        left = 16
      }
      bytes[at] = (byte & ~CASE_BIT) | ((bits & 1) << 5)
      bits >>= 1
      left--
    }
    at++
  }
}

function isLetter(byte: number): boolean {
  const small = byte | CASE_BIT
  return small >= 0x61 && small <= 0x7a
}

function optionBytes({ cookie, isPadded }: QueryParts, questionEnd: number): number {
  const cookieBytes = cookie === undefined ? 0 : OPTION_HEADER_BYTES + cookie.length
  if (!isPadded) return cookieBytes
  const unpadded = questionEnd + OPT_BYTES + cookieBytes + OPTION_HEADER_BYTES
  return cookieBytes + OPTION_HEADER_BYTES + (-unpadded & (PADDING_BLOCK_BYTES - 1))
}

function writeOpt(bytes: Buffer, start: number, parts: QueryParts, settings: Settings): void {
  let at = start
  bytes[at++] = 0
  at = write16(bytes, at, OPT_TYPE)
  at = write16(bytes, at, settings.maxUdpPayloadBytes)
  at = write16(bytes, at, 0)
  at = write16(bytes, at, settings.dnssecOk ? DNSSEC_OK : 0)
  at = write16(bytes, at, bytes.length - at - 2)
  const { cookie } = parts
  if (cookie !== undefined) {
    at = write16(bytes, at, COOKIE_OPTION)
    at = write16(bytes, at, cookie.length)
    bytes.set(cookie, at)
    at += cookie.length
  }
  if (!parts.isPadded) return
  at = write16(bytes, at, PADDING_OPTION)
  at = write16(bytes, at, bytes.length - at - 2)
  bytes.fill(0, at)
}

function write16(bytes: Buffer, at: number, value: number): number {
  bytes[at] = value >> 8
  bytes[at + 1] = value
  return at + 2
}
