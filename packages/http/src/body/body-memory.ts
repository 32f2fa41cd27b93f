/**
 * Memory for short bodies: pieces of a slab, as Node has them for Buffers up to 4 KiB. An ArrayBuffer for each would cost more than all
 * else that is done for such a request. Whoever keeps one piece keeps the slab.
 */

const SLAB_BYTES = 131_072
/** Beyond, one of its own is worth it; a slab is shared by eight at least. */
const MOST_BYTES = 16_384

let slab: Buffer = Buffer.alloc(0)
let used = 0

/** Room for `size` bytes, with whatever was there before. */
export function bodyMemory(size: number): Buffer {
  if (size > MOST_BYTES) return Buffer.allocUnsafeSlow(size)
  if (used + size > slab.length) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
    used = 0
  }
  const piece = slab.subarray(used, used + size)
  // At a multiple of 8, so that arrays of numbers can lie there.
  used += (size + 7) & ~7
  return piece
}
