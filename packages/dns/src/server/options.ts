/** What a server can be told, and the checks of it. */
import { checkDuration, checkInteger, checkOptionNames, wrongType } from '@shrapnel/core/parts'
import { MAX_MESSAGE_BYTES, MAX_PLAIN_UDP_BYTES } from '../wire/index.js'

/** A certificate for DNS over TLS (RFC 7858). */
export interface ServeTlsOptions {
  /** PEM or DER: the certificate, and behind it those that lead to a root. */
  readonly cert: string | Uint8Array | readonly (string | Uint8Array)[]
  /** Its private key. In `cert` unless given. */
  readonly key?: string | Uint8Array
  /** What the key is encrypted with. */
  readonly passphrase?: string
  /** 853 unless given; 0 lets the kernel choose. */
  readonly port?: number
}

export interface ServeOptions {
  /** For UDP and TCP. 0 lets the kernel choose one that is free for both. */
  readonly port: number
  /** An address. `127.0.0.1` unless given. On `0.0.0.0` or `::` of a machine with several addresses the kernel chooses which one answers. */
  readonly host?: string
  /** Whether TCP is served too; clients need it for what was truncated. True unless given. */
  readonly tcp?: boolean
  /** Serves DNS over TLS too. Needs the package `@shrapnel/tls`. */
  readonly tls?: ServeTlsOptions
  /**
   * The longest answer by UDP, in bytes, to clients that say with EDNS that they take as much: longer ones are truncated. 512 to 65,535; 1,232
   * unless given, which no network cuts into pieces.
   */
  readonly maxUdpBytes?: number
  /** How many queries may be in their handlers; more wait, those by UDP in the kernel, which drops what its buffer does not hold. 1,000 unless given. */
  readonly maxQueries?: number
  /** How many connections there may be, TCP and TLS together; more wait in the kernel. 1,000 unless given. */
  readonly maxConnections?: number
  /** How many queries of one connection may be in their handlers; more wait. 100 unless given. */
  readonly maxQueriesPerConnection?: number
  /**
   * How long, in milliseconds, a connection may have nothing under way, take for one message, for its handshake, or for reading what it
   * asked for. Then it is closed. 10,000 unless given.
   */
  readonly idleTimeoutMs?: number
}

export interface ServeSettings {
  readonly port: number
  readonly host: string
  readonly tcp: boolean
  readonly tls: (ServeTlsOptions & { readonly port: number }) | undefined
  readonly maxUdpBytes: number
  readonly maxQueries: number
  readonly maxConnections: number
  readonly maxQueriesPerConnection: number
  readonly idleTimeoutMs: number
}

/** RFC 7858, 3.1. */
const TLS_PORT = 853
/** IPv6's least MTU without its headers, as the DNS flag day of 2020 has it. */
const DEFAULT_UDP_BYTES = 1_232
const MOST_PORT = 65_535
const MOST_COUNT = 2 ** 31 - 1

const NAMES: ReadonlySet<string> = new Set<keyof ServeOptions>([
  'port',
  'host',
  'tcp',
  'tls',
  'maxUdpBytes',
  'maxQueries',
  'maxConnections',
  'maxQueriesPerConnection',
  'idleTimeoutMs',
])
const TLS_NAMES: ReadonlySet<string> = new Set<keyof ServeTlsOptions>(['cert', 'key', 'passphrase', 'port'])

export function serveSettings(options: ServeOptions): ServeSettings {
  checkOptionNames(options, NAMES)
  const { host = '127.0.0.1', tcp = true, tls } = options
  if (typeof host !== 'string') throw wrongType('host', 'a string', host)
  if (typeof tcp !== 'boolean') throw wrongType('tcp', 'true or false', tcp)
  if (tls !== undefined) checkOptionNames(tls, TLS_NAMES)
  return {
    port: checkInteger('port', options.port, 0, MOST_PORT),
    host,
    tcp,
    tls: tls && { ...tls, port: checkInteger('tls.port', tls.port ?? TLS_PORT, 0, MOST_PORT) },
    maxUdpBytes: checkInteger(
      'maxUdpBytes',
      options.maxUdpBytes ?? DEFAULT_UDP_BYTES,
      MAX_PLAIN_UDP_BYTES,
      MAX_MESSAGE_BYTES,
    ),
    maxQueries: checkInteger('maxQueries', options.maxQueries ?? 1_000, 1, MOST_COUNT),
    maxConnections: checkInteger('maxConnections', options.maxConnections ?? 1_000, 1, MOST_COUNT),
    maxQueriesPerConnection: checkInteger(
      'maxQueriesPerConnection',
      options.maxQueriesPerConnection ?? 100,
      1,
      MOST_COUNT,
    ),
    idleTimeoutMs: checkDuration('idleTimeoutMs', options.idleTimeoutMs ?? 10_000),
  }
}
