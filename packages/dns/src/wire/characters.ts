/** The characters that mean something in the text of a name or of a zone file, and how bytes are escaped there (RFC 1035, 5.1). */

export const DOT = 0x2e
export const BACKSLASH = 0x5c
export const ZERO = 0x30
/** Of a number with three digits. */
export const MAX_ESCAPED_BYTE = 255

/** 1 for the bytes that stand for themselves in a name: printable ASCII without space, dot and backslash. */
export const PLAIN = new Uint8Array(256)
for (let byte = 0x21; byte < 0x7f; byte++) PLAIN[byte] = 1
PLAIN[DOT] = 0
PLAIN[BACKSLASH] = 0

/** How each byte is written: itself, `\.`, or `\007`. */
export const WRITTEN: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  if (PLAIN[byte] === 1) return String.fromCharCode(byte)
  if (byte === DOT || byte === BACKSLASH) return `\\${String.fromCharCode(byte)}`
  return `\\${String(byte).padStart(3, '0')}`
})
