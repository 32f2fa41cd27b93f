/**
 * Where a body whose length is known is received to: the place where it stays, so that nothing of it is copied twice. An announced length
 * is believed up to a point; beyond, the place grows as bytes come.
 */

/** Taken at once for what was announced, at most. */
export const TRUSTED_BYTES = 1_048_576

export class Gathering {
  bytes: Buffer
  at: number
  end: number

  /** `at` bytes are there. */
  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes
    this.at = at
    this.end = bytes.length
  }

  /** It is full, and so many more are to come. */
  grow(left: number): void {
    const bytes = Buffer.allocUnsafeSlow(Math.min(2 * this.bytes.length, this.at + left))
    this.bytes.copy(bytes, 0, 0, this.at)
    this.bytes = bytes
    this.end = bytes.length
  }

  /** Takes as much of `bytes` between `from` and `to` as there is room for: how much that is. */
  take(bytes: Buffer, from: number, to: number): number {
    const count = Math.min(to - from, this.end - this.at)
    bytes.copy(this.bytes, this.at, from, from + count)
    return count
  }
}
