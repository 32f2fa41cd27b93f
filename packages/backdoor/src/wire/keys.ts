/**
 * Where one key ends and the next begins, in what a terminal sends. readline takes whatever comes in one piece for a paste, and adds
 * the text of a paste to the end of the line wherever the cursor is (seen on Node 20 to 26). Over a network, keys that were
 * pressed one after the other do come in one piece; so it must get them one by one.
 */

const ESC = 0x1b
const TAB = 9
const SPACE = 0x20
const DELETE = 0x7f

/**
 * How many of `bytes`, of which there is at least one, are the first key: a control character, an escape sequence, or all the
 * text up to one of those. A tab within text is text; the last one is a key.
 */
export function keyLength(bytes: Uint8Array): number {
  const [first] = bytes as unknown as readonly [number]
  if (first === ESC) return escapeLength(bytes)
  let at = 0
  while (at < bytes.length && isText(bytes[at] as number, at === bytes.length - 1)) at++
  return Math.max(at, 1)
}

/** The characters of `bytes`, which are whole UTF-8. Views. */
export function* characters(bytes: Uint8Array): Generator<Uint8Array> {
  let from = 0
  for (let at = 1; at <= bytes.length; at++) {
    const isContinuation = at < bytes.length && ((bytes[at] as number) & 0xc0) === 0x80
    if (isContinuation) continue
    yield bytes.subarray(from, at)
    from = at
  }
}

function isText(byte: number, isLast: boolean): boolean {
  return byte === TAB ? !isLast : byte >= SPACE && byte !== DELETE
}

/** ECMA-48, section 5.4: ESC [, parameters, intermediates, a final byte; ESC O and one byte more; ESC and one byte. */
function escapeLength(bytes: Uint8Array): number {
  const second = bytes[1]
  if (second === undefined || second === ESC) return 1
  if (second === 0x4f) return Math.min(3, bytes.length)
  if (second !== 0x5b) return 2
  let at = 2
  while (at < bytes.length && (bytes[at] as number) >= SPACE && (bytes[at] as number) < 0x40) at++
  return Math.min(at + 1, bytes.length)
}
