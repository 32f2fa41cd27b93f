/**
 * GatheredChunks: copies of small pieces of data, one behind the other in chunks of one size, to be sent all at once. The chunks go round
 * in a pool: most live from the first write of a turn to its end, so a few serve any number of writers.
 */

const CHUNK_BYTES = 16_384

/** Chunks that are kept when no writer needs them: 1 MiB. */
const MOST_KEPT = 64

const pool: Buffer[] = []

export class GatheredChunks {
  readonly #chunks: Buffer[] = []
  /** Bytes used of the last chunk. */
  #used = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Copies `data`, which is `length` bytes long. */
  add(data: Uint8Array | string, length: number): void {
    if (length === 0) return
    this.#length += length
    if (this.#room() >= length) this.#place(data, length)
    else if (length <= CHUNK_BYTES && this.#chunks.length === 0) this.#placeInNext(data, length)
    else this.#spread(typeof data === 'string' ? Buffer.from(data) : data)
  }

  /** All of it, in views of the chunks, in order. */
  partViews(): Buffer[] {
    const last = this.#chunks.length - 1
    return this.#chunks.map((chunk, index) => (index === last ? chunk.subarray(0, this.#used) : chunk))
  }

  /** Gives the chunks to whoever gathers next. Only when nobody looks at the views any more. */
  recycle(): void {
    for (const chunk of this.#chunks) if (pool.length < MOST_KEPT) pool.push(chunk)
    this.#chunks.length = this.#used = this.#length = 0
  }

  #room(): number {
    return this.#chunks.length === 0 ? 0 : CHUNK_BYTES - this.#used
  }

  #place(data: Uint8Array | string, length: number): void {
    const chunk = this.#chunks[this.#chunks.length - 1] as Buffer
    if (typeof data === 'string') chunk.write(data, this.#used)
    else chunk.set(data, this.#used)
    this.#used += length
  }

  #placeInNext(data: Uint8Array | string, length: number): void {
    // A buffer of its own, because a slab of Node's may be in other hands too.
    this.#chunks.push(pool.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES))
    this.#used = 0
    this.#place(data, length)
  }

  #spread(bytes: Uint8Array): void {
    const inLast = Math.min(this.#room(), bytes.length)
    if (inLast > 0) this.#place(bytes.subarray(0, inLast), inLast)
    for (let at = inLast; at < bytes.length; at += CHUNK_BYTES) {
      const piece = bytes.subarray(at, at + CHUNK_BYTES)
      this.#placeInNext(piece, piece.length)
    }
  }
}
