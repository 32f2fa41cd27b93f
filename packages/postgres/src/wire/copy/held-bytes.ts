/** The beginning of a row whose end is in a later chunk. It grows with what has come, so that a long row in many chunks is not copied for each. */
import { asBuffer } from '../body-reader.js'

const FIRST_BYTES = 8 * 1024
const KEPT_BYTES = 256 * 1024
const EMPTY = Buffer.alloc(0)

export class HeldBytes {
  #block: Buffer = EMPTY
  #length = 0

  /** What was kept and the chunk, as one. A view: it lives until the next `join`. */
  join(chunk: Uint8Array): Buffer {
    if (this.#length === 0) return asBuffer(chunk)
    this.#add(chunk)
    return this.#block.subarray(0, this.#length)
  }

  /** Keeps what of `bytes`, the last that `join` gave, has not been used. */
  keep(bytes: Buffer, from: number): void {
    const isOurs = this.#length > 0
    if (isOurs && from < bytes.length) {
      this.#block.copyWithin(0, from, this.#length)
      this.#length -= from
      return
    }
    this.#length = 0
    if (this.#block.length > KEPT_BYTES) this.#block = EMPTY
    if (from < bytes.length) this.#add(bytes.subarray(from))
  }

  #add(chunk: Uint8Array): void {
    const length = this.#length + chunk.length
    if (length > this.#block.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, FIRST_BYTES, this.#block.length * 2))
      this.#block.copy(grown, 0, 0, this.#length)
      this.#block = grown
    }
    this.#block.set(chunk, this.#length)
    this.#length = length
  }
}
