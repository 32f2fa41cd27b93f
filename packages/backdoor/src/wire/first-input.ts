/**
 * What the far side is, by how its first input arrives. A terminal driver in its usual mode hands over whole lines, which end in
 * LF; a script does so too. A terminal in raw mode sends each key by itself, and CR for the one that ends a line.
 */

/** `unclear`: text without an end. A paste into a raw terminal looks like it, and so does a line that arrives in pieces. */
export type FirstInput = 'line' | 'raw' | 'unclear'

const LF = 10
const CR = 13
const FIRST_PRINTABLE = 32
const DELETE = 127

export function classifyFirstInput(bytes: Uint8Array): FirstInput {
  const [first] = bytes
  if (first === undefined) return 'unclear'
  if (bytes.includes(LF)) return 'line'
  if (first < FIRST_PRINTABLE || first === DELETE || bytes.includes(CR)) return 'raw'
  return bytes.length === characterBytes(first) ? 'raw' : 'unclear'
}

/** How long the UTF-8 character is that begins with `byte`. */
function characterBytes(byte: number): number {
  if (byte >= 0xf0) return 4
  if (byte >= 0xe0) return 3
  return byte >= 0xc0 ? 2 : 1
}
