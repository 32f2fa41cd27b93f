/** What a benchmark is, what it is given and what it gives back. No I/O. */
import type { Better, Distribution } from './statistics.js'
import type { Target } from './target.js'

/** The name under which every benchmark enters our own side. */
export const OURS = 'ours'

export interface Context {
  /** Asks for a rough answer in under 20 seconds. */
  readonly isQuick: boolean
  /** Tells the person who waits what is going on. */
  progress(text: string): void
  /** Says that something is left out, and what to install. */
  notice(text: string): void
}

/** Everything measured in one case: for each contestant one sample per round. */
export interface Measured {
  /** Contains its number: `50 connections`. */
  readonly title: string
  readonly better: Better
  readonly samples: ReadonlyMap<string, readonly number[]>
  readonly targets: readonly Target[]
}

export interface Benchmark {
  readonly name: string
  /** The package that it measures, without the scope. */
  readonly package: string
  readonly summary: string
  readonly target: string
  readonly unit: string
  run(context: Context): Promise<readonly Measured[]>
}

/** One case as `--json` prints it. */
export interface CaseReport {
  readonly case: string
  readonly results: Readonly<Record<string, Distribution>>
  readonly ratios: Readonly<Record<string, number>>
}

export interface BenchmarkReport {
  readonly name: string
  readonly unit: string
  readonly cases: readonly CaseReport[]
}
