/**
 * BufferedBytes: what a BufferedReader has and can give without waiting. Every `take…` gives `undefined` where bytes are missing, and
 * takes nothing then, nor when it throws. Which chunks the bytes came in makes no difference to any answer, limits included.
 */
import { LimitError } from '../errors.js'
import { ByteQueue } from './byte-queue.js'
import { DelimiterSearch } from './delimiter-search.js'
import type { BufferedReaderOptions, LineEncoding } from './reader-options.js'

const CARRIAGE_RETURN = 13

export class BufferedBytes {
  readonly #queue = new ByteQueue()
  readonly #search = new DelimiterSearch()
  #toSkip = 0

  get length(): number {
    return this.#queue.length
  }

  /** Bytes of memory it holds. */
  get capacity(): number {
    return this.#queue.capacity
  }

  /** Bytes that have not come yet and will be dropped when they do. */
  get toSkip(): number {
    return this.#toSkip
  }

  /** Adds `chunk`, which belongs to it from now on. */
  append(chunk: Buffer): void {
    const dropped = Math.min(this.#toSkip, chunk.length)
    this.#toSkip -= dropped
    if (dropped < chunk.length) this.#queue.append(dropped === 0 ? chunk : chunk.subarray(dropped))
  }

  /** See ByteQueue. Only while there is nothing to skip. */
  roomView(wanted: number, leastBytes: number): Buffer {
    return this.#queue.roomView(wanted, leastBytes)
  }

  filled(count: number): void {
    this.#queue.filled(count)
  }

  trim(): void {
    this.#queue.trim()
  }

  takeSome(max: number): Buffer | undefined {
    const { length } = this.#queue
    return length === 0 ? undefined : this.#take(Math.min(length, max))
  }

  takeExact(count: number): Buffer | undefined {
    return count > this.#queue.length ? undefined : this.#take(count)
  }

  /** What comes before `delimiter`, which is `delimiterBytes` long and is taken too. */
  takeUntil(
    delimiter: string | Uint8Array,
    delimiterBytes: number,
    maxUntilBytes: number,
  ): Buffer | undefined {
    const at = this.#search.find(this.#queue, delimiter)
    // If it is not here, it comes after everything that it cannot begin in any more.
    const least = at >= 0 ? at : this.#queue.length - delimiterBytes + 1
    if (least > maxUntilBytes)
      throw tooLong('maxUntilBytes', maxUntilBytes, 'what comes before the delimiter')
    if (at < 0) return undefined
    const block = this.#take(at)
    this.drop(delimiterBytes)
    return block
  }

  takeLine(encoding: LineEncoding, maxLineBytes: number): string | undefined {
    const queue = this.#queue
    const at = this.#search.findLineFeed(queue)
    // If it is not here, the last byte may be the CR before it.
    const endsInCr = at < 0 || (at > 0 && queue.at(at - 1) === CARRIAGE_RETURN)
    const end = (at < 0 ? queue.length : at) - (endsInCr ? 1 : 0)
    if (end > maxLineBytes) throw tooLong('maxLineBytes', maxLineBytes, 'a line')
    if (at < 0) return undefined
    const line = queue.text(encoding, end)
    this.drop(at + 1)
    return line
  }

  copy(count: number): Buffer | undefined {
    return count > this.#queue.length ? undefined : this.#queue.copy(count)
  }

  /** The first `count` bytes, without copying: a view, valid until the next call that adds or takes. */
  view(count: number): Buffer | undefined {
    return count > this.#queue.length ? undefined : this.#queue.firstView(count)
  }

  /** Drops `count` bytes, which are here. */
  drop(count: number): void {
    this.#search.forget(count)
    this.#queue.drop(count)
  }

  /** Drops `count` bytes, those that are here now and the others when they come. */
  skip(count: number): void {
    const here = Math.min(count, this.#queue.length)
    this.drop(here)
    this.#toSkip += count - here
  }

  #take(count: number): Buffer {
    this.#search.forget(count)
    return this.#queue.take(count)
  }
}

export function tooLong(limit: keyof BufferedReaderOptions, limitBytes: number, what: string): LimitError {
  return new LimitError(limit, `${what} is longer than the ${limitBytes} bytes that ${limit} allows`)
}
