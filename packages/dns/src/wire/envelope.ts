/**
 * What a message says of itself before it is decoded: enough to tell to which query a reply belongs, for a few nanoseconds and without a
 * string. Whoever asks compares the question as bytes, because its case is a part of the secret (0x20).
 */
import { FLAGS, HEADER_BYTES, OPCODE_MASK, OPCODE_SHIFT, POINTER_BITS, RCODE_MASK } from './layout.js'
import { MAX_NAME_BYTES } from './limits.js'
import { OPCODES } from './mnemonics.js'

export interface Envelope {
  readonly id: number
  readonly isResponse: boolean
  readonly isTruncated: boolean
  readonly opcode: string
  /** The four bits in the header: what the OPT record adds is not read. */
  readonly headerRcode: number
  readonly questionCount: number
  /** Where the first question ends, with its type and class; 12 if there is none; -1 if it is no question. */
  readonly questionEnd: number
}

/** The header, and how far the first question goes. Undefined for fewer than 12 bytes. Never throws. */
export function readEnvelope(bytes: Uint8Array): Envelope | undefined {
  if (bytes.length < HEADER_BYTES) return undefined
  const flags = uint16(bytes, 2)
  const questionCount = uint16(bytes, 4)
  return {
    id: uint16(bytes, 0),
    isResponse: (flags & FLAGS.isResponse) !== 0,
    isTruncated: (flags & FLAGS.isTruncated) !== 0,
    opcode: OPCODES.word((flags >> OPCODE_SHIFT) & OPCODE_MASK),
    headerRcode: flags & RCODE_MASK,
    questionCount,
    questionEnd: questionCount === 0 ? HEADER_BYTES : endOfQuestion(bytes),
  }
}

/**
 * Whether `reply` is one to `query`, both of them messages: a response with the same id, the same opcode and one question that is the
 * query's byte for byte. False also if either is no message with one question.
 */
export function isReplyTo(reply: Uint8Array, query: Uint8Array): boolean {
  if (reply.length < HEADER_BYTES || query.length < HEADER_BYTES) return false
  const flags = uint16(reply, 2)
  if (uint16(reply, 0) !== uint16(query, 0) || (flags & FLAGS.isResponse) === 0) return false
  return ((flags ^ uint16(query, 2)) & (OPCODE_MASK << OPCODE_SHIFT)) === 0 && hasSameQuestion(reply, query)
}

/** Whether both have one question, and the same one, byte for byte. */
export function hasSameQuestion(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length < HEADER_BYTES || b.length < HEADER_BYTES || uint16(a, 4) !== 1 || uint16(b, 4) !== 1)
    return false
  const end = endOfQuestion(b)
  if (end < 0 || a.length < end) return false
  for (let i = HEADER_BYTES; i < end; i++) if (a[i] !== b[i]) return false
  return true
}

/** A first question has nothing to point to, so that its labels are all there; -1 if they are not. */
function endOfQuestion(bytes: Uint8Array): number {
  let at = HEADER_BYTES
  for (;;) {
    if (at >= bytes.length) return -1
    const length = bytes[at] as number
    at++
    if (length === 0) break
    if (length >= POINTER_BITS >> 1) return -1
    at += length
    if (at - HEADER_BYTES >= MAX_NAME_BYTES) return -1
  }
  const end = at + 4
  return end <= bytes.length ? end : -1
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}
