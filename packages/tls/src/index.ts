/** TLS for coroutines, on the OpenSSL inside Node. The public names. */
import { connect } from './connect.js'
import { listen } from './listen.js'
import { sharedSessions } from './session-cache.js'
import { upgrade } from './upgrade.js'

export const tls = {
  connect,
  listen,
  upgrade,
  /** Where clients keep their sessions unless told otherwise. */
  sessions: sharedSessions,
} as const

export type { ChannelBindingType } from './channel-binding.js'
export { TlsError, type TlsErrorCode, TruncatedStream } from './errors.js'
export type { KeyLog } from './key-log.js'
export { TlsListener } from './listen.js'
export type { OcspMode, OcspStaple } from './ocsp.js'
export type { OcspErrorCode } from './ocsp-refusals.js'
export type {
  ClientOptions,
  ConnectOptions,
  ContextOptions,
  ListenOptions,
  Pem,
  ServerOptions,
  TicketOptions,
  Version,
} from './options.js'
export {
  SessionCache,
  type SessionCacheEntry,
  type SessionCacheOptions,
  type SessionCacheStats,
  type SessionPlace,
} from './session-cache.js'
export { TicketKeys, type TicketKeysOptions } from './ticket-keys.js'
export type { TlsSession } from './tls-session.js'
export { type TlsFacts, TlsStream } from './tls-stream.js'
export type { UpgradeOptions } from './upgrade.js'
