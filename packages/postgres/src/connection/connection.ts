/** One connection to one server: what everybody asks of it, and what it says by itself. */
import { type Event, yieldSlice } from '@shrapnel/core'
import { checkFunction, keepAlive, recently } from '@shrapnel/core/parts'
import { PostgresError } from '../errors.js'
import type { ServerReport, TransactionStatus } from '../wire/backend-message.js'
import { encodeTerminate } from '../wire/frontend-encode.js'
import type { TypeCodec } from '../wire/types/type-codec.js'
import { waitsForItself } from './failures.js'
import type { OpenedBackend } from './opened-backend.js'
import { reserve, tryReserve } from './reservation.js'
import { ReservedConnection } from './reserved-connection.js'
import { type Notification, SessionHub } from './session-hub.js'
import { SessionQueries } from './session-queries.js'
import type { QuerySettings } from './settings.js'
import { checkSettings } from './settings.js'

/** A connection that was used as lately is not looked at: one system call. */
const TRUSTED_IDLE_MS = 1

export class PostgresConnection extends SessionQueries implements AsyncDisposable {
  /** For people, and for this program alone: the server's number for it is `processId`. */
  readonly id: number
  /** `10.0.0.7:5432/app`. */
  readonly target: string
  readonly processId: number
  /** Milliseconds since the epoch. */
  readonly openedAt = Date.now()
  readonly #hub: SessionHub

  /** @internal */
  constructor(backend: OpenedBackend, settings: QuerySettings) {
    const hub = new SessionHub(backend, checkSettings(settings))
    super(hub, null)
    this.#hub = hub
    this.id = hub.id
    this.target = backend.target
    this.processId = backend.processId
  }

  /** What the server reports of itself, as it is now: server_version, TimeZone, in_hot_standby … */
  get parameters(): ReadonlyMap<string, string> {
    return this.#hub.backend.parameters
  }

  /** Queries can be asked for: it is neither lost nor closed, and is not about to be. */
  get isOpen(): boolean {
    return !this.#hub.isEnding && !this.#hub.pipeline.isOver
  }

  /** What was asked for and is not answered, sent or not. */
  get inFlight(): number {
    return this.#hub.pipeline.load
  }

  /** A query was cancelled, and the server is not done with it: nothing new is sent before it is. */
  get isDraining(): boolean {
    return this.#hub.pipeline.isDraining
  }

  /** As the server said with its last answer. */
  get transactionStatus(): TransactionStatus {
    return this.#hub.pipeline.status
  }

  get isReserved(): boolean {
    return this.#hub.pipeline.reservation !== null
  }

  /** Nothing is under way, no transaction is open, nobody has it: it can be given to anybody. */
  get isReusable(): boolean {
    const { pipeline } = this.#hub
    return (
      this.isOpen &&
      pipeline.load === 0 &&
      pipeline.status === 'idle' &&
      !pipeline.isDraining &&
      !this.isReserved
    )
  }

  /** Why it ended; undefined while it has not. */
  get lossReason(): PostgresError | undefined {
    return this.#hub.pipeline.loss ?? undefined
  }

  /**
   * Whether it is lost, asked of the kernel and not of the server: what has come meanwhile, the end among it, is dealt with. Costs a system call if
   * it was not used just now. At once for a socket; over TLS it takes a turn of the loop.
   */
  isBroken(): boolean | Promise<boolean> {
    const { pipeline } = this.#hub
    if (pipeline.isOver || recently() - this.#hub.heardAt < TRUSTED_IDLE_MS) return pipeline.isOver
    if (pipeline.look()) return pipeline.isOver
    return yieldSlice().then(() => pipeline.isOver)
  }

  /** Happens when it has ended, in whichever way, with the reason: PG_CLOSED if it was closed here. */
  get whenClosed(): Event<PostgresError> {
    return this.#hub.closed
  }

  /** Calls `listener` each time nothing is under way any more. Gives a function that takes it back. */
  onIdle(listener: () => void): () => void {
    return listen(this.#hub.idleListeners, listener)
  }

  /** Calls `listener`, which must not fail, each time something was answered and others still wait for their answers. */
  onAnswer(listener: () => void): () => void {
    return listen(this.#hub.answerListeners, listener)
  }

  /** Calls `listener` once, when the connection has ended, before those who wait for `whenClosed` go on. */
  onClose(listener: (reason: PostgresError) => void): () => void {
    return listen(this.#hub.closeListeners, listener)
  }

  /** Calls `listener` with each notification of a channel that this session listens to. */
  onNotification(listener: (notification: Notification) => void): () => void {
    return listen(this.#hub.notificationListeners, listener)
  }

  onNotice(listener: (notice: ServerReport) => void): () => void {
    return listen(this.#hub.noticeListeners, listener)
  }

  /** Calls `listener` with each parameter that the server says has changed. */
  onParameter(listener: (name: string, value: string) => void): () => void {
    return listen(this.#hub.parameterListeners, listener)
  }

  /** How values of a type are read and written from now on, by its name or number. */
  registerType(type: string | number, codec: TypeCodec): void {
    this.#hub.types.register(type, codec)
  }

  /**
   * Waits until the connection belongs to the caller alone: until all that was asked for before is answered. Cancelled, it leaves the line. Others wait
   * until it is released. Fails with PG_BROKEN, PG_CLOSED.
   */
  async reserve(): Promise<ReservedConnection> {
    this.checkOpen()
    return new ReservedConnection(this, await reserve(this.#hub.pipeline, `postgres ${this.id}`))
  }

  /** As `reserve`, if there is nothing to wait for: nothing is under way, and nobody has it. */
  tryReserve(): ReservedConnection | undefined {
    this.checkOpen()
    const reservation = tryReserve(this.#hub.pipeline)
    return reservation === null ? undefined : new ReservedConnection(this, reservation)
  }

  /** Waits until all that was asked for is answered, says goodbye and closes. Takes nothing new meanwhile. Cancelled, it closes at once. */
  async end(): Promise<void> {
    const hub = this.#hub
    if (hub.pipeline.reservation?.isHeldHere) throw waitsForItself()
    hub.isEnding = true
    try {
      const { isOver, load, isDraining } = hub.pipeline
      if (!isOver && (load > 0 || isDraining || this.isReserved)) await keepAlive(hub.idleOrClosed().wait())
    } finally {
      this.close()
    }
  }

  /** Closes at once: what is under way fails with PG_CLOSED, and the server gives it up. Again without effect. */
  close(): void {
    const { pipeline } = this.#hub
    if (pipeline.isOver) return
    if (pipeline.inFlight.first === null) pipeline.sayLast(encodeTerminate)
    pipeline.lose(new PostgresError('PG_CLOSED', `the connection to ${this.target} was closed`))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end()
  }

  protected checkOpen(): void {
    const { pipeline, isEnding } = this.#hub
    // One that is lost says so to each exchange.
    if (isEnding && !pipeline.isOver)
      throw new PostgresError('PG_CLOSED', `the connection to ${this.target} is being closed`, {
        safeToRetry: true,
      })
  }
}

function listen<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  checkFunction('listener', listener)
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
