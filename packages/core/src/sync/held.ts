/** Held: what a lock gives to whoever has it, and takes back once. */

export interface Held extends Disposable {
  /** Gives it back; a second time without effect. Any coroutine that has this object may do it. `using` calls it. */
  release(): void
}

export abstract class HeldOnce implements Held {
  // Declared only, for the reason that Wait gives.
  declare private isReleased: boolean

  constructor() {
    this.isReleased = false
  }

  protected abstract giveBack(): void

  release(): void {
    if (this.isReleased) return
    this.isReleased = true
    this.giveBack()
  }

  [Symbol.dispose](): void {
    this.release()
  }
}

/** Calls `fn` while `acquired` is held, and releases it however `fn` ends. */
export async function withHeld<T>(acquired: Held | Promise<Held>, fn: () => T | PromiseLike<T>): Promise<T> {
  const held = await acquired
  try {
    return await fn()
  } finally {
    held.release()
  }
}
