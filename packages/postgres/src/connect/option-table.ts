/** Every option, with the names that it has in a URL and in the environment: one literal, and nothing else knows these names. */
import {
  CERTIFICATE_MODES,
  CHANNEL_BINDINGS,
  type ConnectOptions,
  HOST_ORDERS,
  PROTOCOL_VERSIONS,
  SESSION_TARGETS,
  SSL_MODES,
  SSL_NEGOTIATIONS,
} from './connect-options.js'
import * as kinds from './option-kinds.js'

export interface OptionRow {
  readonly kind: kinds.OptionKind
  /** libpq's name, of URLs and service files. */
  readonly url?: string
  readonly env?: string
}

const TLS_VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const
const { text, choice, flag, integer, duration } = kinds

export const OPTIONS = {
  host: { kind: kinds.list, url: 'host', env: 'PGHOST' },
  hostAddress: { kind: kinds.list, url: 'hostaddr', env: 'PGHOSTADDR' },
  port: { kind: kinds.ports, url: 'port', env: 'PGPORT' },
  database: { kind: text, url: 'dbname', env: 'PGDATABASE' },
  user: { kind: text, url: 'user', env: 'PGUSER' },
  password: { kind: kinds.password, url: 'password', env: 'PGPASSWORD' },
  passwordFile: { kind: text, url: 'passfile', env: 'PGPASSFILE' },
  service: { kind: text, url: 'service', env: 'PGSERVICE' },
  sslMode: { kind: choice(SSL_MODES), url: 'sslmode', env: 'PGSSLMODE' },
  sslNegotiation: { kind: choice(SSL_NEGOTIATIONS), url: 'sslnegotiation', env: 'PGSSLNEGOTIATION' },
  sslRootCert: { kind: text, url: 'sslrootcert', env: 'PGSSLROOTCERT' },
  sslCrl: { kind: text, url: 'sslcrl', env: 'PGSSLCRL' },
  sslCert: { kind: text, url: 'sslcert', env: 'PGSSLCERT' },
  sslKey: { kind: text, url: 'sslkey', env: 'PGSSLKEY' },
  sslPassword: { kind: text, url: 'sslpassword' },
  sslCertMode: { kind: choice(CERTIFICATE_MODES), url: 'sslcertmode', env: 'PGSSLCERTMODE' },
  sslMinProtocolVersion: {
    kind: choice(TLS_VERSIONS),
    url: 'ssl_min_protocol_version',
    env: 'PGSSLMINPROTOCOLVERSION',
  },
  sslMaxProtocolVersion: {
    kind: choice(TLS_VERSIONS),
    url: 'ssl_max_protocol_version',
    env: 'PGSSLMAXPROTOCOLVERSION',
  },
  channelBinding: { kind: choice(CHANNEL_BINDINGS), url: 'channel_binding', env: 'PGCHANNELBINDING' },
  requireAuth: { kind: text, url: 'require_auth', env: 'PGREQUIREAUTH' },
  connectTimeoutMs: {
    kind: duration(Number.POSITIVE_INFINITY),
    url: 'connect_timeout',
    env: 'PGCONNECT_TIMEOUT',
  },
  targetSessionAttrs: {
    kind: choice(SESSION_TARGETS),
    url: 'target_session_attrs',
    env: 'PGTARGETSESSIONATTRS',
  },
  loadBalanceHosts: { kind: choice(HOST_ORDERS), url: 'load_balance_hosts', env: 'PGLOADBALANCEHOSTS' },
  keepAlive: { kind: flag, url: 'keepalives' },
  keepAliveIdleMs: { kind: duration(undefined), url: 'keepalives_idle' },
  keepAliveIntervalMs: { kind: duration(undefined), url: 'keepalives_interval' },
  keepAliveProbes: { kind: integer(1), url: 'keepalives_count' },
  applicationName: { kind: text, url: 'application_name', env: 'PGAPPNAME' },
  timeZone: { kind: text, env: 'PGTZ' },
  options: { kind: text, url: 'options', env: 'PGOPTIONS' },
  runtime: { kind: kinds.runtime },
  replication: { kind: kinds.replication, url: 'replication' },
  minProtocolVersion: {
    kind: choice(PROTOCOL_VERSIONS),
    url: 'min_protocol_version',
    env: 'PGMINPROTOCOLVERSION',
  },
  maxProtocolVersion: {
    kind: choice(PROTOCOL_VERSIONS),
    url: 'max_protocol_version',
    env: 'PGMAXPROTOCOLVERSION',
  },
  maxScramIterations: { kind: integer(1) },
  maxStartupMessages: { kind: integer(1) },
  maxStartupMessageBytes: { kind: integer(1) },
} as const satisfies Readonly<Record<Exclude<keyof ConnectOptions, 'url' | 'tls'>, OptionRow>>

export type OptionName = keyof typeof OPTIONS
export const OPTION_NAMES = Object.keys(OPTIONS) as readonly OptionName[]

/** For those that take these options and others of their own. */
export const CONNECT_OPTION_NAMES: ReadonlySet<string> = new Set([...OPTION_NAMES, 'url', 'tls'])

type Read = { readonly [name in OptionName]?: NonNullable<ConnectOptions[name]> }

/** What options are once they were read. */
export interface Settings extends Omit<Read, 'host' | 'hostAddress' | 'port'> {
  readonly host?: readonly string[]
  readonly hostAddress?: readonly string[]
  /** A port that is not said is undefined. */
  readonly port?: readonly (number | undefined)[]
}

export function rowOf(name: OptionName): OptionRow {
  return OPTIONS[name]
}
