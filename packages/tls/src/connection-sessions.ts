/**
 * The sessions of one connection of a client: the one that it offers to go on with, and those that it is given. They go where the cache is,
 * and out of it again if the connection fails.
 */
import { FAILED, type NativeEngine, type NativeSession, native } from './native.js'
import type { SessionCache, SessionPlace } from './session-cache.js'
import { TlsSession } from './tls-session.js'

/** Without a cache that says otherwise. */
const MAX_AGE_MS = 24 * 3_600_000

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
