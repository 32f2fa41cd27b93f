/** A message to bytes (RFC 1035, 4), with names compressed where RFC 3597, 4 allows it, and cut to what the receiver takes. */
import { ByteWriter } from './byte-writer.js'
import { encodeEdns } from './edns.js'
import { DnsWireError } from './errors.js'
import { FLAGS, HEADER_BYTES, OPCODE_SHIFT, RCODE_MASK } from './layout.js'
import { MAX_MESSAGE_BYTES, MAX_TTL_SECONDS } from './limits.js'
import type { Message, Question, ResourceRecord } from './message.js'
import { CLASSES, OPCODES, RCODES, RECORD_TYPES } from './mnemonics.js'
import { recordTypeNamed } from './record-types.js'

export interface EncodeOptions {
  /** Records that make it longer are left out from the end on (65,535 bytes). */
  readonly maxBytes?: number | undefined
  /** With the two bytes of length that streams need before a message (RFC 1035, 4.2.2). */
  readonly framed?: boolean | undefined
}

let writer: ByteWriter | undefined

/**
 * The bytes of `message`, its OPT record last. What does not fit into `maxBytes` is left out, whole sets of records of one name and type: if
 * it is an answer or an authority, the message is marked as truncated (RFC 2181, 9). Without `maxBytes`, a message of more than
 * 65,535 bytes is DNS_MESSAGE_LENGTH; what cannot be encoded is DNS_VALUE or one of the codes for names.
 */
export function encodeMessage(message: Message, options: EncodeOptions = {}): Buffer {
  writer ??= new ByteWriter()
  writer.reset()
  const rcode = RCODES.number(message.rcode)
  if (rcode > RCODE_MASK && message.edns === undefined)
    throw new DnsWireError('DNS_VALUE', `${message.rcode} needs an OPT record`)
  writer.at = HEADER_BYTES
  for (const question of message.questions) encodeQuestion(writer, question)
  const maxBytes = Math.min(options.maxBytes ?? MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES)
  let counts: Counts
  if (options.maxBytes === undefined) {
    counts = encodeAll(writer, message)
    if (message.edns !== undefined) encodeEdns(writer, message.edns, rcode)
  } else {
    const edns = ednsBytes(writer, message, rcode)
    counts = encodeFitting(writer, message, maxBytes - edns.length)
    writer.put(edns)
  }
  writer.check(maxBytes)
  encodeHeader(writer, message, rcode, counts)
  const framed = options.framed === true
  const bytes = writer.copy(framed ? 2 : 0)
  if (framed) bytes.writeUInt16BE(bytes.length - 2)
  return bytes
}

interface Counts {
  readonly answers: number
  readonly authorities: number
  readonly additionals: number
  readonly isCut: boolean
}

function encodeAll(to: ByteWriter, message: Message): Counts {
  const { answers, authorities, additionals } = message
  for (const record of answers) encodeRecord(to, record)
  for (const record of authorities) encodeRecord(to, record)
  for (const record of additionals) encodeRecord(to, record)
  return {
    answers: answers.length,
    authorities: authorities.length,
    additionals: additionals.length,
    isCut: false,
  }
}

function encodeFitting(to: ByteWriter, message: Message, limit: number): Counts {
  const answers = encodeWhileFitting(to, message.answers, limit)
  if (answers < message.answers.length) return { answers, authorities: 0, additionals: 0, isCut: true }
  const authorities = encodeWhileFitting(to, message.authorities, limit)
  if (authorities < message.authorities.length) return { answers, authorities, additionals: 0, isCut: true }
  return {
    answers,
    authorities,
    additionals: encodeWhileFitting(to, message.additionals, limit),
    isCut: false,
  }
}

/** How many records were written: up to the first set that did not fit. */
function encodeWhileFitting(to: ByteWriter, records: readonly ResourceRecord[], limit: number): number {
  let count = 0
  while (count < records.length) {
    const start = to.at
    const first = records[count] as ResourceRecord
    let next = count
    for (; next < records.length; next++) {
      const record = records[next] as ResourceRecord
      if (record.name !== first.name || record.type !== first.type) break
      encodeRecord(to, record)
      if (to.at > limit) {
        to.rewind(start)
        return count
      }
    }
    count = next
  }
  return count
}

/** The OPT record is kept, whatever is left out. */
function ednsBytes(to: ByteWriter, message: Message, rcode: number): Uint8Array {
  if (message.edns === undefined) return new Uint8Array(0)
  const start = to.at
  encodeEdns(to, message.edns, rcode)
  const bytes = Uint8Array.from(to.bytes.subarray(start, to.at))
  to.rewind(start)
  return bytes
}

function encodeHeader(to: ByteWriter, message: Message, rcode: number, counts: Counts): void {
  let flags = (OPCODES.number(message.opcode) << OPCODE_SHIFT) | (rcode & RCODE_MASK)
  if (message.isResponse) flags |= FLAGS.isResponse
  if (message.isAuthoritative) flags |= FLAGS.isAuthoritative
  if (message.isTruncated || counts.isCut) flags |= FLAGS.isTruncated
  if (message.recursionDesired) flags |= FLAGS.recursionDesired
  if (message.recursionAvailable) flags |= FLAGS.recursionAvailable
  if (message.isAuthenticData) flags |= FLAGS.isAuthenticData
  if (message.checkingDisabled) flags |= FLAGS.checkingDisabled
  const { at } = to
  to.at = 0
  to.uint16(message.id, 'id')
  to.uint16(flags, 'flags')
  to.uint16(message.questions.length, 'questions')
  to.uint16(counts.answers, 'answers')
  to.uint16(counts.authorities, 'authorities')
  to.uint16(counts.additionals + (message.edns === undefined ? 0 : 1), 'additionals')
  to.at = at
}

function encodeQuestion(to: ByteWriter, question: Question): void {
  to.name(question.name)
  to.uint16(RECORD_TYPES.number(question.type), 'type')
  to.uint16(CLASSES.number(question.class), 'class')
}

function encodeRecord(to: ByteWriter, record: ResourceRecord): void {
  const type = recordTypeNamed(record.type)
  to.name(record.name)
  to.uint16(type.number, 'type')
  to.uint16(CLASSES.number(record.class), 'class')
  if (record.ttl > MAX_TTL_SECONDS) throw new DnsWireError('DNS_VALUE', `a TTL of ${record.ttl} seconds`)
  to.uint32(record.ttl, 'ttl')
  const lengthAt = to.at
  to.at += 2
  type.codec.encode(to, record.data)
  const length = to.at - lengthAt - 2
  if (length > MAX_MESSAGE_BYTES)
    throw new DnsWireError('DNS_VALUE', `${length} bytes in a record of ${record.type}`)
  to.setUint16(lengthAt, length)
}
