/**
 * Reservation: a connection for one alone, as a transaction needs it. Whoever else asks waits in line until it is released; nothing of theirs
 * comes between its queries. What the holder leaves open, a transaction, is rolled back before others go on.
 */
import { Event } from '@shrapnel/core'
import { currentScope, type Scope, Wait } from '@shrapnel/core/parts'
import { PostgresError } from '../errors.js'
import { encodeQuery } from '../wire/frontend-encode.js'
import type { MessageWriter } from '../wire/message-writer.js'
import { type Exchange, PlainExchange, Written } from './exchange.js'
import { lostError, outOfPlace } from './failures.js'
import { Line } from './line.js'
import type { Pipeline } from './pipeline.js'

/** The right to a connection. `query` and the like take it (PostgresConnection.reserve gives an object that does). */
export class Reservation {
  /** What it has asked for and what is not sent yet. @internal */
  readonly line = new Line()
  readonly #pipeline: Pipeline
  /** In which the function runs that has it: what is asked of the connection in there, and not of what it was given, would wait for itself. @internal */
  scope: Scope | null = null
  #isReleased = false
  #over: Event | null = null

  /** @internal */
  constructor(pipeline: Pipeline) {
    this.#pipeline = pipeline
  }

  get isReleased(): boolean {
    return this.#isReleased
  }

  /** Happens when the server is done with all of it, a rollback among it, or the connection is over. */
  get whenOver(): Event {
    this.#over ??= new Event()
    if (this.#pipeline.reservation !== this || this.#pipeline.isOver) this.#over.set()
    return this.#over
  }

  /** The running code is in the function that has it. @internal */
  get isHeldHere(): boolean {
    if (this.scope === null || this.#isReleased) return false
    for (let at: Scope | null = currentScope(); at !== null; at = at.outer) if (at === this.scope) return true
    return false
  }

  /** @internal */
  ended(): void {
    this.#over?.set()
  }

  /** Lets the others go on, behind all that it has asked for. Does not wait. Again without effect. */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    const pipeline = this.#pipeline
    if (pipeline.isOver) return
    if (pipeline.inFlight.first === null && this.line.first === null && pipeline.status === 'idle') {
      pipeline.released()
      this.ended()
    } else pipeline.submit(new Release(this, pipeline))
  }
}

/** Waits in line, and until the server has nothing else to do. */
class ReserveWait extends Wait<Reservation> implements Exchange {
  line: Line | null = null
  before: Exchange | null = null
  after: Exchange | null = null
  isSent = false
  isAbandoned = false
  isExposed = false
  readonly reservation = null
  readonly #pipeline: Pipeline
  readonly #name: string

  constructor(scope: Scope, pipeline: Pipeline, name: string) {
    super(scope)
    this.#pipeline = pipeline
    this.#name = name
  }

  run(): Promise<Reservation> {
    const reserved = this.suspend()
    this.#pipeline.submit(this)
    return reserved
  }

  /** Not before all that was sent is answered: a cancellation of what another asked for must not hit a transaction. */
  write(): Written {
    if (this.#pipeline.inFlight.first !== null) return Written.later
    const reservation = new Reservation(this.#pipeline)
    this.#pipeline.reservation = reservation
    this.wake(reservation)
    return Written.nothing
  }

  refused(error: unknown): void {
    this.fail(error)
  }

  lost(loss: PostgresError): void {
    this.fail(lostError(loss, false, {}))
  }

  receive(): void {
    throw outOfPlace('an answer')
  }

  row(): void {
    throw outOfPlace('a row')
  }

  ready(): void {
    throw outOfPlace('ReadyForQuery')
  }

  protected unlink(): void {
    this.#pipeline.withdraw(this)
  }

  protected override get isExternal(): boolean {
    return true
  }

  describe(): string {
    return `reserve ${this.#name}`
  }
}

/** The end of a reservation, behind all that it has asked for. */
class Release extends PlainExchange implements Exchange {
  readonly #pipeline: Pipeline
  #hasRolledBack = false

  constructor(reservation: Reservation, pipeline: Pipeline) {
    super(reservation)
    this.#pipeline = pipeline
  }

  describe(): string {
    return 'the end of a reservation'
  }

  write(writer: MessageWriter): Written {
    const pipeline = this.#pipeline
    if (pipeline.inFlight.first !== null) return Written.later
    if (pipeline.status !== 'idle') {
      if (this.#hasRolledBack)
        throw new PostgresError('PG_BROKEN', 'a transaction was left open and cannot be rolled back')
      this.#hasRolledBack = true
      encodeQuery(writer, 'rollback')
      return Written.all
    }
    pipeline.released()
    this.reservation?.ended()
    return Written.nothing
  }

  receive(): void {
    // What the server says to the rollback shows in its status.
  }

  row(): void {
    throw outOfPlace('a row')
  }

  ready(): void {
    this.#pipeline.again(this)
  }

  refused(error: unknown): void {
    this.#pipeline.lose(error)
  }

  lost(): void {
    this.reservation?.ended()
  }
}

/** Reserves the connection for the coroutine that runs. */
export function reserve(pipeline: Pipeline, name: string): Promise<Reservation> {
  const scope = currentScope()
  return scope.refuse() ?? new ReserveWait(scope, pipeline, name).run()
}

/** At once; null if it would have to wait. */
export function tryReserve(pipeline: Pipeline): Reservation | null {
  if (pipeline.isOver || pipeline.load > 0 || pipeline.isDraining || pipeline.reservation !== null)
    return null
  const reservation = new Reservation(pipeline)
  pipeline.reservation = reservation
  return reservation
}
