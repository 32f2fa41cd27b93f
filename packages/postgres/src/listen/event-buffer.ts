/** The events that a listener has not taken yet: so many, then they are counted instead of kept. */
import type { ListenEvent, ListenGap } from './listen-event.js'

export class EventBuffer {
  readonly #most: number
  readonly #events: ListenEvent[] = []
  /** What was left out, and since when. */
  #missed = 0
  #since = new Date(0)

  constructor(most: number) {
    this.#most = most
  }

  push(event: ListenEvent): void {
    const events = this.#events
    if (events.length + (this.#missed > 0 ? 2 : 1) <= this.#most) {
      if (this.#missed > 0) events.push(this.#overflow())
      events.push(event)
      return
    }
    if (this.#missed++ === 0) this.#since = new Date()
  }

  /** The next one, or what says that some are missing. */
  shift(): ListenEvent | undefined {
    return this.#events.shift() ?? (this.#missed > 0 ? this.#overflow() : undefined)
  }

  #overflow(): ListenGap {
    const missed = this.#missed
    this.#missed = 0
    return { kind: 'gap', reason: 'overflow', since: this.#since, missed, cause: undefined }
  }
}
