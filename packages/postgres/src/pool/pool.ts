/**
 * A pool: some connections for any number of coroutines. Plain queries share them; transactions, leases and scripts have one each. Connections
 * that break are replaced; nothing is sent twice, and what runs on one never goes on on another.
 */
import { Event, now } from '@shrapnel/core'
import {
  addTimer,
  checkDuration,
  checkFunction,
  keepAlive,
  removeTimer,
  type Timed,
} from '@shrapnel/core/parts'
import { PostgresError } from '../errors.js'
import { ListenHub } from '../listen/listen-hub.js'
import type { ListenOptions } from '../listen/listen-options.js'
import type { Listener } from '../listen/listener.js'
import type { Queryable, QueryOptions, QueryResult } from '../query.js'
import { queryCall } from '../query-call.js'
import type { SqlFragment } from '../sql-fragment.js'
import { type Place, placeOn } from '../stream/place.js'
import { StreamingQueries } from '../stream/streaming-queries.js'
import { begin, type TransactionFunction } from '../transaction/begin.js'
import { beginsTransaction } from '../transaction/control-words.js'
import type { TransactionOptions } from '../transaction/transaction-options.js'
import type { Row } from '../wire/rows/row-factory.js'
import { Lease } from './lease.js'
import type { Member } from './member.js'
import type { OpenConnection } from './pool-connection.js'
import { checkPoolOptions, type PoolOptions } from './pool-options.js'
import { PoolSessions } from './pool-sessions.js'
import type { PoolStats } from './stats.js'
import { Supply } from './supply.js'

const DEFAULT_CLOSE_TIMEOUT_MS = 10_000

export interface CloseOptions {
  /** Milliseconds that what is under way may take, and what waits; then it fails with PG_CLOSED. 10,000. */
  readonly timeoutMs?: number | undefined
}

export class Pool extends StreamingQueries implements Queryable, AsyncDisposable {
  readonly #supply: Supply
  readonly #sessions: PoolSessions
  readonly #hub: ListenHub
  readonly #empty = new Event()
  #deadline: CloseDeadline | null = null

  /** @internal */
  constructor(open: OpenConnection, options: PoolOptions = {}) {
    super()
    const settings = checkPoolOptions(options)
    const { onConnect } = settings
    const prepared = onConnect === undefined ? open : () => openPrepared(open, onConnect)
    this.#supply = new Supply(settings, prepared, () => this.#empty.set())
    this.#sessions = new PoolSessions(this.#supply)
    this.#hub = new ListenHub(open, settings.keepAliveMs)
  }

  /** As it is now, and what was counted since the pool was made. */
  get stats(): PoolStats {
    return this.#supply.stats
  }

  get isClosed(): boolean {
    return this.#supply.isClosing
  }

  /**
   * Runs one statement on any connection, and gives its rows. Waits for a connection, and for the server. Cancelled, it leaves the queue, or is
   * cancelled on the server, where nobody waits for that: the connection is not used until it is clean.
   *
   * Fails as a connection's `query`; with what connecting failed with; with PG_TIMEOUT (`queueTimeoutMs`; `timeoutMs` counts from the call), PG_LIMIT
   * (`maxQueued`), PG_CLOSED; with PG_USAGE for BEGIN, which would be in the way of others.
   */
  query<R = Row>(query: SqlFragment, options?: QueryOptions): Promise<QueryResult<R>>
  query<R = Row>(text: string, values?: readonly unknown[], options?: QueryOptions): Promise<QueryResult<R>>
  query<R = Row>(
    query: SqlFragment | string,
    second?: readonly unknown[] | QueryOptions,
    third?: QueryOptions,
  ): Promise<QueryResult<R>> {
    const { text, values, options } = queryCall(query, second, third)
    const supply = this.#supply
    if (beginsTransaction(text)) return Promise.reject(beginRefused(text))
    let member: Member | null
    try {
      member = supply.take('shared')
    } catch (error) {
      return Promise.reject(error)
    }
    supply.totals.queries++
    return member === null
      ? this.#queryLater(text, values, options)
      : supply.query(member, text, values, options)
  }

