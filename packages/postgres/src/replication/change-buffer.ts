/** Events that have come and were not taken: as many bytes as are allowed, then whoever brings more has to wait. */
import { Event } from '@shrapnel/core'
import type { ReplicationEvent } from './change.js'

/** What an event costs besides the bytes that it came in. */
const EVENT_BYTES = 64
const FORGET_AFTER = 1024

export class ChangeBuffer {
  readonly #most: number
  #events: ReplicationEvent[] = []
  #sizes: number[] = []
  #taken = 0
  #bytes = 0
  readonly #room = new Event()

  constructor(most: number) {
    this.#most = most
    this.#room.set()
  }

  get isFull(): boolean {
    return this.#bytes >= this.#most
  }

  /** Waits while it is full. */
  async room(): Promise<void> {
    while (this.isFull) {
      this.#room.reset()
      await this.#room.wait()
    }
  }

  push(event: ReplicationEvent, bytes: number): void {
    const size = bytes + EVENT_BYTES
    this.#events.push(event)
    this.#sizes.push(size)
    this.#bytes += size
  }

  shift(): ReplicationEvent | undefined {
    const at = this.#taken
    const event = this.#events[at]
    if (event === undefined) return undefined
    this.#bytes -= this.#sizes[at] as number
    this.#taken++
    if (this.#taken === this.#events.length) this.clear()
    else {
      if (this.#taken >= FORGET_AFTER && this.#taken * 2 > this.#events.length) this.#forget()
      // Not for each one: whoever brings more is to bring many.
      if (this.#bytes * 2 <= this.#most) this.#room.set()
    }
    return event
  }

  /** What was taken is let go. */
  #forget(): void {
    this.#events = this.#events.slice(this.#taken)
    this.#sizes = this.#sizes.slice(this.#taken)
    this.#taken = 0
  }

  clear(): void {
    this.#events = []
    this.#sizes = []
    this.#taken = this.#bytes = 0
    this.#room.set()
  }
}
