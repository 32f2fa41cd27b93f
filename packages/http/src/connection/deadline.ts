/**
 * The one time limit of a connection at a time. It is set at every request and hardly ever comes: so it stays where it is among the
 * timers, and looks again when it rings. Only one that is earlier than that is moved.
 */
import { now } from '@shrapnel/core'
import { addTimer, removeTimer, type Timed } from '@shrapnel/core/parts'

export class Deadline implements Timed {
  at = Number.POSITIVE_INFINITY
  sequence = 0
  place = -1
  readonly yieldsToData = true
  #due = Number.POSITIVE_INFINITY
  readonly #owner: { onDeadline(): void }

  constructor(owner: { onDeadline(): void }) {
    this.#owner = owner
  }

  /** `Infinity`: there is none. */
  set(due: number): void {
    this.#due = due
    if (due < this.at) this.#arm()
  }

  #arm(): void {
    removeTimer(this)
    this.at = this.#due
    addTimer(this)
  }

  expire(): void {
    this.at = Number.POSITIVE_INFINITY
    if (this.#due > now()) this.#arm()
    else {
      this.#due = Number.POSITIVE_INFINITY
      this.#owner.onDeadline()
    }
  }

  end(): void {
    this.#due = this.at = Number.POSITIVE_INFINITY
    removeTimer(this)
  }
}
