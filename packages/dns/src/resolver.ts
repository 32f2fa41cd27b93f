/**
 * Resolver: the records of a name and type, from memory where it has them, and asked of servers once however many ask. It follows aliases and
 * keeps time; which servers there are and how they are spoken to is its upstream's. Hosts files, search domains and addresses are not its own: see lookup.
 *
 * Promise: an answer depends on its own question only. Whoever is cancelled leaves the others as they were.
 */
import { type Awaitable, Interrupted, now, TimeoutError, withTimeout } from '@shrapnel/core'
import { afterTurn, currentScope, spend, wrongType } from '@shrapnel/core/parts'
import type { Entry } from './cache/entry.js'
import { Memory } from './cache/memory.js'
import {
  checkResolveOptions,
  type ResolveOptions,
  type ResolverOptions,
  resolverSettings,
  type Settings,
} from './cache/options.js'
import {
  closed,
  denied,
  type Found,
  failed,
  found,
  foundStale,
  fromCache,
  joined,
  timedOut,
} from './cache/outcomes.js'
import { type Asked, asked, checkAsked, plainlyAsked } from './cache/questions.js'
import { circle, readReply, tooManyAliases } from './cache/read-reply.js'
import { entryReport, queryReport, type ResolverReport } from './cache/report.js'
import { SharedQuery } from './cache/shared-query.js'
import { DnsError } from './errors.js'
import type { RecordType, Resolution, Upstream } from './resolution.js'
import { nameKey, type ResourceRecord } from './wire/index.js'

/** What one `resolve` is allowed, whatever number of questions it takes. */
interface Search {
  readonly asked: Asked
  readonly timeoutMs: number
  readonly deadline: number
  /** Asks itself, whatever is known or under way. */
  readonly isFresh: boolean
}

export class Resolver {
  readonly #upstream: Upstream
  readonly #settings: Settings
  readonly #memory: Memory
  /** Those that may be joined, by name and type. */
  readonly #shared = new Map<string, SharedQuery>()
  readonly #queries = new Set<SharedQuery>()
  #isClosed = false
  #hits = 0
  #misses = 0
  #coalesced = 0
  #stale = 0

  /**
   * `upstream` is asked for what is not known; closing it is its owner's. Options that are not known, or out of range, are refused
   * (`ERR_UNKNOWN_OPTION`, `ERR_OUT_OF_RANGE`, `ERR_INVALID_ARG_TYPE`).
   */
  constructor(upstream: Upstream, options: ResolverOptions = {}) {
    if (typeof upstream?.ask !== 'function') throw wrongType('upstream', 'an object with ask()', upstream)
    this.#upstream = upstream
    this.#settings = resolverSettings(options)
    this.#memory = new Memory(this.#settings)
  }

  /**
   * The records of `type` that `name`, or what it is an alias of, has. What is known is given at once, without a promise; otherwise waits
   * for the servers, `timeoutMs` in all. Everyone who asks for the same meanwhile waits for the same question. Cancelling ends one's own
   * waiting, and the question if nobody else waits for it. What it gives is shared and frozen.
   *
   * Fails with a DnsError: `ENOTFOUND` (no such name, RFC 1035), `ENODATA` (no such records, RFC 2308), `ETIMEOUT`, `EBADNAME`, or what the
   * servers failed with, which is remembered for a while (RFC 9520); `CLOSED` after `close()`. A type that asks for no records (`ANY`, `AXFR`) is refused with
   * `ERR_OUT_OF_RANGE`.
   */
  resolve<Type extends RecordType>(
    name: string,
    type: Type,
    options?: ResolveOptions,
  ): Awaitable<Resolution<Type>>
  resolve(name: string, type: string, options?: ResolveOptions): Awaitable<Resolution>
  resolve(name: string, type: string, options?: ResolveOptions): Awaitable<Resolution> {
    if (options !== undefined) checkResolveOptions(options)
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    // A name in the form in which it is kept needs nothing done to it.
    const entry = this.#memory.cache.find(name, type)
    if (entry !== undefined && entry.kind !== 'alias' && options?.cache !== false) {
      const time = now()
      if (time < entry.expiresAt)
        return spend(scope)
          ? this.#give(entry, name, type, time)
          : afterTurn(() => this.resolve(name, type, options))
    }
    return this.#resolveSpelt(name, checkAsked(name, type), options)
  }

