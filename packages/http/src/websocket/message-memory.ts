/**
 * Memory of binary messages. Long ones lie outside of V8's heap, where its young collector does not see them: at hundreds of megabytes a
 * second it is woken too seldom, and the old collector, woken by the memory in all, takes more of the processor than everything else. So
 * each comes with a weight inside of the heap, thrown away at once. And for programs that say that a message is good until the next one
 * only, memory is used again.
 */

/** Shorter messages are cut from Node's own pool. */
const LEAST_BYTES = 4097
const KEPT_BYTES = 8 * 1024 * 1024
/** Of 8 bytes each: half as long as the message. With a quarter there are twice the collections of the old kind, with all of it twice the work. */
const WEIGHTS_PER_BYTE = 1 / 16
const MOST_WEIGHTS = 8192

/** Kept until the next, or the compiler would leave it out. */
const last: { weight: unknown[] } = { weight: [] }

interface SizeClass {
  readonly bytes: number
  readonly free: Buffer[]
}

// No other memory is as long as these, so that what comes back is known by its length.
const classes: readonly SizeClass[] = [16_384 + 64, 65_536 + 64].map((bytes) => ({ bytes, free: [] }))

/** `length` bytes for good, of whatever they were. */
export function give(length: number): Buffer {
  if (length >= LEAST_BYTES) last.weight = new Array(Math.min(MOST_WEIGHTS, (length * WEIGHTS_PER_BYTE) | 0))
  return Buffer.allocUnsafe(length)
}

/** `length` bytes until `takeBack`. */
export function lend(length: number): Buffer {
  if (length >= LEAST_BYTES)
    for (const { bytes, free } of classes)
      if (length <= bytes) return (free.pop() ?? Buffer.allocUnsafeSlow(bytes)).subarray(0, length)
  return give(length)
}

/** Whether `message` may be of memory that was lent. */
export function isLent({ length }: Buffer): boolean {
  return length >= LEAST_BYTES
}

/** Takes back what was lent, or anything else, which is left to the collector. */
export function takeBack(lent: Buffer): void {
  const { buffer } = lent
  for (const { bytes, free } of classes) {
    if (buffer.byteLength !== bytes) continue
    if (free.length * bytes < KEPT_BYTES) free.push(Buffer.from(buffer))
    return
  }
}
