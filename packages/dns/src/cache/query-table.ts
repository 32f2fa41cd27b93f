/**
 * The questions that are under way: who may be joined, and what becomes of what they bring. One for each name and type, however many
 * ask; and those that are not shared any more, or never were.
 */
import { Interrupted, TimeoutError, withTimeout } from '@shrapnel/core'
import { DnsError } from '../errors.js'
import type { Upstream } from '../resolution.js'
import type { Memory } from './memory.js'
import type { Settings } from './options.js'
import { timedOut } from './outcomes.js'
import type { Asked } from './questions.js'
import { readReply } from './read-reply.js'
import { type Outcome, SharedQuery } from './shared-query.js'

export class QueryTable implements Iterable<SharedQuery> {
  readonly #upstream: Upstream
  readonly #memory: Memory
  readonly #settings: Settings
  /** Those that may be joined. */
  readonly #shared = new Map<string, SharedQuery>()
  readonly #all = new Set<SharedQuery>()

  constructor(upstream: Upstream, memory: Memory, settings: Settings) {
    this.#upstream = upstream
    this.#memory = memory
    this.#settings = settings
  }

  [Symbol.iterator](): IterableIterator<SharedQuery> {
    return this.#all.values()
  }

  /** The one that may be joined. */
  shared(at: Asked): SharedQuery | undefined {
    return this.#shared.get(keyOf(at))
  }

  /** `isShared`: others may join. `isRefresh`: it goes on when nobody waits for it. */
  start(at: Asked, isShared: boolean, isRefresh: boolean): SharedQuery {
    const query = new SharedQuery(at, isRefresh)
    this.#all.add(query)
    if (isShared) this.#shared.set(keyOf(at), query)
    query.start(() => this.#run(query))
    return query
  }

  /** Whoever waits for it gets its answer, which is not remembered; nobody joins it any more. `key` undefined: all. */
  disown(key: string | undefined): void {
    for (const query of this.#all) {
      if (key !== undefined && query.asked.key !== key) continue
      query.mayKeep = false
      this.#unshare(query)
    }
  }

  /** Nobody waits for it any more. */
  abandon(query: SharedQuery): void {
    this.#all.delete(query)
    this.#unshare(query)
    query.stop(interrupted(query.asked))
  }

  /** Ends all of them with an error that `reason` makes for each. */
  stopAll(reason: () => Error): void {
    for (const query of this.#all) query.stop(reason())
    this.#all.clear()
    this.#shared.clear()
  }

  /** The coroutine of a question. */
  async #run(query: SharedQuery): Promise<void> {
    const { asked: at, isRefresh } = query
    const { timeoutMs, maxAliases } = this.#settings
    const onStart = (soFar: () => DnsError): void => {
      query.soFar = soFar
    }
    try {
      // Nobody may be waiting for a refresh, so it has a limit itself.
      const ask = () => this.#upstream.ask(at.question, { onStart })
      const reply = isRefresh ? await withTimeout(timeoutMs, ask) : await ask()
      const finding = readReply(at.question, reply, maxAliases)
      this.#end(query, { entry: this.#memory.learn(at, finding, query.mayKeep) })
    } catch (cause) {
      const isLate = isRefresh && cause instanceof TimeoutError
      const error = isLate ? timedOut(at.question, timeoutMs, query.soFar?.()) : cause
      if (error instanceof DnsError && error.isTemporary && query.mayKeep) this.#memory.fail(at, error)
      // An interruption of this coroutine is none of theirs who wait for it.
      this.#end(query, { error: error instanceof Interrupted ? interrupted(at, error) : error })
    }
  }

  #end(query: SharedQuery, outcome: Outcome): void {
    this.#all.delete(query)
    this.#unshare(query)
    query.end(outcome)
  }

  #unshare(query: SharedQuery): void {
    const key = keyOf(query.asked)
    if (this.#shared.get(key) === query) this.#shared.delete(key)
  }
}

/** No name has a space in it that is not escaped. */
function keyOf({ key, question }: Asked): string {
  return `${key} ${question.type}`
}

function interrupted({ question: { name, type } }: Asked, cause?: unknown): DnsError {
  return new DnsError('ESERVFAIL', `the question for ${name} ${type} was cancelled`, {
    hostname: name,
    type,
    cause,
  })
}
