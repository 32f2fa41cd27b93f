/**
 * The connections to one origin, and who waits for one. A request goes out on an idle connection, the one used last; else on a new one, as long as
 * there may be more; else behind others, if pipelining is on; else it waits, the first first.
 */
import { type Coroutine, spawn, TimeoutError, withTimeout, yieldSlice } from '@shrapnel/core'
import { inBackground } from '@shrapnel/core/parts'
import { ClientConnection, type ConnectionOwner } from './connection.js'
import type { Exchange } from './exchange.js'
import { ExchangeQueue, type Queue } from './exchange-queue.js'
import { clientClosed, timedOut } from './failures.js'
import { openStream, type Route } from './route.js'
import type { PoolSettings } from './settings.js'

/** Longer bodies are sent while the response is awaited, and nothing can go out behind them. */
const MOST_PIPELINED_BYTES = 32_768

/** What pools of a client share. */
export interface PoolOwner {
  readonly settings: PoolSettings
  /** So many more connections are idle, or fewer: others may have to go. */
  idleChanged(pool: OriginPool, by: number): void
}

export interface PoolStats {
  readonly origin: string
  readonly connections: number
  readonly idle: number
  readonly connecting: number
  readonly waiting: number
}

export class OriginPool implements ConnectionOwner, Queue {
  readonly route: Route
  readonly #owner: PoolOwner
  readonly #settings: PoolSettings
  readonly #all = new Set<ClientConnection>()
  /** The last one was used last. */
  readonly #idle: ClientConnection[] = []
  readonly #connecting = new Set<Coroutine<void>>()
  readonly #queue = new ExchangeQueue(this)
  /** Busy connections in turn, for pipelining. */
  #turn: Iterator<ClientConnection> | null = null
  #isClosed = false
  /** Another has taken its place: who kept it asks again. */
  isRetired = false

  constructor(route: Route, owner: PoolOwner) {
    this.route = route
    this.#owner = owner
    this.#settings = owner.settings
  }

  get idleTimeoutMs(): number {
    return this.#settings.idleTimeoutMs
  }

  get pipelining(): number {
    return this.#settings.pipelining
  }

  get idleCount(): number {
    return this.#idle.length
  }

  get isEmpty(): boolean {
    return this.#size === 0 && this.#queue.size === 0
  }

  get stats(): PoolStats {
    return {
      origin: this.route.origin,
      connections: this.#all.size,
      idle: this.#idle.length,
      connecting: this.#connecting.size,
      waiting: this.#queue.size,
    }
  }

  /** Sends it, now or when there is a connection. Its wait has begun. */
  dispatch(exchange: Exchange): void {
    const idle = this.#takeIdle()
    if (idle !== null) {
      if (idle.needsTurn) this.#startLater(idle, exchange)
      else idle.start(exchange)
      return
    }
    if (this.#size >= this.#settings.maxConnectionsPerOrigin) {
      const mayJoin = this.#queue.first === null && mayFollow(exchange, this.#settings.pipelining)
      const busy = mayJoin ? this.#nextWithRoom() : null
      if (busy !== null) {
        busy.start(exchange)
        return
      }
      this.#queue.push(exchange)
      return
    }
    this.#queue.push(exchange)
    this.#open()
  }

