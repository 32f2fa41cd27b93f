/**
 * Judges what came: a query for the handler, something that is refused at once, or something that gets no answer. An answer is never
 * answered, or two servers could talk for ever; nor is what is too short to have an id.
 */
import { decodeMessage, type Message } from '../wire/index.js'
import { refusal } from './response.js'

export type Intake =
  | { readonly is: 'query'; readonly message: Message }
  | { readonly is: 'refused'; readonly response: Message }
  | { readonly is: 'dropped' }

/** RFC 1035, 4.1.1. */
const HEADER_BYTES = 12
const RESPONSE_BIT = 0x80
/** The only opcode that is served: no NOTIFY, no UPDATE. */
const QUERY = 0
/** RFC 6891: the only version there is. */
const EDNS_VERSION = 0

const DROPPED = { is: 'dropped' } as const

export function judge(bytes: Uint8Array): Intake {
  if (bytes.length < HEADER_BYTES) return DROPPED
  if (((bytes[2] as number) & RESPONSE_BIT) !== 0) return DROPPED
  if (opcodeOf(bytes) !== QUERY) return refused(headerAlone(bytes), 'NOTIMP')
  let message: Message
  try {
    message = decodeMessage(bytes)
  } catch {
    return refused(headerAlone(bytes), 'FORMERR')
  }
  const rcode = objection(message)
  return rcode === undefined ? { is: 'query', message } : refused(message, rcode)
}

function refused(query: Message, rcode: string): Intake {
  return { is: 'refused', response: refusal(query, rcode) }
}

function opcodeOf(bytes: Uint8Array): number {
  return ((bytes[2] as number) >> 3) & 0xf
}

/** Why it cannot be answered, if it cannot. */
function objection(message: Message): string | undefined {
  if (message.edns !== undefined && message.edns.version !== EDNS_VERSION) return 'BADVERS'
  // RFC 9619: one question; and a query has no answers in it.
  if (message.questions.length !== 1 || message.answers.length > 0) return 'FORMERR'
  return undefined
}

/** As much as can be told of what cannot be read. The four bits of the opcode and RD are copied into the answer. */
function headerAlone(bytes: Uint8Array): Message {
  const header = Buffer.alloc(HEADER_BYTES)
  header.set(bytes.subarray(0, 4))
  return decodeMessage(header)
}