  async #queryLater<R>(
    text: string,
    values: readonly unknown[],
    options: QueryOptions | undefined,
  ): Promise<QueryResult<R>> {
    const supply = this.#supply
    const { timeoutMs = Infinity } = options ?? {}
    const since = timeoutMs === Infinity ? 0 : now()
    const left = (): number => (timeoutMs === Infinity ? Infinity : Math.max(0, timeoutMs - (now() - since)))
    let member = await supply.wait('shared', timeoutMs)
    member.promised--
    // It may have broken since it was given; nothing was sent on it.
    while (!member.connection.isOpen) {
      member = await supply.wait('shared', left())
      member.promised--
    }
    const rest = timeoutMs === Infinity ? options : { ...options, timeoutMs: left() }
    return await supply.query<R>(member, text, values, rest)
  }

  /** @internal */
  async findPlace(text: string): Promise<Place> {
    if (beginsTransaction(text)) throw beginRefused(text)
    const member = await this.#sessions.member()
    let isDone = false
    const done = (): void => {
      if (!isDone) this.#supply.giveBack(member, false)
      isDone = true
    }
    try {
      return { ...placeOn(member.connection), done }
    } catch (error) {
      done()
      throw error
    }
  }

  /** Several statements in one text, on a connection that is shared with nobody. A transaction that the text leaves open is rolled back. */
  script(text: string, options?: QueryOptions): Promise<QueryResult[]> {
    return this.use((connection) => connection.script(text, options))
  }

  /**
   * Calls `fn` in a transaction and gives what it gives, once that is committed. If `fn` fails, it is rolled back, and the error is `fn`'s. Waits for a
   * connection, the server and `fn`. Cancelled, the query that runs is cancelled, and the transaction rolled back.
   *
   * Fails with PG_COMMIT_UNKNOWN if the connection was lost during COMMIT; with what a query failed with, if `fn` did not tell; and as `lease` does.
   */
  begin<T>(fn: TransactionFunction<T>): Promise<T>
  begin<T>(options: TransactionOptions, fn: TransactionFunction<T>): Promise<T>
  begin<T>(first: TransactionOptions | TransactionFunction<T>, fn?: TransactionFunction<T>): Promise<T> {
    return begin(this.#sessions, first, fn)
  }

  /**
   * A connection of one's own: `await using connection = await db.lease()`. Waits for one. Cancelled, it leaves the queue. Fails with PG_TIMEOUT
   * (`queueTimeoutMs`), PG_LIMIT (`maxQueued`), PG_CLOSED, and with what connecting failed with.
   */
  async lease(): Promise<Lease> {
    const member = await this.#sessions.member()
    return new Lease(member.connection, () => this.#supply.giveBack(member, true))
  }

  /** Calls `fn` with a connection of its own, and gives it back however `fn` ends. */
  async use<T>(fn: (connection: Lease) => T | PromiseLike<T>): Promise<T> {
    checkFunction('fn', fn)
    const connection = await this.lease()
    try {
      return await fn(connection)
    } finally {
      connection.release()
    }
  }

  /**
   * What is notified on a channel, or several, from now on: `for await (const event of db.listen('news'))`. All listeners of a pool share one
   * connection, which does not count for `maxConnections`. When that was lost and another one listens, the next event is a gap. Leaving the loop
   * ends it; so does `close` of the pool.
   */
  listen(channels: string | readonly string[], options?: ListenOptions): Listener {
    if (this.isClosed) throw new PostgresError('PG_CLOSED', 'the pool is closed', { safeToRetry: true })
    return this.#hub.listen(channels, options)
  }

  /** Notifies all who listen to the channel, in any program, with a text of less than 8,000 bytes. */
  async notify(channel: string, payload = ''): Promise<void> {
    await this.query('select pg_notify($1, $2)', [channel, payload])
  }

  /**
   * Takes nothing new, waits for what is under way and for what waits in the queue, and closes the connections. What is not done in time fails
   * with PG_CLOSED. Listeners end at once. Cancelling the wait does not stop the closing. Again: waits for the same, and may shorten it.
   */
  async close({ timeoutMs = DEFAULT_CLOSE_TIMEOUT_MS }: CloseOptions = {}): Promise<void> {
    checkDuration('timeoutMs', timeoutMs)
    this.#hub.close()
    const deadline = new CloseDeadline(now() + timeoutMs, () => this.#supply.closeAll())
    if (this.#deadline === null || deadline.at < this.#deadline.at) {
      if (this.#deadline !== null) removeTimer(this.#deadline)
      this.#deadline = deadline
      addTimer(deadline)
    }
    this.#supply.beginClose()
    await keepAlive(this.#empty.wait())
    removeTimer(this.#deadline)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

class CloseDeadline implements Timed {
  readonly at: number
  sequence = 0
  place = -1
  readonly yieldsToData = true
  readonly expire: () => void

  constructor(at: number, expire: () => void) {
    this.at = at
    this.expire = expire
  }
}

async function openPrepared(
  open: OpenConnection,
  onConnect: (connection: Lease) => unknown,
): ReturnType<OpenConnection> {
  const connection = await open()
  const lease = new Lease(connection, () => {})
  try {
    await onConnect(lease)
    return connection
  } catch (error) {
    connection.close()
    throw error
  } finally {
    lease.release()
  }
}

function beginRefused(text: string): PostgresError {
  return new PostgresError('PG_USAGE', 'a transaction on a pool: use begin(), or a lease', { query: text })
}
