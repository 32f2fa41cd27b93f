/** One string out of bytes without a detour: `toString('latin1')` and `write(…, 'latin1')` end there too, after checks that this knows to pass. */

export interface Latin1Buffer extends Buffer {
  latin1Slice(start: number, end: number): string
}

/** A Buffer over the same bytes. */
export function latin1Buffer(bytes: Uint8Array): Latin1Buffer {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return buffer as Latin1Buffer
}
