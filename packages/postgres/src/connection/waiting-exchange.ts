/** An exchange that a coroutine waits for: what it has in common with others when it is cancelled, too late, refused or lost. */
import { now } from '@shrapnel/core'
import { type Scope, TimedWait } from '@shrapnel/core/parts'
import { PostgresError, type PostgresErrorFacts } from '../errors.js'
import type { QueryOptions } from '../query.js'
import type { TransactionStatus } from '../wire/backend-message.js'
import type { MessageWriter } from '../wire/message-writer.js'
import type { Exchange, Written } from './exchange.js'
import { lostError, refusal, shortQuery } from './failures.js'
import type { Line } from './line.js'
import type { Reservation } from './reservation.js'
import type { Session } from './session.js'

/** What a row costs even if there is nothing in it. */
const ROW_BYTES = 32

export abstract class WaitingExchange<T> extends TimedWait<T> implements Exchange {
  // Declared only, and assigned in the constructor, for the reason that core's Wait gives.
  declare line: Line | null
  declare before: Exchange | null
  declare after: Exchange | null
  declare isSent: boolean
  declare isAbandoned: boolean
  declare isExposed: boolean
  declare readonly reservation: Reservation | null
  declare protected readonly session: Session
  declare protected readonly text: string
  declare private readonly number: number
  declare private readonly timeoutMs: number
  declare private readonly limit: 'timeoutMs' | 'queryTimeoutMs'
  declare private bytesLeft: number

  constructor(
    scope: Scope,
    session: Session,
    reservation: Reservation | null,
    text: string,
    options: QueryOptions | undefined,
  ) {
    super(scope)
    const { settings } = session
    this.line = this.before = this.after = null
    this.isSent = this.isAbandoned = this.isExposed = false
    this.reservation = reservation
    this.session = session
    this.text = text
    this.number = session.nextNumber()
    this.timeoutMs = options?.timeoutMs ?? settings.queryTimeoutMs
    this.limit = options?.timeoutMs === undefined ? 'queryTimeoutMs' : 'timeoutMs'
    this.bytesLeft = options?.maxResultBytes ?? settings.maxResultBytes
  }

  /** Takes its place in the pipeline and waits. */
  run(): Promise<T> {
    const result = this.suspend()
    if (this.timeoutMs !== Infinity) this.setTime(now() + this.timeoutMs)
    this.session.pipeline.submit(this)
    return result
  }

  describe(): string {
    return `query #${this.number} on postgres ${this.session.id} (${shortQuery(this.text)})`
  }

  abstract write(writer: MessageWriter): Written | Exchange
  abstract receive(type: number, bytes: Buffer, from: number, to: number): void
  abstract row(bytes: Buffer, from: number, to: number): void
  abstract ready(status: TransactionStatus): void

  /** Pays for a row of the result. False: there were too many bytes, and it has failed. */
  protected spend(bytes: number): boolean {
    this.bytesLeft -= bytes + ROW_BYTES
    if (this.bytesLeft >= 0) return true
    const facts = { ...this.errorFacts(), limit: 'maxResultBytes' }
    this.giveUp(new PostgresError('PG_LIMIT', 'the result is longer than maxResultBytes', facts))
    return false
  }

  refused(error: unknown): void {
    this.fail(refusal(error, this.errorFacts()))
  }

  lost(loss: PostgresError): void {
    this.fail(lostError(loss, this.isSent, this.errorFacts()))
  }

  /** It fails now; what the server still sends for it is thrown away. */
  protected giveUp(error: unknown): void {
    this.fail(error)
    this.leave()
  }

  override cancel(error: unknown): void {
    if (!this.isPending) return
    super.cancel(error)
    this.leave()
  }

  protected onTime(): void {
    const facts = { ...this.errorFacts(), limit: this.limit, safeToRetry: !this.isSent }
    this.giveUp(new PostgresError('PG_TIMEOUT', `no result within ${this.timeoutMs} ms`, facts))
  }

  protected ended(): void {
    // Its place in the pipeline is given up by whoever ended it.
  }

  /** Nobody waits for it any more. */
  protected leave(): void {
    this.session.pipeline.withdraw(this)
  }

  protected errorFacts(_cause?: unknown): PostgresErrorFacts {
    return { query: this.text, cause: _cause }
  }
}
