/**
 * What readline takes for the input of a terminal, and the queue before it. One line is handed on at a time, and the next one
 * when the prompt has done with it: readline would run a second line while the first one is in an `await`.
 */
import { Readable } from 'node:stream'
import { BackdoorError } from './errors.js'
import { characters, keyLength } from './wire/keys.js'

const LF = 10
const CR = 13
const TAB = 9
const ESC = 0x1b
const CONTROL_C = 3
const NOTHING = new Uint8Array(0)
/** A tab in the middle of what comes at once was pasted and is no wish for a completion. */
const INDENTATION = '  '

/** Who is typed to. */
export interface Typist {
  /** Takes nothing now. */
  readonly isBusy: boolean
  /** The cursor stands behind the text of the line. */
  readonly isAtLineEnd: boolean
}

export class Keyboard extends Readable {
  /** Keys come one by one, for line editing; otherwise lines do. */
  edits = false
  readonly #maxCommandBytes: number
  #held: Uint8Array = NOTHING
  #commandBytes = 0

  constructor(maxCommandBytes: number) {
    super()
    this.#maxCommandBytes = maxCommandBytes
  }

  /** Bytes that wait for the prompt. */
  get heldBytes(): number {
    return this.#held.length
  }

  hold(bytes: Uint8Array): void {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
  }

  /**
   * Hands on what is held: one line, or what there is of it. False: nothing is held, or `to` is busy. Throws `LIMIT` for a
   * command that is too long.
   */
  feed(to: Typist): boolean {
    let isLineEnd = false
    while (this.#held.length > 0 && !to.isBusy && !isLineEnd) {
      const length = this.edits ? keyLength(this.#held) : lineLength(this.#held)
      const bytes = this.#held.subarray(0, length)
      const last = bytes.at(-1)
      isLineEnd = last === CR || last === LF
      this.#held = this.#held.subarray(length)
      this.#count(length)
      if (this.edits) this.#press(bytes, to.isAtLineEnd)
      else this.#give(bytes)
    }
    return this.#held.length > 0 && !to.isBusy
  }

  /** A command was run: the next one begins. */
  endCommand(): void {
    this.#commandBytes = 0
  }

  /** Whether ^C is among what is held; if so it is taken out together with what was typed before it, as a terminal driver does. */
  takeInterrupt(): boolean {
    const at = this.#held.lastIndexOf(CONTROL_C)
    if (at < 0) return false
    this.#held = this.#held.subarray(at + 1)
    return true
  }

  override _read(): void {
    // It comes when it comes.
  }

  #press(key: Uint8Array, isAtLineEnd: boolean): void {
    const isPaste = key.length > 1
    const text =
      isPaste && key.includes(TAB)
        ? Buffer.from(Buffer.from(key).toString('latin1').replaceAll('\t', INDENTATION), 'latin1')
        : key
    if (isAtLineEnd || text[0] === ESC) this.#give(text)
    else for (const character of characters(text)) this.#give(character)
  }

  #give(bytes: Uint8Array): void {
    // Not push(): that may put it off, and would then run it as nobody's.
    this.emit('data', Buffer.from(bytes))
  }

  #count(bytes: number): void {
    this.#commandBytes += bytes
    if (this.#commandBytes > this.#maxCommandBytes) {
      throw new BackdoorError('LIMIT', `a command exceeds maxCommandBytes (${this.#maxCommandBytes})`, {
        limit: 'maxCommandBytes',
      })
    }
  }
}

/** The length of the first line with its end; of everything if there is no end. */
function lineLength(bytes: Uint8Array): number {
  const at = bytes.findIndex((byte) => byte === LF || byte === CR)
  return at < 0 ? bytes.length : at + 1
}
