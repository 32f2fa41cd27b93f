/** TLS for coroutines, on the OpenSSL inside Node. The public names. */
import { connect } from './connect.js'
import { listen } from './listen.js'
import { makeContext } from './server-names.js'
import { upgrade } from './upgrade.js'

export const tls = { connect, listen, upgrade, context: makeContext } as const

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
  NamedContextOptions,
  Names,
  Roots,
} from './identity-options.js'
export { TlsListener } from './listen.js'
export type {
  ClientOptions,
  ConnectOptions,
  ContextOptions,
  ListenOptions,
  ServerOptions,
  TlsSession,
  Version,
} from './options.js'
export type { Pem } from './pem.js'
export { TlsContext } from './server-names.js'
export { type TlsFacts, TlsStream } from './tls-stream.js'
export type { UpgradeOptions } from './upgrade.js'
