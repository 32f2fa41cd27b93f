/** Base 32 with the extended hex alphabet and without padding (RFC 4648, 7), as NSEC3 writes hashes. */

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUV'
const DIGIT_BITS = 5

export function formatBase32Hex(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= DIGIT_BITS) {
      bits -= DIGIT_BITS
      text += DIGITS[(held >> bits) & 31]
    }
    held &= (1 << bits) - 1
  }
  return bits > 0 ? text + DIGITS[(held << (DIGIT_BITS - bits)) & 31] : text
}

/** Undefined if `text` is none, or has bits left over that are not 0. */
export function parseBase32Hex(text: string): Uint8Array | undefined {
  const bytes: number[] = []
  let bits = 0
  let held = 0
  for (const character of text.toUpperCase()) {
    const digit = DIGITS.indexOf(character)
    if (digit < 0) return undefined
    held = (held << DIGIT_BITS) | digit
    bits += DIGIT_BITS
    if (bits >= 8) {
      bits -= 8
      bytes.push((held >> bits) & 0xff)
    }
    held &= (1 << bits) - 1
  }
  return bits < DIGIT_BITS && held === 0 ? Uint8Array.from(bytes) : undefined
}
