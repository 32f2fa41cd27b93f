/** COPY TO STDOUT as a program has it: bytes, or rows, taken as they come. */
import { SimultaneousError, type Stream } from '@shrapnel/core'
import { afterTurn, currentScope, spend } from '@shrapnel/core/parts'
import { PostgresError } from '../errors.js'
import type { FindPlace } from '../stream/place.js'
import { BINARY_FORMAT } from '../wire/message-types.js'
import { checkIsCopy } from './copy-exchange.js'
import { type CopyToOptions, DEFAULT_BUFFER_BYTES } from './copy-options.js'
import { CopyOutExchange } from './copy-out-exchange.js'
import { type RowReader, rowReader } from './row-reader.js'

/** One that was forgotten in the middle would keep its connection for ever. */
const forgotten = new FinalizationRegistry<CopyOutExchange>((exchange) => exchange.abandon())
const END: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined })
const NO_ROWS: readonly never[] = []

export class CopyOut<R> implements AsyncIterableIterator<R>, AsyncDisposable {
  readonly #find: FindPlace
  readonly #text: string
  readonly #options: CopyToOptions
  #exchange: CopyOutExchange | null = null
  #reader: RowReader | null = null
  #isBegun = false
  #isOver = false
  #rows: readonly unknown[] = NO_ROWS
  #at = 0

  /** @internal */
  constructor(find: FindPlace, text: string, options: CopyToOptions) {
    this.#find = find
    this.#text = text
    this.#options = options
  }

  /** As the server counts them, once all is taken; undefined before. */
  get rowCount(): number | undefined {
    return this.#exchange?.rowCount
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** The next piece, or the next row or rows with `rows`. Waits for the server if nothing is there. Cancelled, the COPY is cancelled. */
  next(): Promise<IteratorResult<R, undefined>> {
    if (this.#at >= this.#rows.length) return this.#refill()
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) {
      this.#abandon()
      return refused
    }
    if (!spend(scope)) return afterTurn(() => this.next())
    return Promise.resolve({ done: false, value: this.#rows[this.#at++] as R })
  }

  async #refill(): Promise<IteratorResult<R, undefined>> {
    if (this.#isOver) return END
    try {
      const exchange = this.#exchange ?? (await this.#begin())
      for (;;) {
        if (exchange.hasFailed && !exchange.isOver) break
        if (exchange.hasPieces) {
          const piece = exchange.take()
          if (this.#options.rows === undefined) return { done: false, value: piece as R }
          const found = this.#read(exchange, (reader) => reader.push(piece))
          if (found !== undefined) return found
        } else if (exchange.isOver) break
        else await exchange.wait()
      }
      exchange.throwFailure()
      if (this.#options.rows !== undefined) {
        const found = this.#read(exchange, (reader) => reader.end())
        if (found !== undefined) return found
      }
      this.#end()
      return END
    } catch (error) {
      this.#abandon()
      throw error
    }
  }

  /** What a reader finds, as what is given for it; undefined for nothing. */
  #read(
    exchange: CopyOutExchange,
    find: (reader: RowReader) => readonly unknown[],
  ): IteratorYieldResult<R> | undefined {
    this.#reader ??= this.#makeReader(exchange)
    let rows: readonly unknown[]
    try {
      rows = find(this.#reader)
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause)
      throw new PostgresError('PG_PROTOCOL', `the data of COPY cannot be read as rows: ${text}`, {
        query: this.#text,
        cause,
      })
    }
    if (rows.length === 0) return undefined
    if (this.#options.batches) return { done: false, value: rows as R }
    this.#rows = rows
    this.#at = 1
    return { done: false, value: rows[0] as R }
  }

  #makeReader(exchange: CopyOutExchange): RowReader {
    const { rows } = this.#options
    const isBinary = exchange.response?.format === BINARY_FORMAT
    if (isBinary !== (rows === 'binary'))
      throw new PostgresError(
        'PG_USAGE',
        `the server sends ${isBinary ? 'binary' : 'text'}, and rows is ${rows}: the statement says which`,
        { query: this.#text },
      )
    return rowReader(this.#options, exchange.types)
  }

  async #begin(): Promise<CopyOutExchange> {
    if (this.#isBegun) throw new SimultaneousError('SIMULTANEOUS', 'another coroutine begins the COPY')
    this.#isBegun = true
    checkIsCopy(this.#text, 'copyTo')
    const refused = currentScope().refuse()
    if (refused !== null) return refused
    const found = this.#find(this.#text)
    const place = found instanceof Promise ? await found : found
    const { timeoutMs, bufferBytes = DEFAULT_BUFFER_BYTES } = this.#options
    const exchange = new CopyOutExchange(place, this.#text, timeoutMs, bufferBytes)
    this.#exchange = exchange
    forgotten.register(this, exchange, exchange)
    if (this.#isOver) exchange.close()
    else place.session.pipeline.submit(exchange)
    return exchange
  }

  /**
   * Sends all of it to a stream, and gives the count of rows. The stream is not closed, and not shut down. If it fails, the COPY is cancelled, and the
   * error is the stream's. Not with `rows`.
   */
  async pipeTo(stream: Pick<Stream, 'send'>): Promise<number | undefined> {
    if (this.#options.rows !== undefined)
      throw new PostgresError('PG_USAGE', 'pipeTo sends bytes: not with rows')
    for await (const piece of this) await stream.send(piece as Buffer)
    return this.rowCount
  }

  /** Ends it: cancels the COPY if it is not over, and waits until the connection is clean. Cancelled, it does not wait. */
  async return(): Promise<IteratorResult<R, undefined>> {
    const exchange = this.#exchange
    this.#end()
    if (exchange === null || exchange.isOver) return END
    exchange.close()
    await exchange.whenOver()
    return END
  }

  async throw(error?: unknown): Promise<IteratorResult<R, undefined>> {
    await this.return()
    throw error
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  #abandon(): void {
    this.#end()
    this.#exchange?.abandon()
  }

  #end(): void {
    this.#isOver = true
    this.#rows = NO_ROWS
    this.#at = 0
    if (this.#exchange !== null) forgotten.unregister(this.#exchange)
  }
}
