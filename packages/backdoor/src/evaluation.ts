/**
 * One piece of typed code that runs: a scope of its own, in the coroutine of the session, so that ^C ends what it waits for and
 * nothing that an earlier line has started.
 */
import { type Group, group } from '@shrapnel/core'

export class Evaluation {
  /** It threw, and was reported. */
  hasFailed = false
  /** False: the code goes on in the next line. */
  isWhole = true
  #group: Group | undefined
  #settle: () => void = () => {}

  /** Calls `start` in the scope, at once; the scope is open until `end`. */
  run(start: () => void): void {
    const isOver = new Promise<void>((resolve) => {
      this.#settle = resolve
    })
    // The group ends when `isOver` does. That it may end as cancelled is the business of whoever cancelled it.
    const body = (own: Group): Promise<void> => {
      this.#group = own
      start()
      return isOver
    }
    group(body).catch(() => {})
  }

  /** Every wait of core in it is interrupted. A promise that is not ours goes on. */
  cancel(): void {
    this.#group?.cancel('^C')
  }

  end(): void {
    this.#settle()
  }
}
