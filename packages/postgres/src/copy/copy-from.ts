/**
 * COPY FROM STDIN as a program has it: reads a source and sends it, a block at a time. The source is read in the caller's coroutine, in a scope of
 * its own, which is cancelled when the server takes no more: so it is not read on, whatever it waits for.
 */
import { Interrupted } from '@shrapnel/core'
import { currentScope, runIn, Scope, wrongType } from '@shrapnel/core/parts'
import { refusal } from '../connection/failures.js'
import type { FindPlace } from '../stream/place.js'
import { CopyBinaryEncoder } from '../wire/copy/copy-binary.js'
import { BINARY_FORMAT } from '../wire/message-types.js'
import { MessageWriter } from '../wire/message-writer.js'
import { checkIsCopy } from './copy-exchange.js'
import { CopyInExchange } from './copy-in-exchange.js'
import type { CopyFromOptions } from './copy-options.js'
import { type CopySource, type Pieces, piecesOf } from './copy-source.js'
import { type RowWriter, rowWriter } from './row-writer.js'

/** What is gathered before it is sent. */
const BLOCK_BYTES = 64 * 1024
/** A piece of this size is not gathered, but sent from where it is. */
const LARGE_BYTES = 16 * 1024
/** The most that one message has of it. */
const MESSAGE_BYTES = 256 * 1024

export async function copyFrom(
  find: FindPlace,
  text: string,
  source: CopySource,
  options: CopyFromOptions,
): Promise<number | undefined> {
  const pieces = piecesOf(source)
  try {
    checkIsCopy(text, 'copyFrom')
    const refused = currentScope().refuse()
    if (refused !== null) await refused
    const found = find(text)
    const place = found instanceof Promise ? await found : found
    const exchange = new CopyInExchange(place, text, options.timeoutMs)
    place.session.pipeline.submit(exchange)
    while (exchange.response === null && !exchange.isOver && !exchange.hasFailed) await exchange.wait()
    if (exchange.hasFailed || exchange.isOver) await finish(exchange)
    return await send(exchange, pieces, options)
  } finally {
    await pieces.close()
  }
}

async function send(
  exchange: CopyInExchange,
  pieces: Pieces,
  options: CopyFromOptions,
): Promise<number | undefined> {
  const outer = currentScope()
  const scope = new Scope(outer, outer.coroutine)
  exchange.onTrouble = () =>
    scope.cancel({ origin: scope, kind: 'interrupted', text: 'the server takes no more data' })
  try {
    await runIn(scope, () => new Sender(exchange, pieces, options).run())
    exchange.finish()
  } catch (error) {
    if (!exchange.isTroubled) {
      if (error instanceof Interrupted) exchange.abandon()
      else await stop(exchange, error)
      throw error
    }
    // It was interrupted from outside, or because of what the server has said, which is what is told then.
    if (outer.cancellation !== null || (!exchange.hasFailed && !exchange.isRefused)) throw error
  } finally {
    exchange.onTrouble = null
    scope.close()
  }
  return await finish(exchange)
}

/** The server is told why, and its answer is waited for: the connection is clean then. */
async function stop(exchange: CopyInExchange, error: unknown): Promise<void> {
  exchange.stop(error instanceof Error ? error.message : String(error))
  await exchange.untilOver()
}

async function finish(exchange: CopyInExchange): Promise<number | undefined> {
  if (!exchange.hasFailed) await exchange.untilOver()
  exchange.throwFailure()
  return exchange.rowCount
}

class Sender {
  readonly #exchange: CopyInExchange
  readonly #pieces: Pieces
  readonly #options: CopyFromOptions
  readonly #gathered = new MessageWriter(2 * BLOCK_BYTES)
  #rows: RowWriter | null = null
  #hasSent = false

  constructor(exchange: CopyInExchange, pieces: Pieces, options: CopyFromOptions) {
    this.#exchange = exchange
    this.#pieces = pieces
    this.#options = options
  }

  async run(): Promise<void> {
    const exchange = this.#exchange
    const gathered = this.#gathered
    for (;;) {
      const next = this.#pieces.next()
      const piece = next instanceof Promise ? await next : next
      if (piece === null) break
      if (exchange.isTroubled) throw new Interrupted('the server takes no more data')
      if (typeof piece === 'string') {
        if (piece.length < LARGE_BYTES) gathered.text(piece)
        else await this.#large(Buffer.from(piece))
      } else if (piece instanceof Uint8Array) {
        if (piece.length < LARGE_BYTES) gathered.put(piece)
        else await this.#large(piece)
      } else if (Array.isArray(piece)) this.#row(piece)
      else throw wrongType('a piece of the source', 'bytes, text, or a row: a list of values', piece)
      if (gathered.length >= BLOCK_BYTES) await this.#flush()
    }
    this.#finishRows(gathered)
    if (gathered.length > 0) await this.#flush()
  }

  #finishRows(gathered: MessageWriter): void {
    const isEmpty = !this.#hasSent && gathered.length === 0
    if (this.#rows !== null) this.#rows.end(gathered)
    else if (isEmpty && this.#exchange.response?.format === BINARY_FORMAT) {
      // No rows are not nothing.
      const encoder = new CopyBinaryEncoder([])
      encoder.header(gathered)
      encoder.trailer(gathered)
    }
  }

  async #flush(): Promise<void> {
    const gathered = this.#gathered
    this.#hasSent = true
    await this.#exchange.put(gathered.view())
    gathered.clear()
  }

  async #large(bytes: Uint8Array): Promise<void> {
    if (this.#gathered.length > 0) await this.#flush()
    this.#hasSent = true
    for (let at = 0; at < bytes.length; at += MESSAGE_BYTES)
      await this.#exchange.put(bytes.subarray(at, at + MESSAGE_BYTES))
  }

  #row(values: readonly unknown[]): void {
    const gathered = this.#gathered
    if (this.#rows === null) {
      const isBinary = this.#exchange.response?.format === BINARY_FORMAT
      this.#rows = rowWriter(this.#options, isBinary, this.#exchange.types)
      this.#rows.begin(gathered)
    }
    try {
      this.#rows.row(gathered, values)
    } catch (error) {
      throw refusal(error, { query: this.#exchange.query })
    }
  }
}
