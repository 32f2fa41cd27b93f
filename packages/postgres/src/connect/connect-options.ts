/** How a server is found and how one gets in: the options of every connection, whoever makes it. Each is libpq's, under a name of this house. */
import type { ClientOptions } from '@shrapnel/tls'

/** As libpq has them: who is let through without TLS, and how far a server's certificate is believed. */
export const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
export type SslMode = (typeof SSL_MODES)[number]

export const SSL_NEGOTIATIONS = ['postgres', 'direct'] as const
export type SslNegotiation = (typeof SSL_NEGOTIATIONS)[number]

export const SESSION_TARGETS = [
  'any',
  'read-write',
  'read-only',
  'primary',
  'standby',
  'prefer-standby',
] as const
export type SessionTarget = (typeof SESSION_TARGETS)[number]

export const HOST_ORDERS = ['disable', 'random'] as const
export type HostOrder = (typeof HOST_ORDERS)[number]

export const CHANNEL_BINDINGS = ['disable', 'prefer', 'require'] as const
export type ChannelBinding = (typeof CHANNEL_BINDINGS)[number]

export const PROTOCOL_VERSIONS = ['3.0', '3.2', 'latest'] as const
export type ProtocolVersion = (typeof PROTOCOL_VERSIONS)[number]

export const CERTIFICATE_MODES = ['disable', 'allow'] as const
export type CertificateMode = (typeof CERTIFICATE_MODES)[number]

/** Who asks for a password: where, and as whom. */
export interface PasswordRequest {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
}

/** Text, or what gives it when a server asks for it: a token that expires. It is asked again for each connection. */
export type Password = string | ((request: PasswordRequest) => string | PromiseLike<string>)

export interface ConnectOptions {
  /** `postgres://user:password@host:5432,host2/database?sslmode=verify-full`, as libpq reads it. Options beside it win. */
  readonly url?: string | URL | undefined
  /** A name, an address, or the folder of a UNIX socket (`/…`; `@…` in Linux's abstract namespace); a list, or one text with commas. */
  readonly host?: string | readonly string[] | undefined
  /** Addresses in place of looking the names of `host` up. As many as those. */
  readonly hostAddress?: string | readonly string[] | undefined
  /** One for all hosts or one for each. 5432 by default. */
  readonly port?: number | readonly number[] | undefined
  /** The name of the user by default. */
  readonly database?: string | undefined
  /** The operating system's by default. */
  readonly user?: string | undefined
  readonly password?: Password | undefined
  /** Where passwords are kept. `~/.pgpass` by default; without a password only. */
  readonly passwordFile?: string | undefined
  /** A section of `~/.pg_service.conf` (PGSERVICEFILE), for what is said nowhere else but in the environment. */
  readonly service?: string | undefined

  /** `prefer` by default: TLS without any check, and none if the server has none. `verify-full` with `tls` or with `sslRootCert: 'system'`. */
  readonly sslMode?: SslMode | undefined
  /** `direct`: TLS from the first byte (PostgreSQL 17). `postgres` by default. */
  readonly sslNegotiation?: SslNegotiation | undefined
  /** A file of PEM, or `system`. `~/.postgresql/root.crt` by default, if it is there. */
  readonly sslRootCert?: string | undefined
  /** A file of PEM with revocation lists. `~/.postgresql/root.crl` by default, if it is there. */
  readonly sslCrl?: string | undefined
  /** Our certificate and its chain, in a file of PEM. `~/.postgresql/postgresql.crt` by default, if it is there. */
  readonly sslCert?: string | undefined
  /** Its key. `~/.postgresql/postgresql.key` by default. Nobody else may be able to read it. */
  readonly sslKey?: string | undefined
  /** What the key is encrypted with. */
  readonly sslPassword?: string | undefined
  /** Whether our certificate is shown. `allow` by default: if there is one and the server asks. */
  readonly sslCertMode?: CertificateMode | undefined
  readonly sslMinProtocolVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined
  readonly sslMaxProtocolVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined
  /** Options of @shrapnel/tls in place of files: `ca`, `cert`, `key` … `sslMode` is `verify-full` then, unless it is given. */
  readonly tls?: ClientOptions | undefined

  /** `require`: SCRAM-SHA-256-PLUS or nothing. `prefer` by default: wherever server and TLS have it. */
  readonly channelBinding?: ChannelBinding | undefined
  /**
   * The only ways of authentication that are good enough: `scram-sha-256`; or those that are not: `!password,!md5`. A list with `password`
   * permits clear text over a network without TLS, too, which nothing else does.
   */
  readonly requireAuth?: string | undefined

  /** Milliseconds for one server: address, TLS, authentication and all. 30,000 by default. */
  readonly connectTimeoutMs?: number | undefined
  /** What a server must be to be kept. `any` by default. */
  readonly targetSessionAttrs?: SessionTarget | undefined
  /** `random`: hosts and their addresses are tried in random order. */
  readonly loadBalanceHosts?: HostOrder | undefined
  /** True by default. */
  readonly keepAlive?: boolean | undefined
  /** Milliseconds of silence before the first probe. The system's by default. */
  readonly keepAliveIdleMs?: number | undefined
  /** Milliseconds between probes. The system's by default. */
  readonly keepAliveIntervalMs?: number | undefined
  /** How many probes without an answer end the connection. The system's by default. */
  readonly keepAliveProbes?: number | undefined

  /** What the server shows in `pg_stat_activity`. */
  readonly applicationName?: string | undefined
  /** The session's time zone. The server's by default. */
  readonly timeZone?: string | undefined
  /** Of the server's command line: `-c statement_timeout=5s`. PgBouncer refuses it. */
  readonly options?: string | undefined
  /** Settings of the session, from its first moment: `{ search_path: 'app' }`. PgBouncer refuses those that it does not know. */
  readonly runtime?: Readonly<Record<string, string>> | undefined
  /** A connection for replication: `database` for logical, true for physical. */
  readonly replication?: boolean | 'database' | undefined
  /** The oldest protocol that will do. `3.0` by default. */
  readonly minProtocolVersion?: ProtocolVersion | undefined
  /** The newest that is asked for. `3.0` by default as in libpq 18, since poolers refuse 3.2; `latest` if `minProtocolVersion` is above. */
  readonly maxProtocolVersion?: ProtocolVersion | undefined

  /** Rounds of PBKDF2 that a server may ask for. 1,000,000 by default. */
  readonly maxScramIterations?: number | undefined
  /** Messages of a server before it is ready: settings, notices. 1,000 by default. */
  readonly maxStartupMessages?: number | undefined
  /** Bytes of one of these. 30,000 by default. */
  readonly maxStartupMessageBytes?: number | undefined
}
