/**
 * Where a head that came in pieces may end. Parsing again from its beginning with every piece would take time in the square of its
 * length; so it is parsed once more when its end, or a byte that no head has, is there. Says when, and leaves the verdict to the parser.
 */
import { CLASS, CR, IS_VALUE, LF } from './characters.js'

export class HeadEnd {
  /** Bytes of the head that were looked at. */
  #seen = 0
  /** How much of CR LF CR LF the last of them are. */
  #matched: number

  /** `isAtLine`: what comes first is a line behind another one, and may be the empty one. */
  constructor(isAtLine = false) {
    this.#matched = isAtLine ? 2 : 0
  }

  /** Looks at what is new of the head that begins at `from`. True: parse it now. */
  isWorthParsing(bytes: Uint8Array, from: number, to: number): boolean {
    let matched = this.#matched
    let i = from + this.#seen
    for (; i < to; i++) {
      const byte = bytes[i] as number
      if (byte === CR) {
        if ((matched & 1) === 1) break
        matched++
      } else if (byte === LF) {
        if ((matched & 1) === 0) break
        if (++matched === 4) break
      } else {
        if ((matched & 1) === 1 || ((CLASS[byte] as number) & IS_VALUE) === 0) break
        matched = 0
      }
    }
    this.#matched = matched
    this.#seen = i - from
    return i < to
  }
}
