/** A message from its bytes (RFC 1035, 4). Everything is checked, everything is copied; what is wrong is a DnsWireError that says where. */
import { ByteReader } from './byte-reader.js'
import { type DecodedEdns, decodeEdns, OPT_TYPE } from './edns.js'
import { DnsWireError } from './errors.js'
import { FLAGS, HEADER_BYTES, OPCODE_MASK, OPCODE_SHIFT, RCODE_MASK } from './layout.js'
import { MAX_TTL_SECONDS } from './limits.js'
import type { Message, Question, ResourceRecord } from './message.js'
import { CLASSES, OPCODES, RCODES, RECORD_TYPES } from './mnemonics.js'
import { recordTypeOf } from './record-types.js'

/** Opcode 0: a query, of which RFC 9619 says that it has one question at most. */
const QUERY = 0

/**
 * The message that `bytes` hold, and nothing after it. Throws a DnsWireError whose `code` says what is wrong, and `at` where. Nothing of
 * `bytes` is kept.
 */
export function decodeMessage(bytes: Uint8Array): Message {
  const reader = new ByteReader(bytes)
  reader.skip(HEADER_BYTES)
  const flags = uint16At(bytes, 2)
  const questionCount = uint16At(bytes, 4)
  const opcode = (flags >> OPCODE_SHIFT) & OPCODE_MASK
  if (questionCount > 1 && opcode === QUERY)
    throw new DnsWireError('DNS_QUESTION_COUNT', `a query with ${questionCount} questions`, { at: 4 })
  const questions = decodeQuestions(reader, questionCount)
  const answers = decodeRecords(reader, uint16At(bytes, 6))
  const authorities = decodeRecords(reader, uint16At(bytes, 8))
  const additionals: ResourceRecord[] = []
  const found = decodeAdditionals(reader, uint16At(bytes, 10), additionals)
  if (!reader.isAtEnd())
    throw new DnsWireError('DNS_TRAILING_BYTES', `${bytes.length - reader.at} bytes after the last record`, {
      at: reader.at,
    })
  return {
    id: uint16At(bytes, 0),
    isResponse: (flags & FLAGS.isResponse) !== 0,
    opcode: OPCODES.word(opcode),
    isAuthoritative: (flags & FLAGS.isAuthoritative) !== 0,
    isTruncated: (flags & FLAGS.isTruncated) !== 0,
    recursionDesired: (flags & FLAGS.recursionDesired) !== 0,
    recursionAvailable: (flags & FLAGS.recursionAvailable) !== 0,
    isAuthenticData: (flags & FLAGS.isAuthenticData) !== 0,
    checkingDisabled: (flags & FLAGS.checkingDisabled) !== 0,
    rcode: RCODES.word((flags & RCODE_MASK) | ((found?.upperRcode ?? 0) << 4)),
    questions,
    answers,
    authorities,
    additionals,
    edns: found?.edns,
  }
}

function decodeQuestions(reader: ByteReader, count: number): Question[] {
  const questions: Question[] = []
  for (let i = 0; i < count; i++) {
    questions.push({
      name: reader.name(),
      type: RECORD_TYPES.word(reader.uint16()),
      class: CLASSES.word(reader.uint16()),
    })
  }
  return questions
}

function decodeRecords(reader: ByteReader, count: number): ResourceRecord[] {
  const records: ResourceRecord[] = []
  for (let i = 0; i < count; i++) {
    const start = reader.at
    const name = reader.name()
    const at = reader.skip(RECORD_HEAD_BYTES)
    const type = uint16At(reader.bytes, at)
    if (type === OPT_TYPE)
      throw new DnsWireError('DNS_OPT_PLACE', 'an OPT record that is not among the additional records', {
        at: start,
      })
    records.push(decodeRecord(reader, name, type, at))
  }
  return records
}

function decodeAdditionals(
  reader: ByteReader,
  count: number,
  records: ResourceRecord[],
): DecodedEdns | undefined {
  let found: DecodedEdns | undefined
  for (let i = 0; i < count; i++) {
    const start = reader.at
    const name = reader.name()
    const at = reader.skip(RECORD_HEAD_BYTES)
    const type = uint16At(reader.bytes, at)
    if (type === OPT_TYPE) {
      if (found !== undefined) throw new DnsWireError('DNS_OPT_TWICE', 'a second OPT record', { at: start })
      if (name !== '.') throw new DnsWireError('DNS_OPT_NAME', 'an OPT record with a name', { at: start })
      reader.at = at + TYPE_BYTES
      found = decodeEdns(reader)
    } else records.push(decodeRecord(reader, name, type, at))
  }
  return found
}

/** Type, class, time to live and length (RFC 1035, 4.1.3): looked at in one step, because every record has them. */
const RECORD_HEAD_BYTES = 10
const TYPE_BYTES = 2

/** `at` is where the type begins; the reader is behind the length. */
function decodeRecord(reader: ByteReader, name: string, number: number, at: number): ResourceRecord {
  const { bytes } = reader
  const type = recordTypeOf(number)
  const high = uint16At(bytes, at + 4)
  // With the highest bit it is more than 2^31 - 1, and counts as 0 (RFC 2181, 8).
  const ttl = high > MAX_TTL_HIGH ? 0 : (high << 16) | uint16At(bytes, at + 6)
  reader.begin(uint16At(bytes, at + 8))
  const data = type.codec.decode(reader)
  reader.finish()
  return { name, type: type.word, class: CLASSES.word(uint16At(bytes, at + 2)), ttl, data } as ResourceRecord
}

const MAX_TTL_HIGH = MAX_TTL_SECONDS >>> 16

function uint16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}
