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

// Limits
export { MAX_MESSAGE_BYTES } from './wire/limits.js'
