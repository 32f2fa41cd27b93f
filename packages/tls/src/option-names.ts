/**
 * The names of options, for each thing that takes some: a name that is not among them is refused, as a protection that was misspelt
 * would be none. The types say which there are, and TypeScript compares.
 */
import type { Credentials, IdentityOptions, ServerIdentityOptions } from './identity-options.js'
import type {
  ClientOptions,
  ConnectOptions,
  ContextOptions,
  HandshakeOptions,
  InheritedListenOptions,
  ListenerOptions,
  NamedContextOptions,
  ServerOptions,
  TcpListenOptions,
  TicketOptions,
} from './options.js'

type Names<T> = { readonly [name in keyof Required<T>]: true }
type Either<T> = T extends unknown ? keyof T : never

const setOf = (names: object): ReadonlySet<string> => new Set(Object.keys(names))

const CREDENTIALS: Readonly<Record<Either<Credentials>, true>> = {
  cert: true,
  key: true,
  passphrase: true,
  pfx: true,
}
const IDENTITY: Names<IdentityOptions> = {
  ...CREDENTIALS,
  certificates: true,
  ciphers: true,
  ciphersuites: true,
  groups: true,
  signatureAlgorithms: true,
  alpn: true,
  crl: true,
  maxIntermediates: true,
  checkPeer: true,
}
const CONTEXT: Names<ContextOptions> = { ...IDENTITY, minVersion: true, maxVersion: true }
const HANDSHAKE: Names<HandshakeOptions> = { handshakeTimeoutMs: true, keyLog: true }
const CLIENT: Names<ClientOptions> = {
  ...CONTEXT,
  ...HANDSHAKE,
  ca: true,
  verify: true,
  serverName: true,
  sessions: true,
  session: true,
  ocsp: true,
}
const CONNECT: Names<ConnectOptions> = {
  ...CLIENT,
  connectTimeoutMs: true,
  noDelay: true,
  localAddress: true,
}
const TICKETS: Names<TicketOptions> = { tickets: true, ticketCount: true }
const CLIENTS: Names<Omit<ServerIdentityOptions, 'contexts'>> = { clientCertificates: true, clientCa: true }
const NAMED: Names<NamedContextOptions> = { ...CONTEXT, ...CLIENTS, ...TICKETS, ocspResponse: true }
const SERVER: Names<ServerOptions> = { ...NAMED, ...HANDSHAKE, contexts: true }
const TCP: Names<TcpListenOptions & InheritedListenOptions> = {
  port: true,
  host: true,
  backlog: true,
  noDelay: true,
  reusePort: true,
  ipv6Only: true,
  exclusive: true,
  fd: true,
}
const LISTENER: Names<ListenerOptions> = {
  maxPendingHandshakes: true,
  onHandshakeFailure: true,
  onNotTls: true,
}

export const CREDENTIAL_NAMES: ReadonlySet<string> = setOf(CREDENTIALS)
export const CONNECT_NAMES: ReadonlySet<string> = setOf(CONNECT)
export const NAMED_CONTEXT_NAMES: ReadonlySet<string> = setOf(NAMED)
export const SERVER_NAMES: ReadonlySet<string> = setOf(SERVER)
/** Those of `tcp.listen`. */
export const TCP_LISTEN_NAMES: ReadonlySet<string> = setOf(TCP)
export const LISTEN_NAMES: ReadonlySet<string> = setOf({ ...SERVER, ...TCP, ...LISTENER })
export const UPGRADE_CLIENT_NAMES: ReadonlySet<string> = setOf({ ...CLIENT, isServer: true })
export const UPGRADE_SERVER_NAMES: ReadonlySet<string> = setOf({ ...SERVER, isServer: true })
