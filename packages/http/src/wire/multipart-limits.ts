/** What a form may make us allocate, unless an option says otherwise. */

/** Parts of a form, or pairs of an urlencoded one. */
export const MAX_PARTS = 1_000
/** The head of a part. A name of a file has 255 bytes, three times as many when escaped. */
export const MAX_PART_HEAD_BYTES = 8_192
/** Header fields of a part: three mean something. */
export const MAX_PART_HEADERS = 16
/** White space behind a boundary: nobody sends any (RFC 2046, 5.1.1). */
export const MAX_PADDING_BYTES = 64
/** A boundary (RFC 2046, 5.1.1). */
export const MAX_BOUNDARY_BYTES = 70

export interface MultipartLimits {
  readonly maxParts: number
  readonly maxPartHeadBytes: number
  readonly maxPartHeaders: number
}

export const DEFAULT_MULTIPART_LIMITS: MultipartLimits = {
  maxParts: MAX_PARTS,
  maxPartHeadBytes: MAX_PART_HEAD_BYTES,
  maxPartHeaders: MAX_PART_HEADERS,
}
