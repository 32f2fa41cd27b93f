/**
 * How large a terminal is that has no telnet to say so: send the cursor to a place far outside, ask where it is, put it back.
 * The answer comes among the keys and is taken out of them. Pure; the waiting ends with the answer, or when the caller has
 * seen enough keys to know that none will come.
 */
import { MAX_CURSOR_REPORT_BYTES } from './limits.js'

/** Save the cursor, go to the corner, ask (device status report 6), restore the cursor. ECMA-48 and DEC's VT100. */
export const ASK_FOR_SIZE = '\x1b7\x1b[999;999H\x1b[6n\x1b8'

const ESC = 0x1b
/** What follows the ESC of an answer. */
const ANSWER = /^\[(\d{1,5});(\d{1,5})R/
/** Every beginning of that. */
const BEGINNING = /^(?:\[(?:\d{1,5}(?:;\d{0,5})?)?)?$/

export interface Size {
  readonly columns: number
  readonly rows: number
}

export class CursorReport {
  #held: Uint8Array = new Uint8Array(0)
  #size: Size | undefined
  #isWaiting = true

  /** What the terminal answered. */
  get size(): Size | undefined {
    return this.#size
  }

  /** The keys in `bytes`, without the answer. The beginning of what may be the answer is kept for the next call. */
  push(bytes: Uint8Array): Uint8Array {
    if (!this.#isWaiting) return bytes
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    this.#held = new Uint8Array(0)
    for (let at = all.indexOf(ESC); at >= 0; at = all.indexOf(ESC, at + 1)) {
      const text = Buffer.from(all.subarray(at + 1, at + MAX_CURSOR_REPORT_BYTES)).toString('latin1')
      const answer = ANSWER.exec(text)
      if (answer !== null) {
        this.#size = { rows: Number(answer[1]), columns: Number(answer[2]) }
        this.#isWaiting = false
        return Buffer.concat([all.subarray(0, at), all.subarray(at + 1 + answer[0].length)])
      }
      if (at + 1 + text.length === all.length && BEGINNING.test(text)) {
        this.#held = Uint8Array.from(all.subarray(at))
        return all.subarray(0, at)
      }
    }
    return all
  }

  /** No answer will come: gives what was kept back. */
  stop(): Uint8Array {
    const held = this.#held
    this.#held = new Uint8Array(0)
    this.#isWaiting = false
    return held
  }
}
