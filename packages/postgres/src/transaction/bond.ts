/**
 * What holds a transaction to one backend. BEGIN goes with the first query, before the same Sync; what is asked for before the server has
 * answered that waits: behind a BEGIN that fails nothing may run. There is no other connection that anything could go on with: the bond has one,
 * and when that is lost every query says so.
 */
import { Event } from '@shrapnel/core'
import type { ReservedConnection } from '../connection/reserved-connection.js'
import { PostgresError } from '../errors.js'
import type { PoolConnection } from '../pool/pool-connection.js'
import type { QueryOptions, QueryResult } from '../query.js'

/** What a transaction needs of a connection that nobody else may use. */
export interface BondSession
  extends Pick<
    ReservedConnection,
    'query' | 'script' | 'queryAfter' | 'release' | 'whenOver' | 'transactionStatus'
  > {
  readonly connection: Pick<PoolConnection, 'processId' | 'lossReason' | 'close' | 'isOpen'>
}

/**
 * - `fresh`: the server has not been told of it, or has said that there is none.
 * - `beginning`: BEGIN is on its way, with the first query.
 * - `open`: the server has begun it.
 * - `ended`: by a script, behind our back.
 */
type Phase = 'fresh' | 'beginning' | 'open' | 'ended'

export class Bond {
  readonly session: BondSession
  readonly #beginText: string
  #phase: Phase = 'fresh'
  #answered: Event | null = null
  #outstanding = 0
  #settled: Event | null = null

  constructor(session: BondSession, beginText: string) {
    this.session = session
    this.#beginText = beginText
  }

  /** The server knows nothing of it, as far as we know. */
  get isFresh(): boolean {
    return this.#phase === 'fresh'
  }

  /** Runs a query in it. */
  query(text: string, values: readonly unknown[], options?: QueryOptions): Promise<QueryResult<never>> {
    return this.#count(
      this.#phase === 'open' ? this.session.query(text, values, options) : this.#early(text, values, options),
    )
  }

  script(text: string, options?: QueryOptions): Promise<QueryResult[]> {
    return this.#count(this.#script(text, options))
  }

  async #script(text: string, options?: QueryOptions): Promise<QueryResult[]> {
    // By another protocol, in which nothing can be sent along.
    if (this.#phase !== 'open') await this.#early('', [])
    this.#checkOpen()
    try {
      return await this.session.script(text, options)
    } finally {
      if (this.session.transactionStatus === 'idle') this.#phase = 'ended'
    }
  }

  async #early(
    text: string,
    values: readonly unknown[],
    options?: QueryOptions,
  ): Promise<QueryResult<never>> {
    while (this.#phase === 'beginning') await this.#answered?.wait()
    this.#checkOpen()
    return this.#phase === 'open'
      ? await this.session.query<never>(text, values, options)
      : await this.#first(text, values, options)
  }

  async #first(
    text: string,
    values: readonly unknown[],
    options?: QueryOptions,
  ): Promise<QueryResult<never>> {
    this.#phase = 'beginning'
    this.#answered = new Event()
    try {
      return await this.session.queryAfter<never>(this.#beginText, text, values, options)
    } finally {
      // If nobody knows, as it was cancelled, BEGIN is sent again: it does no harm in a transaction, and none that has failed takes it.
      this.#phase = this.session.transactionStatus === 'idle' ? 'fresh' : 'open'
      this.#answered.set()
    }
  }

  #checkOpen(): void {
    if (this.#phase === 'ended')
      throw new PostgresError('PG_USAGE', 'a script has ended the transaction in which it ran')
  }

  /** Whether a script has ended it. */
  get isEnded(): boolean {
    return this.#phase === 'ended'
  }

  /** COMMIT and the like: what ends it. */
  end(text: string): Promise<QueryResult<never>> {
    return this.session.query<never>(text)
  }

  // What is asked for and not answered

  #count<T>(asked: Promise<T>): Promise<T> {
    this.#outstanding++
    const done = (): void => {
      if (--this.#outstanding === 0) this.#settled?.set()
    }
    asked.then(done, done)
    return asked
  }

  /** Waits for the queries that nobody has waited for. */
  async settle(): Promise<void> {
    while (this.#outstanding > 0) {
      this.#settled = new Event()
      await this.#settled.wait()
    }
  }
}
