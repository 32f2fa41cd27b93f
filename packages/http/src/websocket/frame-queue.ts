/**
 * Frames that are gathered to be sent, in their order. Short ones are copied one behind the other, so that they go out in one write; those
 * that many connections send are only named.
 */

const CHUNK_BYTES = 16_384
/** A connection that waits may wait long: its first chunk is a small one. */
const FIRST_CHUNK_BYTES = 2_048
/** Chunks that are kept when nobody needs them: 1 MiB. */
const MOST_KEPT = 64

const pool: Buffer[] = []

export class FrameQueue {
  /** Of the frames in it. */
  bytes = 0
  /** Full chunks and frames of their own. */
  readonly #parts: Buffer[] = []
  /** The chunk that is being filled, and how far it is. */
  #chunk: Buffer | null = null
  #used = 0

  /** Copies the first `length` bytes of `frame`. `mayWait`: whatever is in here will not go out in this turn. */
  copy(frame: Buffer, length: number, mayWait: boolean): void {
    if (this.#chunk === null || this.#used + length > this.#chunk.length) {
      this.#closeChunk()
      this.#chunk = newChunk(length, mayWait, this.bytes === 0)
    }
    frame.copy(this.#chunk, this.#used, 0, length)
    this.#used += length
    this.bytes += length
  }

  /** `frame` must not be changed before it is sent. */
  add(frame: Buffer): void {
    this.#closeChunk()
    this.#parts.push(frame)
    this.bytes += frame.length
  }

  addFirst(frame: Buffer): void {
    this.#parts.unshift(frame)
    this.bytes += frame.length
  }

  /** All that is in it. The queue is not used again but for `giveBack`. */
  end(): readonly Buffer[] {
    if (this.#chunk !== null) this.#parts.push(this.#chunk.subarray(0, this.#used))
    return this.#parts
  }

  /** All was sent: the memory may serve others. */
  giveBack(): void {
    if (this.#chunk?.length === CHUNK_BYTES && pool.length < MOST_KEPT) pool.push(this.#chunk)
  }

  #closeChunk(): void {
    if (this.#chunk !== null) this.#parts.push(this.#chunk.subarray(0, this.#used))
    this.#chunk = null
    this.#used = 0
  }
}

function newChunk(least: number, mayWait: boolean, isFirst: boolean): Buffer {
  if (least > CHUNK_BYTES) return Buffer.allocUnsafeSlow(least)
  if (!mayWait) return pool.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES)
  return Buffer.allocUnsafeSlow(Math.max(isFirst ? FIRST_CHUNK_BYTES : CHUNK_BYTES, least))
}
