/** Coroutines that belong to a scope and are waited for together: what `group` and `inParallel` have in common. */
import type { Interrupted } from '../errors.js'
import { Coroutine, type CoroutineSettings, type Supervisor } from '../runtime/coroutine.js'
import { currentScope } from '../runtime/current.js'
import { Scope } from '../runtime/scope.js'
import { Wait } from '../runtime/wait.js'

export class Children implements Supervisor {
  readonly scope: Scope
  #running = 0
  #wait: ChildrenWait | null = null
  readonly #ended: (child: Coroutine, outcome: PromiseSettledResult<unknown>) => void
  #isClosed = false

  constructor(ended: (child: Coroutine, outcome: PromiseSettledResult<unknown>) => void) {
    const parent = currentScope()
    this.scope = new Scope(parent, parent.coroutine)
    this.#ended = ended
  }

  get running(): number {
    return this.#running
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  spawn(fn: (...args: never[]) => unknown, args: unknown[], settings: CoroutineSettings = {}): Coroutine {
    this.#running++
    return new Coroutine(fn, args, { ...settings, owner: this.scope, supervisor: this })
  }

  childEnded(child: Coroutine, outcome: PromiseSettledResult<unknown>): void {
    this.#running--
    this.#ended(child, outcome)
    if (this.#running === 0) this.#wait?.wake()
  }

  cancel(text: string, reason?: unknown): void {
    this.scope.cancel({ origin: this.scope, kind: 'shutdown', text, reason })
  }

  /**
   * Waits until no child is left, whatever happens: an interruption cancels the children and the wait goes on. Gives
   * that interruption. Closes the scope.
   */
  async settle(): Promise<Interrupted | undefined> {
    let interruption: Interrupted | undefined
    while (this.#running > 0) {
      try {
        await this.#pause()
      } catch (error) {
        interruption ??= error as Interrupted
        this.cancel('the coroutine that waits for this one was interrupted')
      }
    }
    this.#wait = null
    this.#isClosed = true
    this.scope.close()
    return interruption
  }

  #pause(): Promise<void> {
    // Cancelled, it waits all the same; but an interrupt that came while the block ran ends it, as it ends any wait.
    const refused = this.scope.cancellation === null ? this.scope.refuse() : null
    if (refused !== null) return refused
    this.#wait = new ChildrenWait(this)
    return this.#wait.suspend()
  }
}

class ChildrenWait extends Wait<void> {
  readonly #children: Children
  constructor(children: Children) {
    super(children.scope)
    this.#children = children
  }
  override get isForChildren(): boolean {
    return true
  }
  protected unlink(): void {
    // Nobody keeps a list of these.
  }
  describe(): string {
    return `${this.#children.running} coroutines of its group`
  }
}
