/**
 * A session: requests of one client, one after another, for one coroutine. What the client may know of it is
 * its id; who has that id is the client.
 */
import { randomBytes } from 'node:crypto'
import { ChannelClosed, Fifo, TimeoutError, withTimeout } from '@shrapnel/core'
import type { HttpRequest } from '../message.js'
import { SessionExchange } from './session-exchange.js'
import type { SessionSettings } from './session-options.js'

/** 144 bits. */
const ID_BYTES = 18
/** So many that went away while they waited are left in the queue before it is swept. */
const MAX_GONE = 16

/** What a session needs of whoever keeps them all. */
export interface SessionKeeper {
  readonly settings: SessionSettings
  /** The session has another id. */
  renamed(session: Session, oldId: string): void
  /** No more requests get to it. */
  closed(session: Session): void
  cookieOf(session: Session, request: HttpRequest): string
}

export class Session {
  #id = newId()
  readonly #keeper: SessionKeeper
  readonly #fifo = new Fifo<SessionExchange>()
  /** In the queue and waiting, and those that went away there. */
  #queued = 0
  #gone = 0
  /** Taken and not answered, in the order of taking. */
  readonly #taken = new Set<SessionExchange>()

  /** @internal */
  constructor(keeper: SessionKeeper) {
    this.#keeper = keeper
  }

  /** What the client's cookie says: 24 letters that nobody can guess. */
  get id(): string {
    return this.#id
  }

  /** Whether it gets no more requests: it was idle for too long, has ended, or its server stops. */
  get isClosed(): boolean {
    return this.#fifo.isClosed
  }

  /** Requests that wait for their turn. */
  get queuedRequests(): number {
    return this.#queued
  }

  /**
   * The requests, as they come: for `for await`. Ends when the session is idle for too long or its server
   * stops.
   */
  readonly requests: AsyncIterable<SessionExchange> = {
    [Symbol.asyncIterator]: () => ({
      next: async (): Promise<IteratorResult<SessionExchange, undefined>> => {
        const value = await this.next()
        return value === undefined ? { done: true, value } : { done: false, value }
      },
    }),
  }

  /**
   * Waits for the next request, `idleTimeoutMs` at most; one whose client has gone is passed over. Undefined:
   * there will be none. Cancelled, it has taken none.
   */
  async next(): Promise<SessionExchange | undefined> {
    for (;;) {
      const exchange = this.#fifo.tryPop() ?? (await this.#pop())
      if (exchange === undefined) return undefined
      if (exchange.isGone) {
        this.#gone--
        continue
      }
      this.#queued--
      this.#taken.add(exchange)
      return exchange
    }
  }

  async #pop(): Promise<SessionExchange | undefined> {
    try {
      return await withTimeout(this.#keeper.settings.idleTimeoutMs, () => this.#fifo.pop())
    } catch (error) {
      if (error instanceof TimeoutError) this.close()
      else if (!(error instanceof ChannelClosed)) throw error
      return undefined
    }
  }

  /**
   * Gives the session another id, which goes out with the answer to the request that was taken last, and
   * makes the old one worthless: to be called when somebody logs in, as others may have known the id before.
   * Requests that wait were sent with the old id: they are answered with 503.
   */
  renew(): void {
    const oldId = this.#id
    this.#id = newId()
    this.#keeper.renamed(this, oldId)
    this.#drain('The session has changed')
    for (const exchange of this.#taken) exchange.setCookie(undefined)
    const last = [...this.#taken].at(-1)
    last?.setCookie(this.#keeper.cookieOf(this, last.request))
  }

  /** Takes no more requests. Those that wait are still given out. Again without effect. */
  close(): void {
    if (this.#fifo.isClosed) return
    this.#fifo.close()
    this.#keeper.closed(this)
  }

  /** Nothing waits, and nothing is being done. @internal */
  get isIdle(): boolean {
    return this.#queued === 0 && this.#taken.size === 0
  }

  /** Undefined: too many wait. @internal */
  enqueue(request: HttpRequest): SessionExchange | undefined {
    if (this.#queued >= this.#keeper.settings.maxQueuedRequests) return undefined
    const exchange = new SessionExchange(request, (one) => this.#over(one))
    this.#queued++
    this.#fifo.tryPush(exchange)
    return exchange
  }

  #over(exchange: SessionExchange): void {
    if (this.#taken.delete(exchange) || !exchange.isGone) return
    this.#queued--
    this.#gone++
    if (this.#gone > MAX_GONE && this.#gone > this.#queued) this.#sweep()
  }

  /** A client that asks and goes away again and again must not fill the memory of a session that is busy. */
  #sweep(): void {
    if (this.#fifo.isClosed) return
    for (let left = this.#fifo.size; left > 0; left--) {
      const exchange = this.#fifo.tryPop() as SessionExchange
      if (!exchange.isGone) this.#fifo.tryPush(exchange)
    }
    this.#gone = 0
  }

  #drain(text: string): void {
    for (let one = this.#fifo.tryPop(); one !== undefined; one = this.#fifo.tryPop()) one.refuse(503, text)
    this.#queued = this.#gone = 0
  }

  /** Its function has returned or thrown. @internal */
  ended(): void {
    this.close()
    this.#drain('The session has ended')
    for (const exchange of [...this.#taken]) exchange.refuse(500, 'Internal Server Error')
  }
}

function newId(): string {
  return randomBytes(ID_BYTES).toString('base64url')
}
