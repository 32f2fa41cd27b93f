/** TLS for coroutines, on the OpenSSL inside Node. The public names. */
import { connect } from './connect.js'
import { listen } from './listen.js'
import { makeContext } from './server-names.js'
import { sharedSessions } from './session-cache.js'
import { upgrade } from './upgrade.js'

export const tls = {
  connect,
  listen,
  upgrade,
  context: makeContext,
  /** Where clients keep their sessions unless told otherwise. */
  sessions: sharedSessions,
} as const

export type { ChannelBindingType } from './channel-binding.js'
export {
  CertificateError,
  type CertificateErrorCode,
  type TlsAlert,
  TlsError,
  type TlsErrorCode,
  TruncatedStream,
} from './errors.js'
export type {
  ChosenContext,
  Contexts,
  Credentials,
  Names,
  Roots,
} from './identity-options.js'
export type { KeyLog } from './key-log.js'
export { TlsListener } from './listen.js'
export type { OcspMode, OcspStaple } from './ocsp.js'
export type { OcspErrorCode } from './ocsp-refusals.js'
export type {
  ClientOptions,
  ConnectOptions,
  ContextOptions,
  ListenerOptions,
  ListenOptions,
  NamedContextOptions,
  ServerOptions,
  TicketOptions,
  Version,
} from './options.js'
export type { Pem } from './pem.js'
export { TlsContext } from './server-names.js'
export {
  SessionCache,
  type SessionCacheEntry,
  type SessionCacheOptions,
  type SessionCacheStats,
  type SessionPlace,
} from './session-cache.js'
export { TicketKeys, type TicketKeysOptions } from './ticket-keys.js'
export type { TlsFacts } from './tls-facts.js'
export type { TlsSession } from './tls-session.js'
export { TlsStream } from './tls-stream.js'
export type { UpgradeOptions } from './upgrade.js'
