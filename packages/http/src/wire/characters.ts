/** What each byte may be, as a table: one look instead of a dozen comparisons. */

export const TAB = 9
export const LF = 10
export const CR = 13
export const SPACE = 32
export const COLON = 58
export const SEMICOLON = 59

/** A letter of a token: names of fields and methods (RFC 9110, 5.6.2). */
export const IS_TOKEN = 1
/** A byte of a field's value: VCHAR, obs-text, space and tab (RFC 9110, 5.5). */
export const IS_VALUE = 2
/** A byte of a request's target. Wider than RFC 3986: browsers send some of what it would have escaped; but no `#`, control or non-ASCII. */
export const IS_TARGET = 4
/** A byte of a registered name, without the comma, which would be two hosts to somebody else (RFC 3986, 3.2.2). */
export const IS_HOST = 8
export const IS_DIGIT = 16

export const CLASS: Uint8Array = new Uint8Array(256)
/** Small letters for capitals; every other byte is itself. */
const LOWER: Uint8Array = new Uint8Array(256)
/** 255: no hexadecimal digit. */
export const HEX: Uint8Array = new Uint8Array(256).fill(255)

function mark(bit: number, text: string): void {
  for (const char of text) {
    const code = char.charCodeAt(0)
    CLASS[code] = (CLASS[code] as number) | bit
  }
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const DIGITS = '0123456789'
mark(IS_TOKEN, `${LETTERS}${DIGITS}!#$%&'*+-.^_\`|~`)
mark(IS_HOST, `${LETTERS}${DIGITS}-._~%!$&'()*+;=`)
mark(IS_DIGIT, DIGITS)
for (let code = 0; code < 256; code++) {
  if (code === TAB || (code >= SPACE && code !== 127)) CLASS[code] = (CLASS[code] as number) | IS_VALUE
  if (code > SPACE && code < 127 && code !== 35) CLASS[code] = (CLASS[code] as number) | IS_TARGET
  LOWER[code] = code >= 65 && code <= 90 ? code + 32 : code
}
for (let digit = 0; digit < 16; digit++) {
  const text = digit.toString(16)
  HEX[text.charCodeAt(0)] = HEX[text.toUpperCase().charCodeAt(0)] = digit
}

/** Whether the bytes from `from` on are `name`, which is in small letters, whatever their case. */
export function matches(bytes: Uint8Array, from: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) if (LOWER[bytes[from + i] as number] !== name[i]) return false
  return true
}

/** Whether the bytes from `from` on are `text`, in the same case. */
export function equals(bytes: Uint8Array, from: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text[i]) return false
  return true
}

/** Text of ASCII, for `equals`. */
export function exactBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}

/** A name, for `matches`. */
export function nameBytes(text: string): Uint8Array {
  return exactBytes(text.toLowerCase())
}

/** For errors: what a byte is. */
export function describeByte(byte: number): string {
  return byte > SPACE && byte < 127
    ? `'${String.fromCharCode(byte)}'`
    : `0x${byte.toString(16).padStart(2, '0')}`
}

interface Latin1 {
  latin1Slice(from: number, to: number): string
}

/** The bytes as text, one character each. As `toString('latin1', …)`, without its looking at the name of the encoding. */
export function latin1(bytes: Buffer, from: number, to: number): string {
  return (bytes as unknown as Latin1).latin1Slice(from, to)
}
