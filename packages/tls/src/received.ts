/**
 * Where received bytes go: as in the core, all streams of a thread decrypt into one slab, so that an idle one holds no buffer. Few
 * bytes are copied out of it; many are handed over with the slab, which is then replaced.
 */

/** What one receive takes unless told, and at most. */
export const MAX_RECV_BYTES = 65_536
/** More than this is not copied. A slab kept alive by a slice is at most four times as large as the slice. */
const COPY_BYTES = 16_384
/** Asked for no more than this, bytes are decrypted to where they stay. */
const POOLED_BYTES = 4096
const POOL_BYTES = 8192
/** Where so few came, few are expected next. */
export const FEW_BYTES = 1024

let slab = Buffer.allocUnsafeSlow(MAX_RECV_BYTES)
let pool = Buffer.allocUnsafeSlow(POOL_BYTES)
let poolUsed = 0

/**
 * `read` decrypts up to `length` bytes to `offset` of `buffer`. The bytes, or what it gave instead of a count above 0. With `expectsFew`,
 * where a copy costs more than a larger number of receives would, it asks for no more than what goes to where it stays.
 */
export function receive(
  max: number,
  expectsFew: boolean,
  read: (buffer: Buffer, offset: number, length: number) => number,
): Buffer | number {
  if (max > POOLED_BYTES) {
    if (!expectsFew) return receiveMany(max, read)
    max = POOLED_BYTES
  }
  if (poolUsed + max > POOL_BYTES) {
    pool = Buffer.allocUnsafeSlow(POOL_BYTES)
    poolUsed = 0
  }
  const from = poolUsed
  const count = read(pool, from, max)
  if (count <= 0) return count
  // The next slice begins where a Float64Array could.
  poolUsed = (from + count + 7) & ~7
  return pool.subarray(from, from + count)
}

function receiveMany(
  max: number,
  read: (buffer: Buffer, offset: number, length: number) => number,
): Buffer | number {
  const count = read(slab, 0, max)
  if (count <= 0) return count
  if (count > COPY_BYTES) {
    const whole = slab
    slab = Buffer.allocUnsafeSlow(MAX_RECV_BYTES)
    return count === MAX_RECV_BYTES ? whole : whole.subarray(0, count)
  }
  const bytes = Buffer.allocUnsafe(count)
  slab.copy(bytes, 0, 0, count)
  return bytes
}
