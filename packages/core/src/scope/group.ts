/** Groups: coroutines that cannot outlive the block that started them. */
import { CoroError, checkFunction, GroupError, Interrupted } from '../errors.js'
import type { Coroutine } from '../runtime/coroutine.js'
import { runIn } from '../runtime/current.js'
import { interruption } from '../runtime/scope.js'
import { type SpawnArguments, type SpawnOptions, spawnParts } from '../spawn.js'
import { Children } from './children.js'

export class Group {
  readonly #failures: unknown[] = []
  readonly #children = new Children((_, outcome) => {
    if (outcome.status === 'rejected') this.#fail(outcome.reason)
  })

  /** Starts a coroutine of this group, as `spawn` does. The group waits for it, and its failure cancels the others. */
  spawn<Arguments extends unknown[], T>(
    fn: (...args: Arguments) => T | PromiseLike<T>,
    ...args: Arguments
  ): Coroutine<T>
  spawn<Arguments extends unknown[], T>(
    options: SpawnOptions,
    fn: (...args: Arguments) => T | PromiseLike<T>,
    ...args: Arguments
  ): Coroutine<T>
  spawn<T>(...parts: SpawnArguments): Coroutine<T> {
    const { fn, args, options } = spawnParts(parts)
    if (this.#children.isClosed)
      throw new CoroError('GROUP_CLOSED', 'the group has ended: it takes no more coroutines')
    return this.#children.spawn(fn, args, options) as Coroutine<T>
  }

  /** Children that have not ended. */
  get size(): number {
    return this.#children.running
  }

  /**
   * Cancels the block and every child; the group then ends when they have. If the block was interrupted by this, there is
   * no result: `group` gives `undefined` then.
   */
  cancel(reason?: unknown): void {
    this.#children.cancel('the group was cancelled', reason)
  }

  #fail(error: unknown): void {
    // An interruption is a consequence, of our own cancelling or of one further out, and no failure.
    if (error instanceof Interrupted) return
    // The block that joins a child fails with the child's own error: one failure, not two.
    if (!this.#failures.includes(error)) this.#failures.push(error)
    this.#children.cancel('something else in the group failed')
  }

  /** @internal */
  async run<T>(body: (group: Group) => T | PromiseLike<T>): Promise<T> {
    const { scope } = this.#children
    let result: { value: T } | undefined
    let interrupted: unknown
    try {
      result = { value: await runIn(scope, body, this) }
    } catch (error) {
      interrupted = error
      this.#fail(error)
      this.#children.cancel('the block of the group was interrupted')
    }
    await this.#end()
    if (result !== undefined) return result.value
    // Our own cancelling ends here, and quietly: it is how a block says that it is done.
    if (interrupted instanceof Interrupted && interrupted.origin === scope) return undefined as T
    throw interrupted
  }

  async #end(): Promise<void> {
    const { scope } = this.#children
    const interrupted = await this.#children.settle()
    if (this.#failures.length > 0) throw new GroupError(this.#failures)
    if (interrupted !== undefined && interrupted.origin !== scope) throw interrupted
    const above = scope.outer?.cancellation
    if (above != null && scope.cancellation === above) throw interruption(above)
  }

  /** Waits for every child; for `await using`. A block that fails does not cancel them: use `group(fn)` for that. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end()
  }
}

/**
 * Calls `body` with a new group and waits until it and every coroutine spawned in the group have ended. The first
 * failure, of the body or a child, cancels the rest. Gives the result of `body`; rejects with `GroupError` (`GROUP`)
 * that holds every failure, or with `Interrupted` if the group was cancelled from outside and nothing else failed. A block that the
 * group's own `cancel()` interrupted has no result: `undefined`.
 *
 * Without `body` it gives the group itself, to be closed by `await using`.
 */
export function group(): Group
export function group<T>(body: (group: Group) => T | PromiseLike<T>): Promise<T>
export function group<T>(body?: (group: Group) => T | PromiseLike<T>): Group | Promise<T> {
  if (body === undefined) return new Group()
  checkFunction('body', body)
  return new Group().run(body)
}
