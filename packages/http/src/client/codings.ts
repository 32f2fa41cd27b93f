/** The content codings that a client undoes: gzip, deflate, br, and zstd where Node has it (RFC 9110, 8.4). */
import type { Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import type { HttpHeaders } from '../headers.js'
import { listElements } from '../wire/list-value.js'

export type Decoding = 'gzip' | 'deflate' | 'br' | 'zstd'

interface Zstd {
  createZstdDecompress?(): Transform
  zstdDecompressSync?(bytes: Uint8Array, options: { maxOutputLength: number }): Buffer
}

/** Node has it from 22.15 and 23.8 on. */
const zstd = zlib as unknown as Zstd
const hasZstd = typeof zstd.createZstdDecompress === 'function'

export const ACCEPT_ENCODING: string = hasZstd ? 'gzip, deflate, br, zstd' : 'gzip, deflate, br'
/** Nobody applies more than one, and each is a decoder with its own memory. */
const MOST_CODINGS = 2
/** Bodies up to here are decoded at once, and what they become may have so many. */
const SHORT_BYTES = 16_384
const SHORT_DECODED_BYTES = 262_144

/** What was applied to the body, the last first; null: nothing, or something unknown here, and the body is left as it is. */
export function decodingsOf(headers: HttpHeaders): readonly Decoding[] | null {
  const names = listElements(headers.get('content-encoding') ?? '').filter((name) => name !== 'identity')
  if (names.length === 0 || names.length > MOST_CODINGS) return null
  const codings = names.map((name) => (name.startsWith('x-') ? name.slice(2) : name)).reverse()
  return codings.every(isDecoding) ? codings : null
}

function isDecoding(name: string): name is Decoding {
  return name === 'gzip' || name === 'deflate' || name === 'br' || (name === 'zstd' && hasZstd)
}

/** Null: that is for a DecodedBody. */
export function decodeShort(
  bytes: Buffer,
  codings: readonly Decoding[],
  maxResponseBytes: number,
): Buffer | null {
  if (bytes.length > SHORT_BYTES || codings.length > 1) return null
  if (bytes.length === 0) return bytes
  const options = { maxOutputLength: Math.min(SHORT_DECODED_BYTES, Math.max(1, maxResponseBytes)) }
  try {
    switch (codings[0]) {
      case 'gzip':
        return zlib.gunzipSync(bytes, options)
      case 'br':
        return zlib.brotliDecompressSync(bytes, options)
      case 'deflate':
        return isZlib(bytes) ? zlib.inflateSync(bytes, options) : zlib.inflateRawSync(bytes, options)
      default:
        return zstd.zstdDecompressSync?.(bytes, options) ?? null
    }
  } catch {
    // Too much, or damaged: the long way says which.
    return null
  }
}

/** `deflate` is zlib's format (RFC 9110, 8.4.1.2), and some servers send it without its two bytes of header. */
function isZlib(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0
}

export function decoderFor(coding: Decoding, first: Uint8Array): Transform {
  switch (coding) {
    case 'gzip':
      return zlib.createGunzip()
    case 'br':
      return zlib.createBrotliDecompress()
    case 'deflate':
      return isZlib(first) ? zlib.createInflate() : zlib.createInflateRaw()
    default:
      return (zstd.createZstdDecompress as () => Transform)()
  }
}

/** Those of zlib, brotli and zstd, as Node calls them. */
export function isZlibError(code: string): boolean {
  return (
    code.startsWith('Z_') ||
    code.startsWith('ERR__ERROR') ||
    code.startsWith('ERR_BROTLI') ||
    code.startsWith('ERR_PADDING') ||
    code.startsWith('ZSTD_') ||
    code.startsWith('ERR_ZSTD')
  )
}
