/** The codec alone: bytes to messages and back, without any I/O. */

export { type Envelope, hasSameQuestion, isReplyTo, readEnvelope } from './envelope.js'
export { DnsWireError, type DnsWireErrorCode, type DnsWireFacts } from './errors.js'
export { FrameDecoder } from './frame-decoder.js'
export { nameToAscii, nameToUnicode } from './international-name.js'
export { MAX_MESSAGE_BYTES, MAX_PLAIN_UDP_BYTES, MAX_TTL_SECONDS } from './limits.js'
export type { Edns, EdnsOption, Message, Question, ResourceRecord } from './message.js'
export { decodeMessage } from './message-decoder.js'
export { type EncodeOptions, encodeMessage } from './message-encoder.js'
export { CLASSES, Mnemonics, OPCODES, RCODES, RECORD_TYPES } from './mnemonics.js'
export {
  addressOfReverseName,
  canonicalName,
  countLabels,
  isSubdomain,
  nameBytes,
  nameKey,
  parentName,
  reverseName,
  sameName,
  splitName,
} from './name.js'
export type {
  DelegationSigner,
  DnsKey,
  OpaqueType,
  RecordData,
  ServiceBinding,
  ServiceParams,
} from './record-data.js'
export { formatName } from './text-form.js'
export { formatData, formatRecord, parseRecord, parseZone, type ZoneOptions } from './zone.js'
