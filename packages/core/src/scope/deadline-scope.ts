/**
 * A scope with a time limit, for `withTimeout` and `shield`. On expiry its waits reject with `Interrupted`; where the
 * scope was opened, and only there, that becomes `TimeoutError`.
 *
 * The function may be stuck on a promise that is not ours, which cannot be interrupted. So two turns after the expiry,
 * if it has not ended, and none of our waits is pending below and no shield open (it is not cleaning up), the scope
 * gives up waiting for it. So it does when it was cancelled from outside before, and its own time comes.
 */
import { Interrupted, TimeoutError } from '../errors.js'
import { now } from '../runtime/clock.js'
import { type Coroutine, isPlainPromise, isThenable, promiseOf } from '../runtime/coroutine.js'
import { runIn } from '../runtime/current.js'
import { hold, release } from '../runtime/liveness.js'
import { reportFailure } from '../runtime/notifier.js'
import { interruption, Scope } from '../runtime/scope.js'
import { addTimer, removeTimer, type Timed } from '../runtime/timers.js'
import { nextTurn } from '../runtime/turn.js'

const LONGEST_RECHECK_MS = 100

export class DeadlineScope extends Scope implements Timed {
  at: number
  sequence = 0
  place = -1
  readonly yieldsToData = true
  readonly #timeoutMs: number
  readonly #holds: boolean
  #hasExpired = false
  #giveUp: ((error: unknown) => void) | null = null
  #stuckOn: Promise<unknown> | null = null
  #recheckMs = 0.5
  #isClosed = false

  constructor(parent: Scope, coroutine: Coroutine, timeoutMs: number, isShield: boolean) {
    super(parent, coroutine, isShield)
    this.#timeoutMs = timeoutMs
    this.at = now() + timeoutMs
    this.#holds = timeoutMs !== Infinity && !coroutine.isDaemon
    if (this.#holds) hold()
    addTimer(this)
  }

  /** Calls `fn` in this scope and closes it when `fn` has ended. */
  run<Arguments extends unknown[], Result>(
    fn: (...args: Arguments) => Result | PromiseLike<Result>,
    args: Arguments,
  ): Promise<Result> {
    let result: Result | PromiseLike<Result>
    try {
      result = runIn(this, fn, ...args)
      if (isThenable(result))
        return this.#settle(isPlainPromise(result) ? result : runIn(this, promiseOf, result))
    } catch (error) {
      this.close()
      return Promise.reject(this.#translate(error))
    }
    this.close()
    return Promise.resolve(result)
  }

  // An async function, so that a TimeoutError made in it has the caller in its stack.
  async #settle<Result>(result: Promise<Result>): Promise<Result> {
    try {
      return await new Promise<Result>((resolve, reject) => {
        this.#giveUp = reject
        this.#stuckOn = result
        result.then(resolve, reject)
      })
    } catch (error) {
      throw this.#translate(error)
    } finally {
      this.close()
    }
  }

  expire(): void {
    if (this.#isClosed) return
    if (this.cancellation === null) {
      this.#hasExpired = true
      this.cancel({
        origin: this,
        kind: 'interrupted',
        text: `a timeout of ${this.#timeoutMs} ms expired further out`,
      })
    }
    // Two turns for the function to end by itself: in the first, coroutines that were about to start or resume do.
    nextTurn({ runJob: () => nextTurn({ runJob: () => this.#giveUpIfStuck() }) })
  }

  #giveUpIfStuck(): void {
    if (this.#isClosed || this.#stuckOn === null || this.cancellation === null) return
    if (this.hasActiveWaits()) {
      // It cleans up, in a shield. Look again later, less and less often.
      this.#recheckMs = Math.min(2 * this.#recheckMs, LONGEST_RECHECK_MS)
      this.at = now() + this.#recheckMs
      addTimer(this)
      return
    }
    const { coroutine } = this
    this.#stuckOn.then(
      undefined,
      (error) => error instanceof Interrupted || reportFailure(error, coroutine, 'failed after its timeout'),
    )
    this.#giveUp?.(interruption(this.cancellation))
  }

  override close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    removeTimer(this)
    if (this.#holds) release()
    super.close()
  }

  #translate(error: unknown): unknown {
    const isOurs = this.#hasExpired && error instanceof Interrupted && error.origin === this
    return isOurs ? new TimeoutError(this.#timeoutMs) : error
  }
}
