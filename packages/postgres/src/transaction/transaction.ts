/**
 * A transaction as its function has it: queries, and savepoints in it. It lives as long as the function runs, on one backend; after that every
 * use fails with PG_CLOSED, and after a loss with PG_BROKEN. It knows what went wrong first, however many errors follow from that.
 */
import { Event, shield } from '@shrapnel/core'
import { checkFunction, wrongType } from '@shrapnel/core/parts'
import { PostgresError } from '../errors.js'
import type { Queryable, QueryOptions, QueryResult } from '../query.js'
import { queryCall } from '../query-call.js'
import type { SqlFragment } from '../sql-fragment.js'
import type { Place } from '../stream/place.js'
import { StreamingQueries } from '../stream/streaming-queries.js'
import type { Row } from '../wire/rows/row-factory.js'
import type { Bond } from './bond.js'
import { controlsTransaction } from './control-words.js'
import { isConsequence, isHarmless, rolledBack, transactionOver } from './failures.js'
import { quoteGlobalName } from './global-name.js'

/** For the server to go back to a savepoint after its function was interrupted. */
const GO_BACK_TIMEOUT_MS = 5_000

export class Transaction extends StreamingQueries implements Queryable {
  readonly #bond: Bond
  readonly #depth: number
  /** The savepoint in it that is open, and its end. */
  #child: Event | null = null
  #isOver = false
  #preparedName: string | undefined
  #failure: { readonly error: unknown } | undefined

  /** @internal */
  constructor(bond: Bond, depth = 0) {
    super()
    this.#bond = bond
    this.#depth = depth
  }

  /** The server's number for the backend that it runs on. */
  get processId(): number {
    return this.#bond.session.connection.processId
  }

