/** What can be chosen, and the checks of it. What belongs to a context comes first: connections with the same share one. */
import type {
  InheritedListenOptions,
  Socket,
  ConnectOptions as TcpConnectOptions,
  ListenOptions as TcpListenOptions,
} from '@shrapnel/core'
import { outOfRange, wrongType } from '@shrapnel/core/parts'
import type { TlsError } from './errors.js'
import type { IdentityOptions, Roots, ServerIdentityOptions } from './identity-options.js'
import type { KeyLog } from './key-log.js'
import type { OcspMode, OcspStaple } from './ocsp.js'
import type { SessionCache } from './session-cache.js'
import type { TicketKeys } from './ticket-keys.js'
import type { TlsSession } from './tls-session.js'

export type Version = 'TLSv1.2' | 'TLSv1.3'

/** As on the wire (RFC 8446, 4.2.1). */
const VERSION_NUMBERS = { 'TLSv1.2': 0x0303, 'TLSv1.3': 0x0304 } as const satisfies Record<Version, number>

export interface ContextOptions extends IdentityOptions {
  /** `TLSv1.2` unless given. */
  readonly minVersion?: Version
  /** `TLSv1.3` unless given. */
  readonly maxVersion?: Version
}

export type { InheritedListenOptions, TcpListenOptions }

export interface HandshakeOptions {
  /** How long the handshake may take, in milliseconds; then `TimeoutError`. 10,000 unless given. */
  readonly handshakeTimeoutMs?: number
  /**
   * Gives the secrets away, for Wireshark: each line of a key log (NSS) to a function, or with true to the file that the environment
   * names in SSLKEYLOGFILE. False unless given. What the function throws fails the handshake.
   */
  readonly keyLog?: KeyLog
}

export interface ClientOptions extends ContextOptions, HandshakeOptions {
  /** Whom to trust. `node` unless given. */
  readonly ca?: Roots | readonly Roots[]
  /**
   * True unless given. `chain`: a certificate that leads to a root of `ca` will do whatever name it is for: only for roots that issue
   * for nobody else. False: any certificate will do, and whoever is in between can read and change everything.
   */
  readonly verify?: boolean | 'chain'
  /** The name or address that the certificate must be for, and that the server is asked for. The host unless given. */
  readonly serverName?: string
  /**
   * Where sessions are kept, so that the next connection needs no certificates: the cache that all share, a cache of your own, or
   * nowhere. `shared` unless given.
   */
  readonly sessions?: 'shared' | 'none' | SessionCache
  /**
   * An earlier connection's, to be resumed if the server agrees, whatever its address: FTP's data connections need this. One that was
   * made under other conditions (verification, name, roots, versions, …) is not used, and the handshake is a full one.
   */
  readonly session?: TlsSession | undefined
  /**
   * Whether the server is asked for an OCSP response with its certificate. `require`: it must have a good one. `accept`: the one it
   * has must be good, and a certificate that says so must have one. `off` unless given.
   */
  readonly ocsp?: OcspMode
}

/** How clients can resume their sessions with a server. */
export interface TicketOptions {
  /** Whether clients get tickets, and what they are sealed with. Keys of the thread's own unless given. */
  readonly tickets?: boolean | TicketKeys
  /** How many a client gets from a full handshake of TLS 1.3: with the first send, or when a receive finds nothing. 1 unless given. */
  readonly ticketCount?: number
}

/** What may be different for one name: see `contexts`. */
export interface NamedContextOptions
  extends ContextOptions,
    Omit<ServerIdentityOptions, 'contexts'>,
    TicketOptions {
  /**
   * An OCSP response (DER), or several for several certificates, given to clients that ask, as long as it is valid and about the
   * certificate they get. A function is called for each connection and should be quick.
   */
  readonly ocspResponse?: OcspStaple | (() => OcspStaple | undefined)
}

export interface ServerOptions extends NamedContextOptions, HandshakeOptions, ServerIdentityOptions {}

export interface ConnectOptions extends ClientOptions, Omit<TcpConnectOptions, 'timeoutMs'> {
  /** Time for name lookup and all attempts together to get a TCP connection, in milliseconds. No limit unless given. */
  readonly connectTimeoutMs?: number
}

export interface ListenerOptions {
  /**
   * How many handshakes may go on at a time, together with connections that are ready and that nobody has taken; more clients wait in
   * the kernel. 256 unless given.
   */
  readonly maxPendingHandshakes?: number
  /** Told of each handshake that failed. */
  readonly onHandshakeFailure?: (error: unknown) => void
  /**
   * Has the connection of a client whose first bytes are no TLS (they are received already, and `error.reason` is `http request` if they
   * are one of HTTP), until what this gives has settled: then it is closed. It counts as a handshake until then. Closed at once unless given.
   */
  readonly onNotTls?: (socket: Socket, error: TlsError) => unknown
}

/** Where to listen is as in `tcp.listen`; `fd` in place of that takes a socket over that listens already. */
export type ListenOptions = ServerOptions & ListenerOptions & (TcpListenOptions | InheritedListenOptions)

export const DEFAULT_HANDSHAKE_TIMEOUT_MS = 10_000
export const DEFAULT_PENDING_HANDSHAKES = 256

export function versionNumber(name: string, version: unknown): number {
  if (typeof version !== 'string') throw wrongType(name, 'text', version)
  if (!Object.hasOwn(VERSION_NUMBERS, version)) throw outOfRange(name, 'TLSv1.2 or TLSv1.3', version)
  return VERSION_NUMBERS[version as Version]
}

export function checkText(name: string, value: unknown): string {
  if (typeof value !== 'string') throw wrongType(name, 'text', value)
  // Not a word of it: it may be a passphrase.
  if (value.includes('\0')) throw outOfRange(name, 'text without NUL', 'some with')
  return value
}