  /** What is remembered, what is under way, and how often which was of use. */
  inspect(): ResolverReport {
    const { cache } = this.#memory
    const time = now()
    const usable = [...cache].filter(
      (entry) => time < entry.expiresAt || this.#memory.mayBeStale(entry, time),
    )
    const upstream = this.#upstream as Upstream & { readonly inspect?: () => unknown }
    return {
      totals: {
        hits: this.#hits,
        misses: this.#misses,
        coalesced: this.#coalesced,
        stale: this.#stale,
        evictions: cache.evictions,
      },
      cacheBytes: cache.bytes,
      maxCacheBytes: cache.maxBytes,
      entries: usable.map((entry) => entryReport(entry, time)),
      inFlight: [...this.#queries].map((query) => queryReport(query, time)),
      upstream: upstream.inspect?.(),
    }
  }

  /**
   * Forgets what is known of `name`, of every type, or of all names. Answers that are under way reach those who wait for them and are not
   * remembered; who asks from now on asks anew. Gives how many entries went.
   */
  flush(name?: string): number {
    if (name !== undefined && typeof name !== 'string') throw wrongType('name', 'text', name)
    const key = name === undefined ? undefined : asked(name, 'A').key
    for (const query of this.#queries) {
      if (key !== undefined && query.asked.key !== key) continue
      query.mayKeep = false
      this.#unshare(query)
    }
    return this.#memory.cache.forget(key)
  }

  /** Ends all: who waits gets `CLOSED`, what is under way is cancelled, what is known is forgotten. The upstream is left as it is. */
  close(): void {
    this.#isClosed = true
    this.flush()
    for (const query of this.#queries) query.stop(closed())
    this.#queries.clear()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** A name in another spelling, or one that is not known. */
  #resolveSpelt(name: string, type: string, options: ResolveOptions = NO_OPTIONS): Awaitable<Resolution> {
    let start = plainlyAsked(name, type)
    const time = now()
    let entry = start === undefined ? undefined : this.#memory.fresh(start, time)
    if (start === undefined || entry === undefined) {
      try {
        start = asked(name, type)
      } catch (error) {
        return Promise.reject(error)
      }
      entry = this.#memory.fresh(start, time)
    }
    if (entry === undefined || entry.kind === 'alias' || options.cache === false)
      return this.#search(start, options)
    return spend(currentScope())
      ? this.#give(entry, start.question.name, start.question.type, time)
      : afterTurn(() => this.resolve(name, type, options))
  }

  #give(entry: Entry, name: string, type: string, time: number): Awaitable<Resolution> {
    this.#count(entry)
    if (entry.denial !== undefined) return Promise.reject(denied(entry, name, type, time))
    return fromCache(entry, name, time)
  }

  /** Question by question, until there are records: a server may leave it to us to follow an alias. */
  async #search(start: Asked, options: ResolveOptions): Promise<Resolution> {
    const { question } = start
    const { maxAliases, timeoutMs: usual } = this.#settings
    const timeoutMs = options.timeoutMs ?? usual
    const search: Search = {
      asked: start,
      timeoutMs,
      deadline: now() + timeoutMs,
      isFresh: options.cache === false,
    }
    const seen = new Set([start.key])
    const aliases: ResourceRecord[] = []
    const parts: Found[] = []
    for (let at = start; ; ) {
      const answer = this.#answer(at, search)
      const part = answer instanceof Promise ? await answer : answer
      const { entry } = part
      for (const alias of entry.aliases as readonly (ResourceRecord & { type: 'CNAME' })[]) {
        aliases.push(alias)
        const target = nameKey(alias.data.target)
        if (seen.has(target)) throw circle(question, aliases, alias.data.target)
        seen.add(target)
      }
      if (entry.denial !== undefined) throw denied(entry, question.name, question.type, now())
      if (aliases.length > maxAliases) throw tooManyAliases(question, maxAliases)
      parts.push(part)
      if (entry.kind === 'positive') return joined(question, aliases, parts)
      at = asked(entry.canonicalName, question.type)
    }
  }

