/** The codec alone: bytes to messages and values and back, without any I/O. */

// Authentication
export { md5Response } from './authentication/md5.js'
export { saslPrep } from './authentication/saslprep.js'
export {
  chooseScram,
  SALTED_PASSWORD_BYTES,
  SCRAM_SHA_256,
  SCRAM_SHA_256_PLUS,
  type ScramChallenge,
  ScramClient,
  type ScramMechanism,
  type ScramOptions,
  saltPassword,
} from './authentication/scram-client.js'
// What a server sends
export {
  decodeBackendMessage,
  decodeCommandTag,
  decodeParameterDescription,
  decodeRowDescription,
  decodeServerReport,
  decodeStatus,
  parseCommandTag,
} from './backend-decode.js'
export { encodeBackendMessage } from './backend-encode.js'
export type {
  AuthenticationRequest,
  BackendMessage,
  ColumnDescription,
  CommandTag,
  CopyResponse,
  ServerReport,
  TransactionStatus,
} from './backend-message.js'
// COPY
export { CopyBinaryDecoder, CopyBinaryEncoder, type CopyBinaryOptions } from './copy/copy-binary.js'
export { CopyCsvDecoder, CopyCsvEncoder, type CopyCsvOptions } from './copy/copy-csv.js'
export { type CopyRow, CopyTextDecoder, CopyTextEncoder, type CopyTextOptions } from './copy/copy-text.js'
export { decodeEncryptionAnswer, type EncryptionAnswer } from './encryption-answer.js'
// Errors and limits
export { PostgresWireError, type PostgresWireErrorCode, type PostgresWireFacts } from './errors.js'
// What a client sends
export { decodeFrontendMessage, decodePassword, decodeSaslInitialResponse } from './frontend-decode.js'
export {
  encodeBind,
  encodeCancelRequest,
  encodeClose,
  encodeCopyData,
  encodeCopyDone,
  encodeCopyFail,
  encodeDescribe,
  encodeExecute,
  encodeFlush,
  encodeFunctionCall,
  encodeGssEncRequest,
  encodeParse,
  encodePassword,
  encodeQuery,
  encodeSaslInitialResponse,
  encodeSaslResponse,
  encodeSslRequest,
  encodeStartup,
  encodeSync,
  encodeTerminate,
} from './frontend-encode.js'
export type { FrontendMessage } from './frontend-message.js'
export { MAX_COLUMNS, MAX_MESSAGE_BYTES, MAX_STARTUP_MESSAGE_BYTES } from './limits.js'
// Bytes in pieces, and bytes to send
export { MessageCutter, type MessageCutterOptions } from './message-cutter.js'
export { Backend, BINARY_FORMAT, type Format, Frontend, TEXT_FORMAT } from './message-types.js'
export { MessageWriter } from './message-writer.js'
// Logical replication
export {
  decodeEnvelope,
  decodeStandbyStatus,
  encodeHotStandbyFeedback,
  encodeKeepalive,
  encodeStandbyStatus,
  encodeXLogData,
  type ReplicationEnvelope,
  type StandbyStatus,
} from './replication/envelope.js'
export { PgoutputDecoder } from './replication/pgoutput-decoder.js'
export {
  type PgoutputMessage,
  type Relation,
  type RelationColumn,
  UNCHANGED,
} from './replication/pgoutput-message.js'
// Rows
export { RowDecoder, resultFormats, shortFormats } from './rows/row-decoder.js'
export type { Row } from './rows/row-factory.js'
// Types
export type { CompositeField } from './types/composite.js'
export { type Hstore, hstore, vector } from './types/extension-types.js'
export type { Box, Circle, Line, Path, Point, Segment } from './types/geometry.js'
export { Interval, type IntervalParts } from './types/interval.js'
export { int8AsBigint } from './types/numbers.js'
export { numericAsNumber } from './types/numeric.js'
export { encodeBindValues, inferTypeOid, TypedParameter, writeParameter } from './types/parameters.js'
export { Range, type RangeOptions } from './types/range.js'
export { CATALOG_QUERY, type CatalogType, decodeCatalogType, TypeRegistry } from './types/registry.js'
export { lsnText, parseLsn } from './types/texts.js'
export { type Moment, timestampAsText, timestamptzAsText } from './types/timestamps.js'
export { binaryCodec, type TypeCodec, textCodec } from './types/type-codec.js'
export type { TypeLookup } from './types/type-lookup.js'
export { TypeOid } from './types/type-oids.js'
