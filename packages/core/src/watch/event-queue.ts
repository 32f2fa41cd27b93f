/**
 * EventQueue: the events that nobody has taken yet, at most `limit` of them. It holds no watcher, so that one which was
 * forgotten while open can be collected.
 */
import { ClosedError, SimultaneousError } from '../errors.js'
import { currentScope } from '../runtime/current.js'
import type { Scope } from '../runtime/scope.js'
import { Wait } from '../runtime/wait.js'
import { Deque } from '../sync/deque.js'
import { nameOf } from '../sync/wait-queue.js'
import type { ChangeSink } from './event-source.js'
import type { WatchEvent } from './watch-event.js'

export class EventQueue implements ChangeSink {
  readonly path: string
  readonly #limit: number
  readonly #events = new Deque<WatchEvent>()
  /** The last queued `modify` of each path, as long as no name has changed since. */
  readonly #modified = new Map<string, WatchEvent>()
  #isOverflowing = false
  #ending: unknown
  #waiter: EventWait | null = null

  constructor(path: string, limit: number) {
    this.path = path
    this.#limit = limit
  }

  get size(): number {
    return this.#events.size
  }

  /** Everything was taken, and no more will come. */
  get isOver(): boolean {
    return this.#ending !== undefined && this.#events.size === 0
  }

  /** `error` is how the end was told, and nothing worse. */
  isEnd(error: unknown): boolean {
    return error === this.#ending && error instanceof ClosedError
  }

  push(event: WatchEvent): void {
    if (this.#ending !== undefined || this.#isOverflowing) return
    if (this.#waiter !== null) {
      this.#deliver(this.#waiter, event)
      return
    }
    const { type, path } = event
    if (type === 'modify' && this.#modified.has(path)) return
    if (type === 'overflow' || this.#events.size >= this.#limit) {
      this.#isOverflowing = true
      this.#modified.clear()
      this.#events.push({ type: 'overflow', path: this.path })
      return
    }
    this.#events.push(event)
    if (type === 'modify') this.#modified.set(path, event)
    else if (type === 'delete' || type === 'rename') this.#modified.clear()
  }

  end(): void {
    this.fail(new ClosedError(`the watcher of ${this.path} has ended: what it watched is gone`))
  }

  fail(error: unknown): void {
    if (this.#ending !== undefined) return
    this.#ending = error
    this.#waiter?.fail(error)
    this.#waiter = null
  }

  /** As `end`, and drops what nobody has taken. */
  close(): void {
    this.fail(new ClosedError(`the watcher of ${this.path} is closed: close() was called`))
    this.#events.drain()
    this.#modified.clear()
  }

  /** The first event, which there is. */
  take(): WatchEvent {
    const event = this.#events.shift()
    if (event.type === 'overflow') this.#isOverflowing = false
    else if (this.#modified.get(event.path) === event) this.#modified.delete(event.path)
    return event
  }

  /** Throws if it is over, or if somebody waits already. */
  claim(): void {
    if (this.isOver) throw this.#ending
    if (this.#waiter === null) return
    const other = this.#waiter.scope.coroutine
    const mine = currentScope().coroutine
    const hint = mine === other ? ' (was an await forgotten?)' : ''
    throw new SimultaneousError(
      'SIMULTANEOUS',
      `${nameOf(mine)} cannot wait for changes of ${this.path}: ${nameOf(other)} does${hint}`,
    )
  }

  /** The next event, when there is none yet. `owner` is kept from the collector meanwhile. */
  wait(scope: Scope, owner: object): Promise<WatchEvent> {
    this.#waiter = new EventWait(scope, this, owner)
    return this.#waiter.suspend()
  }

  /** For a wait that was cancelled. */
  forget(): void {
    this.#waiter = null
  }

  #deliver(waiter: EventWait, event: WatchEvent): void {
    this.#waiter = null
    waiter.wake(event)
  }
}

class EventWait extends Wait<WatchEvent> {
  readonly #queue: EventQueue
  readonly owner: object
  constructor(scope: Scope, queue: EventQueue, owner: object) {
    super(scope)
    this.#queue = queue
    this.owner = owner
  }
  protected override get isExternal(): boolean {
    return true
  }
  protected unlink(): void {
    this.#queue.forget()
  }
  describe(): string {
    return `watch ${this.#queue.path}`
  }
}
