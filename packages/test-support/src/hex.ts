/**
 * Bytes written in tests as people write them: hex digits with spaces, line breaks and comments. Strict otherwise: an
 * odd digit or a stray letter is an error, because a fixture that silently loses a byte tests something else.
 */

/**
 * Reads hex text. White space is ignored, as is everything from `#` or `//` to the end of the line, and what stands
 * between a slash-star and a star-slash. Returns a new plain `Uint8Array`.
 */
export function parseHex(text: string): Uint8Array {
  const digits = text
    .replace(/\/\*[\s\S]*?\*\//g, ' ')
    .replace(/(?:#|\/\/).*/g, ' ')
    .replace(/\s+/g, '')
  const stray = /[^0-9a-fA-F]/.exec(digits)
  if (stray !== null) throw new SyntaxError(`${JSON.stringify(stray[0])} is not a hex digit`)
  if (digits.length % 2 !== 0)
    throw new SyntaxError(`${digits.length} hex digits are not a whole number of bytes`)
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
    Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  )
}

/**
 * The same as a template tag: hex`00 05 // length`. A value in `${}` may be bytes, one byte as a number from 0 to 255,
 * or hex text.
 */
export function hex(
  strings: TemplateStringsArray,
  ...values: readonly (Uint8Array | number | string)[]
): Uint8Array {
  let text = strings.raw[0] ?? ''
  for (const [i, value] of values.entries()) text += digitsOf(value) + (strings.raw[i + 1] ?? '')
  return parseHex(text)
}

function digitsOf(value: Uint8Array | number | string): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'number') return Buffer.from(value).toString('hex')
  if (!Number.isInteger(value) || value < 0 || value > 255) throw new RangeError(`${value} is not one byte`)
  return value.toString(16).padStart(2, '0')
}
