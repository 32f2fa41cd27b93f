/** Bytes as text, in a charset that somebody names. */
import { TextDecoder } from 'node:util'

/** What windows-1252 has at 0x80 to 0x9f. */
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'

/**
 * `bytes` as text. `charset` is one of the labels of the Encoding Standard (4.2), as Content-Type names them; a byte order mark is left out.
 * Bytes that stand for nothing are U+FFFD. A charset that nobody knows is a RangeError, `ERR_ENCODING_NOT_SUPPORTED`.
 */
export function decodeCharset(bytes: Uint8Array, charset: string): string {
  const decoder = new TextDecoder(charset)
  const text = decoder.decode(bytes)
  return decoder.encoding === 'windows-1252' ? withoutC1(text) : text
}

/** Some versions of Node, 20 among them, take windows-1252 for ISO 8859-1. */
function withoutC1(text: string): string {
  return text.replace(/[\x80-\x9f]/g, (character) => WINDOWS_1252[character.charCodeAt(0) - 0x80] as string)
}
