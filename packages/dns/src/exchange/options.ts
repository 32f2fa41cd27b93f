/** What can be chosen about asking servers, and the checks of it. */
import { checkDuration, checkInteger, checkOptionNames, outOfRange, wrongType } from '@shrapnel/core/parts'
import { type RandomUint16, randomUint16 } from './random.js'
import { type ServerAddress, type ServerOptions, serverAddress } from './server-address.js'

export interface ServersOptions {
  /** At least one, in order of preference. */
  readonly servers: readonly (string | ServerOptions)[]
  /**
   * For one question and all that it takes, in milliseconds: every server, every repetition, TCP and TLS. 5,000 unless given: what
   * the first try alone may take by resolv.conf, and people wait no longer.
   */
  readonly timeoutMs?: number | undefined
  /** After so many milliseconds without an answer the next server is asked too; then twice as many, and so on. 500 unless given. */
  readonly retryMs?: number | undefined
  /** True: the servers share the work in turns. False unless given: the first that is well gets it, unless it is much slower than another. */
  readonly rotate?: boolean | undefined
  /** False: the servers shall answer from what they know (`--trace`). True unless given. */
  readonly recursionDesired?: boolean | undefined
  /** True: DNSSEC records are wanted in the answers (DO). False unless given. */
  readonly dnssecOk?: boolean | undefined
  /** True: the servers shall not validate (CD). False unless given. */
  readonly checkingDisabled?: boolean | undefined
  /** False: no OPT record, so neither cookies nor replies over 512 bytes. True unless given. */
  readonly edns?: boolean | undefined
  /** The longest UDP reply that is asked for, in bytes. 1,232 unless given, which no path fragments (DNS flag day 2020). */
  readonly maxUdpPayloadBytes?: number | undefined
  /** DNS cookies (RFC 7873). True unless given. */
  readonly cookies?: boolean | undefined
  /** Asks over UDP with letters of random case (0x20), which the reply must repeat. True unless given. */
  readonly randomCase?: boolean | undefined
  /**
   * How many queries of a busy moment may share a UDP port, in all; 1: a port for each. A port is closed when no query waits on it,
   * so one query at a time always has its own. 64 unless given.
   */
  readonly maxQueriesPerPort?: number | undefined
  /** How long a TCP or TLS connection is kept with no query on it, in milliseconds; 0: not at all. 10,000 unless given. */
  readonly idleTimeoutMs?: number | undefined
  /** More queries at a time use another connection. 100 unless given. */
  readonly maxQueriesPerConnection?: number | undefined
  /** To one server; with all of them full, queries wait. 2 unless given. */
  readonly maxConnections?: number | undefined
}

export interface Settings {
  readonly timeoutMs: number
  readonly retryMs: number
  readonly rotate: boolean
  readonly recursionDesired: boolean
  readonly dnssecOk: boolean
  readonly checkingDisabled: boolean
  readonly edns: boolean
  readonly maxUdpPayloadBytes: number
  readonly cookies: boolean
  readonly randomCase: boolean
  readonly maxQueriesPerPort: number
  readonly idleTimeoutMs: number
  readonly maxQueriesPerConnection: number
  readonly maxConnections: number
  readonly randomUint16: RandomUint16
}

const OPTION_NAMES = new Set([
  'servers',
  'timeoutMs',
  'retryMs',
  'rotate',
  'recursionDesired',
  'dnssecOk',
  'checkingDisabled',
  'edns',
  'maxUdpPayloadBytes',
  'cookies',
  'randomCase',
  'maxQueriesPerPort',
  'idleTimeoutMs',
  'maxQueriesPerConnection',
  'maxConnections',
])

export function checkServers(servers: unknown): ServerAddress[] {
  if (!Array.isArray(servers)) throw wrongType('servers', 'an array', servers)
  if (servers.length === 0) throw outOfRange('servers', 'at least one', '[]')
  const addresses = servers.map((server: string | ServerOptions) => serverAddress(server))
  return addresses.filter(({ name }, index) => addresses.findIndex((each) => each.name === name) === index)
}

export function checkSettings(options: ServersOptions): Settings {
  checkOptionNames(options, OPTION_NAMES)
  const { timeoutMs = 5_000, retryMs = 500, idleTimeoutMs = 10_000 } = options
  const retry = checkDuration('retryMs', retryMs)
  if (retry < 1) throw outOfRange('retryMs', 'at least 1', retry)
  return {
    timeoutMs: checkDuration('timeoutMs', timeoutMs),
    retryMs: retry,
    idleTimeoutMs: checkDuration('idleTimeoutMs', idleTimeoutMs),
    rotate: flag('rotate', options.rotate, false),
    recursionDesired: flag('recursionDesired', options.recursionDesired, true),
    dnssecOk: flag('dnssecOk', options.dnssecOk, false),
    checkingDisabled: flag('checkingDisabled', options.checkingDisabled, false),
    edns: flag('edns', options.edns, true),
    cookies: flag('cookies', options.cookies, true),
    randomCase: flag('randomCase', options.randomCase, true),
    maxUdpPayloadBytes: checkInteger('maxUdpPayloadBytes', options.maxUdpPayloadBytes ?? 1232, 512, 65_535),
    // Two in flight never have the same id, so a port has room for far fewer than there are ids.
    maxQueriesPerPort: checkInteger('maxQueriesPerPort', options.maxQueriesPerPort ?? 64, 1, 10_000),
    maxQueriesPerConnection: checkInteger(
      'maxQueriesPerConnection',
      options.maxQueriesPerConnection ?? 100,
      1,
      10_000,
    ),
    maxConnections: checkInteger('maxConnections', options.maxConnections ?? 2, 1, 1_000),
    randomUint16,
  }
}

function flag(name: string, value: unknown, usual: boolean): boolean {
  if (value === undefined) return usual
  if (typeof value !== 'boolean') throw wrongType(name, 'true or false', value)
  return value
}
