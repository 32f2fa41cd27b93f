/** The fields of a record as a zone file has them. */

/** An escape as it is, or a character that means something in a zone file and nothing in a message. */
const SPECIAL = /\\(?:\d{3}|.)|["();@$]/g

/** With the last dot, and with escapes for what would end the word or be taken for something else. */
export function formatName(name: string): string {
  if (name === '.') return name
  return `${name.replace(SPECIAL, (found) => (found.length > 1 ? found : `\\${found}`))}.`
}

/** In capitals, in one word; undefined of no bytes is left to the caller. */
export function formatHex(bytes: Uint8Array): string {
  return viewOf(bytes).toString('hex').toUpperCase()
}

export function formatBase64(bytes: Uint8Array): string {
  return viewOf(bytes).toString('base64')
}

/** Seconds since 1970 as YYYYMMDDHHmmSS (RFC 4034, 3.2). */
export function formatMoment(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.000Z$|[-:T]/g, '')
}

/** The words that there are, with a space between them. */
export function formatWords(...words: readonly (string | number)[]): string {
  return words.filter((word) => word !== '').join(' ')
}

/** A view: of the caller's bytes, for the length of a call. */
function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
