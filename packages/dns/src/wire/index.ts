/** The codec alone: bytes to messages and back, without any I/O. */

export { DnsWireError, type DnsWireErrorCode, type DnsWireFacts } from './errors.js'
export type { Edns, EdnsOption, Message, Question, ResourceRecord } from './message.js'
export { decodeMessage } from './message-decoder.js'
export { type EncodeOptions, encodeMessage } from './message-encoder.js'
export type {
  DelegationSigner,
  DnsKey,
  OpaqueType,
  RecordData,
  ServiceBinding,
  ServiceParams,
} from './record-data.js'
