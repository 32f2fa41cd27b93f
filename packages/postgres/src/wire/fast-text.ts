/**
 * Text from bytes and back, the fast way. Buffer's own methods behind `toString` and `write` have no types; they take the same ranges
 * without looking up an encoding by its name, which is a quarter of the time for a short text.
 */

interface FastBuffer {
  utf8Slice(from: number, to: number): string
  latin1Slice(from: number, to: number): string
  utf8Write(text: string, at: number): number
  latin1Write(text: string, at: number): number
}

export function utf8Text(bytes: Uint8Array, from: number, to: number): string {
  return (bytes as unknown as FastBuffer).utf8Slice(from, to)
}

/** There must be room. Returns how many bytes were written. */
export function writeUtf8(bytes: Uint8Array, text: string, at: number): number {
  return (bytes as unknown as FastBuffer).utf8Write(text, at)
}

const fromCodes = String.fromCharCode
/** Up to here, a string made of its characters is faster than a call into Node: 9 to 15 ns, and 45. */
export const SHORT_TEXT_BYTES = 12

type Bytes = Readonly<Record<number, number>>

/**
 * UTF-8 of any length; short and ASCII is the fastest. Written out: a loop that appends takes four times as long, and V8 inlines no closure
 * of this size.
 */
export function shortText(bytes: Uint8Array, at: number, end: number): string {
  const length = end - at
  if (length > SHORT_TEXT_BYTES) return utf8Text(bytes, at, end)
  let all = 0
  for (let i = at; i < end; i++) all |= bytes[i] as number
  if (all > 0x7f) return utf8Text(bytes, at, end)
  return length > 6
    ? sevenToTwelve(bytes as unknown as Bytes, at, length)
    : upToSix(bytes as unknown as Bytes, at, length)
}

function upToSix(b: Bytes, i: number, length: number): string {
  switch (length) {
    case 0:
      return ''
    case 1:
      return fromCodes(b[i] as number)
    case 2:
      return fromCodes(b[i] as number, b[i + 1] as number)
    case 3:
      return fromCodes(b[i] as number, b[i + 1] as number, b[i + 2] as number)
    case 4:
      return fromCodes(b[i] as number, b[i + 1] as number, b[i + 2] as number, b[i + 3] as number)
    case 5:
      return fromCodes(
        b[i] as number,
        b[i + 1] as number,
        b[i + 2] as number,
        b[i + 3] as number,
        b[i + 4] as number,
      )
    default:
      return fromCodes(
        b[i] as number,
        b[i + 1] as number,
        b[i + 2] as number,
        b[i + 3] as number,
        b[i + 4] as number,
        b[i + 5] as number,
      )
  }
}

function sevenToTwelve(b: Bytes, i: number, length: number): string {
  switch (length) {
    case 7:
      return fromCodes(
        b[i] as number,
        b[i + 1] as number,
        b[i + 2] as number,
        b[i + 3] as number,
        b[i + 4] as number,
        b[i + 5] as number,
        b[i + 6] as number,
      )
    case 8:
      return fromCodes(
        b[i] as number,
        b[i + 1] as number,
        b[i + 2] as number,
        b[i + 3] as number,
        b[i + 4] as number,
        b[i + 5] as number,
        b[i + 6] as number,
        b[i + 7] as number,
      )
    case 9:
      return fromCodes(
        b[i] as number,
        b[i + 1] as number,
        b[i + 2] as number,
        b[i + 3] as number,
        b[i + 4] as number,
        b[i + 5] as number,
        b[i + 6] as number,
        b[i + 7] as number,
        b[i + 8] as number,
      )
    case 10:
      return fromCodes(
        b[i] as number,
        b[i + 1] as number,
        b[i + 2] as number,
        b[i + 3] as number,
        b[i + 4] as number,
        b[i + 5] as number,
        b[i + 6] as number,
        b[i + 7] as number,
        b[i + 8] as number,
        b[i + 9] as number,
      )
    case 11:
      return fromCodes(
        b[i] as number,
        b[i + 1] as number,
        b[i + 2] as number,
        b[i + 3] as number,
        b[i + 4] as number,
        b[i + 5] as number,
        b[i + 6] as number,
        b[i + 7] as number,
        b[i + 8] as number,
        b[i + 9] as number,
        b[i + 10] as number,
      )
    default:
      return fromCodes(
        b[i] as number,
        b[i + 1] as number,
        b[i + 2] as number,
        b[i + 3] as number,
        b[i + 4] as number,
        b[i + 5] as number,
        b[i + 6] as number,
        b[i + 7] as number,
        b[i + 8] as number,
        b[i + 9] as number,
        b[i + 10] as number,
        b[i + 11] as number,
      )
  }
}
