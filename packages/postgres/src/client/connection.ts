/** A connection as programs have it: queries, and what is built upon them. */
import { PostgresConnection } from '../connection/connection.js'
import { begin, type TransactionFunction } from '../transaction/begin.js'
import { sessionsOf } from '../transaction/begin-on.js'
import type { TransactionOptions } from '../transaction/transaction-options.js'

export class Connection extends PostgresConnection {
  /**
   * Calls `fn` in a transaction and gives what it gives, once that is committed. If `fn` fails, it is rolled back, and the error is `fn`'s. What others
   * ask of this connection waits meanwhile. Cancelled, the query that runs is cancelled, and the transaction rolled back.
   *
   * Inside of `fn`, and of what it waits for in a group, this connection itself would wait for the transaction: it refuses what it is asked there,
   * with PG_USAGE. `tx` is what is to be asked.
   *
   * Fails with PG_COMMIT_UNKNOWN if the connection was lost during COMMIT; with what a query failed with, if `fn` did not tell; with PG_BROKEN, PG_CLOSED.
   */
  begin<T>(fn: TransactionFunction<T>): Promise<T>
  begin<T>(options: TransactionOptions, fn: TransactionFunction<T>): Promise<T>
  begin<T>(first: TransactionOptions | TransactionFunction<T>, fn?: TransactionFunction<T>): Promise<T> {
    return begin(sessionsOf(this), first, fn)
  }
}
