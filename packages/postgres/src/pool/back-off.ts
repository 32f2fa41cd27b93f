/** How long to leave a server alone that could not be reached: longer each time, and never as long as others do. */

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 2_000
/** More would make it Infinity. */
const MOST_DOUBLINGS = 32

export class BackOff {
  #failures = 0
  readonly #longestMs: number

  constructor(longestMs: number = LONGEST_PAUSE_MS) {
    this.#longestMs = longestMs
  }

  /** One after another, the last one among them. */
  get failures(): number {
    return this.#failures
  }

  /** Milliseconds to wait, half of it by chance. */
  failed(): number {
    const pauseMs = Math.min(
      FIRST_PAUSE_MS * 2 ** Math.min(this.#failures++, MOST_DOUBLINGS),
      this.#longestMs,
    )
    return pauseMs * (0.5 + 0.5 * Math.random())
  }

  succeeded(): void {
    this.#failures = 0
  }
}
