/** What a coroutine waits in that wants more of an answer: rows, data, or the end of it. */
import { now } from '@shrapnel/core'
import { type Scope, TimedWait } from '@shrapnel/core/parts'

export interface Pulled {
  describe(): string
  /** Nobody waits for it any more: it is cancelled. */
  abandon(): void
  /** It took longer than it may: fails it. */
  tookTooLong(timeoutMs: number): void
}

export class PullWait extends TimedWait<void> {
  readonly #pulled: Pulled
  readonly #timeoutMs: number

  constructor(scope: Scope, pulled: Pulled, timeoutMs: number) {
    super(scope)
    this.#pulled = pulled
    this.#timeoutMs = timeoutMs
  }

  run(): Promise<void> {
    const over = this.suspend()
    if (this.#timeoutMs !== Infinity) this.setTime(now() + this.#timeoutMs)
    return over
  }

  override cancel(error: unknown): void {
    if (!this.isPending) return
    super.cancel(error)
    this.#pulled.abandon()
  }

  protected onTime(): void {
    this.#pulled.tookTooLong(this.#timeoutMs)
  }

  protected ended(): void {
    // It is in no queue.
  }

  describe(): string {
    return this.#pulled.describe()
  }
}
