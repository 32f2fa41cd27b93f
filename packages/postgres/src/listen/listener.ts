/** Who listens to some channels: an iteration over what comes, with a limit to what is kept for it. */
import { Event } from '@shrapnel/core'
import { currentScope, keepAlive, QueuedWait, type Scope, WaitQueue } from '@shrapnel/core/parts'
import { PostgresError } from '../errors.js'
import { EventBuffer } from './event-buffer.js'
import type { ListenEvent, ListenGap } from './listen-event.js'
import type { ListenSettings } from './listen-options.js'

type Next = IteratorResult<ListenEvent, undefined>
const DONE: Next = { done: true, value: undefined }

export class Listener implements AsyncIterableIterator<ListenEvent, undefined>, AsyncDisposable {
  readonly channels: readonly string[]
  /** @internal */
  readonly settings: ListenSettings
  readonly #leave: (listener: Listener) => void
  readonly #buffer: EventBuffer
  readonly #waits = new WaitQueue<NextWait>()
  readonly #established = new Event<PostgresError | undefined>()
  #owed: ListenGap | null = null
  #isOver = false
  #failure: PostgresError | null = null
  /** The server listens, on the present connection. @internal */
  isListening = false

  /** @internal */
  constructor(channels: readonly string[], settings: ListenSettings, leave: (listener: Listener) => void) {
    this.channels = channels
    this.settings = settings
    this.#leave = leave
    this.#buffer = new EventBuffer(settings.maxBuffered)
  }

  /** It has listened once: losses are its gaps from then on. */
  get hasListened(): boolean {
    return this.#established.isSet
  }

  get isClosed(): boolean {
    return this.#isOver
  }

  /**
   * Waits until the server listens: whatever is notified after that will come. Cancelling leaves the listener as it is. Fails with what connecting
   * failed with, or with PG_CLOSED.
   */
  async ready(): Promise<void> {
    const failure = await keepAlive(this.#established.wait())
    if (failure !== undefined) throw failure
  }

  /**
   * The next event. Waits for it; cancelling loses none. Done after `close` of the listener or the pool. Fails with what connecting failed with, the
   * first time or for longer than `reconnectTimeoutMs`.
   */
  async next(): Promise<Next> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    const event = this.#buffer.shift()
    if (event !== undefined) return { done: false, value: event }
    if (this.#failure !== null) throw this.#failure
    if (this.#isOver) return DONE
    const wait = new NextWait(scope, this)
    this.#waits.push(wait)
    return await wait.suspend()
  }

  /** Called by a loop that is left. */
  async return(): Promise<Next> {
    this.close()
    return DONE
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** No more events. Does not wait; the server is told. Again without effect. */
  close(): void {
    this.#end(null)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  // For the hub

  /** @internal */
  fail(error: PostgresError): void {
    this.#end(error)
  }

  #end(failure: PostgresError | null): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#failure = failure
    this.#established.set(failure ?? new PostgresError('PG_CLOSED', 'the listener was closed'))
    this.#waits.drain((wait) => (failure === null ? wait.wake(DONE) : wait.fail(failure)))
    this.#leave(this)
  }

  /** @internal */
  listening(): void {
    this.isListening = true
    this.#established.set(undefined)
    this.#payGap()
  }

  /** The connection is lost. @internal */
  lost(since: Date, cause: PostgresError): void {
    this.isListening = false
    if (this.hasListened)
      this.#owed ??= { kind: 'gap', reason: 'reconnected', since, missed: undefined, cause }
  }

  /** When the connection was lost that no other has replaced; undefined if one listens, or none ever did. @internal */
  get lostSince(): Date | undefined {
    return this.#owed?.since
  }

  /** @internal */
  deliver(event: ListenEvent): void {
    if (this.#isOver) return
    // It comes from a new connection, that listens as this shows.
    this.#payGap()
    this.#give(event)
  }

  #payGap(): void {
    const gap = this.#owed
    if (gap === null) return
    this.#owed = null
    this.#give(gap)
  }

  #give(event: ListenEvent): void {
    const wait = this.#waits.shift()
    if (wait === undefined) this.#buffer.push(event)
    else wait.wake({ done: false, value: event })
  }
}

class NextWait extends QueuedWait<Next> {
  readonly #listener: Listener
  constructor(scope: Scope, listener: Listener) {
    super(scope)
    this.#listener = listener
  }
  protected override get isExternal(): boolean {
    return true
  }
  describe(): string {
    const { channels, isListening } = this.#listener
    return `postgres listen ${channels.join(', ')}${isListening ? '' : ' (not connected)'}`
  }
}