  /** The function has returned. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** What failed first and was not undone by a savepoint: it can only be rolled back. @internal */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure
  }

  /** @internal */
  get preparedName(): string | undefined {
    return this.#preparedName
  }

  /** What the connection offers to others' exchanges. @internal */
  get bond(): Bond {
    return this.#bond
  }

  /**
   * Runs a query in the transaction. Several at once share round trips, in the order in which they were asked for; after the first that fails the
   * others fail with `sqlState` 25P02. One that is cancelled leaves a transaction that can only be rolled back. Fails as a connection's `query`, and
   * with PG_USAGE for BEGIN, COMMIT and the like, or while a savepoint is open.
   */
  query<R = Row>(query: SqlFragment, options?: QueryOptions): Promise<QueryResult<R>>
  query<R = Row>(text: string, values?: readonly unknown[], options?: QueryOptions): Promise<QueryResult<R>>
  query<R = Row>(
    query: SqlFragment | string,
    second?: readonly unknown[] | QueryOptions,
    third?: QueryOptions,
  ): Promise<QueryResult<R>> {
    const { text, values, options } = queryCall(query, second, third)
    const refusal = this.#refusal(text)
    if (refusal !== null) return Promise.reject(refusal)
    return this.#watch(this.#bond.query(text, values, options)) as Promise<QueryResult<R>>
  }

  /** @internal */
  async findPlace(text: string): Promise<Place> {
    const refusal = this.#refusal(text)
    if (refusal !== null) throw refusal
    const place = await this.#watch(this.#bond.place(this.#depth))
    return {
      ...place,
      done: (error) => {
        place.done(error)
        if (error !== undefined) this.#failed(error)
      },
    }
  }

  /** Several statements in one text, as a connection's `script`. Fails with PG_USAGE from then on if the text has ended the transaction. */
  script(text: string, options?: QueryOptions): Promise<QueryResult[]> {
    if (typeof text !== 'string') throw wrongType('the script', 'a text', text)
    const refusal = this.#refusal(text)
    if (refusal !== null) return Promise.reject(refusal)
    return this.#watch(this.#bond.script(text, options))
  }

  /**
   * Calls `fn` with a transaction inside of this one, and gives what it gives. If `fn` fails, what it has done is undone, this transaction can
   * go on, and the error is `fn`'s. One at a time, and nothing else in this transaction meanwhile: PG_USAGE.
   */
  async savepoint<T>(fn: (savepoint: Transaction) => T | PromiseLike<T>): Promise<T> {
    checkFunction('fn', fn)
    const refusal = this.#refusal('')
    if (refusal !== null) throw refusal
    const name = `s${this.#depth + 1}`
    const child = new Transaction(this.#bond, this.#depth + 1)
    const ended = new Event()
    this.#child = ended
    try {
      // Not waited for: what follows it on the same connection fails if it does.
      void this.#watch(this.#bond.query(`savepoint ${name}`, []))
      const result = await child.#call(fn)
      await this.#watch(this.#bond.query(`release savepoint ${name}`, []))
      return result
    } catch (error) {
      child.#isOver = true
      await this.#goBack(name)
      throw error
    } finally {
      this.#child = null
      ended.set()
    }
  }

  /** The same as `savepoint`: what begins a transaction can run in one. */
  begin<T>(fn: (transaction: Transaction) => T | PromiseLike<T>): Promise<T> {
    return this.savepoint(fn)
  }

  /**
   * Two-phase commit: when the function has returned, the transaction is prepared under this name and not committed; `commit prepared` or
   * `rollback prepared`, on any connection, ends it. The server must allow it (`max_prepared_transactions`).
   */
  prepareAs(name: string): void {
    if (this.#depth > 0) throw new PostgresError('PG_USAGE', 'a savepoint cannot be prepared')
    quoteGlobalName(name)
    this.#preparedName = name
  }

  /** Calls `fn` and waits for what it has not waited for. Fails if something went wrong that `fn` did not tell of. @internal */
  async #call<T>(fn: (transaction: Transaction) => T | PromiseLike<T>): Promise<T> {
    const result = await fn(this)
    this.#isOver = true
    await this.#child?.wait()
    await this.#bond.settle(this.#depth)
    if (this.#failure !== undefined) throw rolledBack(this.#failure.error)
    return result
  }

  /** For whoever began it. @internal */
  static async run<T>(
    transaction: Transaction,
    fn: (transaction: Transaction) => T | PromiseLike<T>,
  ): Promise<T> {
    try {
      return await transaction.#call(fn)
    } finally {
      transaction.#isOver = true
    }
  }

  async #goBack(name: string): Promise<void> {
    const { connection } = this.#bond.session
    if (connection.lossReason !== undefined) return
    try {
      const script = `rollback to savepoint ${name}; release savepoint ${name}`
      await shield(GO_BACK_TIMEOUT_MS, () => this.#bond.script(script))
    } catch (error) {
      // Then all of it can only be rolled back; why is what the caller gets to know.
      this.#failure ??= { error }
    }
  }

  #refusal(text: string): PostgresError | null {
    if (this.#isOver) return transactionOver()
    if (this.#child !== null)
      return new PostgresError(
        'PG_USAGE',
        'a savepoint of this transaction is open: what it was given is to be used',
      )
    if (this.#bond.isEnded)
      return new PostgresError('PG_USAGE', 'a script has ended the transaction in which it ran')
    if (controlsTransaction(text))
      return new PostgresError(
        'PG_USAGE',
        'the function of a transaction ends it, by returning or by throwing',
        { query: text },
      )
    return null
  }

  /** Remembers what went wrong first. A query that nobody waits for fails the transaction and not the process. */
  #watch<T>(asked: Promise<T>): Promise<T> {
    asked.then(undefined, (error: unknown) => this.#failed(error))
    return asked
  }

  #failed(error: unknown): void {
    if (isHarmless(error)) return
    if (this.#failure === undefined) this.#failure = { error }
    else if (isConsequence(error)) explain(error as Error, this.#failure.error)
  }
}

/** An error that only says that something failed before is given what that was. */
function explain(consequence: Error, failure: unknown): void {
  if (consequence.cause === undefined && failure !== consequence)
    Object.defineProperty(consequence, 'cause', { value: failure, configurable: true, writable: true })
}
