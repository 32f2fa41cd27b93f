/**
 * The garbage-collected heap, for tests that nothing is retained. It measures growth, not size: what stays after a
 * collection, before and after many rounds. Memory that a native library takes without telling V8 is not seen here.
 */
import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Below this, growth is noise: compiled code, inline caches, the runner's own bookkeeping. */
const DEFAULT_TOLERANCE_BYTES = 256 * 1024

/** A finalizer runs in a later turn and may free more; after the third collection nothing moved in practice. */
const COLLECTIONS = 4

let gc: (() => void) | undefined

/** Collects all garbage now, in this thread. Works without `--expose-gc` on the command line. */
export function collectGarbage(): void {
  if (gc === undefined) {
    setFlagsFromString('--expose-gc')
    gc = runInNewContext('gc') as () => void
  }
  gc()
}

/** Bytes of the heap in use, after collections between which the loop turned, so that finalizers could run. */
export async function heapUsedAfterGc(): Promise<number> {
  return (await measure()).heapUsed
}

export interface FlatHeapOptions {
  /** Rounds before the first measurement, in which code is compiled and caches fill. A tenth of `rounds` by default. */
  readonly warmUpRounds?: number | undefined
  /** How much the heap, and the memory of buffers outside it, may each grow over all rounds. */
  readonly toleranceBytes?: number | undefined
}

/**
 * Runs `fn` `rounds` times and asserts that the heap and the buffers outside it are afterwards where they were. `fn` may
 * be asynchronous; a synchronous one is called without an `await`, so that a million rounds are quick. Choose `rounds`
 * so that a leak of one small object each would exceed the tolerance many times.
 */
export async function expectFlatHeap(
  rounds: number,
  fn: (round: number) => unknown,
  options: FlatHeapOptions = {},
): Promise<void> {
  if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`rounds cannot be ${rounds}`)
  const { warmUpRounds = Math.ceil(rounds / 10), toleranceBytes = DEFAULT_TOLERANCE_BYTES } = options
  await repeat(warmUpRounds, fn)
  const before = await measure()
  await repeat(rounds, fn)
  const after = await measure()
  for (const part of ['heapUsed', 'external'] as const) {
    const grown = after[part] - before[part]
    const each = (grown / rounds).toFixed(1)
    const text = `${part} grew by ${grown} bytes over ${rounds} rounds (${each} each; ${toleranceBytes} in all tolerated)`
    assert.ok(grown <= toleranceBytes, text)
  }
}

async function repeat(rounds: number, fn: (round: number) => unknown): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const result = fn(round)
    if (result instanceof Promise) await result
  }
}

async function measure(): Promise<{ heapUsed: number; external: number }> {
  for (let i = 0; i < COLLECTIONS; i++) {
    collectGarbage()
    await turn()
  }
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return { heapUsed, external }
}
