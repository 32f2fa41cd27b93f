/**
 * Which session a connection may go on with, and where those that it is given go.
 *
 * A session carries the verdict of the handshake that made it: what goes on checks no certificate. So it is used only where a full
 * handshake would have judged by the same: the key of a session is made of all options of the connection but those that are known to
 * decide nothing, so that an option which comes later is in it, too. And it ends when a certificate of the chain, a CRL or the stapled
 * answer that was looked at then expires, or when the full handshake is too long ago, however many connections went on since.
 */
import { createHash } from 'node:crypto'
import { Socket, type Stream } from '@shrapnel/core'
import { outOfRange, wrongType } from '@shrapnel/core/parts'
import { FAILED, type NativeEngine, type NativeSession, native } from './native.js'
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
/** Without a cache that says otherwise. */
const MAX_AGE_MS = 24 * 3_600_000

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

export class ConnectionSessions {
  readonly #engine: NativeEngine
  readonly #cache: SessionCache | undefined
  readonly #key: string
  readonly #policy: string
  readonly #place: SessionPlace
  #offered: TlsSession | undefined
  #verifiedUntil = 0

  constructor(
    engine: NativeEngine,
    cache: SessionCache | undefined,
    key: string,
    policy: string,
    place: SessionPlace,
  ) {
    this.#engine = engine
    this.#cache = cache
    this.#key = key
    this.#policy = policy
    this.#place = place
  }

  /** `given`, if it was made under the same conditions; or else what the cache has. */
  offer(given: TlsSession | undefined): void {
    const isGood = given?.policy === this.#policy && given.isFit
    const session = isGood ? given : this.#cache?.take(this.#key)
    if (session !== undefined && native.engineSession(this.#engine, session.native) !== FAILED)
      this.#offered = session
  }

  /** The handshake is done and everything was accepted. */
  established(isResumed: boolean): void {
    const offered = this.#offered
    this.#offered = undefined
    if (offered !== undefined) this.#cache?.count(isResumed ? 'resumed' : 'declined')
    if (offered !== undefined && isResumed) this.#verifiedUntil = offered.verifiedUntil
    else {
      const verifiedMs = native.engineVerifiedSeconds(this.#engine) * 1000
      this.#verifiedUntil = Date.now() + Math.min(verifiedMs, this.#cache?.maxAgeMs ?? MAX_AGE_MS)
      if (offered !== undefined) this.#cache?.remove(this.#key, offered)
    }
    this.arrived()
  }

  /** The peer has given some; without a cache they stay where they are until somebody takes them. */
  arrived(): void {
    if (this.#cache === undefined) return
    for (let next = this.#next(); next !== undefined; next = this.#next())
      this.#cache.put(this.#key, this.#place, next)
  }

  /** The newest, which is nobody else's then. */
  take(): TlsSession | undefined {
    if (this.#cache !== undefined) return this.#cache.takeOf(this.#key, this)
    let newest: TlsSession | undefined
    for (let next = this.#next(); next !== undefined; next = this.#next()) newest = next
    return newest
  }

  /** The handshake was not finished. Who knows what it was about the session that it offered? */
  gaveUp(): void {
    if (this.#offered !== undefined) this.#cache?.discard(this.#key)
  }

  /** The connection failed: what it has given is suspect (RFC 8446, 6.2). */
  failed(): void {
    this.#cache?.discard(this.#key, this)
  }

  #next(): TlsSession | undefined {
    const session: NativeSession | undefined = native.engineTakeSession(this.#engine)
    return session && new TlsSession(session, this.#policy, this.#verifiedUntil, this)
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
  const all = [contextName, serverName.toLowerCase(), isVerified, ocsp, others]
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
