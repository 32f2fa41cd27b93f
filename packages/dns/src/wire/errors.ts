/** What is wrong with bytes, with text, or with a message that cannot be encoded. Nothing here knows of servers or of waiting. */

export type DnsWireErrorCode =
  /** The message ends inside of a field, or its counts promise more than there is. */
  | 'DNS_SHORT'
  /** Bytes after the last record. */
  | 'DNS_TRAILING_BYTES'
  /** The data of a record ends inside of a field. */
  | 'DNS_RDATA_SHORT'
  /** The data of a record goes on after its last field. */
  | 'DNS_RDATA_LONG'
  /** A field of a record or of an option holds what its RFC forbids. */
  | 'DNS_RDATA_VALUE'
  /** A compression pointer that does not point to an earlier name (RFC 1035, 4.1.4), or too many of them in one name. */
  | 'DNS_POINTER'
  /** A label that begins with the bits 01 or 10. */
  | 'DNS_LABEL_TYPE'
  /** A label of more than 63 bytes; in text also one of none. */
  | 'DNS_LABEL_LENGTH'
  /** A name of more than 255 bytes. */
  | 'DNS_NAME_LENGTH'
  /** Text that is no name. */
  | 'DNS_NAME_TEXT'
  /** More than one question (RFC 9619). */
  | 'DNS_QUESTION_COUNT'
  /** More than one OPT record, one outside of the additional records, or one with a name (RFC 6891, 6.1.1). */
  | 'DNS_OPT_TWICE'
  | 'DNS_OPT_PLACE'
  | 'DNS_OPT_NAME'
  /** A frame of a stream that can hold no message, or a stream that ends inside of one. */
  | 'DNS_FRAME_LENGTH'
  | 'DNS_FRAME_CUT'
  /** To be encoded: a number that does not fit, a string that is too long, a type nobody knows. */
  | 'DNS_VALUE'
  /** To be encoded: a message of more bytes than the limit. */
  | 'DNS_MESSAGE_LENGTH'
  /** A zone file, or the text of a record, that is not well formed. */
  | 'DNS_TEXT'

export interface DnsWireFacts {
  /** Where in the message or in the text, in bytes or characters from its beginning. */
  readonly at?: number | undefined
  /** The line of a zone file, from 1. */
  readonly line?: number | undefined
  /** The limit that was exceeded, by its name. */
  readonly limit?: string | undefined
  readonly cause?: unknown
}

/** Bytes that are no DNS message, or a message that cannot be bytes. */
export class DnsWireError extends Error {
  override readonly name: string = 'DnsWireError'
  readonly code: DnsWireErrorCode
  readonly at: number | undefined
  readonly line: number | undefined
  readonly limit: string | undefined
  constructor(code: DnsWireErrorCode, text: string, facts: DnsWireFacts = {}) {
    super(text, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = code
    this.at = facts.at
    this.line = facts.line
    this.limit = facts.limit
  }
}
