/**
 * An exchange whose answer is taken bit by bit, by one coroutine at a time: what streams, cursors and COPY have in common. It knows whether it is
 * over and with which failure, and wakes who waits. How it is sent and what is taken is up to its kinds.
 */
import { Event, SimultaneousError } from '@shrapnel/core'
import { currentScope, keepAlive } from '@shrapnel/core/parts'
import { type Exchange, PlainExchange, type Written } from '../connection/exchange.js'
import { lostError, refusal, shortQuery } from '../connection/failures.js'
import type { Session } from '../connection/session.js'
import type { SessionTypes } from '../connection/session-types.js'
import { PostgresError, type PostgresErrorFacts } from '../errors.js'
import type { TransactionStatus } from '../wire/backend-message.js'
import type { MessageWriter } from '../wire/message-writer.js'
import type { Occupant, Place } from './place.js'
import { type Pulled, PullWait } from './pull-wait.js'

export abstract class PulledExchange extends PlainExchange implements Exchange, Occupant, Pulled {
  protected readonly session: Session
  protected readonly text: string
  readonly #place: Place
  readonly #what: string
  readonly #number: number
  readonly #timeoutMs: number
  #wait: PullWait | null = null
  #failure: { readonly error: unknown } | null = null
  #isOver = false
  #over: Event | null = null
  /** Nobody takes anything any more. */
  protected isDiscarding = false

  constructor(place: Place, text: string, what: string, timeoutMs: number | undefined) {
    super(place.reservation)
    this.#place = place
    this.session = place.session
    this.text = text
    this.#what = what
    this.#number = this.session.nextNumber()
    this.#timeoutMs = timeoutMs ?? this.session.settings.queryTimeoutMs
    this.#place.begun?.(this)
  }

  describe(): string {
    return `${this.#what} #${this.#number} on postgres ${this.session.id} (${shortQuery(this.text)})`
  }

  get query(): string {
    return this.text
  }

  /** Of its connection. */
  get types(): SessionTypes {
    return this.session.types
  }

  abstract write(writer: MessageWriter): Written | Exchange
  abstract receive(type: number, bytes: Buffer, from: number, to: number): void
  abstract row(bytes: Buffer, from: number, to: number): void
  abstract ready(status: TransactionStatus): void

  /** The server is done with it, or the connection is over, or it was never sent. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** What it failed with is told once. */
  throwFailure(): void {
    const failure = this.#failure
    this.#failure = null
    if (failure !== null) throw failure.error
  }

  get hasFailed(): boolean {
    return this.#failure !== null
  }

  /** Waits until something has changed. Cancelled, it is abandoned. */
  wait(): Promise<void> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) {
      this.abandon()
      return refused
    }
    if (this.#wait?.isPending)
      throw new SimultaneousError('SIMULTANEOUS', `another coroutine waits for ${this.describe()}`)
    this.#wait = new PullWait(scope, this, this.#timeoutMs)
    return this.#wait.run()
  }

  /** Waits until it is over, as whoever takes from it. */
  async untilOver(): Promise<void> {
    while (!this.#isOver) await this.wait()
  }

  /** Waits until it is over, beside whoever takes from it. Cancelled, it is abandoned. */
  async whenOver(): Promise<void> {
    this.#over ??= new Event()
    if (this.#isOver) return
    try {
      // The reader is a daemon: without this the program might end in the middle.
      await keepAlive(this.#over.wait())
    } catch (error) {
      this.abandon()
      throw error
    }
  }

  /** Ends it in good order, without waiting: what has been done stays done. */
  abstract close(): void
  /** Cancels it, without waiting. */
  abstract abandon(): void

  tookTooLong(timeoutMs: number): void {
    const facts = this.errorFacts({ limit: 'timeoutMs', safeToRetry: !this.isSent })
    this.giveUp(new PostgresError('PG_TIMEOUT', `nothing within ${timeoutMs} ms`, facts))
  }

  /** Fails now; what the server still sends for it is thrown away. */
  protected giveUp(error: unknown): void {
    this.fail(error)
    this.abandon()
  }

  /** Remembers the first failure, for whoever takes. */
  protected fail(error: unknown): void {
    if (this.isDiscarding || this.#isOver) return
    this.#failure ??= { error }
    this.rouse()
  }

  protected rouse(): void {
    this.#wait?.wake()
  }

  /** Told once. */
  protected over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#wait?.wake()
    this.#over?.set()
    this.#place.done(this.#failure?.error)
  }

  refused(error: unknown): void {
    this.fail(refusal(error, this.errorFacts()))
    this.over()
  }

  lost(loss: PostgresError): void {
    this.fail(lostError(loss, this.isSent, this.errorFacts()))
    this.over()
  }

  protected errorFacts(more?: PostgresErrorFacts): PostgresErrorFacts {
    return { query: this.text, ...more }
  }
}
