/** Sleeping, and yielding. */
import { checkDuration, wrongType } from '../errors.js'
import { now } from '../runtime/clock.js'
import { currentScope } from '../runtime/current.js'
import { addTimer, removeTimer, type Timed } from '../runtime/timers.js'
import { type Job, nextTurn } from '../runtime/turn.js'
import { Wait } from '../runtime/wait.js'

/**
 * Waits `ms` milliseconds; 0 is a turn, as `yieldSlice()`. Not shorter than asked for, and longer by what the loop is
 * busy with. Cancelling leaves nothing behind.
 */
export function sleep(ms: number): Promise<void> {
  checkDuration('ms', ms)
  return ms === 0 ? yieldSlice() : sleepUntil(now() + ms)
}

/** Waits until `now()` is `at` or later. */
export function sleepUntil(at: number): Promise<void> {
  if (typeof at !== 'number' || Number.isNaN(at)) throw wrongType('at', 'a time in milliseconds', at)
  const scope = currentScope()
  const refused = scope.refuse()
  if (refused !== null) return refused
  const wait = new SleepWait(scope, at)
  addTimer(wait)
  return wait.suspend()
}

/** Lets I/O, timers and every other coroutine have their turn, not only what is in the microtask queue. */
export function yieldSlice(): Promise<void> {
  const scope = currentScope()
  const refused = scope.refuse()
  if (refused !== null) return refused
  const wait = new YieldWait(scope)
  nextTurn(wait)
  return wait.suspend()
}

class SleepWait extends Wait<void> implements Timed {
  at: number
  sequence = 0
  place = -1
  readonly yieldsToData = false
  constructor(scope: Wait<void>['scope'], at: number) {
    super(scope)
    this.at = at
  }
  protected override get isExternal(): boolean {
    return true
  }
  expire(): void {
    this.wake()
  }
  protected unlink(): void {
    removeTimer(this)
  }
  describe(): string {
    return this.at === Infinity
      ? 'sleep for ever'
      : `sleep ${Math.max(0, Math.round(this.at - now()))} ms more`
  }
}

class YieldWait extends Wait<void> implements Job {
  runJob(): void {
    this.wake()
  }
  protected unlink(): void {
    // The turn comes anyway; waking a wait that has ended does nothing.
  }
  describe(): string {
    return 'yield'
  }
}
