/**
 * A slot's changes, one after another: over one connection, and over the next one when that is lost, for as long as somebody wants them. It
 * promises at least once: what was not acknowledged comes again after a loss, and nothing is left out.
 */
import { type Coroutine, Event, Interrupted, now, sleep, spawn } from '@shrapnel/core'
import {
  afterTurn,
  currentScope,
  keepAlive,
  QueuedWait,
  type Scope,
  spend,
  WaitQueue,
} from '@shrapnel/core/parts'
import { connectionFailure } from '../connection/failures.js'
import { PostgresError } from '../errors.js'
import { BackOff } from '../pool/back-off.js'
import type { ReplicationChange, ReplicationEvent } from './change.js'
import { ChangeBuffer } from './change-buffer.js'
import { Positions } from './positions.js'
import { type ChangeTaker, ReplicationStream, type StreamSettings } from './stream.js'

type Next = IteratorResult<ReplicationEvent, undefined>
const DONE: Next = { done: true, value: undefined }

/** What `ready` gives. */
export interface ReplicationStart {
  /** Where a slot that was made for this begins: what was committed before is in the tables, what comes later is in the changes. Undefined if there was one. */
  readonly consistentPoint: bigint | undefined
}

export class Replication implements AsyncIterableIterator<ReplicationEvent, undefined>, AsyncDisposable {
  readonly slot: string
  readonly #settings: StreamSettings
  readonly #positions: Positions
  readonly #buffer: ChangeBuffer
  readonly #taker: ChangeTaker
  readonly #waits = new WaitQueue<NextWait>()
  readonly #started = new Event<ReplicationStart | PostgresError>()
  readonly #over = new Event()
  readonly #backOff = new BackOff()
  readonly #coroutine: Coroutine<void>
  #stream: ReplicationStream | null = null
  /** When the connection was lost that none has replaced. */
  #lost: { readonly since: Date; readonly at: number; readonly cause: PostgresError } | null = null
  #hasBegun = false
  #isEnding = false
  #isOver = false
  #failure: PostgresError | null = null

