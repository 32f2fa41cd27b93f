/**
 * The rows of a query, as they come. It asks for a batch at a time, and for the next one when half of what it has is taken, so that the server works
 * while the program does; it holds no more than about two. Nothing is asked for before the first row is wanted.
 */
import { SimultaneousError } from '@shrapnel/core'
import { afterTurn, currentScope, spend } from '@shrapnel/core/parts'
import type { QueryCall } from '../query-call.js'
import type { FindPlace } from './place.js'
import { PortalExchange } from './portal-exchange.js'
import { DEFAULT_BATCH_BYTES, DEFAULT_BATCH_ROWS, type StreamOptions } from './stream-options.js'

/** Of the first batch: nobody knows yet how large a row is, and many streams are left soon. */
const FIRST_BATCH_ROWS = 100
const NO_ROWS: readonly never[] = []

/** A stream that was forgotten in the middle would keep its connection for ever. */
const forgotten = new FinalizationRegistry<PortalExchange>((portal) => portal.abandon())

export class RowStream<R> implements AsyncIterableIterator<R>, AsyncDisposable {
  readonly #find: FindPlace
  readonly #call: QueryCall
  readonly #options: StreamOptions
  readonly #batchRows: number
  readonly #batchBytes: number
  #portal: PortalExchange | null = null
  #isBegun = false
  #isOver = false
  #rows: readonly unknown[] = NO_ROWS
  #at = 0
  /** From here on, more is asked for. */
  #half = 0
  #nextRows: number

  /** @internal */
  constructor(find: FindPlace, call: QueryCall, options: StreamOptions) {
    this.#find = find
    this.#call = call
    this.#options = options
    this.#batchRows = options.batchRows ?? DEFAULT_BATCH_ROWS
    this.#batchBytes = options.batchBytes ?? DEFAULT_BATCH_BYTES
    this.#nextRows = Math.min(this.#batchRows, FIRST_BATCH_ROWS)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /**
   * The next row, or the next rows with `batches`. Waits for the server if none is there. Cancelled, it ends the stream, and the query on the server.
   *
   * Fails, once, with PG_SERVER, PG_PARAMETER, PG_TIMEOUT, PG_BROKEN, PG_PROTOCOL, PG_CLOSED; rows that came before are given first.
   */
  next(): Promise<IteratorResult<R, undefined>> {
    if (this.#at >= this.#rows.length) return this.#refill()
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) {
      this.#abandon()
      return refused
    }
    if (this.#at >= this.#half && this.#portal?.isSuspended) this.#fetch(this.#portal)
    if (!spend(scope)) return afterTurn(() => this.next())
    return Promise.resolve({ done: false, value: this.#rows[this.#at++] as R })
  }

  async #refill(): Promise<IteratorResult<R, undefined>> {
    if (this.#isOver) return END
    try {
      const portal = this.#portal ?? (await this.#begin())
      for (;;) {
        if (portal.hasRows) return this.#give(portal)
        if (portal.isOver || portal.hasFailed) break
        this.#fetch(portal)
        // What was asked for may have come at once.
        if (!portal.hasRows && !portal.isOver) await portal.wait()
      }
      this.#end()
      portal.throwFailure()
      return END
    } catch (error) {
      this.#abandon()
      throw error
    }
  }

  #give(portal: PortalExchange): IteratorResult<R, undefined> {
    const rows = portal.take()
    if (this.#options.batches) {
      this.#half = 0
      if (portal.isSuspended) this.#fetch(portal)
      return { done: false, value: rows as R }
    }
    this.#rows = rows
    this.#half = rows.length >>> 1
    this.#at = 1
    return { done: false, value: rows[0] as R }
  }

  async #begin(): Promise<PortalExchange> {
    if (this.#isBegun) throw new SimultaneousError('SIMULTANEOUS', 'another coroutine begins the stream')
    this.#isBegun = true
    const refused = currentScope().refuse()
    if (refused !== null) return refused
    const found = this.#find(this.#call.text)
    const place = found instanceof Promise ? await found : found
    const limits = { pauseBytes: this.#batchBytes, maxResultBytes: Infinity }
    const portal = new PortalExchange(place, this.#call, 'stream', this.#options, limits)
    this.#portal = portal
    forgotten.register(this, portal, portal)
    if (this.#isOver) portal.close()
    return portal
  }

  #fetch(portal: PortalExchange): void {
    portal.fetch(this.#nextRows)
    const average = portal.averageRowBytes
    const fitting = average === 0 ? this.#nextRows : Math.floor(this.#batchBytes / average)
    this.#nextRows = Math.max(1, Math.min(this.#batchRows, fitting))
  }

  /** Ends the stream, and waits until the server has ended it and the connection is clean. Cancelled, it does not wait. */
  async return(): Promise<IteratorResult<R, undefined>> {
    const portal = this.#portal
    this.#end()
    if (portal === null || portal.isOver) return END
    portal.close()
    await portal.whenOver()
    return END
  }

  /** As `return`; the error is the caller's. */
  async throw(error?: unknown): Promise<IteratorResult<R, undefined>> {
    await this.return()
    throw error
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  #abandon(): void {
    const portal = this.#portal
    this.#end()
    portal?.abandon()
  }

  #end(): void {
    this.#isOver = true
    this.#rows = NO_ROWS
    this.#at = 0
    if (this.#portal !== null) forgotten.unregister(this.#portal)
  }
}

const END: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined })
