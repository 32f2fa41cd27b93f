/**
 * What a session has written and its peer has not taken. Bounded: code that prints faster than the peer reads must not
 * fill the memory of the program it looks into. Past the bound the outbox says so once and drops everything from then on.
 */
import { Event, type Stream } from '@shrapnel/core'

export class Outbox {
  readonly #maxUnsentBytes: number
  readonly #overflowed: () => void
  readonly #hasWork = new Event()
  #parts: Uint8Array[] = []
  #unsentBytes = 0
  #state: 'open' | 'ended' | 'dropped' = 'open'

  constructor(maxUnsentBytes: number, overflowed: () => void) {
    this.#maxUnsentBytes = maxUnsentBytes
    this.#overflowed = overflowed
  }

  /** Bytes that the kernel has not taken. */
  get unsentBytes(): number {
    return this.#unsentBytes
  }

  /** Takes `bytes` over: they must not be changed. Without effect after `end` or `drop`. */
  push(bytes: Uint8Array): void {
    if (this.#state !== 'open' || bytes.length === 0) return
    if (this.#unsentBytes + bytes.length > this.#maxUnsentBytes) {
      this.drop()
      this.#overflowed()
      return
    }
    this.#unsentBytes += bytes.length
    this.#parts.push(bytes)
    this.#hasWork.set()
  }

  /** Nothing more will come; what is here still goes out. */
  end(): void {
    if (this.#state !== 'open') return
    this.#state = 'ended'
    this.#hasWork.set()
  }

  /** Nothing goes out any more. */
  drop(): void {
    this.#state = 'dropped'
    this.#parts = []
    this.#unsentBytes = 0
    this.#hasWork.set()
  }

  /** Sends to `stream` as things come, until `end` or `drop`. Cancelling is as with `send`: the stream may be broken then. */
  async sendTo(stream: Stream): Promise<void> {
    for (;;) {
      await this.#hasWork.wait()
      this.#hasWork.reset()
      const parts = this.#parts
      if (parts.length === 0 && this.#state !== 'open') return
      this.#parts = []
      const bytes = parts.reduce((sum, part) => sum + part.length, 0)
      await stream.sendv(parts)
      if (this.#state !== 'dropped') this.#unsentBytes -= bytes
      if (this.#state !== 'open') this.#hasWork.set()
    }
  }
}
