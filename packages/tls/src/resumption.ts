/**
 * Which session a connection may go on with.
 *
 * A session carries the verdict of the handshake that made it: what goes on checks no certificate. So it is used only where a full
 * handshake would have judged by the same: the key of a session is made of all options of the connection but those that are known to
 * decide nothing, so that an option which comes later is in it, too. And it ends when a certificate of the chain, a CRL or the stapled
 * answer that was looked at then expires, or when the full handshake is too long ago, however many connections went on since.
 */
import { createHash } from 'node:crypto'
import { Socket, type Stream } from '@shrapnel/core'
import { outOfRange, wrongType } from '@shrapnel/core/parts'
import { ConnectionSessions } from './connection-sessions.js'
import type { NativeEngine } from './native.js'
import type { ClientOptions } from './options.js'
import { SessionCache, type SessionPlace, sharedSessions } from './session-cache.js'
import { TlsSession } from './tls-session.js'

/** These change nothing that a handshake checks, or are in what is hashed by other ways. */
const NO_POLICY = new Set(
  ['handshakeTimeoutMs', 'connectTimeoutMs', 'noDelay', 'localAddress', 'isServer', 'keyLog'].concat(
    ['session', 'sessions'],
    // The context's name and the server's have them.
    ['cert', 'key', 'passphrase', 'pfx', 'certificates', 'ca', 'crl', 'maxIntermediates'],
    ['minVersion', 'maxVersion', 'ciphers', 'ciphersuites', 'groups', 'signatureAlgorithms', 'alpn'],
    ['serverName', 'verify', 'ocsp'],
    // Looks at each connection, whether it goes on or not.
    ['checkPeer'],
  ),
)

/** What is settled for all connections with the same options. */
export interface ResumptionPolicy {
  /** Of the context: it stands for certificates, roots, versions, ciphers and whatever else is in it. */
  readonly contextName: string
  readonly serverName: string
  readonly isVerified: boolean
  readonly ocsp: string
  readonly options: ClientOptions
  readonly host?: string | undefined
  readonly port?: number | undefined
}

export class Resumption {
  readonly #cache: SessionCache | undefined
  readonly #given: TlsSession | undefined
  readonly #settled: ResumptionPolicy
  readonly #policy: string

  constructor(settled: ResumptionPolicy) {
    const { sessions = 'shared', session } = settled.options
    this.#cache = cacheOf(sessions)
    if (session !== undefined && !(session instanceof TlsSession))
      throw wrongType('session', 'what takeSession() gave', session)
    this.#given = session
    this.#settled = settled
    this.#policy = policyOf(settled)
  }

  /** Offers a session to the server that `stream` leads to. Before the handshake. */
  begin(engine: NativeEngine, stream: Stream): ConnectionSessions {
    const { serverName, isVerified } = this.#settled
    const { host, port = 0 } = this.#settled
    const remote = host === undefined && stream instanceof Socket ? stream.remoteAddress : undefined
    const place: SessionPlace = {
      host: host?.toLowerCase() ?? remote?.address,
      port: host === undefined ? remote?.port : port,
      serverName,
      isVerified,
    }
    // A stream that says nothing of where it leads, to a server without a name: no two of them are known to be the same.
    const isKnown = place.host !== undefined || serverName !== ''
    const key = JSON.stringify([this.#policy, place.host ?? '', place.port ?? 0])
    const sessions = new ConnectionSessions(
      engine,
      isKnown ? this.#cache : undefined,
      key,
      this.#policy,
      place,
    )
    sessions.offer(this.#given)
    return sessions
  }
}

function cacheOf(sessions: unknown): SessionCache | undefined {
  if (sessions === 'shared') return sharedSessions
  if (sessions === 'none') return undefined
  if (sessions instanceof SessionCache) return sessions
  if (typeof sessions === 'string') throw outOfRange('sessions', "'shared' or 'none'", sessions)
  throw wrongType('sessions', "'shared', 'none' or a SessionCache", sessions)
}

function policyOf({ contextName, serverName, isVerified, ocsp, options }: ResumptionPolicy): string {
  const others = Object.entries(options)
    .filter(([name, value]) => value !== undefined && !NO_POLICY.has(name))
    .map(([name, value]) => [name, described(value)])
    .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1))
  const isName = isVerified && options.verify !== 'chain'
  const all = [contextName, serverName.toLowerCase(), isVerified, isName, ocsp, others]
  return createHash('sha256').update(JSON.stringify(all)).digest('base64')
}

const identities = new WeakMap<object, number>()
let lastIdentity = 0

/** Equal for equal values; of what cannot be compared, equal for the same one. */
function described(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(described)
  if (value instanceof Uint8Array) return ['bytes', createHash('sha256').update(value).digest('base64')]
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null)
    return [typeof value, String(value)]
  const known = identities.get(value) ?? ++lastIdentity
  identities.set(value, known)
  return ['the one', known]
}
