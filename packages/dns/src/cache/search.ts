/**
 * One `resolve`, from the name asked for along its aliases to records, question by question: what is known, what others ask already,
 * what the servers say, and what is past its time where they say nothing. All of it under one time limit.
 */
import { type Awaitable, now, TimeoutError, withTimeout } from '@shrapnel/core'
import type { DnsError } from '../errors.js'
import type { Resolution } from '../resolution.js'
import { nameKey, type ResourceRecord } from '../wire/index.js'
import type { Entry } from './entry.js'
import type { Memory } from './memory.js'
import type { Settings } from './options.js'
import { closed, denied, type Found, failed, found, foundStale, joined, timedOut } from './outcomes.js'
import type { QueryTable } from './query-table.js'
import { type Asked, asked } from './questions.js'
import { circle, tooManyAliases } from './read-reply.js'
import type { SharedQuery } from './shared-query.js'
import type { Usage } from './usage.js'

/** A timer may ring so much early that the clock, read later, does not show all of the time. */
const CLOCK_SLACK_MS = 1

/** What the searches of a resolver share. */
export interface Surroundings {
  readonly settings: Settings
  readonly memory: Memory
  readonly queries: QueryTable
  readonly usage: Usage
  readonly isClosed: boolean
}

export class Search {
  readonly #around: Surroundings
  readonly #start: Asked
  readonly #timeoutMs: number
  readonly #deadline: number
  /** Asks itself, whatever is known or under way. */
  readonly #isFresh: boolean

  constructor(around: Surroundings, start: Asked, timeoutMs: number, isFresh: boolean) {
    this.#around = around
    this.#start = start
    this.#timeoutMs = timeoutMs
    this.#deadline = now() + timeoutMs
    this.#isFresh = isFresh
  }

  /** Until there are records: a server may leave it to us to follow an alias. */
  async run(): Promise<Resolution> {
    const { question, key } = this.#start
    const { maxAliases } = this.#around.settings
    const seen = new Set([key])
    const aliases: ResourceRecord[] = []
    const parts: Found[] = []
    for (let at = this.#start; ; ) {
      const answer = this.#answer(at)
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

  #answer(at: Asked): Awaitable<Found> {
    const { isClosed, memory, usage, queries, settings } = this.#around
    if (isClosed) return Promise.reject(closed())
    if (this.#isFresh) return this.#join(this.#ask(at, false, false), undefined)
    const time = now()
    const known = memory.fresh(at, time)
    if (known !== undefined) {
      memory.use(known)
      usage.hits++
      return found(known, time, 'cache')
    }
    const stale = memory.stale(at, time)
    if (stale !== undefined && time < stale.recheckAt) return this.#giveStale(stale)
    const running = queries.shared(at)
    if (running === undefined) return this.#join(this.#ask(at, true, stale !== undefined), stale)
    if (stale !== undefined && time >= running.startedAt + settings.staleAfterMs)
      return this.#giveStale(stale)
    usage.coalesced++
    return this.#join(running, stale)
  }

  #ask(at: Asked, isShared: boolean, isRefresh: boolean): SharedQuery {
    const { usage, queries } = this.#around
    usage.misses++
    return queries.start(at, isShared, isRefresh)
  }

  /** Waits for a question as one of its askers, under a time limit of its own. */
  async #join(query: SharedQuery, stale: Entry | undefined): Promise<Found> {
    query.askers++
    try {
      const staleAfterMs = stale === undefined ? Infinity : this.#around.settings.staleAfterMs
      const limitMs = Math.max(0, Math.min(this.#deadline, query.startedAt + staleAfterMs) - now())
      const outcome = await withTimeout(limitMs, () => query.answer())
      if ('entry' in outcome) return found(outcome.entry, outcome.entry.storedAt, 'network')
      if (stale !== undefined && !this.#around.isClosed) return this.#giveStale(stale)
      throw failed(outcome.error, this.#start)
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
      if (stale !== undefined) return this.#giveStale(stale)
      throw this.#late(query)
    } finally {
      query.askers--
      if (query.askers === 0 && query.isPending && !query.isRefresh) this.#around.queries.abandon(query)
    }
  }

  /** Out of time. If the question had all the time that it is due and nobody waits any longer, that is a failure of the servers. */
  #late(query: SharedQuery): DnsError {
    const { settings, memory } = this.#around
    const soFar = query.soFar?.()
    const dueMs = settings.timeoutMs
    const hadItsTime = this.#timeoutMs >= dueMs && now() - query.startedAt >= dueMs - CLOCK_SLACK_MS
    if (hadItsTime && query.askers === 1 && query.isPending && query.mayKeep)
      memory.fail(query.asked, timedOut(query.asked.question, this.#timeoutMs, soFar))
    return timedOut(this.#start.question, this.#timeoutMs, soFar)
  }

  #giveStale(entry: Entry): Found {
    this.#around.usage.stale++
    entry.hits++
    return foundStale(entry)
  }
}
