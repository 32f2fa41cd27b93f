/** What an iteration over a slot gives. */
import type { PostgresError } from '../errors.js'
import type { PgoutputMessage } from '../wire/replication/pgoutput-message.js'

/**
 * One message of the server, with its place. `acknowledge(change.lsn)` says that this one and all that came before it in the iteration
 * are dealt with. What is acknowledged inside of a transaction holds for those before it: the transaction comes again as a whole until its
 * commit is acknowledged.
 */
export type ReplicationChange = PgoutputMessage & { readonly lsn: bigint }

/**
 * The connection was lost, and another one has taken over. Whatever was not acknowledged comes again from here on, from the beginning of its
 * transaction: a transaction that had not ended before this is to be forgotten, and one that had ended may come a second time.
 */
export interface ReplicationReconnected {
  readonly kind: 'reconnected'
  /** What was acknowledged: nothing up to here comes again. 0 if nothing was; the server knows then. */
  readonly lsn: bigint
  /** When the connection was lost. */
  readonly since: Date
  readonly cause: PostgresError
}

export type ReplicationEvent = ReplicationChange | ReplicationReconnected
