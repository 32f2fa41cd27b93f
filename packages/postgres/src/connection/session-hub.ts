/** What is behind a connection: the session of its exchanges, the owner of its pipeline, and who listens to what the server says by itself. */
import { randomBytes } from 'node:crypto'
import { type Coroutine, Event, spawn } from '@shrapnel/core'
import { currentScope, recently, reportFailure } from '@shrapnel/core/parts'
import { PostgresError } from '../errors.js'
import { decodeBackendMessage } from '../wire/backend-decode.js'
import type { BackendMessage, ServerReport } from '../wire/backend-message.js'
import type { OpenedBackend } from './opened-backend.js'
import { Pipeline, type PipelineOwner } from './pipeline.js'
import type { Session } from './session.js'
import { SessionTypes } from './session-types.js'
import type { CheckedSettings } from './settings.js'
import { StatementCache } from './statement-cache.js'

export type Notification = Extract<BackendMessage, { kind: 'notification' }>

/** Parameters that a server may report: PostgreSQL 18 has 15, and PgBouncer can be told of more. */
const MAX_PARAMETERS = 1024

let connections = 0

/**
 * Behind PgBouncer in transaction mode, sessions of many programs meet on one backend. Were their statements called alike, one of them would run
 * another's, without an error.
 */
const PROCESS = randomBytes(6).toString('hex')

export class SessionHub implements Session, PipelineOwner {
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
