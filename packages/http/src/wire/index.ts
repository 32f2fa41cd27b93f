/** The codec alone: bytes to messages and back, without any I/O. */

// Conditions, ranges and preferences
export { type ByteRange, byteRanges, contentRange, type RangeVerdict } from './byte-ranges.js'
// The chunked transfer coding
export { ChunkedDecoder, type ChunkedStep, DATA, END, MORE } from './chunked-decoder.js'
export { CHUNK_END, chunkSize, LAST_CHUNK, lastChunk } from './chunked-encoder.js'
// Dates, lists and statuses
export { formatHttpDate, parseHttpDate } from './date.js'
export { entityTags, isEntityTag, isStrongMatch, isWeakMatch, weakened } from './entity-tag.js'
// Heads
export type { Framing } from './framing.js'
export { HeadEnd } from './head-end.js'
// Limits
export {
  DEFAULT_HEAD_LIMITS,
  type HeadLimits,
  MAX_CHUNK_EXTENSION_BYTES,
  MAX_CHUNK_EXTENSIONS_BYTES,
  MAX_CHUNK_SIZE_DIGITS,
  MAX_HEAD_BYTES,
  MAX_HEADERS,
  MAX_METHOD_BYTES,
  MAX_TARGET_BYTES,
} from './limits.js'
export { listElements } from './list-value.js'
// Forms
export { boundaryOf, randomBoundary } from './multipart-boundary.js'
export { MultipartDecoder, type MultipartPiece, PART_END } from './multipart-decoder.js'
export { encodeFormEnd, encodePartHead, type OutgoingPartHead } from './multipart-encoder.js'
export type { PartHead } from './multipart-head.js'
export {
  DEFAULT_MULTIPART_LIMITS,
  MAX_BOUNDARY_BYTES,
  MAX_PADDING_BYTES,
  MAX_PART_HEAD_BYTES,
  MAX_PART_HEADERS,
  MAX_PARTS,
  type MultipartLimits,
} from './multipart-limits.js'
export { negotiateEncoding, negotiateLanguage, negotiateType } from './negotiation.js'
export {
  checkPreconditions,
  type Fields,
  isRangeMeant,
  type Validators,
  type Verdict,
} from './preconditions.js'
export { encodeRequestHead } from './request-encoder.js'
export { RequestHead } from './request-head.js'
export { BODY_UNTIL_END, CHUNKED_BODY, ResponseHead } from './response-head.js'
export { isBodiless, reasonOf } from './status.js'
export { decodeUrlencoded } from './urlencoded.js'
// WebSocket
export {
  type Closing,
  encodeClosing,
  isCloseCode,
  MAX_REASON_BYTES,
  parseClosing,
} from './websocket-close.js'
export { FrameDecoder, type FrameSink, type MessageLimits } from './websocket-decoder.js'
export { encodeFrame, headerBytes, writeHeader } from './websocket-encoder.js'
export {
  acceptDeflate,
  agreeDeflate,
  type Deflate,
  type Extension,
  offerDeflate,
  parseExtensions,
} from './websocket-extensions.js'
export {
  BINARY,
  CLOSE,
  COMPRESSED,
  CONTINUATION,
  FINAL,
  MAX_CONTROL_BYTES,
  MAX_HEADER_BYTES,
  PING,
  PONG,
  TEXT,
} from './websocket-frame.js'
export { TRAILER_BYTES } from './websocket-gathered.js'
export {
  acceptanceOf,
  isProtocolName,
  isWebSocketKey,
  makeWebSocketKey,
  parseProtocols,
  WEBSOCKET_VERSION,
} from './websocket-handshake.js'
export { applyMask, keyAfter, maskInScript, randomKey } from './websocket-mask.js'
export { type Weighted, weightedList } from './weighted-list.js'
