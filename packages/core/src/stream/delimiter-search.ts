/**
 * Looks for a delimiter in a ByteQueue and remembers how far it looked, so that bytes are looked at once however slowly they
 * come, and also when the read is cancelled and begun again. Delimiters may span chunks: as many bytes as could begin one at the
 * end are looked at again.
 */
import { outOfRange, wrongType } from '../errors.js'
import type { ByteQueue } from './byte-queue.js'

const LINE_FEED = 10

export class DelimiterSearch {
  #needle: number | Buffer = LINE_FEED
  /** The text that `#needle` was made of. */
  #text: string | null = null
  /** So many bytes at the front of the queue begin no `#needle`. */
  #searched = 0

  /** The next line feed, counted from the front; -1: not here yet. */
  findLineFeed(queue: ByteQueue): number {
    if (this.#needle !== LINE_FEED) this.#setNeedle(LINE_FEED, null)
    return this.#find(queue, 1)
  }

  /** The next `delimiter`; -1: not here yet. */
  find(queue: ByteQueue, delimiter: string | Uint8Array): number {
    if (typeof delimiter === 'string') {
      if (delimiter !== this.#text) this.#setNeedle(Buffer.from(delimiter), delimiter)
    } else if (this.#text !== null || typeof this.#needle === 'number' || !this.#needle.equals(delimiter)) {
      this.#setNeedle(Buffer.from(delimiter), null)
    }
    return this.#find(queue, (this.#needle as Buffer).length)
  }

  /** The first `count` bytes left the queue. */
  forget(count: number): void {
    this.#searched = Math.max(0, this.#searched - count)
  }

  #setNeedle(needle: number | Buffer, text: string | null): void {
    this.#needle = needle
    this.#text = text
    this.#searched = 0
  }

  #find(queue: ByteQueue, needleBytes: number): number {
    const at = queue.indexOf(this.#needle, this.#searched)
    this.#searched = at >= 0 ? at : Math.max(this.#searched, queue.length - needleBytes + 1)
    return at
  }
}

/** How many bytes it has, or an error. */
export function checkDelimiter(delimiter: string | Uint8Array): number {
  if (typeof delimiter !== 'string' && !(delimiter instanceof Uint8Array)) {
    throw wrongType('delimiter', 'a string or a Uint8Array', delimiter)
  }
  const bytes = typeof delimiter === 'string' ? Buffer.byteLength(delimiter) : delimiter.length
  if (bytes === 0) throw outOfRange('delimiter', 'at least one byte', "''")
  return bytes
}