  /** @internal */
  constructor(settings: StreamSettings) {
    this.slot = settings.slot
    this.#settings = settings
    this.#positions = new Positions(settings.startLsn)
    const buffer = new ChangeBuffer(settings.maxBufferedBytes)
    this.#buffer = buffer
    this.#taker = {
      take: (change, bytes) => this.#give(change, bytes),
      get isFull() {
        return buffer.isFull
      },
      room: () => buffer.room(),
    }
    this.#coroutine = spawn({ name: `replication of ${this.slot}`, daemon: true }, () => this.#run())
  }

  /** What was acknowledged, and what has come to nothing behind it: the server may have forgotten all before. */
  get acknowledged(): bigint {
    return this.#positions.flushed
  }

  /** A connection is there, and changes come. */
  get isStreaming(): boolean {
    return this.#stream !== null
  }

  get isClosed(): boolean {
    return this.#isEnding || this.#isOver
  }

  /** Waits until changes may come, the first time. Cancelling leaves all as it is. Fails with what connecting failed with, or with PG_CLOSED. */
  async ready(): Promise<ReplicationStart> {
    const start = await keepAlive(this.#started.wait())
    if (start instanceof PostgresError) throw start
    return start
  }

  /**
   * The next change. Waits for it; cancelling loses none. Done after `close`. Fails with what connecting failed with, the first time or for longer
   * than `reconnectTimeoutMs`; with what the server refused (PG_SERVER), or with PG_PROTOCOL, PG_LIMIT: those would come again.
   */
  async next(): Promise<Next> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    if (!spend(scope)) return await afterTurn(() => this.next())
    const event = this.#buffer.shift()
    if (event !== undefined) return this.#given(event)
    if (this.#failure !== null) throw this.#failure
    if (this.isClosed) return DONE
    const wait = new NextWait(scope, this)
    this.#waits.push(wait)
    return await wait.suspend()
  }

  /**
   * This change, and all that came before it in the iteration, need not come again: `acknowledge(change.lsn)`. The server is told at once, and may
   * forget them. Does not wait. Throws ERR_OUT_OF_RANGE for what was not given yet.
   */
  acknowledge(lsn: bigint): void {
    if (this.#positions.acknowledge(lsn)) this.#stream?.report()
  }

  /** Called by a loop that is left, and waits as `close` does. */
  async return(): Promise<Next> {
    await this.close()
    return DONE
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /**
   * Ends the iteration: what was acknowledged is told, the server ends its side, and the connection closes; the slot is free then. Waits for that,
   * for `drainTimeoutMs` at most. Cancelled, it goes on by itself. Again without effect, but it waits.
   */
  async close(): Promise<void> {
    if (!this.isClosed) {
      this.#isEnding = true
      this.#buffer.clear()
      this.#waits.drain((wait) => wait.wake(DONE))
      this.#started.set(new PostgresError('PG_CLOSED', 'the replication was closed'))
      if (this.#stream !== null) this.#stream.finish()
      else {
        this.#coroutine.shutdown('the replication was closed')
        // One that has not begun never will.
        if (!this.#hasBegun) this.#over.set()
      }
    }
    await keepAlive(this.#over.wait())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #run(): Promise<void> {
    this.#hasBegun = true
    try {
      while (!this.#isEnding) await this.#connected()
      this.#end(null)
    } catch (error) {
      this.#end(error instanceof Interrupted ? null : connectionFailure(error, this.slot))
    } finally {
      this.#over.set()
    }
  }

  /** One connection, until it is lost. Throws what no other connection would change. */
  async #connected(): Promise<void> {
    try {
      const stream = await ReplicationStream.open(this.#settings, this.#positions)
      if (this.#isEnding) stream.finish()
      this.#stream = stream
      this.#begin(stream)
      await stream.run(this.#taker)
    } catch (error) {
      if (error instanceof Interrupted) throw error
      const loss = connectionFailure(error, this.slot)
      // What comes again need not come twice.
      this.#stream = null
      this.#buffer.clear()
      if (this.#isEnding) return
      this.#lost ??= { since: new Date(), at: now(), cause: loss }
      if (!this.#mayReconnect(loss)) throw loss
      await sleep(this.#backOff.failed())
    } finally {
      this.#stream = null
    }
  }

  #begin(stream: ReplicationStream): void {
    const lost = this.#lost
    this.#started.set({ consistentPoint: stream.consistentPoint })
    this.#backOff.succeeded()
    this.#lost = null
    if (lost === null) return
    const { since, cause } = lost
    this.#give({ kind: 'reconnected', lsn: this.#positions.flushed, since, cause }, 0)
  }

  #mayReconnect(loss: PostgresError): boolean {
    const { reconnect, reconnectTimeoutMs } = this.#settings
    // The first time, somebody is there to be told.
    if (!reconnect || !this.#started.isSet || !isPassing(loss)) return false
    return now() - (this.#lost?.at ?? 0) < reconnectTimeoutMs
  }

  #end(failure: PostgresError | null): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#failure = this.#isEnding ? null : failure
    this.#started.set(failure ?? new PostgresError('PG_CLOSED', 'the replication was closed'))
    this.#waits.drain((wait) => (this.#failure === null ? wait.wake(DONE) : wait.fail(this.#failure)))
  }

  #give(event: ReplicationEvent, bytes: number): void {
    if (this.#isEnding) return
    const wait = this.#waits.shift()
    if (wait === undefined) this.#buffer.push(event, bytes)
    else wait.wake(this.#given(event))
  }

  #given(event: ReplicationEvent): Next {
    if (event.kind !== 'reconnected') this.#positions.gave((event as ReplicationChange).lsn)
    return { done: false, value: event }
  }
}

/** What may be otherwise the next time: connections, a server that starts or stops or is full, a slot that its last user has not left yet. */
function isPassing({ code, sqlState = '' }: PostgresError): boolean {
  if (code === 'PG_BROKEN' || code === 'PG_CONNECT' || code === 'PG_TIMEOUT') return true
  return code === 'PG_SERVER' && (/^(?:08|53|57|58)/.test(sqlState) || sqlState === '55006')
}

class NextWait extends QueuedWait<Next> {
  readonly #replication: Replication
  constructor(scope: Scope, replication: Replication) {
    super(scope)
    this.#replication = replication
  }
  protected override get isExternal(): boolean {
    return true
  }
  describe(): string {
    const { slot, isStreaming } = this.#replication
    return `postgres replication of ${slot}${isStreaming ? '' : ' (not connected)'}`
  }
}
