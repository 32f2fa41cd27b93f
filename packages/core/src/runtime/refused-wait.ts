/** A wait that was refused before it began: it rejects in the next turn. A wait all the same, so that whoever asks sees that something goes on. */
import type { Interrupted } from '../errors.js'
import type { Scope } from './scope.js'
import { type Job, nextTurn } from './turn.js'
import { Wait } from './wait.js'

export class RefusedWait extends Wait<never> implements Job {
  readonly #error: Interrupted
  readonly #interrupt: (() => Interrupted) | null
  /** `interrupt`: the one that the coroutine had pending, if `error` is of it. */
  constructor(scope: Scope, error: Interrupted, interrupt: (() => Interrupted) | null) {
    super(scope)
    this.#error = error
    this.#interrupt = interrupt
    nextTurn(this)
  }
  runJob(): void {
    this.fail(this.#error)
  }
  protected unlink(): void {
    // The turn comes anyway; failing a wait that has ended does nothing. The interrupt did not arrive: it stays pending.
    if (this.#interrupt !== null) this.scope.coroutine.pendingInterrupt ??= this.#interrupt
  }
  describe(): string {
    return 'the end of a wait that was refused'
  }
}
