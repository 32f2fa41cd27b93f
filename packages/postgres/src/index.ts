/** PostgreSQL for coroutines. The public names, by what one does with them. */

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
export { type ConnectionOptions, connect } from './connection/connect.js'
export type { Notification } from './connection/connection.js'
export { PostgresConnection } from './connection/connection.js'
export type { ReservedConnection } from './connection/reserved-connection.js'
export type { QuerySettings } from './connection/settings.js'
export { PostgresError, type PostgresErrorCode, type PostgresErrorFacts } from './errors.js'
export type { Queryable, QueryOptions, QueryResult, RowShape } from './query.js'
export { type SqlTag, sql } from './sql.js'
export type { ComposedSql, SqlFragment } from './sql-fragment.js'
// Limits
export { MAX_MESSAGE_BYTES } from './wire/limits.js'
