/**
 * TimedWait: a wait that has something to do at a time, once or again and again, and goes on waiting. For what many events of several
 * descriptors mean to one waiter: they call methods of the wait, which ends itself by `wake` or `fail`. No coroutine is woken in
 * between, where `withTimeout` around a Fifo is a scope, a wait and three promises for each.
 */
import type { Scope } from '../runtime/scope.js'
import { addTimer, removeTimer, type Timed } from '../runtime/timers.js'
import { Wait } from '../runtime/wait.js'

export abstract class TimedWait<T> extends Wait<T> implements Timed {
  // Declared only, for the reason that Wait gives.
  declare at: number
  declare sequence: number
  declare place: number
  /** A turn after its time: what it waits for may have come meanwhile. */
  declare readonly yieldsToData: true

  constructor(scope: Scope) {
    super(scope)
    this.at = Infinity
    this.sequence = 0
    this.place = -1
    this.yieldsToData = true
  }

  /** `onTime` is called when `now()` has reached `at`, and not at the time that was set before. */
  protected setTime(at: number): void {
    removeTimer(this)
    this.at = at
    addTimer(this)
  }

  /** What it throws is what the wait fails with. */
  protected abstract onTime(): void

  /** It was woken, has failed or was cancelled. Called once. */
  protected abstract ended(): void

  /** Called by the clock. */
  expire(): void {
    if (!this.isPending) return
    try {
      this.onTime()
    } catch (error) {
      this.fail(error)
    }
  }

  override wake(value: T): void {
    if (!this.isPending) return
    this.unlink()
    super.wake(value)
  }

  override fail(error: unknown): void {
    if (!this.isPending) return
    this.unlink()
    super.fail(error)
  }

  protected unlink(): void {
    removeTimer(this)
    this.ended()
  }

  /** As for the outside world: it keeps the process alive. */
  protected override get isExternal(): boolean {
    return true
  }
}
