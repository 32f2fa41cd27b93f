/**
 * The bytes of a message that comes in pieces. The buffer grows with what came, not with what a header claims: it has at most twice that, or
 * what the frame still brings if that is little. Behind the bytes there is always room for the end of a compressed message.
 */

/** What a message is given before its bytes are there. */
const FIRST_BYTES = 65_536
/** The end of a compressed message, which is not sent (RFC 7692, 7.2.2). */
export const TRAILER_BYTES = 4

const NOTHING: Buffer = Buffer.alloc(0)

/** Where it comes from. */
export interface Memory {
  memoryFor(length: number): Buffer
}

export class Gathered {
  bytes: Buffer = NOTHING
  length = 0

  /** How far bytes may be put into it. */
  get room(): number {
    return this.bytes.length - TRAILER_BYTES
  }

  /** Makes room for `count` bytes more, of the `left` that the frame still brings; `isLast`: the message's last. */
  reserve(count: number, left: number, isLast: boolean, memory: Memory): void {
    const least = this.length + count
    if (least <= this.room) return
    const wanted = Math.max(FIRST_BYTES, 2 * this.length, least)
    const known = this.length + left
    const capacity = isLast || known >= wanted ? Math.min(known, wanted) : Math.min(wanted, 2 * known)
    const grown = memory.memoryFor(Math.max(least, capacity) + TRAILER_BYTES)
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
  }

  /** The bytes, without holding on to much more. */
  fitted(): Buffer {
    const { bytes, length } = this
    return 2 * length >= bytes.length ? bytes.subarray(0, length) : Buffer.from(bytes.subarray(0, length))
  }

  /** The bytes, and room behind them. */
  roomy(): Buffer {
    return this.bytes.length === 0 ? Buffer.alloc(TRAILER_BYTES) : this.bytes
  }
}
