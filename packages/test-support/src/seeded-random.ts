/**
 * Random numbers that a failing test can have again: the same seed gives the same numbers on every machine and Node.
 * Not for cryptography and not for statistics.
 */

/** Returns a function that yields the next number in [0, 1). Any finite seed is good, also 0 and fractions. */
export function seededRandom(seed: number): () => number {
  if (!Number.isFinite(seed)) throw new RangeError(`a seed is a finite number, not ${seed}`)
  // An xorshift generator stays at 0 for ever, so the state is spread first and forced odd.
  let state = (Math.imul(Math.floor(seed) ^ 0x5bd1e995, 0x2c1b3c6d) ^ Math.floor((seed % 1) * 0x7fffffff)) | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 0x1_0000_0000
  }
}
