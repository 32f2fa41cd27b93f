/**
 * One limit for a whole lookup, whatever it asks. Each question gets what is left of it and fails in time by itself, so that its failure,
 * which says how each server did, is not lost; there is no limit around them.
 */
import { now } from '@shrapnel/core'

export class Deadline {
  readonly timeoutMs: number
  readonly #at: number

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs
    this.#at = now() + timeoutMs
  }

  get leftMs(): number {
    return Math.max(0, this.#at - now())
  }
}
