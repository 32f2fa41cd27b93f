/** Character strings between bytes and text: quoted, with `\"`, `\\` and `\007` (RFC 1035, 5.1). Characters outside of ASCII are their UTF-8. */
import { MAX_ESCAPED_BYTE } from './characters.js'
import { DnsWireError } from './errors.js'

const QUOTED: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte)
  if (character === '"' || character === '\\') return `\\${character}`
  return byte >= 0x20 && byte < 0x7f ? character : `\\${String(byte).padStart(3, '0')}`
})

/** `bytes` in quotes. */
export function formatString(bytes: Uint8Array): string {
  let text = '"'
  for (const byte of bytes) text += QUOTED[byte]
  return `${text}"`
}

/** The same for text whose characters are bytes. */
export function formatTextString(text: string): string {
  return formatString(Buffer.from(text, 'latin1'))
}

const ESCAPE = /\\(\d{3}|.)|([^\\]+)|\\/gs

/** What `text`, which is a word without its quotes, stands for. Throws DNS_TEXT for an escape that is none. */
export function parseString(text: string): Buffer {
  if (!text.includes('\\')) return Buffer.from(text)
  const parts: Buffer[] = []
  for (const [whole, escaped, plain] of text.matchAll(ESCAPE)) {
    if (plain !== undefined) parts.push(Buffer.from(plain))
    else if (escaped === undefined || /^\d$/.test(escaped) || Number(escaped) > MAX_ESCAPED_BYTE)
      throw new DnsWireError('DNS_TEXT', `'${whole}' is no escaped`)
    else parts.push(escaped.length === 3 ? Buffer.of(Number(escaped)) : Buffer.from(escaped))
  }
  return Buffer.concat(parts)
}