  #answer(at: Asked, search: Search): Awaitable<Found> {
    if (this.#isClosed) return Promise.reject(closed())
    if (search.isFresh) return this.#join(this.#ask(at, false, false), undefined, search)
    const time = now()
    const known = this.#memory.fresh(at, time)
    if (known !== undefined) {
      this.#count(known)
      return found(known, time, 'cache')
    }
    const stale = this.#memory.stale(at, time)
    if (stale !== undefined && time < stale.recheckAt) return this.#giveStale(stale)
    const running = this.#shared.get(sharedKey(at))
    if (running === undefined) return this.#join(this.#ask(at, true, stale !== undefined), stale, search)
    if (stale !== undefined && time >= running.startedAt + this.#settings.staleAfterMs)
      return this.#giveStale(stale)
    this.#coalesced++
    return this.#join(running, stale, search)
  }

  /** Waits for a question as one of its askers, under a time limit of its own. */
  async #join(query: SharedQuery, stale: Entry | undefined, search: Search): Promise<Found> {
    query.askers++
    try {
      const time = now()
      const staleAt = stale === undefined ? Infinity : query.startedAt + this.#settings.staleAfterMs
      const limitMs = Math.max(0, Math.min(search.deadline, staleAt) - time)
      const outcome = await withTimeout(limitMs, () => query.answer())
      if ('entry' in outcome) return found(outcome.entry, outcome.entry.storedAt, 'network')
      if (stale !== undefined && !this.#isClosed) return this.#giveStale(stale)
      throw failed(outcome.error, search.asked)
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
      if (stale !== undefined) return this.#giveStale(stale)
      throw this.#late(query, search)
    } finally {
      query.askers--
      if (query.askers === 0 && query.isPending && !query.isRefresh) this.#abandon(query)
    }
  }

  /** Out of time. If the question had all the time that it is due and nobody waits any longer, that is a failure of the servers. */
  #late(query: SharedQuery, { asked: { question }, timeoutMs }: Search): DnsError {
    const error = timedOut(question, timeoutMs)
    const dueMs = this.#settings.timeoutMs
    const hadItsTime = timeoutMs >= dueMs && now() - query.startedAt >= dueMs - CLOCK_SLACK_MS
    if (hadItsTime && query.askers === 1 && query.isPending && query.mayKeep)
      this.#memory.fail(query.asked, timedOut(query.asked.question, timeoutMs))
    return error
  }

  #ask(at: Asked, isShared: boolean, isRefresh: boolean): SharedQuery {
    const query = new SharedQuery(at, isRefresh)
    this.#misses++
    this.#queries.add(query)
    if (isShared) this.#shared.set(sharedKey(at), query)
    query.start(() => this.#run(query))
    return query
  }

  /** The coroutine of a question. */
  async #run(query: SharedQuery): Promise<void> {
    const { asked: at, isRefresh } = query
    const { timeoutMs, maxAliases } = this.#settings
    try {
      // Nobody may be waiting for a refresh, so it has a limit itself.
      const ask = () => this.#upstream.ask(at.question)
      const reply = isRefresh ? await withTimeout(timeoutMs, ask) : await ask()
      const finding = readReply(at.question, reply, maxAliases)
      this.#end(query, { entry: this.#memory.learn(at, finding, query.mayKeep) })
    } catch (cause) {
      const error = isRefresh && cause instanceof TimeoutError ? timedOut(at.question, timeoutMs) : cause
      if (error instanceof DnsError && error.isTemporary && query.mayKeep) this.#memory.fail(at, error)
      // An interruption of this coroutine is none of theirs who wait for it.
      this.#end(query, { error: error instanceof Interrupted ? interrupted(at, error) : error })
    }
  }

  #end(query: SharedQuery, outcome: Parameters<SharedQuery['end']>[0]): void {
    this.#queries.delete(query)
    this.#unshare(query)
    query.end(outcome)
  }

  #abandon(query: SharedQuery): void {
    this.#queries.delete(query)
    this.#unshare(query)
    query.stop(interrupted(query.asked))
  }

  #unshare(query: SharedQuery): void {
    const key = sharedKey(query.asked)
    if (this.#shared.get(key) === query) this.#shared.delete(key)
  }

  #count(entry: Entry): void {
    this.#hits++
    entry.hits++
    this.#memory.cache.use(entry)
  }

  #giveStale(entry: Entry): Found {
    this.#stale++
    entry.hits++
    return foundStale(entry)
  }
}

const NO_OPTIONS: ResolveOptions = {}

/** A timer may ring so much early that the clock, read later, does not show all of the time. */
const CLOCK_SLACK_MS = 1

/** No name has a space in it that is not escaped. */
function sharedKey({ key, question }: Asked): string {
  return `${key} ${question.type}`
}

function interrupted({ question: { name, type } }: Asked, cause?: unknown): DnsError {
  return new DnsError('ESERVFAIL', `the question for ${name} ${type} was cancelled`, {
    hostname: name,
    type,
    cause,
  })
}
