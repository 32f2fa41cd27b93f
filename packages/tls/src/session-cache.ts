/**
 * Sessions that clients keep, so that the next connection to the same server under the same conditions needs no certificates: one
 * cache for the thread unless told. It holds a bounded number of them, each for a bounded time, and decides nothing: what a
 * session may be used for is in its key, which src/resumption.ts makes.
 */
import { checkDuration, checkInteger, checkOptionNames, outOfRange } from '@shrapnel/core/parts'
import type { TlsSession } from './tls-session.js'

const DEFAULT_SESSIONS = 512
const DEFAULT_PER_SERVER = 4
const DAY_MS = 24 * 3_600_000
/** RFC 8446, 4.6.1. */
const MAX_AGE_MS = 7 * DAY_MS

export interface SessionCacheOptions {
  /** How many sessions it holds; the servers that were not used for longest lose theirs first. 512 unless given. */
  readonly maxSessions?: number
  /** How many for one server: in TLS 1.3 each is good for one connection. 4 unless given. */
  readonly maxSessionsPerServer?: number
  /** How long after a full handshake there must be another, in milliseconds. A day unless given, and a week at most. */
  readonly maxAgeMs?: number
}

const NAMES: ReadonlySet<string> = new Set<keyof SessionCacheOptions>([
  'maxSessions',
  'maxSessionsPerServer',
  'maxAgeMs',
])

export interface SessionCacheStats {
  /** How many were put in. */
  readonly stored: number
  /** How many connections went on with one, how many the server would not go on with, and how many found none. */
  readonly resumed: number
  readonly declined: number
  readonly missed: number
  /** How many ended by age, for want of room, and with the connection that had given them or used them. */
  readonly expired: number
  readonly evicted: number
  readonly discarded: number
}

/** Whose sessions. */
export interface SessionPlace {
  /** Host and port as they were connected to; undefined over a stream that has none. */
  readonly host: string | undefined
  readonly port: number | undefined
  readonly serverName: string
  readonly isVerified: boolean
}

export interface SessionCacheEntry extends SessionPlace {
  readonly sessions: number
  /** When the last of them ends, as `Date.now()` counts. */
  readonly expiresAt: number
}

interface Shelf {
  readonly place: SessionPlace
  /** The newest is the last. */
  readonly sessions: TlsSession[]
}

export class SessionCache {
  readonly maxSessions: number
  readonly maxSessionsPerServer: number
  readonly maxAgeMs: number
  /** In the order in which they were last used. */
  readonly #shelves = new Map<string, Shelf>()
  #size = 0
  readonly #stats = { stored: 0, resumed: 0, declined: 0, missed: 0, expired: 0, evicted: 0, discarded: 0 }

  constructor(options: SessionCacheOptions = {}) {
    checkOptionNames(options, NAMES)
    const { maxSessions, maxSessionsPerServer, maxAgeMs = DAY_MS } = options
    this.maxSessions = checkInteger('maxSessions', maxSessions ?? DEFAULT_SESSIONS, 1, 2 ** 31 - 1)
    this.maxSessionsPerServer = checkInteger(
      'maxSessionsPerServer',
      maxSessionsPerServer ?? DEFAULT_PER_SERVER,
      1,
      2 ** 31 - 1,
    )
    this.maxAgeMs = checkDuration('maxAgeMs', maxAgeMs)
    if (maxAgeMs > MAX_AGE_MS) throw outOfRange('maxAgeMs', 'a week at most', maxAgeMs)
  }

  /** How many sessions it holds. */
  get size(): number {
    return this.#size
  }

  /** What has happened since it was made. */
  get stats(): SessionCacheStats {
    return { ...this.#stats }
  }

  /** What it holds, by server; the one used last is the last. No secrets. */
  entries(): readonly SessionCacheEntry[] {
    return [...this.#shelves.values()].map(({ place, sessions }) => ({
      ...place,
      sessions: sessions.length,
      expiresAt: Math.max(...sessions.map((session) => session.expiresAt)),
    }))
  }

  /** Forgets all. Connections that exist are not touched. */
  clear(): void {
    this.#shelves.clear()
    this.#size = 0
  }

  /** The newest that is fit, if any. It stays here if it may be used again. @internal */
  take(key: string): TlsSession | undefined {
    const shelf = this.#shelves.get(key)
    for (let session = shelf?.sessions.at(-1); session !== undefined; session = shelf?.sessions.at(-1)) {
      const isFit = session.isFit
      if (isFit && !session.isForOneUse) return session
      this.remove(key, session)
      if (isFit) return session
      this.#stats.expired++
    }
    this.#stats.missed++
    return undefined
  }

  /** @internal */
  put(key: string, place: SessionPlace, session: TlsSession): void {
    if (!session.isFit) return
    const shelf = this.#shelves.get(key) ?? { place, sessions: [] }
    // Last in the order of the Map: used last.
    this.#shelves.delete(key)
    this.#shelves.set(key, shelf)
    // One that may be used again takes the place of the one before it.
    const room = session.isForOneUse ? this.maxSessionsPerServer : 1
    while (shelf.sessions.length >= room) {
      shelf.sessions.shift()
      this.#size--
      if (session.isForOneUse) this.#stats.evicted++
    }
    shelf.sessions.push(session)
    this.#size++
    this.#stats.stored++
    while (this.#size > this.maxSessions) this.#evict()
  }

  #evict(): void {
    const [key, shelf] = this.#shelves.entries().next().value as [string, Shelf]
    this.remove(key, shelf.sessions[0] as TlsSession)
    this.#stats.evicted++
  }

  /** Whether it was here. @internal */
  remove(key: string, session: TlsSession): boolean {
    const shelf = this.#shelves.get(key)
    const index = shelf?.sessions.indexOf(session) ?? -1
    if (shelf === undefined || index < 0) return false
    shelf.sessions.splice(index, 1)
    this.#size--
    if (shelf.sessions.length === 0) this.#shelves.delete(key)
    return true
  }

  /** The newest that `origin` has put here, which is here no longer then. @internal */
  takeOf(key: string, origin: object): TlsSession | undefined {
    const session = this.#shelves.get(key)?.sessions.findLast((each) => each.origin === origin)
    if (session !== undefined) this.remove(key, session)
    return session
  }

  /** What `origin` has put here; everything for `key` without one. @internal */
  discard(key: string, origin?: object): void {
    for (const session of [...(this.#shelves.get(key)?.sessions ?? [])]) {
      if (origin !== undefined && session.origin !== origin) continue
      this.remove(key, session)
      this.#stats.discarded++
    }
  }

  /** @internal */
  count(what: 'resumed' | 'declined'): void {
    this.#stats[what]++
  }
}

/** The one that connections use unless told. */
export const sharedSessions: SessionCache = new SessionCache()
