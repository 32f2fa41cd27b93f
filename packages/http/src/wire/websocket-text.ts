/** The check that text is UTF-8 (RFC 6455, 8.1), of a message that comes in pieces: what can no longer become UTF-8 is found at once. */
import { isUtf8 } from 'node:buffer'
import { badText } from './websocket-frame.js'

export class TextCheck {
  #checked = 0

  /** The message has `length` bytes so far. Throws `WS_TEXT`. A character may be cut by the end of a piece, not of the message. */
  check(bytes: Buffer, length: number, isFinal: boolean): void {
    const until = isFinal ? length : lastBoundary(bytes, this.#checked, length)
    const isGood =
      isUtf8(bytes.subarray(this.#checked, until)) && (until === length || canGoOn(bytes, until, length))
    if (!isGood) throw badText('a text message')
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

/** Whether a character of which this much is there may still come to be one: the second byte rules out what RFC 3629, 4, does. */
function canGoOn(bytes: Buffer, at: number, to: number): boolean {
  const first = bytes[at] as number
  if (first < 0xc2 || first > 0xf4) return false
  if (to - at < 2) return true
  const second = bytes[at + 1] as number
  if (first === 0xe0) return second >= 0xa0
  if (first === 0xed) return second < 0xa0
  if (first === 0xf0) return second >= 0x90
  return first !== 0xf4 || second < 0x90
}
