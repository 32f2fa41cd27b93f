/** How long to wait before something that ended is started again: not at all if it lived well, else longer every time. */

export interface BackOffOptions {
  readonly firstPauseMs: number
  readonly longestPauseMs: number
  readonly stableMs: number
}

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
    return Math.min(firstPauseMs * 2 ** (this.#failures - 1), longestPauseMs)
  }

  reset(): void {
    this.#failures = 0
  }
}
