/**
 * A cursor: the rows of a query, as many at a time as the program says. Forward only, and it lives no longer than its transaction, or, outside of
 * one, than it has the connection for itself. For one that goes back, or outlives its transaction: DECLARE … SCROLL, WITH HOLD, and FETCH by `query`.
 */
import { SimultaneousError } from '@shrapnel/core'
import { checkInteger, currentScope } from '@shrapnel/core/parts'
import type { QueryCall } from '../query-call.js'
import type { ColumnDescription } from '../wire/backend-message.js'
import type { FindPlace } from './place.js'
import { PortalExchange } from './portal-exchange.js'
import { type CursorOptions, DEFAULT_BATCH_ROWS, MOST_ROWS } from './stream-options.js'

const forgotten = new FinalizationRegistry<PortalExchange>((portal) => portal.abandon())

export class Cursor<R> implements AsyncDisposable {
  readonly #find: FindPlace
  readonly #call: QueryCall
  readonly #options: CursorOptions
  #portal: PortalExchange | null = null
  #isBegun = false
  #isClosed = false

  /** @internal */
  constructor(find: FindPlace, call: QueryCall, options: CursorOptions) {
    this.#find = find
    this.#call = call
    this.#options = options
  }

  /** Of the rows; none before the first `read` is done. */
  get columns(): readonly ColumnDescription[] {
    return this.#portal?.columns ?? []
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /**
   * The next `count` rows, or fewer if there are no more; an empty list at the end, and once it is closed. Waits for the server. Cancelled, it closes
   * the cursor, and the query on the server.
   *
   * Fails as a connection's `query`; with PG_LIMIT if they have more than `maxResultBytes`.
   */
  async read(count: number): Promise<R[]> {
    checkInteger('count', count, 1, MOST_ROWS)
    if (this.#isClosed) return []
    try {
      const portal = this.#portal ?? (await this.#begin())
      portal.fetch(count)
      while (portal.isBusy) await portal.wait()
      const rows = portal.take() as R[]
      if (rows.length > 0 && !portal.hasFailed) return rows
      this.#end()
      portal.throwFailure()
      return rows
    } catch (error) {
      this.#portal?.abandon()
      this.#end()
      throw error
    }
  }

  async #begin(): Promise<PortalExchange> {
    if (this.#isBegun) throw new SimultaneousError('SIMULTANEOUS', 'another coroutine begins the cursor')
    this.#isBegun = true
    const refused = currentScope().refuse()
    if (refused !== null) return refused
    const found = this.#find(this.#call.text)
    const place = found instanceof Promise ? await found : found
    const { maxResultBytes = place.session.settings.maxResultBytes } = this.#options
    const limits = { pauseBytes: Infinity, maxResultBytes }
    const portal = new PortalExchange(place, this.#call, 'cursor', this.#options, limits)
    this.#portal = portal
    forgotten.register(this, portal, portal)
    if (this.#isClosed) portal.close()
    return portal
  }

  /** Closes it on the server too, and waits for that. Cancelled, it does not wait. Again without effect. */
  async close(): Promise<void> {
    this.#end()
    const portal = this.#portal
    if (portal === null || portal.isOver) return
    portal.close()
    await portal.whenOver()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Row by row, `batchRows` at a time. Leaving the loop closes it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<R, undefined> {
    const { batchRows = DEFAULT_BATCH_ROWS } = this.#options
    try {
      for (let rows = await this.read(batchRows); rows.length > 0; rows = await this.read(batchRows))
        for (const row of rows) yield row
      return undefined
    } finally {
      await this.close()
    }
  }

  #end(): void {
    this.#isClosed = true
    if (this.#portal !== null) forgotten.unregister(this.#portal)
  }
}
