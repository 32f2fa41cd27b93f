/** Labels to text: the one form that every name has in a message. */
import { WRITTEN } from './characters.js'

/** The name whose labels begin at `at`; without pointers, ended by the empty label. */
export function formatLabels(bytes: Uint8Array, start: number): string {
  let text = ''
  for (let at = start; bytes[at] !== 0; ) {
    const end = at + 1 + (bytes[at] as number)
    if (at > start) text += '.'
    for (at++; at < end; at++) text += WRITTEN[bytes[at] as number]
  }
  return text === '' ? '.' : text
}
