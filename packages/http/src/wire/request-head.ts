/**
 * The head of a request, parsed in place (RFC 9112, 2 to 6): one pass over the bytes, with tables, and nothing is decoded but by whoever
 * asks. One object serves all connections of a thread: what it says is good until it parses again.
 *
 * It refuses whatever the grammar does not have, with the status that a server answers. A head that is cut anywhere is
 * incomplete or refused, and never another head.
 */
import {
  CLASS,
  CR,
  equals,
  exactBytes,
  IS_TARGET,
  IS_TOKEN,
  LF,
  latin1,
  matches,
  nameBytes,
  SPACE,
} from './characters.js'
import { FieldTable, fieldKey } from './field-table.js'
import { type HeadLimits, MAX_METHOD_BYTES } from './limits.js'
import { MessageHead } from './message-head.js'
import { badByte, badSyntax, pastLimit } from './refusals.js'
import { checkTarget, isHost } from './target.js'

const HOST = nameBytes('host')
const EXPECT = nameBytes('expect')
const UPGRADE = nameBytes('upgrade')
const CONTINUE = nameBytes('100-continue')
const VERSION = exactBytes('HTTP/1.')
const VERSION_BYTES = 8

export class RequestHead extends MessageHead {
  /** Where the fields are, counted from `from`. */
  readonly table = new FieldTable()
  /** From the first byte, which is `from`. */
  from = 0
  methodTo = 0
  targetFrom = 0
  targetTo = 0
  expectsContinue = false
  hasUpgrade = false
  #hosts = 0

  constructor() {
    super('maxBodyBytes')
  }

  parse(bytes: Buffer, from: number, to: number, limits: HeadLimits): boolean {
    const at = this.#skipEmptyLine(bytes, from, to)
    this.from = at
    // A head longer than its limit is cut there: what is refused before the limit is refused for its own reason.
    const end = Math.min(to, at + limits.maxHeadBytes)
    const isComplete = this.#parseLine(bytes, at, end, limits) && this.#parseRest(bytes, end, limits)
    if (!isComplete && to - at >= limits.maxHeadBytes)
      throw pastLimit('maxHeadBytes', 431, 'the head is longer')
    return isComplete
  }

  /** One may stand before a request, from clients that send one too many after a body (RFC 9112, 2.2). */
  #skipEmptyLine(bytes: Buffer, from: number, to: number): number {
    return bytes[from] === CR && from + 1 < to && bytes[from + 1] === LF ? from + 2 : from
  }

  #parseLine(bytes: Buffer, from: number, to: number, limits: HeadLimits): boolean {
    let i = from
    while (i < to && ((CLASS[bytes[i] as number] as number) & IS_TOKEN) !== 0) i++
    if (i - from > MAX_METHOD_BYTES) throw badSyntax('no method is as long as that')
    if (i === to || (i === from && i + 1 === to && bytes[i] === CR)) return false
    if (bytes[i] !== SPACE || i === from) throw badByte(bytes[i] as number, 'the method of a request')
    this.methodTo = i++
    this.targetFrom = i
    while (i < to && ((CLASS[bytes[i] as number] as number) & IS_TARGET) !== 0) i++
    if (i - this.targetFrom > limits.maxTargetBytes)
      throw pastLimit('maxTargetBytes', 414, 'the target is longer')
    if (i === to) return false
    if (bytes[i] !== SPACE || i === this.targetFrom)
      throw badByte(bytes[i] as number, 'the target of a request')
    this.targetTo = i++
    return this.#parseVersion(bytes, i, to)
  }

  #parseVersion(bytes: Buffer, at: number, to: number): boolean {
    if (to - at < VERSION_BYTES + 2) {
      checkPrefix(bytes, at, to)
      return false
    }
    const minor = (bytes[at + VERSION_BYTES - 1] as number) - 48
    if (!equals(bytes, at, VERSION) || minor < 0 || minor > 9) throw badVersion(bytes, at)
    if (bytes[at + VERSION_BYTES] !== CR || bytes[at + VERSION_BYTES + 1] !== LF)
      throw badByte(bytes[at + VERSION_BYTES] as number, 'the version of a request')
    // A higher minor version is the highest that there is here (RFC 9110, 2.5).
    this.minorVersion = minor === 0 ? 0 : 1
    this.fieldsFrom = at + VERSION_BYTES + 2
    return true
  }

  #parseRest(bytes: Buffer, to: number, limits: HeadLimits): boolean {
    const { framing } = this
    this.table.begin()
    this.expectsContinue = this.hasUpgrade = false
    this.#hosts = 0
    if (!this.parseFields(bytes, to, limits)) return false
    if (this.#hosts === 0 && this.minorVersion === 1) throw badSyntax('no Host')
    framing.decide(this.minorVersion)
    const isConnect = checkTarget(bytes, this.from, this.methodTo, this.targetFrom, this.targetTo)
    // Where it ends and the tunnel begins, two programs could see differently (RFC 9110, 9.3.6).
    if (isConnect && (framing.isChunked || framing.contentLength > 0)) throw badSyntax('CONNECT with a body')
    return true
  }

  protected takeField(bytes: Buffer, at: number, length: number): void {
    const { field, from } = this
    const key = fieldKey(length, bytes[at] as number, bytes[field.nameTo - 1] as number)
    this.table.add(key, at - from, field.valueFrom - from, field.valueTo - from)
    if (length === 4) {
      if (matches(bytes, at, HOST)) this.#takeHost(bytes)
    } else if (length === 6) {
      if (matches(bytes, at, EXPECT)) this.#takeExpect(bytes)
    } else if (length === 7) {
      if (matches(bytes, at, UPGRADE)) this.hasUpgrade = true
    } else if (length >= 10) this.framing.take(bytes, field)
  }

  #takeHost(bytes: Buffer): void {
    const { valueFrom, valueTo } = this.field
    if (++this.#hosts > 1) throw badSyntax('two Hosts')
    if (!isHost(bytes, valueFrom, valueTo)) throw badSyntax('a Host that is none')
  }

  /** Any other expectation is ignored by HTTP/1.0, and is nothing that anybody can meet (RFC 9110, 10.1.1). */
  #takeExpect(bytes: Buffer): void {
    const { valueFrom, valueTo } = this.field
    if (this.minorVersion === 0) return
    if (valueTo - valueFrom !== CONTINUE.length || !matches(bytes, valueFrom, CONTINUE))
      throw badSyntax('an expectation that is not known here', 417)
    this.expectsContinue = true
  }
}

/** What is there of a version must be the beginning of one. */
function checkPrefix(bytes: Buffer, at: number, to: number): void {
  for (let i = at; i < to; i++) {
    const byte = bytes[i] as number
    if (byte <= SPACE && byte !== CR && i - at < VERSION_BYTES)
      throw badByte(byte, 'the version of a request')
  }
}

function badVersion(bytes: Buffer, at: number): Error {
  const text = latin1(bytes, at, at + VERSION_BYTES)
  if (/^HTTP\/\d\.\d$/.test(text)) return badSyntax(`${text} is not spoken here`, 505)
  return badSyntax('a request line without a version of HTTP')
}
