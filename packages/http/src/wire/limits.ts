/** What a peer may make us allocate, unless an option says otherwise. */

/** The request line and all header fields. Servers of the field allow 8 to 32 KiB. */
export const MAX_HEAD_BYTES = 16_384
/** Header fields of a message. */
export const MAX_HEADERS = 100
/** The target of a request: RFC 9112, 3, recommends that at least 8000 bytes be taken. */
export const MAX_TARGET_BYTES = 8_192
/** What may stand behind the size of one chunk. Nobody sends any: what there is of them is attacks. */
export const MAX_CHUNK_EXTENSION_BYTES = 256
/** All chunk extensions of one message together, or a body of one-byte chunks would carry any amount of them. */
export const MAX_CHUNK_EXTENSIONS_BYTES = 4_096
/** Digits of a chunk's size: 2^48, more than anybody sends and less than a number can count. */
export const MAX_CHUNK_SIZE_DIGITS = 12
/** No method that is registered has more than 17. */
export const MAX_METHOD_BYTES = 32

export interface HeadLimits {
  readonly maxHeadBytes: number
  readonly maxHeaders: number
  readonly maxTargetBytes: number
}

export const DEFAULT_HEAD_LIMITS: HeadLimits = {
  maxHeadBytes: MAX_HEAD_BYTES,
  maxHeaders: MAX_HEADERS,
  maxTargetBytes: MAX_TARGET_BYTES,
}
