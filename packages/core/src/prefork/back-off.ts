/** How long to wait before something that ended is started again: not at all if it lived well, else longer every time. */

export interface BackOffOptions {
  readonly firstPauseMs: number
  readonly longestPauseMs: number
  readonly stableMs: number
}

/** More would make it Infinity, and no pause at all NaN. */
const MOST_DOUBLINGS = 64
const SHORTEST_AFTER_FAILURE_MS = 100

export class BackOff {
  readonly #options: BackOffOptions
  #failures = 0

  constructor(options: BackOffOptions) {
    this.#options = options
  }

  /** Lives too short for `stableMs`, one after the other, the last one among them. */
  get failures(): number {
    return this.#failures
  }

  /** The pause, in milliseconds, after a life of `livedMs`. */
  pauseAfter(livedMs: number): number {
    const { stableMs, firstPauseMs, longestPauseMs } = this.#options
    if (livedMs >= stableMs) {
      this.#failures = 0
      return 0
    }
    this.#failures += 1
    return Math.min(firstPauseMs * 2 ** Math.min(this.#failures - 1, MOST_DOUBLINGS), longestPauseMs)
  }

  /** The pause after a start that failed: never none, because nothing else would slow a loop of them down. */
  pauseAfterFailure(): number {
    return Math.max(this.pauseAfter(Number.NEGATIVE_INFINITY), SHORTEST_AFTER_FAILURE_MS)
  }

  reset(): void {
    this.#failures = 0
  }
}
