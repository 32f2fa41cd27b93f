/**
 * What of a connection's input is the body's: stepped over, taken out of its chunks, counted and held to its limit. It gives what is
 * here now, and waits for nothing.
 */
import { bodyMemory } from '../body/body-memory.js'
import type { Input } from '../connection/input.js'
import { HttpError } from '../errors.js'
import { HttpHeaders } from '../headers.js'
import { ChunkedDecoder, DATA, END } from '../wire/chunked-decoder.js'
import type { HeadLimits } from '../wire/limits.js'

const NOTHING: Buffer = Buffer.alloc(0)
/** Longer chunks are pieces of their own. */
const SMALL_CHUNK_BYTES = 4_096

export interface BodyLimits extends HeadLimits {
  readonly maxBodyBytes: number
}

export class BodyInput {
  readonly #input: Input
  readonly #maxBytes: number
  readonly #decoder: ChunkedDecoder | null
  /** Bytes to come, where the length is known. */
  left: number
  isFinished: boolean
  /** Somebody was told that it has ended. */
  isEndTold = false
  /** Bytes of the body that came so far. */
  receivedBytes = 0
  failure: HttpError | null = null
  /** No more input comes: what it fails with once what is here is taken. */
  noMore: HttpError | null = null

  constructor(input: Input, length: number | undefined, limits: BodyLimits) {
    this.#input = input
    this.#maxBytes = limits.maxBodyBytes
    this.#decoder = length === undefined ? new ChunkedDecoder(limits) : null
    this.left = length ?? 0
    this.isFinished = length === 0
  }

  get isChunked(): boolean {
    return this.#decoder !== null
  }

  get trailers(): HttpHeaders {
    return this.#decoder?.trailers ?? new HttpHeaders()
  }

  fail(error: HttpError): never {
    this.failure = error
    throw error
  }

  /** What is here now, empty at the end; undefined: nothing yet. */
  take(max: number): Buffer | undefined {
    if (this.failure !== null) throw this.failure
    const input = this.#input
    const decoder = this.#decoder
    while (!this.isFinished && input.at < input.end) {
      const count = this.next(max)
      if (count === 0) continue
      const from = decoder === null ? input.at - count : decoder.dataFrom
      const isMore = decoder !== null && count < SMALL_CHUNK_BYTES && count < max && input.at < input.end
      if (isMore) return this.#takeMore(decoder, input.bytes.subarray(from, from + count), max)
      const bytes = bodyMemory(count)
      input.bytes.copy(bytes, 0, from, from + count)
      return bytes
    }
    if (this.isFinished) {
      this.isEndTold = true
      return NOTHING
    }
    if (this.noMore !== null) this.fail(this.noMore)
    return undefined
  }

  /** What is here of several small chunks becomes one piece: as Buffers, chunks of one byte would take a hundred times their room. */
  #takeMore(decoder: ChunkedDecoder, first: Buffer, max: number): Buffer {
    const input = this.#input
    const bytes = Buffer.allocUnsafe(Math.min(max, first.length + input.size))
    let at = first.copy(bytes)
    try {
      while (at < bytes.length && input.at < input.end && !this.isFinished) {
        const count = this.next(bytes.length - at)
        if (count > 0) at += input.bytes.copy(bytes, at, decoder.dataFrom, decoder.dataFrom + count)
      }
    } catch {
      // What came before it is well. Whoever asks for more is told.
    }
    return bytes.subarray(0, at)
  }

  /** Steps over the next bytes: how many of them are the body's. Those lie before the input's place, unless they are of a chunk. */
  next(max: number): number {
    const input = this.#input
    let count = Math.min(input.end - input.at, max)
    const decoder = this.#decoder
    if (decoder === null) {
      count = Math.min(count, this.left)
      input.at += count
      this.took(count)
    } else {
      const step = this.#step(decoder, input.at + count)
      input.at = decoder.at
      count = step === DATA ? decoder.dataTo - decoder.dataFrom : 0
      if (step === END) this.isFinished = true
      this.receivedBytes += count
    }
    if (this.receivedBytes > this.#maxBytes) this.fail(bodyTooLong('maxBodyBytes'))
    return count
  }

  #step(decoder: ChunkedDecoder, to: number): number {
    const input = this.#input
    try {
      return decoder.step(input.bytes, input.at, to)
    } catch (error) {
      return this.fail(error as HttpError)
    }
  }

  /** So many bytes of the announced ones came. */
  took(count: number): void {
    this.left -= count
    this.receivedBytes += count
    if (this.left === 0) this.isFinished = true
  }

  /** They were not wanted after all, and come again. */
  putBack(bytes: Buffer): void {
    this.left += bytes.length
    this.receivedBytes -= bytes.length
    this.isEndTold = false
    this.#input.putBack(bytes)
  }

  /** Drops what is here of it. Throws what the chunks are refused with. */
  discard(): void {
    const input = this.#input
    while (!this.isFinished && input.at < input.end) this.next(input.end - input.at)
  }
}

export function bodyTooLong(limit: string): HttpError {
  return new HttpError('HTTP_LIMIT', `the body is longer than ${limit} allows`, { status: 413, limit })
}
