/**
 * Who gets which connection. A plain query goes on an idle one, the one used last; else on a new one, as long as there may be more; else behind
 * others, on the one that has the least to do. Who wants one for himself gets an idle or a new one; else the least busy one is kept free of
 * plain queries for him (claimed). Where there is none, one waits, and first come is first served.
 *
 * Promises: no more than `maxConnections` are open, opening or draining; a connection that is not clean is given to nobody; whoever waits is
 * served, told of a failure, or told that it took too long.
 */
import { now } from '@shrapnel/core'
import { currentScope } from '@shrapnel/core/parts'
import { PostgresError } from '../errors.js'
import type { QueryOptions, QueryResult } from '../query.js'
import { again, poolClosed } from './failures.js'
import { Keeper } from './keeper.js'
import { Member } from './member.js'
import { MemberQueues, type Want } from './member-queues.js'
import type { MemberSource } from './member-wait.js'
import { Openings, type OpeningsOwner } from './openings.js'
import type { OpenConnection, PoolConnection } from './pool-connection.js'
import type { PoolSettings } from './pool-options.js'
import { clean, renew } from './returning.js'
import { Roster } from './roster.js'
import { type PoolStats, Totals } from './stats.js'

export class Supply implements MemberSource, OpeningsOwner {
  readonly settings: PoolSettings
  readonly totals = new Totals()
  readonly #roster = new Roster((member) => this.settle(member))
  readonly #openings: Openings
  readonly #queues = new MemberQueues()
  readonly #keeper: Keeper
  readonly #onEmpty: () => void
  #isServing = false
  #isClosing = false

  constructor(settings: PoolSettings, open: OpenConnection, onEmpty: () => void) {
    this.settings = settings
    this.#openings = new Openings(this, open)
    this.#keeper = new Keeper(this.#roster, settings)
    this.#onEmpty = onEmpty
    this.#openMore()
  }

  get isClosing(): boolean {
    return this.#isClosing
  }

  get stats(): PoolStats {
    const { size: open, draining, idle } = this.#roster
    return {
      maxConnections: this.settings.maxConnections,
      open,
      idle: idle.length,
      busy: open - idle.length - draining,
      draining,
      connecting: this.#openings.size,
      waiting: this.#queues.size,
      totals: { ...this.totals },
    }
  }

  // Taking

