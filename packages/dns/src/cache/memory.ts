/**
 * What is remembered, and for how long: the limits on times, the growing times of failures, and what may be given past its time. No I/O.
 */
import { now } from '@shrapnel/core'
import type { DnsError } from '../errors.js'
import { AnswerCache } from './answer-cache.js'
import { Entry, type Finding } from './entry.js'
import type { Settings } from './options.js'
import type { Asked } from './questions.js'

/** RFC 8767, 5: so long nobody is asked again after no server answered, and so long holds what is given meanwhile. */
const STALE_RECHECK_MS = 30_000

/** Longer than 2^31 times the first one is no failure remembered. */
const MOST_DOUBLINGS = 30

export class Memory {
  readonly cache: AnswerCache
  readonly #settings: Settings

  constructor(settings: Settings) {
    this.#settings = settings
    this.cache = new AnswerCache(settings.cache ? settings.maxCacheBytes : 0)
  }

  /** What is known and holds. */
  fresh({ key, question }: Asked, time: number): Entry | undefined {
    const entry = this.cache.find(key, question.type)
    return entry !== undefined && time < entry.expiresAt ? entry : undefined
  }

  /** It was of use. */
  use(entry: Entry): void {
    entry.hits++
    this.cache.use(entry)
  }

  /** Records that are past their time and may be given if no server answers. */
  stale({ key, question }: Asked, time: number): Entry | undefined {
    const entry = this.cache.find(key, question.type)
    return entry !== undefined && this.mayBeStale(entry, time) ? entry : undefined
  }

  mayBeStale(entry: Entry, time: number): boolean {
    if (entry.kind === 'negative' || entry.kind === 'failure') return false
    return time >= entry.expiresAt && time < entry.expiresAt + 1_000 * this.#settings.staleSeconds
  }

  /** What a reply said. `isKept` false: makes an entry for those who asked, and remembers nothing. */
  learn({ key, question }: Asked, finding: Finding, isKept: boolean): Entry {
    const ttlSeconds = this.#limited(finding)
    const entry = new Entry(key, question.type, finding, now(), ttlSeconds)
    if (!isKept) return entry
    if (ttlSeconds > 0) this.cache.keep(entry)
    else {
      const previous = this.cache.find(key, question.type)
      if (previous !== undefined) this.cache.remove(previous)
    }
    return entry
  }

  /** Nobody could say (RFC 9520). What is known and holds is not replaced by that, nor what may be given past its time. */
  fail({ key, question }: Asked, { code, message, server, extendedError }: DnsError): void {
    const time = now()
    const { failureTtlSeconds, maxFailureTtlSeconds } = this.#settings
    const previous = this.cache.find(key, question.type)
    if (previous !== undefined) {
      if (previous.kind !== 'failure' && time < previous.expiresAt) return
      if (this.mayBeStale(previous, time)) {
        previous.recheckAt = time + STALE_RECHECK_MS
        return
      }
    }
    if (failureTtlSeconds === 0) return
    const isAgain = previous?.kind === 'failure' && time < previous.expiresAt + 1_000 * maxFailureTtlSeconds
    const failures = isAgain ? previous.failures + 1 : 1
    const ttlSeconds = Math.min(
      failureTtlSeconds * 2 ** Math.min(failures - 1, MOST_DOUBLINGS),
      maxFailureTtlSeconds,
    )
    const denial = { code, text: message, server, extendedError }
    const finding: Finding = { ...NOTHING, canonicalName: question.name, denial, ttlSeconds }
    const entry = new Entry(key, question.type, finding, time, ttlSeconds)
    entry.failures = failures
    this.cache.keep(entry)
  }

  #limited({ kind, ttlSeconds }: Finding): number {
    const { minTtlSeconds, maxTtlSeconds, maxNegativeTtlSeconds } = this.#settings
    if (kind === 'negative') return Math.min(ttlSeconds, maxNegativeTtlSeconds)
    return Math.min(Math.max(ttlSeconds, minTtlSeconds), maxTtlSeconds)
  }
}

const NOTHING = { kind: 'failure', records: [], aliases: [], coversName: false } as const
