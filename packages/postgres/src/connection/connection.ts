/** One connection to one server: what everybody asks of it, and what it says by itself. */
import { randomBytes } from 'node:crypto'
import { type Coroutine, Event, spawn, yieldSlice } from '@shrapnel/core'
import { checkFunction, currentScope, recently, reportFailure } from '@shrapnel/core/parts'
import { PostgresError } from '../errors.js'
import { decodeBackendMessage } from '../wire/backend-decode.js'
import type { BackendMessage, ServerReport, TransactionStatus } from '../wire/backend-message.js'
import { encodeTerminate } from '../wire/frontend-encode.js'
import type { TypeCodec } from '../wire/types/type-codec.js'
import type { OpenedBackend } from './opened-backend.js'
import { Pipeline, type PipelineOwner } from './pipeline.js'
import { reserve, tryReserve } from './reservation.js'
import { ReservedConnection } from './reserved-connection.js'
import type { Session } from './session.js'
import { SessionQueries } from './session-queries.js'
import { SessionTypes } from './session-types.js'
import type { QuerySettings } from './settings.js'
import { type CheckedSettings, checkSettings } from './settings.js'
import { StatementCache } from './statement-cache.js'

/** A connection that was used as lately is not looked at: one system call. */
const TRUSTED_IDLE_MS = 1

export type Notification = Extract<BackendMessage, { kind: 'notification' }>

let connections = 0

/**
 * Behind PgBouncer in transaction mode, sessions of many programs meet on one backend. Were their statements called alike, one of them would run
 * another's, without an error.
 */
const PROCESS = randomBytes(6).toString('hex')

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

  /** Calls `listener`, which must not fail, each time something was answered and others still wait for their answers. @internal */
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
    hub.isEnding = true
    try {
      const { isOver, load, isDraining } = hub.pipeline
      if (!isOver && (load > 0 || isDraining || this.isReserved)) await hub.idleOrClosed().wait()
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

/** What is behind a connection: the session of its exchanges, and the owner of its pipeline. */
class SessionHub implements Session, PipelineOwner {
  readonly id = ++connections
  readonly backend: OpenedBackend
  readonly settings: CheckedSettings
  readonly statements: StatementCache
  readonly types: SessionTypes
  readonly pipeline: Pipeline
  readonly closed = new Event<PostgresError>()
  readonly idleListeners = new Set<() => void>()
  readonly answerListeners = new Set<() => void>()
  readonly closeListeners = new Set<(reason: PostgresError) => void>()
  readonly notificationListeners = new Set<(notification: Notification) => void>()
  readonly noticeListeners = new Set<(notice: ServerReport) => void>()
  readonly parameterListeners = new Set<(name: string, value: string) => void>()
  readonly #reader: Coroutine<void>
  isEnding = false
  heardAt = recently()
  textIsExact = true
  #queries = 0
  #idleOrClosed: Event | null = null

  constructor(backend: OpenedBackend, settings: CheckedSettings) {
    this.backend = backend
    this.settings = settings
    this.types = new SessionTypes(settings.types)
    this.statements = new StatementCache(settings.statementCacheSize, `s${PROCESS}_${this.id}_`)
    backend.cutter.maxMessageBytes = settings.maxMessageBytes
    this.pipeline = new Pipeline(this, backend.stream, backend.cutter, backend.status)
    for (const [name, value] of backend.parameters) this.#rely(name, value)
    this.#reader = spawn({ name: `postgres ${this.id} reader`, daemon: true }, () => this.pipeline.run())
  }

  get target(): string {
    return this.backend.target
  }

  get maxPipelined(): number {
    return this.settings.maxPipelined
  }

  get drainTimeoutMs(): number {
    return this.settings.drainTimeoutMs
  }

  nextNumber(): number {
    return ++this.#queries
  }

  requestCancel(): Promise<void> {
    return this.backend.requestCancel()
  }

  /** Something that happens when nothing is under way, or when it is over. */
  idleOrClosed(): Event {
    this.#idleOrClosed ??= new Event()
    return this.#idleOrClosed
  }

  told(type: number, bytes: Buffer, from: number, to: number): void {
    const message = decodeBackendMessage(type, bytes, from, to)
    if (message.kind === 'notification') this.#tell(this.notificationListeners, message)
    else if (message.kind === 'notice') {
      if (this.settings.onNotice !== undefined) this.#tell([this.settings.onNotice], message.report)
      this.#tell(this.noticeListeners, message.report)
    } else if (message.kind === 'parameter-status') this.#changed(message.name, message.value)
  }

  #changed(name: string, value: string): void {
    const { parameters } = this.backend
    if (parameters.size >= MAX_PARAMETERS && !parameters.has(name))
      throw new PostgresError('PG_LIMIT', `more than ${MAX_PARAMETERS} parameters`, {
        limit: 'MAX_PARAMETERS',
      })
    parameters.set(name, value)
    this.#rely(name, value)
    this.#tell(this.parameterListeners, name, value)
  }

  /** What decoding relies on. */
  #rely(name: string, value: string): void {
    if (name === 'client_encoding' && !/^utf-?8$/i.test(value))
      this.pipeline.lose(
        new PostgresError('PG_USAGE', `client_encoding is ${value}: only UTF8 is understood`),
      )
    if (name === 'DateStyle' || name === 'IntervalStyle') {
      const { parameters } = this.backend
      const dates = parameters.get('DateStyle') ?? 'ISO'
      const intervals = parameters.get('IntervalStyle') ?? 'postgres'
      this.textIsExact = dates.startsWith('ISO') && (intervals === 'postgres' || intervals === 'iso_8601')
    }
  }

  becameIdle(): void {
    this.heardAt = recently()
    if (this.pipeline.reservation === null) this.#idleOrClosed?.set()
    if (this.idleListeners.size > 0) this.#tell(this.idleListeners)
  }

  answered(): void {
    // Of this package alone, and for each answer: without the care that is taken of others' functions.
    for (const listener of this.answerListeners) listener()
  }

  ended(loss: PostgresError): void {
    this.#tell(this.closeListeners, loss)
    this.closed.set(loss)
    this.#idleOrClosed?.set()
    this.closeListeners.clear()
  }

  /** A listener that fails is nobody else's trouble. */
  #tell<Told extends readonly unknown[]>(listeners: Iterable<(...told: Told) => void>, ...told: Told): void {
    for (const listener of [...listeners]) {
      try {
        listener(...told)
      } catch (error) {
        reportFailure(error, this.#reader ?? currentScope().coroutine, 'a listener failed')
      }
    }
  }
}

/** Parameters that a server may report: PostgreSQL 18 has 15, and PgBouncer can be told of more. */
const MAX_PARAMETERS = 1024

function listen<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  checkFunction('listener', listener)
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
