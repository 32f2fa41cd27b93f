/** The answer to a query as a message, and as bytes that fit the way it came. */
import {
  type Edns,
  type EdnsOption,
  encodeMessage,
  MAX_MESSAGE_BYTES,
  MAX_PLAIN_UDP_BYTES,
  type Message,
} from '../wire/index.js'
import type { Answer, Query } from './query.js'

/** What we take ourselves by UDP, and say so with EDNS. */
const OUR_UDP_BYTES = 1_232
/** RFC 8467, 4.1: answers are padded to multiples of this. */
const PADDING_BLOCK_BYTES = 468
/** RFC 1035, 4.1.1. */
const ADDITIONAL_COUNT_AT = 10

export function respond(query: Message, answer: Answer): Message {
  return {
    id: query.id,
    isResponse: true,
    opcode: query.opcode,
    isAuthoritative: answer.isAuthoritative ?? false,
    isTruncated: answer.isTruncated ?? false,
    recursionDesired: query.recursionDesired,
    recursionAvailable: answer.recursionAvailable ?? false,
    isAuthenticData: answer.isAuthenticData ?? false,
    checkingDisabled: query.checkingDisabled,
    rcode: answer.rcode ?? 'NOERROR',
    questions: query.questions,
    answers: answer.answers ?? [],
    authorities: answer.authorities ?? [],
    additionals: answer.additionals ?? [],
    edns: query.edns && ednsFor(query.edns, answer.ednsOptions ?? []),
  }
}

/** Without any records, for what is not answered. */
export function refusal(query: Message, rcode: string): Message {
  return respond(query, { rcode })
}

/** EDNS is spoken with those who speak it. */
function ednsFor(theirs: Edns, options: readonly EdnsOption[]): Edns {
  return { udpPayloadBytes: OUR_UDP_BYTES, version: 0, dnssecOk: theirs.dnssecOk, options }
}

/**
 * As bytes. By UDP at most as many as the client and `maxUdpBytes` allow: additional records go first, then whole sets of others from
 * the end on, with TC (RFC 2181, 9). By TLS it is padded if the client did so (RFC 8467). Throws for what cannot be encoded.
 */
export function encodeResponse(query: Query, response: Message, maxUdpBytes: number): Buffer {
  if (query.transport === 'udp') return encodeDatagram(query.message.edns, response, maxUdpBytes)
  const whole = { ...response, isTruncated: false }
  const asksForPadding = query.message.edns?.options.some(({ option }) => option === 'PADDING') ?? false
  return asksForPadding && query.transport === 'tls' ? encodePadded(whole) : encodeMessage(whole)
}

function encodeDatagram(theirs: Edns | undefined, response: Message, maxUdpBytes: number): Buffer {
  const room = Math.min(
    Math.max(theirs?.udpPayloadBytes ?? MAX_PLAIN_UDP_BYTES, MAX_PLAIN_UDP_BYTES),
    maxUdpBytes,
  )
  const bytes = encodeMessage(response, { maxBytes: room })
  // With answers the additional records are a courtesy. In a referral they are glue, and their absence must be told (RFC 9471).
  const isReferral = response.answers.length === 0 && response.authorities.some(({ type }) => type === 'NS')
  const expected = response.additionals.length + (response.edns === undefined ? 0 : 1)
  if (isReferral && bytes.readUInt16BE(ADDITIONAL_COUNT_AT) < expected)
    return encodeMessage({ ...response, isTruncated: true }, { maxBytes: room })
  return bytes
}

function encodePadded(response: Message): Buffer {
  const { edns } = response
  if (edns === undefined) return encodeMessage(response)
  const padded = (bytes: number): Buffer =>
    encodeMessage({
      ...response,
      edns: { ...edns, options: [...edns.options, { option: 'PADDING', bytes }] },
    })
  const { length } = padded(0)
  const missing = (PADDING_BLOCK_BYTES - (length % PADDING_BLOCK_BYTES)) % PADDING_BLOCK_BYTES
  return padded(Math.min(missing, MAX_MESSAGE_BYTES - length))
}
