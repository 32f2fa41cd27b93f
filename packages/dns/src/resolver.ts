/**
 * Resolver: the records of a name and type, from memory where it has them, and asked of servers once however many ask. It follows aliases and
 * keeps time; which servers there are and how they are spoken to is its upstream's. Hosts files, search domains and addresses are not its own: see lookup.
 *
 * Promise: an answer depends on its own question only. Whoever is cancelled leaves the others as they were.
 */
import { type Awaitable, now } from '@shrapnel/core'
import { afterTurn, currentScope, spend, wrongType } from '@shrapnel/core/parts'
import type { Entry } from './cache/entry.js'
import { Memory } from './cache/memory.js'
import {
  checkResolveOptions,
  type ResolveOptions,
  type ResolverOptions,
  resolverSettings,
} from './cache/options.js'
import { closed, denied, fromCache } from './cache/outcomes.js'
import { QueryTable } from './cache/query-table.js'
import { type Asked, asked, checkAsked, plainlyAsked } from './cache/questions.js'
import { entryReport, queryReport, type ResolverReport } from './cache/report.js'
import { Search, type Surroundings } from './cache/search.js'
import { Usage } from './cache/usage.js'
import type { RecordType, Resolution, Upstream } from './resolution.js'

export class Resolver {
  readonly #upstream: Upstream
  readonly #around: Surroundings & { isClosed: boolean }
  readonly #memory: Memory

  /**
   * `upstream` is asked for what is not known; closing it is its owner's. Options that are not known, or out of range, are refused
   * (`ERR_UNKNOWN_OPTION`, `ERR_OUT_OF_RANGE`, `ERR_INVALID_ARG_TYPE`).
   */
  constructor(upstream: Upstream, options: ResolverOptions = {}) {
    if (typeof upstream?.ask !== 'function') throw wrongType('upstream', 'an object with ask()', upstream)
    this.#upstream = upstream
    const settings = resolverSettings(options)
    const memory = new Memory(settings)
    const queries = new QueryTable(upstream, memory, settings)
    this.#memory = memory
    this.#around = { settings, memory, queries, usage: new Usage(), isClosed: false }
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
    const { usage, queries } = this.#around
    const time = now()
    const usable = [...cache].filter(
      (entry) => time < entry.expiresAt || this.#memory.mayBeStale(entry, time),
    )
    const upstream = this.#upstream as Upstream & { readonly inspect?: () => unknown }
    return {
      totals: {
        ...usage,
        evictions: cache.evictions,
      },
      cacheBytes: cache.bytes,
      maxCacheBytes: cache.maxBytes,
      entries: usable.map((entry) => entryReport(entry, time)),
      inFlight: [...queries].map((query) => queryReport(query, time)),
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
    this.#around.queries.disown(key)
    return this.#memory.cache.forget(key)
  }

  /** Ends all: who waits gets `CLOSED`, what is under way is cancelled, what is known is forgotten. The upstream is left as it is. */
  close(): void {
    this.#around.isClosed = true
    this.flush()
    this.#around.queries.stopAll(closed)
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

  #search(
    start: Asked,
    { timeoutMs = this.#around.settings.timeoutMs, cache }: ResolveOptions,
  ): Promise<Resolution> {
    return new Search(this.#around, start, timeoutMs, cache === false).run()
  }

  #give(entry: Entry, name: string, type: string, time: number): Awaitable<Resolution> {
    this.#around.usage.hits++
    this.#memory.use(entry)
    if (entry.denial !== undefined) return Promise.reject(denied(entry, name, type, time))
    return fromCache(entry, name, time)
  }
}

const NO_OPTIONS: ResolveOptions = {}
