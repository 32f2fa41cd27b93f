/**
 * What holds a transaction to one backend. BEGIN goes with the first query, before the same Sync; what is asked for before the server has
 * answered that waits: behind a BEGIN that fails nothing may run. There is no other connection that anything could go on with: the bond has one,
 * and when that is lost every query says so.
 */
import { Event, Semaphore } from '@shrapnel/core'
import type { ReservedConnection } from '../connection/reserved-connection.js'
import { PostgresError } from '../errors.js'
import type { PoolConnection } from '../pool/pool-connection.js'
import type { QueryOptions, QueryResult } from '../query.js'
import { type Occupant, type Place, placeOn } from '../stream/place.js'

/** What a transaction needs of a connection that nobody else may use. */
export interface BondSession
  extends Pick<
    ReservedConnection,
    'query' | 'script' | 'queryAfter' | 'release' | 'whenOver' | 'transactionStatus' | 'heldIn'
  > {
  readonly connection: Pick<PoolConnection, 'processId' | 'lossReason' | 'close' | 'isOpen'>
}

/**
 * - `fresh`: the server has not been told of it, or has not said yet that it has begun it.
 * - `open`: the server has begun it.
 * - `ended`: by a script, behind our back.
 */
type Phase = 'fresh' | 'open' | 'ended'

export class Bond {
  readonly session: BondSession
  readonly #beginText: string
  #phase: Phase = 'fresh'
  /** Whoever has to wait for BEGIN, or for the end of a script, goes through in the order in which it came. */
  readonly #gate = new Semaphore(1)
  /** Streams, cursors and the like that are open in it, and how deep in savepoints they were opened. */
  readonly #occupants = new Map<Occupant, number>()
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

  /** A script has ended it. */
  get isEnded(): boolean {
    return this.#phase === 'ended'
  }

  /** Runs a query in it. */
  query(text: string, values: readonly unknown[], options?: QueryOptions): Promise<QueryResult<never>> {
    const { session } = this
    if (this.#isDirect) return this.#count(session.query<never>(text, values, options))
    return this.#count(
      this.#early(
        () => session.query<never>(text, values, options),
        () => session.queryAfter<never>(this.#beginText, text, values, options),
      ),
    )
  }

  /** What is asked for behind it waits: it may have ended the transaction. By another protocol, in which BEGIN cannot be sent along. */
  script(text: string, options?: QueryOptions): Promise<QueryResult[]> {
    return this.#count(this.#script(text, options))
  }

  async #script(text: string, options?: QueryOptions): Promise<QueryResult[]> {
    const held = await this.#gate.acquire()
    try {
      await this.#beginAlone()
      return await this.session.script(text, options)
    } finally {
      if (this.#phase === 'open' && this.session.transactionStatus === 'idle') this.#phase = 'ended'
      held.release()
    }
  }

  /** Where a stream can run in it: not before the server has begun it. */
  async place(depth: number): Promise<Place> {
    await this.#count(this.begun())
    const occupants = this.#occupants
    let occupant: Occupant | null = null
    return {
      ...placeOn(this.session),
      begun: (who) => {
        occupant = who
        occupants.set(who, depth)
      },
      done: () => {
        if (occupant !== null && occupants.delete(occupant)) this.#settled?.set()
      },
    }
  }

  /** For what is no query: gives the session when the transaction is begun. Waits for the server if nothing has begun it. */
  async begun(): Promise<BondSession> {
    const held = await this.#gate.acquire()
    try {
      await this.#beginAlone()
      return this.session
    } finally {
      held.release()
    }
  }

  async #beginAlone(): Promise<void> {
    this.#checkEnd()
    if (this.#phase === 'fresh')
      await this.#begin(() => this.session.queryAfter(this.#beginText, '', [], undefined))
  }

  #checkEnd(): void {
    if (this.#phase === 'ended')
      throw new PostgresError('PG_USAGE', 'a script has ended the transaction in which it ran')
  }

  get #isDirect(): boolean {
    return this.#phase === 'open' && this.#gate.available > 0
  }

  /** Asks when it is its turn: with BEGIN if nothing has begun it. */
  async #early<T>(ask: () => Promise<T>, askFirst: () => Promise<T>): Promise<T> {
    let answer: Promise<T>
    const held = await this.#gate.acquire()
    try {
      this.#checkEnd()
      if (this.#phase === 'fresh') return await this.#begin(askFirst)
      answer = ask()
    } finally {
      held.release()
    }
    return await answer
  }

  async #begin<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } finally {
      // If nobody knows, as it was cancelled, BEGIN is sent again: it does no harm in a transaction, and none that has failed takes it.
      this.#phase = this.session.transactionStatus === 'idle' ? 'fresh' : 'open'
    }
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

  #isOccupied(depth: number): boolean {
    for (const at of this.#occupants.values()) if (at >= depth) return true
    return false
  }

  /** Waits for the queries that nobody has waited for, and ends the streams that nobody has read to the end. */
  async settle(depth: number): Promise<void> {
    for (const [occupant, at] of [...this.#occupants]) if (at >= depth) occupant.close()
    while (this.#outstanding > 0 || this.#isOccupied(depth)) {
      this.#settled = new Event()
      await this.#settled.wait()
    }
  }
}
