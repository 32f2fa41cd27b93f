/** What a Resolver tells about itself: for people, a debugger's door and metrics. */
import type { Entry, EntryKind } from './entry.js'
import type { SharedQuery } from './shared-query.js'

export interface CacheEntryReport {
  /** In lower case. */
  readonly name: string
  /** `*`: every type, as there is no such name. */
  readonly type: string
  /** `alias`: an alias whose target was asked for by itself. */
  readonly kind: EntryKind
  /** For how many seconds it still holds; 0 for one that is past its time. */
  readonly ttl: number
  /** Past its time, and kept for when no server answers. */
  readonly isStale: boolean
  /** What it takes of the heap. */
  readonly bytes: number
  /** How often it was of use. */
  readonly hits: number
  /** Why there are no records. */
  readonly code: string | undefined
}

export interface QueryReport {
  readonly name: string
  readonly type: string
  /** How many wait for the answer. */
  readonly askers: number
  readonly elapsedMs: number
}

/** Since the resolver was made. An alias whose target is asked for by itself counts as two questions. */
export interface ResolverTotals {
  /** Answered by what was known. */
  readonly hits: number
  /** Asked of the servers. */
  readonly misses: number
  /** Answered together with a question that was under way. */
  readonly coalesced: number
  /** Answered past its time. */
  readonly stale: number
  /** Entries that went to make room. */
  readonly evictions: number
}

export interface ResolverReport {
  readonly totals: ResolverTotals
  readonly cacheBytes: number
  readonly maxCacheBytes: number
  /** The one that was used last first. */
  readonly entries: readonly CacheEntryReport[]
  readonly inFlight: readonly QueryReport[]
  /** What the upstream tells about itself: the health of its servers. Undefined if it tells nothing. */
  readonly upstream: unknown
}

export function entryReport(entry: Entry, time: number): CacheEntryReport {
  const isStale = time >= entry.expiresAt
  return {
    name: entry.name,
    type: entry.type,
    kind: entry.kind,
    ttl: isStale ? 0 : Math.floor((entry.expiresAt - time) / 1_000),
    isStale,
    bytes: entry.bytes,
    hits: entry.hits,
    code: entry.denial?.code,
  }
}

export function queryReport(
  { asked: { question }, askers, startedAt }: SharedQuery,
  time: number,
): QueryReport {
  return { name: question.name, type: question.type, askers, elapsedMs: time - startedAt }
}
