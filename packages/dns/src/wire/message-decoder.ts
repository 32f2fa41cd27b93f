/** A message from its bytes (RFC 1035, 4). Everything is checked, everything is copied; what is wrong is a DnsWireError that says where. */
import { ByteReader } from './byte-reader.js'
import { decodeEdns, OPT_TYPE } from './edns.js'
import { DnsWireError } from './errors.js'
import { FLAGS, OPCODE_MASK, OPCODE_SHIFT, RCODE_MASK } from './layout.js'
import { MAX_TTL_SECONDS } from './limits.js'
import type { Edns, Message, Question, ResourceRecord } from './message.js'
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
  const id = reader.uint16()
  const flags = reader.uint16()
  const questionCount = reader.uint16()
  const answerCount = reader.uint16()
  const authorityCount = reader.uint16()
  const additionalCount = reader.uint16()
  const opcode = (flags >> OPCODE_SHIFT) & OPCODE_MASK
  if (questionCount > 1 && opcode === QUERY)
    throw new DnsWireError('DNS_QUESTION_COUNT', `a query with ${questionCount} questions`, { at: 4 })
  const questions = decodeQuestions(reader, questionCount)
  const answers = decodeRecords(reader, answerCount)
  const authorities = decodeRecords(reader, authorityCount)
  const additionals: ResourceRecord[] = []
  const found = decodeAdditionals(reader, additionalCount, additionals)
  if (!reader.isAtEnd())
    throw new DnsWireError('DNS_TRAILING_BYTES', `${bytes.length - reader.at} bytes after the last record`, {
      at: reader.at,
    })
  return {
    id,
    isResponse: (flags & FLAGS.isResponse) !== 0,
    opcode: OPCODES.word(opcode),
    isAuthoritative: (flags & FLAGS.isAuthoritative) !== 0,
    isTruncated: (flags & FLAGS.isTruncated) !== 0,
    recursionDesired: (flags & FLAGS.recursionDesired) !== 0,
    recursionAvailable: (flags & FLAGS.recursionAvailable) !== 0,
    isAuthenticData: (flags & FLAGS.isAuthenticData) !== 0,
    checkingDisabled: (flags & FLAGS.checkingDisabled) !== 0,
    rcode: RCODES.word((flags & RCODE_MASK) | (upperRcode << 4)),
    questions,
    answers,
    authorities,
    additionals,
    edns: found,
  }
}

/** Of the OPT record that was decoded last. */
let upperRcode = 0

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
    const type = reader.uint16()
    if (type === OPT_TYPE)
      throw new DnsWireError('DNS_OPT_PLACE', 'an OPT record that is not among the additional records', {
        at: start,
      })
    records.push(decodeRecord(reader, name, type))
  }
  return records
}

function decodeAdditionals(reader: ByteReader, count: number, records: ResourceRecord[]): Edns | undefined {
  let edns: Edns | undefined
  upperRcode = 0
  for (let i = 0; i < count; i++) {
    const start = reader.at
    const name = reader.name()
    const type = reader.uint16()
    if (type === OPT_TYPE) {
      if (edns !== undefined) throw new DnsWireError('DNS_OPT_TWICE', 'a second OPT record', { at: start })
      if (name !== '.') throw new DnsWireError('DNS_OPT_NAME', 'an OPT record with a name', { at: start })
      const decoded = decodeEdns(reader)
      edns = decoded.edns
      upperRcode = decoded.upperRcode
    } else records.push(decodeRecord(reader, name, type))
  }
  return edns
}

/** From the class of the record on. */
function decodeRecord(reader: ByteReader, name: string, number: number): ResourceRecord {
  const type = recordTypeOf(number)
  const className = CLASSES.word(reader.uint16())
  const ttl = reader.uint32()
  reader.begin(reader.uint16())
  const data = type.codec.decode(reader)
  reader.finish()
  return {
    name,
    type: type.word,
    class: className,
    ttl: ttl > MAX_TTL_SECONDS ? 0 : ttl,
    data,
  } as ResourceRecord
}
