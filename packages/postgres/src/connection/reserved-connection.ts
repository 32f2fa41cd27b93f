/** A connection while it belongs to one alone. */
import type { Event } from '@shrapnel/core'
import { currentScope, type Scope } from '@shrapnel/core/parts'
import { PostgresError } from '../errors.js'
import type { QueryOptions, QueryResult } from '../query.js'
import type { TransactionStatus } from '../wire/backend-message.js'
import type { Row } from '../wire/rows/row-factory.js'
import type { PostgresConnection } from './connection.js'
import { LedQuery } from './led-query.js'
import type { Reservation } from './reservation.js'
import { checkQueryOptions, SessionQueries } from './session-queries.js'

/** What `reserve` gives. Its queries run in the order in which they were asked for, with nobody else's between them. */
export class ReservedConnection extends SessionQueries implements Disposable {
  readonly connection: PostgresConnection
  /** For other folders' exchanges, which take it. @internal */
  readonly reservation: Reservation

  /** @internal */
  constructor(connection: PostgresConnection, reservation: Reservation) {
    super(connection.session, reservation)
    this.connection = connection
    this.reservation = reservation
  }

  /** As the server said with its last answer. */
  get transactionStatus(): TransactionStatus {
    return this.connection.transactionStatus
  }

  get isReleased(): boolean {
    return this.reservation.isReleased
  }

  /** Happens after `release`, when others may have the connection: what was left open is rolled back then. Or when the connection is over. */
  get whenOver(): Event {
    return this.reservation.whenOver
  }

  /**
   * Sends a statement without values and a query as one: if the first fails the second is not run, and the error is the query's. For BEGIN, which
   * needs no round trip of its own then, and behind which nothing can run outside of the transaction.
   */
  queryAfter<R = Row>(
    first: string,
    text: string,
    values: readonly unknown[],
    options: QueryOptions | undefined,
  ): Promise<QueryResult<R>> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    if (options !== undefined) checkQueryOptions(options)
    this.checkOpen()
    return new LedQuery(scope, this.session, this.reservation, text, values, options, first).run()
  }

  /** In which scope the function runs that has it; null when it has returned. For transactions. */
  heldIn(scope: Scope | null): void {
    this.reservation.scope = scope
  }

  /** Gives the connection back, behind all that was asked for; a transaction that is open is rolled back. Does not wait. Again without effect. */
  release(): void {
    this.reservation.release()
  }

  [Symbol.dispose](): void {
    this.release()
  }

  protected checkOpen(): void {
    if (this.reservation.isReleased)
      throw new PostgresError('PG_CLOSED', 'the reservation is over', { safeToRetry: true })
  }
}