  /** After a turn, in which the end of a connection shows that came while the program was busy. */
  #startLater(connection: ClientConnection, exchange: Exchange): void {
    this.#queue.push(exchange)
    const goOn = (): void => {
      connection.looked()
      if (!connection.isOver) this.freed(connection)
    }
    inBackground(yieldSlice, goOn, goOn)
  }

  get #size(): number {
    return this.#all.size + this.#connecting.size
  }

  #takeIdle(): ClientConnection | null {
    for (;;) {
      const connection = this.#idle.pop()
      if (connection === undefined) return null
      connection.isIdle = false
      this.#owner.idleChanged(this, -1)
      if (connection.isAlive()) return connection
    }
  }

  /** A busy connection that takes one more, in turn; null after a round without any. */
  #nextWithRoom(): ClientConnection | null {
    for (let tries = this.#all.size + 1; tries > 0; tries--) {
      this.#turn ??= this.#all.values()
      const { value, done } = this.#turn.next()
      if (done) this.#turn = null
      else if (this.#hasRoom(value)) return value
    }
    return null
  }

  #hasRoom(connection: ClientConnection): boolean {
    return connection.load < this.#settings.pipelining && connection.takesMore && !connection.isHeldByOne
  }

  /** It was cancelled: nobody may need the connection that is being made. */
  withdraw(exchange: Exchange): void {
    this.#queue.remove(exchange)
    if (this.#connecting.size <= this.#queue.size) return
    for (const last of [...this.#connecting].slice(this.#queue.size)) {
      // One that has not started yet never does, and says nothing.
      this.#connecting.delete(last)
      last.shutdown('nobody waits for the connection')
    }
  }

  // Connections

  #open(): void {
    const { origin } = this.route
    const coroutine: Coroutine<void> = spawn({ name: `http client ${origin}`, daemon: true }, () =>
      this.#live(coroutine),
    )
    this.#connecting.add(coroutine)
  }

  async #live(me: Coroutine<void>): Promise<void> {
    const { connectTimeoutMs } = this.#settings
    let connection: ClientConnection
    try {
      const connect = () => openStream(this.route, this.#settings)
      const stream = await (connectTimeoutMs === Infinity
        ? connect()
        : withTimeout(connectTimeoutMs, connect))
      connection = new ClientConnection(this, stream)
    } catch (error) {
      if (this.#connecting.delete(me)) this.#connectFailed(error)
      return
    }
    if (!this.#connecting.delete(me)) {
      connection.close(clientClosed())
      return
    }
    this.#all.add(connection)
    const running = connection.run()
    if (!connection.isOver) this.freed(connection)
    await running
  }

  /** One of those who wait is told, and the others go on trying: they may have more luck, as with several addresses. */
  #connectFailed(error: unknown): void {
    const exchange = this.#queue.takeFirst()
    if (exchange !== null) {
      const facts = { ...exchange.facts('connect', error), safeToRetry: true }
      exchange.end()
      exchange.fail(error instanceof TimeoutError ? timedOut('connectTimeoutMs', facts) : error)
    }
    this.#openMore()
  }

  #openMore(): void {
    if (this.#isClosed) return
    while (this.#connecting.size < this.#queue.size && this.#size < this.#settings.maxConnectionsPerOrigin)
      this.#open()
  }

  freed(connection: ClientConnection): void {
    const { pipelining } = this.#settings
    while (connection.load < pipelining && connection.takesMore) {
      const exchange = this.#firstFor(connection)
      if (exchange === null) break
      if (connection.load > 0 && (connection.isHeldByOne || !mayFollow(exchange, pipelining))) return
      this.#queue.remove(exchange)
      connection.start(exchange)
    }
    if (connection.load > 0 || connection.isOver || connection.isIdle) return
    if (this.#queue.first !== null && this.#connecting.size === 0) {
      // None but requests that need a new connection wait, and if there may be no more of them, this one makes room.
      this.#openMore()
      if (this.#connecting.size === 0) {
        connection.close(clientClosed())
        return
      }
    }
    connection.isIdle = true
    this.#idle.push(connection)
    this.#owner.idleChanged(this, 1)
  }

  /** Who is sent again goes out on a new connection: an old one may be as stale as the last one was. */
  #firstFor(connection: ClientConnection): Exchange | null {
    let exchange = this.#queue.first
    if (!connection.isNew) while (exchange?.isReplay) exchange = exchange.next
    return exchange
  }

  ended(connection: ClientConnection): void {
    this.#all.delete(connection)
    if (connection.isIdle) {
      connection.isIdle = false
      this.#idle.splice(this.#idle.indexOf(connection), 1)
      this.#owner.idleChanged(this, -1)
    }
    this.#openMore()
  }

  again(exchange: Exchange): void {
    if (this.#isClosed) {
      exchange.fail(clientClosed(exchange.facts('queue')))
      return
    }
    // Before those who came later.
    this.#queue.pushFirst(exchange)
    if (this.#size < this.#settings.maxConnectionsPerOrigin) this.#open()
    else if (this.#idle.length > 0) this.closeOldestIdle()
  }

  /** Closes the connection that has been idle longest. */
  closeOldestIdle(): void {
    const oldest = this.#idle.shift()
    if (oldest === undefined) return
    oldest.isIdle = false
    this.#owner.idleChanged(this, -1)
    oldest.close(clientClosed())
  }

  closeIdle(): void {
    while (this.#idle.length > 0) this.closeOldestIdle()
  }

  close(): void {
    this.#isClosed = true
    for (let exchange = this.#queue.takeFirst(); exchange !== null; exchange = this.#queue.takeFirst()) {
      exchange.end()
      exchange.fail(clientClosed(exchange.facts('queue')))
    }
    for (const connecting of this.#connecting) connecting.shutdown('the client is closed')
    this.#connecting.clear()
    for (const connection of [...this.#all]) connection.close(clientClosed())
  }
}

/** Whether it may go out behind others that have no response yet (RFC 9112, 9.3.2). */
function mayFollow({ call, isReplay }: Exchange, pipelining: number): boolean {
  if (pipelining === 1 || isReplay) return false
  const { body, settings } = call
  const isShort = body.open === null && body.length <= MOST_PIPELINED_BYTES
  return (call.isIdempotent || settings.pipelineAll) && isShort && !settings.expectContinue
}
