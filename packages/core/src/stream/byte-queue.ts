/**
 * ByteQueue: bytes that arrived and were not taken yet, in one contiguous buffer. No waiting, no limits.
 *
 * The first chunk is adopted as it is, which costs nothing; only what comes on top of a rest is copied, into a buffer that
 * doubles. So bytes that come one at a time cost a constant each, in time and in memory, and an empty queue holds no buffer.
 */

/** Up to this much may lie around unused in a queue that waits; beyond it the rest moves to a buffer of its size. */
const SLACK_BYTES = 4096

const NOTHING: Buffer = Buffer.alloc(0)

export class ByteQueue {
  #bytes = NOTHING
  #start = 0
  #end = 0

  get length(): number {
    return this.#end - this.#start
  }

  /** Bytes of memory it holds. */
  get capacity(): number {
    return this.#bytes.length
  }

  /** Adds `chunk`, which belongs to the queue from now on. */
  append(chunk: Buffer): void {
    if (this.#start === this.#end) {
      this.#bytes = chunk
      this.#start = 0
      this.#end = chunk.length
      return
    }
    if (chunk.length > this.#bytes.length - this.#end)
      this.#makeRoom(chunk.length, 2 * (this.length + chunk.length))
    this.#bytes.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /** Puts `chunk`, which belongs to the queue from now on, before everything else. */
  prepend(chunk: Buffer): void {
    const all = this.length === 0 ? chunk : Buffer.concat([chunk, this.view()])
    this.#clear()
    this.append(all)
  }

  /**
   * Room behind the bytes to be filled in place, as far as `wanted` bytes in all: a view, valid until the next call. Say how
   * much was filled with `filled`. It never holds more than twice the bytes that came, or `leastBytes`, however many are wanted.
   */
  roomView(wanted: number, leastBytes: number): Buffer {
    const { length } = this
    if (this.#end === this.#bytes.length || length === 0) {
      const capacity = Math.min(wanted, Math.max(2 * length, leastBytes))
      if (length > 0 || this.#bytes.length !== capacity) this.#makeRoom(capacity - length, capacity)
    }
    return this.#bytes.subarray(this.#end, Math.min(this.#bytes.length, this.#start + wanted))
  }

  filled(count: number): void {
    this.#end += count
    if (this.#start === this.#end) this.#clear()
  }

  /** All of it, without copying: a view, valid until the next call that adds or takes. */
  view(): Buffer {
    return this.#bytes.subarray(this.#start, this.#end)
  }

  /** The first `count` bytes, without copying: a view, valid until the next call that adds or takes. */
  firstView(count: number): Buffer {
    return this.#bytes.subarray(this.#start, this.#start + count)
  }

  /** Where `needle` is at or after `from`, counted from the first byte; -1: nowhere. */
  indexOf(needle: number | Buffer, from: number): number {
    // What lies behind the end is not ours to search, and searching it for each byte that comes would be quadratic.
    const bytes = this.#end === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.#end)
    const at = bytes.indexOf(needle, this.#start + from)
    return at < 0 ? -1 : at - this.#start
  }

  at(index: number): number {
    return this.#bytes[this.#start + index] as number
  }

  text(encoding: BufferEncoding, count: number): string {
    return this.#bytes.toString(encoding, this.#start, this.#start + count)
  }

  /** Takes the first `count` bytes; the result is the caller's. Copied, unless they are all there is and fill their buffer well. */
  take(count: number): Buffer {
    const start = this.#start
    if (count === this.length && 2 * count >= this.#bytes.length) {
      const all = count === this.#bytes.length ? this.#bytes : this.#bytes.subarray(start, this.#end)
      this.#clear()
      return all
    }
    const taken = copyOf(this.#bytes, start, start + count)
    this.drop(count)
    return taken
  }

  copy(count: number): Buffer {
    return copyOf(this.#bytes, this.#start, this.#start + count)
  }

  drop(count: number): void {
    this.#start += count
    if (this.#start === this.#end) this.#clear()
  }

  /** Before a wait: a short rest does not keep a long buffer. */
  trim(): void {
    if (this.#bytes.length > 4 * this.length + SLACK_BYTES) this.#move(this.length)
  }

  #clear(): void {
    this.#bytes = NOTHING
    this.#start = this.#end = 0
  }

  /** Room for `count` more bytes: at the front of this buffer if at least half of it is free, else in one of `capacity` bytes. */
  #makeRoom(count: number, capacity: number): void {
    const { length } = this
    if (2 * (length + count) <= this.#bytes.length) {
      this.#bytes.copyWithin(0, this.#start, this.#end)
      this.#start = 0
      this.#end = length
    } else {
      this.#move(capacity)
    }
  }

  #move(capacity: number): void {
    const { length } = this
    // Not from Node's pool, which would keep a slab for it.
    const bytes = Buffer.allocUnsafeSlow(capacity)
    bytes.set(this.view())
    this.#bytes = bytes
    this.#start = 0
    this.#end = length
  }
}

function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start)
  bytes.copy(copy, 0, start, end)
  return copy
}
