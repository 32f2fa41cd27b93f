/** The coroutine that waits for a message. One for each connection, used again for every wait. */
import { type Scope, Wait } from '@shrapnel/core/parts'

/** How receiving ended. */
export interface End {
  readonly error: unknown
  /** By a close, as it should: an iteration just ends. */
  readonly isQuiet: boolean
}

export class ReceiveWait extends Wait<unknown> {
  #isNext = false

  /** `isNext`: what is waited for is a step of an iteration. */
  again(scope: Scope, isNext: boolean): Promise<unknown> {
    this.scope = scope
    this.#isNext = isNext
    return this.suspend()
  }

  deliver(message: string | Buffer): void {
    this.wake(this.#isNext ? { done: false, value: message } : message)
  }

  end({ error, isQuiet }: End): void {
    if (this.#isNext && isQuiet) this.wake({ done: true, value: undefined })
    else this.fail(error)
  }

  protected unlink(): void {
    // Nobody keeps a list of these: whether it waits is asked of itself.
  }

  describe(): string {
    return 'websocket receive'
  }
}
