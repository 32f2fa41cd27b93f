/** A connection of the pool for one alone, until it is given back. */
import { PostgresError } from '../errors.js'
import type { Queryable, QueryOptions, QueryResult } from '../query.js'
import { queryCall } from '../query-call.js'
import type { SqlFragment } from '../sql-fragment.js'
import { type Place, placeOn } from '../stream/place.js'
import { StreamingQueries } from '../stream/streaming-queries.js'
import { begin, type SessionSource, type TransactionFunction } from '../transaction/begin.js'
import { sessionsOf } from '../transaction/begin-on.js'
import type { TransactionOptions } from '../transaction/transaction-options.js'
import type { Row } from '../wire/rows/row-factory.js'
import type { PoolConnection } from './pool-connection.js'

export class Lease extends StreamingQueries implements Queryable, AsyncDisposable {
  readonly #connection: PoolConnection
  readonly #sessions: SessionSource
  readonly #giveBack: () => void
  #isReleased = false

  /** @internal */
  constructor(connection: PoolConnection, giveBack: () => void) {
    super()
    this.#connection = connection
    this.#sessions = sessionsOf(connection)
    this.#giveBack = giveBack
  }

  /** For people, and for this program alone. */
  get id(): number {
    return this.#connection.id
  }

  /** The server's number for it. */
  get processId(): number {
    return this.#connection.processId
  }

  get isReleased(): boolean {
    return this.#isReleased
  }

  /** For the exchanges of other folders. Throws PG_CLOSED. @internal */
  get connection(): PoolConnection {
    if (this.#isReleased) throw leaseOver()
    return this.#connection
  }

  /** As a connection's `query`; PG_CLOSED after `release`. */
  query<R = Row>(query: SqlFragment, options?: QueryOptions): Promise<QueryResult<R>>
  query<R = Row>(text: string, values?: readonly unknown[], options?: QueryOptions): Promise<QueryResult<R>>
  query<R = Row>(
    query: SqlFragment | string,
    second?: readonly unknown[] | QueryOptions,
    third?: QueryOptions,
  ): Promise<QueryResult<R>> {
    if (this.#isReleased) return Promise.reject(leaseOver())
    const { text, values, options } = queryCall(query, second, third)
    return this.#connection.query<R>(text, values, options)
  }

  /** @internal */
  findPlace(): Place {
    return placeOn(this.connection)
  }

  script(text: string, options?: QueryOptions): Promise<QueryResult[]> {
    return this.#isReleased ? Promise.reject(leaseOver()) : this.#connection.script(text, options)
  }

  /** A transaction on this connection; other queries of it wait until it has ended. */
  begin<T>(fn: TransactionFunction<T>): Promise<T>
  begin<T>(options: TransactionOptions, fn: TransactionFunction<T>): Promise<T>
  begin<T>(first: TransactionOptions | TransactionFunction<T>, fn?: TransactionFunction<T>): Promise<T> {
    return this.#isReleased ? Promise.reject(leaseOver()) : begin(this.#sessions, first, fn)
  }

  /** Gives it back. Does not wait: what it has asked for ends, and what it has left open is rolled back, before another has it. Again without effect. */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#giveBack()
  }

  /** Gives it back closed: nobody shall use it any more. What is under way fails with PG_CLOSED. */
  discard(): void {
    if (this.#isReleased) return
    this.#connection.close()
    this.release()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release()
  }
}

function leaseOver(): PostgresError {
  return new PostgresError('PG_CLOSED', 'the connection was given back to the pool', { safeToRetry: true })
}
