/** Watcher: the changes of a file or a folder, one after the other. */
import type { Awaitable } from '../awaitable.js'
import { SimultaneousError } from '../errors.js'
import { closeOnExit } from '../exit.js'
import { currentScope } from '../runtime/current.js'
import { afterTurn, spend } from '../runtime/fairness.js'
import type { Scope } from '../runtime/scope.js'
import { EventQueue } from './event-queue.js'
import type { ChangeSource, OpenSource, WatchTarget } from './event-source.js'
import type { WatchEvent } from './watch-event.js'

/** What has to be closed, apart from the watcher: the collector can find that nobody has the watcher any more. */
class Watching {
  readonly queue: EventQueue
  readonly #source: ChangeSource
  readonly #forget: () => void

  constructor(target: WatchTarget, limit: number, open: OpenSource) {
    this.queue = new EventQueue(target.path, limit)
    this.#source = open(target, this.queue)
    this.#forget = closeOnExit(this)
  }

  close(): void {
    this.#forget()
    this.#source.close()
    this.queue.close()
  }
}

const forgotten = new FinalizationRegistry<Watching>((watching) => watching.close())

/** Made by `watch`. One coroutine at a time waits for its events. */
export class Watcher implements AsyncIterable<WatchEvent>, Disposable, AsyncDisposable {
  readonly #watching: Watching
  readonly #queue: EventQueue

  /** @internal */
  constructor(target: WatchTarget, limit: number, open: OpenSource) {
    this.#watching = new Watching(target, limit, open)
    this.#queue = this.#watching.queue
    forgotten.register(this, this.#watching, this)
  }

  /** The path that was given. */
  get path(): string {
    return this.#queue.path
  }

  /** True when no event will come any more: after `close`, or when what was watched is gone and every event was taken. */
  get isClosed(): boolean {
    return this.#queue.isOver
  }

  /**
   * The next event. Waits for one; cancelling loses none. Fails with `CLOSED` after `close`, and at the end; with `SIMULTANEOUS`
   * if somebody waits already; with `ENOSPC` when there are more new folders than the kernel watches, which ends the watcher.
   */
  next(): Awaitable<WatchEvent> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    return this.#next(scope)
  }

  #next(scope: Scope): Awaitable<WatchEvent> {
    const queue = this.#queue
    queue.claim()
    if (queue.size === 0) return queue.wait(scope, this)
    return spend(scope) ? queue.take() : afterTurn(() => this.#next(currentScope()))
  }

  /** Every event, until the watcher ends or is closed. However the loop is left, the watcher is closed then. */
  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent, void> {
    let isOurs = true
    try {
      for (;;) yield await this.next()
    } catch (error) {
      if (error instanceof SimultaneousError) isOurs = false
      if (!this.#queue.isEnd(error)) throw error
    } finally {
      if (isOurs) this.close()
    }
  }

  /** Stops watching; again without effect. Whoever waits in `next` gets `ClosedError`, a loop over it ends. */
  close(): void {
    forgotten.unregister(this)
    this.#watching.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }
}
