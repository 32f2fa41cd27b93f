/** A connection while it belongs to one alone. */
import { PostgresError } from '../errors.js'
import type { TransactionStatus } from '../wire/backend-message.js'
import type { PostgresConnection } from './connection.js'
import type { Reservation } from './reservation.js'
import { SessionQueries } from './session-queries.js'

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
