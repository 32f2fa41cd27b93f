/** What the in-process programs share: their arguments, a timed loop, and the one line they print. */
import { performance } from 'node:perf_hooks'

/** The contestant and the parameters that the harness passed. */
export function programArguments<Parameters>(): {
  readonly contestant: string
  readonly parameters: Parameters
} {
  const [contestant, text] = process.argv.slice(2)
  if (contestant === undefined || text === undefined)
    throw new RangeError('usage: program <contestant> <json>')
  return { contestant, parameters: JSON.parse(text) as Parameters }
}

/** One of `table`, or an error that names the contestant. */
export function chosen<Value>(table: Readonly<Record<string, Value>>, contestant: string): Value {
  const value = table[contestant]
  if (value === undefined) throw new RangeError(`this program has no contestant '${contestant}'`)
  return value
}

/** How many a second: repeats `batch`, which does `size` operations, first to warm up and then for `timeMs`. */
export async function ratePerSecond(
  size: number,
  timeMs: number,
  batch: () => Promise<void>,
): Promise<number> {
  const warmUntil = performance.now() + timeMs / 3
  while (performance.now() < warmUntil) await batch()
  const started = performance.now()
  let batches = 0
  let elapsedMs = 0
  while (elapsedMs < timeMs) {
    await batch()
    batches++
    elapsedMs = performance.now() - started
  }
  return (batches * size * 1_000) / elapsedMs
}

/** Prints the answer and ends the process, whatever it still has waiting. */
export function finish(answer: Readonly<Record<string, number>>): never {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
  process.exit(0)
}

/** What the heap holds once all garbage is gone. */
export function heapBytesAfterGc(): number {
  for (let i = 0; i < 4; i++) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
