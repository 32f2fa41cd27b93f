/** The check that text is UTF-8 (RFC 6455, 8.1), of a message that comes in fragments: what is wrong is found at the end of its fragment. */
import { isUtf8 } from 'node:buffer'
import { badText } from './websocket-frame.js'

export class TextCheck {
  #checked = 0

  /** The message has `length` bytes so far. Throws `WS_TEXT`. A character may be cut by the end of a fragment, not of the message. */
  check(bytes: Buffer, length: number, isFinal: boolean): void {
    const until = isFinal ? length : lastBoundary(bytes, this.#checked, length)
    if (!isUtf8(bytes.subarray(this.#checked, until))) throw badText('a text message')
    this.#checked = until
  }
}

/** Where the last character begins, if it is cut; else the end. */
function lastBoundary(bytes: Buffer, from: number, to: number): number {
  for (let at = to - 1; at >= from && at >= to - 3; at--) {
    const byte = bytes[at] as number
    if (byte < 0x80) return to
    if (byte < 0xc0) continue
    const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4
    return at + length > to ? at : to
  }
  return to
}
