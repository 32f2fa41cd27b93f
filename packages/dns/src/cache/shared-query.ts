/**
 * One question on its way to the servers, and all who wait for its answer. It runs in a coroutine of its own, in no asker's scope:
 * an asker that is cancelled or out of time leaves, and the others go on. When the last one has left, the question is
 * cancelled, unless it is a refresh, whose askers have an old answer in hand.
 */
import { type Coroutine, now, spawn } from '@shrapnel/core'
import { currentScope, QueuedWait, type Scope, WaitQueue } from '@shrapnel/core/parts'
import type { DnsError } from '../errors.js'
import type { Question } from '../wire/index.js'
import type { Entry } from './entry.js'
import type { Asked } from './questions.js'

/** An entry, kept or not; or what is no answer of any server's. */
export type Outcome = { readonly entry: Entry } | { readonly error: unknown }

export class SharedQuery {
  readonly asked: Asked
  readonly isRefresh: boolean
  readonly startedAt = now()
  askers = 0
  /** How it would fail if it ended now; undefined before it has begun. */
  soFar: (() => DnsError) | undefined
  /** False: it was asked before `flush`, and its answer may be from before too. */
  mayKeep = true
  #outcome: Outcome | null = null
  #coroutine: Coroutine | null = null
  readonly #waiters = new WaitQueue<AnswerWait>()

  constructor(asked: Asked, isRefresh: boolean) {
    this.asked = asked
    this.isRefresh = isRefresh
  }

  /** `run` ends it, by `end`, whatever happens. */
  start(run: () => Promise<void>): void {
    const { name, type } = this.asked.question
    this.#coroutine = spawn({ name: `resolve ${name} ${type}` }, run)
  }

  get isPending(): boolean {
    return this.#outcome === null
  }

  /** Without effect if it has ended. */
  end(outcome: Outcome): void {
    if (this.#outcome !== null) return
    this.#outcome = outcome
    this.#waiters.drain((waiter) => waiter.wake(outcome))
  }

  /** Ends it for all who wait, and stops asking. */
  stop(error: unknown): void {
    this.mayKeep = false
    this.end({ error })
    this.#coroutine?.shutdown('nobody waits for the answer')
  }

  /** Waits for the end. The caller is counted in `askers` meanwhile. */
  answer(): Promise<Outcome> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    if (this.#outcome !== null) return Promise.resolve(this.#outcome)
    const wait = new AnswerWait(scope, this.asked.question)
    this.#waiters.push(wait)
    return wait.suspend()
  }
}

class AnswerWait extends QueuedWait<Outcome> {
  readonly #question: Question
  constructor(scope: Scope, question: Question) {
    super(scope)
    this.#question = question
  }
  describe(): string {
    return `the answer for ${this.#question.name} ${this.#question.type}`
  }
}