  /** A connection at once, or null: then `wait`. Throws PG_CLOSED. */
  take(want: Want): Member | null {
    if (this.#isClosing) throw poolClosed()
    if (this.#queues.size > 0) return null
    const member =
      this.#roster.takeIdle() ??
      (want === 'shared' && this.#mayShare ? this.#roster.leastBusy(this.settings.pipelining) : null)
    if (member !== null) member.state = want === 'shared' ? 'shared' : 'held'
    return member
  }

  /**
   * Waits for a connection; one to be shared counts it in `promised`. Cancelled, it leaves the queue. Fails with PG_TIMEOUT (`queueTimeoutMs`, or
   * `timeoutMs` if that is shorter), PG_LIMIT (`maxQueued`), PG_CLOSED, and what connecting failed with.
   */
  wait(want: Want, timeoutMs = Infinity): Promise<Member> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    const { queueTimeoutMs, maxQueued } = this.settings
    if (this.#isClosing) throw poolClosed()
    if (this.#queues.size >= maxQueued)
      throw new PostgresError('PG_LIMIT', `${maxQueued} wait for a connection already`, {
        limit: 'maxQueued',
        safeToRetry: true,
      })
    this.totals.waited++
    const isOwn = timeoutMs < queueTimeoutMs
    const member = isOwn
      ? this.#queues.push(want, scope, this, timeoutMs, 'timeoutMs')
      : this.#queues.push(want, scope, this, queueTimeoutMs, 'queueTimeoutMs')
    this.serve()
    return member
  }

  waitedTooLong(waitedMs: number, limit: string): Error {
    this.totals.timedOut++
    return new PostgresError('PG_TIMEOUT', `no connection within ${waitedMs} ms; ${this.describe()}`, {
      limit,
      safeToRetry: true,
      cause: this.#openings.lastFailure,
    })
  }

  gaveUp(): void {
    this.serve()
  }

  describe(): string {
    const { maxConnections, open, idle, connecting, waiting } = this.stats
    return `postgres pool: ${open - idle} of ${maxConnections} connections busy, ${connecting} opening, ${waiting} wait`
  }

  /** There are as many as may be, or there cannot be more now. New ones that open are waited for: they have nothing to do yet. */
  get #mayShare(): boolean {
    if (this.#openings.isFailing) return true
    return this.#openings.size === 0 && this.#roster.size >= this.settings.maxConnections
  }

  // Giving

  /** Gives what there is to whoever waits. */
  serve(): void {
    if (this.#isServing) return
    this.#isServing = true
    try {
      this.#roster.limitClaims(this.#queues.sizeOf('alone'))
      this.#serveIdle()
      this.#openMore()
      this.#serveShared()
      // Unless a plain query that came before waits for the same.
      if (this.#queues.next === 'alone')
        this.#roster.claim(this.#queues.sizeOf('alone') - this.#openings.size)
    } finally {
      this.#isServing = false
    }
    if (this.#isClosing) this.#lookForEnd()
  }

  #serveIdle(): void {
    while (this.#queues.next !== null) {
      const member = this.#roster.takeIdle()
      if (member === null) return
      this.#queues.hand(this.#queues.next, member)
    }
  }

  #serveShared(): void {
    while (this.#queues.sizeOf('shared') > 0 && this.#mayShare) {
      const member = this.#roster.leastBusy(this.settings.pipelining)
      if (member === null) return
      this.#queues.hand('shared', member)
    }
  }

  // Members

  #openMore(): void {
    const { maxConnections, minConnections } = this.settings
    const missing = this.#isClosing ? 0 : minConnections - this.#roster.size
    const needed = this.#queues.size === 0 ? 0 : this.#queues.size - this.#roster.aboutToBeIdle
    const wanted = Math.min(Math.max(needed, missing), maxConnections - this.#roster.size)
    if (wanted > this.#openings.size) this.#openings.start(wanted - this.#openings.size)
  }

  opened(connection: PoolConnection): void {
    const { lifetimeMs, lifetimeJitter } = this.settings
    const member = new Member(connection, now() + lifetimeMs * (1 - lifetimeJitter * Math.random()))
    this.#roster.members.push(member)
    this.totals.opened++
    connection.onClose(() => this.#left(member))
    connection.onIdle(() => this.settle(member))
    connection.onAnswer(() => this.#answered())
    if (connection.isOpen) this.settle(member)
    else this.#left(member)
    this.serve()
  }

  /** There is room for one more behind what is still under way. */
  #answered(): void {
    if (this.#queues.size > 0) this.serve()
  }

  /** With nothing else that could serve them, those who wait hear of it now; else they may still be served. */
  openFailed(error: PostgresError): void {
    this.totals.failed++
    if (this.#roster.size === 0 && this.#openings.size === 0) this.#queues.failAll(() => again(error))
    this.serve()
  }

  mayOpen(): void {
    this.serve()
  }

  /** Runs a plain query on one that was taken for it. */
  query<R>(
    member: Member,
    text: string,
    values: readonly unknown[],
    options: QueryOptions | undefined,
  ): Promise<QueryResult<R>> {
    const { connection } = member
    try {
      return connection.query<R>(text, values, options)
    } finally {
      // It was refused, and nobody will tell that there is nothing to do.
      if (connection.inFlight === 0) this.settle(member)
    }
  }

  /** From somebody who had it alone. `isChanged`: the session may not be what it was. */
  giveBack(member: Member, isChanged: boolean): void {
    const { reset } = this.settings
    member.state = 'returning'
    if (isChanged && reset === 'close') member.connection.close()
    else if (isChanged && reset === 'session') renew(member, this)
    else this.settle(member)
  }

  /** It may have nothing to do any more: whether it can be given to others. */
  settle(member: Member): void {
    const { state, connection } = member
    if (state === 'held' || state === 'idle' || member.load > 0 || !connection.isOpen) return
    if (!connection.isReusable) clean(member, this)
    else if (member.expiresAt <= now()) connection.close()
    else this.#free(member)
  }

  #free(member: Member): void {
    if (this.#roster.unclaim(member) && this.#queues.sizeOf('alone') > 0) {
      this.#queues.hand('alone', member)
      return
    }
    this.#roster.rest(member)
    this.#keeper.watch(member)
    if (this.#queues.size > 0 || this.#isClosing) this.serve()
  }

  /** Its connection has ended. */
  #left(member: Member): void {
    if (!this.#roster.remove(member)) return
    if (member.connection.lossReason?.code === 'PG_CLOSED') this.totals.closed++
    else this.totals.lost++
    this.serve()
  }

  // The end

  /** Takes nothing new; what was asked for before is done, and what nobody needs is closed. */
  beginClose(): void {
    this.#isClosing = true
    this.serve()
  }

  /** Closes everything now. */
  closeAll(): void {
    this.#isClosing = true
    this.#openings.close()
    this.#queues.failAll(poolClosed)
    for (const { connection } of [...this.#roster.members]) connection.close()
    this.#lookForEnd()
  }

  #lookForEnd(): void {
    if (this.#queues.size > 0) return
    this.#openings.close()
    for (const { connection } of [...this.#roster.idle]) connection.close()
    if (this.#roster.size > 0) return
    this.#keeper.close()
    this.#onEmpty()
  }
}
