/**
 * One header field after another, in place: where its name and value begin and end. It decodes nothing. Strict (RFC 9112, 5): CRLF
 * and nothing else ends a line, no white space before the colon, no line goes on in the next one (obs-fold), no control bytes.
 */
import { CLASS, COLON, CR, IS_TOKEN, IS_VALUE, LF, latin1, SPACE, TAB } from './characters.js'
import { badByte, badSyntax } from './refusals.js'

/** What `next` gives where a line has no end yet. */
export const INCOMPLETE = -1

export class FieldScanner {
  nameFrom = 0
  nameTo = 0
  valueFrom = 0
  valueTo = 0

  /** Scans the line at `at`: where the next one begins, or `INCOMPLETE`. Throws `HTTP_SYNTAX` (status 400). */
  next(bytes: Uint8Array, at: number, to: number): number {
    let i = at
    while (i < to && ((CLASS[bytes[i] as number] as number) & IS_TOKEN) !== 0) i++
    if (i === to) return INCOMPLETE
    if (bytes[i] !== COLON || i === at) throw badName(bytes, at, i)
    this.nameFrom = at
    this.nameTo = i++
    while (i < to && (bytes[i] === SPACE || bytes[i] === TAB)) i++
    this.valueFrom = i
    while (i < to && ((CLASS[bytes[i] as number] as number) & IS_VALUE) !== 0) i++
    if (i === to) return INCOMPLETE
    if (bytes[i] !== CR) throw badByte(bytes[i] as number, 'the value of a header field')
    if (i + 1 === to) return INCOMPLETE
    if (bytes[i + 1] !== LF) throw badByte(CR, 'the value of a header field')
    let end = i
    while (end > this.valueFrom && (bytes[end - 1] === SPACE || bytes[end - 1] === TAB)) end--
    this.valueTo = end
    return i + 2
  }

  /** The value's text, of bytes as they came. */
  value(bytes: Buffer): string {
    return latin1(bytes, this.valueFrom, this.valueTo)
  }
}

function badName(bytes: Uint8Array, at: number, i: number): Error {
  const byte = bytes[i] as number
  if (byte === COLON) return badSyntax('a header field without a name')
  if (byte !== SPACE && byte !== TAB) return badByte(byte, 'the name of a header field')
  return badSyntax(
    i === at
      ? 'a header field that goes on in a second line'
      : 'white space before the colon of a header field',
  )
}
