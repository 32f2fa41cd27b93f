/**
 * What readline takes for the output of a terminal: a Writable with a size. It turns everything into the bytes that the far
 * side needs and hands them on at once; how much may pile up is the outbox's business.
 */
import { Writable } from 'node:stream'
import { type Encoding, TerminalEncoder } from './wire/terminal-encoder.js'

const DEFAULT_COLUMNS = 80
const DEFAULT_ROWS = 24
/** A peer may claim any size. readline divides by the width, and a prompt must fit. */
const LEAST = 10
const MOST = 1000

export class Screen extends Writable {
  columns = DEFAULT_COLUMNS
  rows = DEFAULT_ROWS
  /** While set, what is written goes nowhere. */
  isMuted = false
  readonly #encoder = new TerminalEncoder('raw')
  readonly #give: (bytes: Uint8Array) => void

  constructor(give: (bytes: Uint8Array) => void) {
    super({ decodeStrings: true })
    this.#give = give
  }

  get encoding(): Encoding {
    return this.#encoder.encoding
  }

  set encoding(encoding: Encoding) {
    this.#encoder.encoding = encoding
  }

  /** 0, which is how a terminal says that it does not know, changes nothing. */
  resize(size: { readonly columns: number; readonly rows: number }): void {
    if (size.columns > 0) this.columns = Math.min(Math.max(size.columns, LEAST), MOST)
    if (size.rows > 0) this.rows = Math.min(Math.max(size.rows, LEAST), MOST)
    this.emit('resize')
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (!this.isMuted) this.#give(this.#encoder.push(bytes))
    done()
  }
}
