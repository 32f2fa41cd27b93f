/** A sender that waits until little enough is queued. */
import { type Scope, Wait } from '@shrapnel/core/parts'

export class RoomWait extends Wait<void> {
  /** So many bytes may still be queued when it goes on. */
  readonly most: number

  constructor(scope: Scope, most: number) {
    super(scope)
    this.most = most
  }

  protected unlink(): void {
    // Its outbox has one at a time; waking one that has ended does nothing.
  }

  describe(): string {
    return 'websocket send'
  }
}
