/**
 * What a BufferedReader must answer, said as plainly as possible: the whole of the bytes, a position, and no thought of speed. Reads of
 * the model are given how many bytes are to be had (`here`), which is all of them for a read that waits.
 */

export type Answer =
  | { readonly value: Buffer | string | boolean | undefined }
  | { readonly code: string; readonly partial?: string }

export interface ModelLimits {
  readonly maxLineBytes: number
  readonly maxUntilBytes: number
  readonly maxExactBytes: number
}

/** Not enough is here. */
const MISSING: Answer = { value: undefined }

export class ReaderModel {
  readonly #bytes: Buffer
  readonly #limits: ModelLimits
  #at = 0

  constructor(bytes: Buffer, limits: ModelLimits) {
    this.#bytes = bytes
    this.#limits = limits
  }

  /** Bytes that were not taken yet. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** The next bytes, which stay. */
  next(count: number): Buffer {
    return this.#bytes.subarray(this.#at, this.#at + count)
  }

  advance(count: number): void {
    this.#at += count
  }

  exact(count: number, here: number): Answer {
    if (count > this.#limits.maxExactBytes) return { code: 'LIMIT' }
    return count > here ? MISSING : { value: this.#take(count) }
  }

  peek(count: number, here: number): Answer {
    if (count > this.#limits.maxExactBytes) return { code: 'LIMIT' }
    return count > here ? MISSING : { value: Buffer.from(this.next(count)) }
  }

  skip(count: number, here: number): Answer {
    return count > here ? MISSING : { value: this.#take(count).length === count }
  }

  until(delimiter: Buffer, here: number): Answer {
    const { maxUntilBytes } = this.#limits
    const at = this.#find(delimiter, here)
    if (at > maxUntilBytes) return { code: 'LIMIT' }
    if (at >= 0) {
      const value = this.#take(at)
      this.advance(delimiter.length)
      return { value }
    }
    // With bytes to come that complete it at the earliest place there is, would it still be too long?
    return here - (delimiter.length - 1) > maxUntilBytes ? { code: 'LIMIT' } : MISSING
  }

  line(here: number): Answer {
    const { maxLineBytes } = this.#limits
    const feed = this.#find(Buffer.from('\n'), here)
    if (feed < 0) return here - 1 > maxLineBytes ? { code: 'LIMIT' } : MISSING
    const text = this.next(feed).toString('latin1').replace(/\r$/, '')
    if (text.length > maxLineBytes) return { code: 'LIMIT' }
    this.advance(feed + 1)
    return { value: text }
  }

  /** The answer of the form that waits: at the end of the stream what is missing will not come. */
  static atEnd(answer: Answer, rest: Buffer): Answer {
    return answer === MISSING ? { code: 'END_OF_STREAM', partial: rest.toString('latin1') } : answer
  }

  #find(needle: Buffer, here: number): number {
    for (let at = 0; at + needle.length <= here; at++) {
      if (
        this.next(here)
          .subarray(at, at + needle.length)
          .equals(needle)
      )
        return at
    }
    return -1
  }

  #take(count: number): Buffer {
    const taken = Buffer.from(this.next(count))
    this.advance(count)
    return taken
  }
}
