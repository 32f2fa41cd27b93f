/** PostgreSQL for coroutines. The public names, by what one does with them. */

export { connect, pool } from './client/client.js'
export { Connection } from './client/connection.js'
export type { ConnectionOptions } from './client/opener.js'
// Getting in
export type {
  CertificateMode,
  ChannelBinding,
  ConnectOptions,
  HostOrder,
  Password,
  PasswordRequest,
  ProtocolVersion,
  SessionTarget,
  SslMode,
  SslNegotiation,
} from './connect/connect-options.js'
export { PostgresConnection } from './connection/connection.js'
export type { ReservedConnection } from './connection/reserved-connection.js'
export type { Notification } from './connection/session-hub.js'
export type { QuerySettings } from './connection/settings.js'
// Streams and COPY
export type { CopyFromOptions, CopyRowFormat, CopyToOptions, CopyType } from './copy/copy-options.js'
export type { CopyOut } from './copy/copy-out.js'
export type { CopyPiece, CopySource } from './copy/copy-source.js'
export { PostgresError, type PostgresErrorCode, type PostgresErrorFacts } from './errors.js'
// Large objects
export type { LargeObject, LargeObjectMode, SeekFrom } from './large-object/large-object.js'
export { type LargeObjectSource, LargeObjects, largeObjects } from './large-object/large-objects.js'
export type { ListenEvent, ListenGap, ListenNotification } from './listen/listen-event.js'
export type { ListenOptions } from './listen/listen-options.js'
export type { Listener } from './listen/listener.js'
export type { Lease } from './pool/lease.js'
export { type CloseOptions, Pool } from './pool/pool.js'
export type { PoolOptions, PoolReset } from './pool/pool-options.js'
export type { PoolStats, PoolTotals } from './pool/stats.js'
export type { Queryable, QueryOptions, QueryResult, RowShape } from './query.js'
// Replication
export type { ReplicationChange, ReplicationEvent, ReplicationReconnected } from './replication/change.js'
export { formatLsn, parseLsn } from './replication/lsn.js'
export { replicate } from './replication/replicate.js'
export type { Replication, ReplicationStart } from './replication/replication.js'
export type { ReplicationOptions } from './replication/replication-options.js'
export {
  createReplicationSlot,
  dropReplicationSlot,
  type ReplicationSlot,
  replicationSlot,
} from './replication/slots.js'
// SQL
export { type SqlTag, sql } from './sql.js'
export type { ComposedSql, SqlFragment } from './sql-fragment.js'
export type { Cursor } from './stream/cursor.js'
export type { RowStream } from './stream/row-stream.js'
export type { CursorOptions, StreamOptions } from './stream/stream-options.js'
// Limits
export type { TransactionFunction } from './transaction/begin.js'
export type { Transaction } from './transaction/transaction.js'
export type { Isolation, TransactionOptions } from './transaction/transaction-options.js'
export type { ColumnDescription, ServerReport } from './wire/backend-message.js'
export { MAX_MESSAGE_BYTES } from './wire/limits.js'
export {
  type PgoutputMessage,
  type Relation,
  type RelationColumn,
  UNCHANGED,
} from './wire/replication/pgoutput-message.js'
// Values of types that JavaScript does not have, and other ways to read those it has
export { Interval, type IntervalParts } from './wire/types/interval.js'
export { int8AsBigint } from './wire/types/numbers.js'
export { numericAsNumber } from './wire/types/numeric.js'
export { Range, type RangeOptions } from './wire/types/range.js'
export { timestampAsText, timestamptzAsText } from './wire/types/timestamps.js'
export { binaryCodec, type TypeCodec, textCodec } from './wire/types/type-codec.js'
export { TypeOid } from './wire/types/type-oids.js'
