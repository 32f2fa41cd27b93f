/** The codec alone: bytes to messages and values and back, without any I/O. */

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
