/** TLS for coroutines, on the OpenSSL inside Node. The public names. */
import { connect } from './connect.js'
import { listen } from './listen.js'
import { upgrade } from './upgrade.js'

export const tls = { connect, listen, upgrade } as const

export { TlsError, type TlsErrorCode, TruncatedStream } from './errors.js'
export { TlsListener } from './listen.js'
export type {
  ClientOptions,
  ConnectOptions,
  ContextOptions,
  ListenOptions,
  Pem,
  ServerOptions,
  TlsSession,
  Version,
} from './options.js'
export { type TlsFacts, TlsStream } from './tls-stream.js'
export type { UpgradeOptions } from './upgrade.js'
