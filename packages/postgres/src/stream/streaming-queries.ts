/** What takes or gives more than fits into memory: rows as they come, cursors, and COPY. The same for a connection, a transaction and a pool. */
import { copyFrom } from '../copy/copy-from.js'
import {
  type CopyFromOptions,
  type CopyToOptions,
  checkCopyFromOptions,
  checkCopyToOptions,
} from '../copy/copy-options.js'
import { CopyOut } from '../copy/copy-out.js'
import type { CopySource } from '../copy/copy-source.js'
import { PostgresError } from '../errors.js'
import { type QueryCall, queryCall } from '../query-call.js'
import type { SqlFragment } from '../sql-fragment.js'
import type { CopyRow } from '../wire/copy/copy-text.js'
import type { Row } from '../wire/rows/row-factory.js'
import { Cursor } from './cursor.js'
import type { Place } from './place.js'
import { RowStream } from './row-stream.js'
import {
  type CursorOptions,
  checkCursorOptions,
  checkStreamOptions,
  type StreamOptions,
} from './stream-options.js'

export abstract class StreamingQueries {
  /** Where it can run. Throws if nothing may be asked any more. @internal */
  abstract findPlace(text: string): Place | Promise<Place>

  /**
   * The rows of one statement as they come: `for await (const row of db.stream(sql`…`))`. The server goes on as they are taken: a result may be larger
   * than memory. Nothing is sent before the first row is wanted. Leaving the loop ends the query on the server and waits for that; so does `await using`.
   *
   * Outside of a transaction it has its connection for its time, and what others ask of that waits: a query of the same connection inside of the loop
   * would wait for ever. In a transaction other queries may run in between. A pool gives it a connection of its own.
   *
   * Cancelled, the query is cancelled on the server; a transaction can only be rolled back then. Fails as a connection's `query`.
   */
  stream<R = Row>(query: SqlFragment, options: StreamOptions & { readonly batches: true }): RowStream<R[]>
  stream<R = Row>(query: SqlFragment, options?: StreamOptions): RowStream<R>
  stream<R = Row>(
    text: string,
    values: readonly unknown[],
    options: StreamOptions & { readonly batches: true },
  ): RowStream<R[]>
  stream<R = Row>(text: string, values?: readonly unknown[], options?: StreamOptions): RowStream<R>
  stream<R>(
    query: SqlFragment | string,
    second?: readonly unknown[] | StreamOptions,
    third?: StreamOptions,
  ): RowStream<R> {
    const { options = {}, ...call } = callOf<StreamOptions>(query, second, third)
    checkStreamOptions(options)
    return new RowStream<R>((text) => this.findPlace(text), { ...call, options: undefined }, options)
  }

  /**
   * A cursor: `read(count)` gives the next rows. Otherwise as `stream`, which is what loops are for.
   */
  cursor<R = Row>(query: SqlFragment, options?: CursorOptions): Cursor<R>
  cursor<R = Row>(text: string, values?: readonly unknown[], options?: CursorOptions): Cursor<R>
  cursor<R>(
    query: SqlFragment | string,
    second?: readonly unknown[] | CursorOptions,
    third?: CursorOptions,
  ): Cursor<R> {
    const { options = {}, ...call } = callOf<CursorOptions>(query, second, third)
    checkCursorOptions(options)
    return new Cursor<R>((text) => this.findPlace(text), { ...call, options: undefined }, options)
  }

  /**
   * What `copy … to stdout` sends, as it comes: bytes, many rows at a time, or with `rows` the rows in them. What is not taken is not read: the server
   * waits. Nothing is sent before the first piece is wanted. It has its connection for its time.
   *
   * There is one way only to stop a server that copies: leaving the loop early cancels it, as cancelling does. A transaction can only be rolled back then.
   *
   * Fails as a connection's `query`; with PG_USAGE if the query is no COPY TO STDOUT or sends another format, PG_PROTOCOL for rows that cannot be read.
   */
  copyTo(query: SqlFragment | string): CopyOut<Buffer>
  copyTo<R = CopyRow>(
    query: SqlFragment | string,
    options: CopyToOptions & { readonly rows: 'text' | 'csv' | 'binary'; readonly batches: true },
  ): CopyOut<R[]>
  copyTo<R = CopyRow>(
    query: SqlFragment | string,
    options: CopyToOptions & { readonly rows: 'text' | 'csv' | 'binary' },
  ): CopyOut<R>
  copyTo(query: SqlFragment | string, options?: CopyToOptions): CopyOut<Buffer>
  copyTo<R>(query: SqlFragment | string, options: CopyToOptions = {}): CopyOut<R> {
    checkCopyToOptions(options)
    const text = copyText(query)
    return new CopyOut<R>((found) => this.findPlace(found), text, options)
  }

  /**
   * Sends what `source` gives to `copy … from stdin`, and gives the count of rows that the server took, once it has taken all. The source is asked
   * for more as the server reads: bytes, texts, rows (lists of values), from anything that can be looped over, or a Stream up to its end, which stays open.
   *
   * If the source fails, nothing is copied, and the error is the source's. If the server refuses a row, the source is not asked any more, and is
   * closed as a loop closes it. Cancelled, nothing is copied, and nobody waits for the server.
   *
   * Fails as a connection's `query`; with PG_USAGE if the query is no COPY FROM STDIN, PG_PARAMETER for a row that cannot be written.
   */
  copyFrom(
    query: SqlFragment | string,
    source: CopySource,
    options: CopyFromOptions = {},
  ): Promise<number | undefined> {
    checkCopyFromOptions(options)
    const text = copyText(query)
    return copyFrom((found) => this.findPlace(found), text, source, options)
  }
}

function callOf<Options>(
  query: SqlFragment | string,
  second: readonly unknown[] | Options | undefined,
  third: Options | undefined,
): Omit<QueryCall, 'options'> & { readonly options: Options | undefined } {
  const { text, values, options } = queryCall(query, second as never, third as never)
  return { text, values, options: options as Options | undefined }
}

/** COPY takes no values. */
function copyText(query: SqlFragment | string): string {
  const { text, values } = queryCall(query, undefined, undefined)
  if (values.length > 0)
    throw new PostgresError('PG_USAGE', 'COPY takes no values: the server has no place for them', {
      query: text,
    })
  return text
}
