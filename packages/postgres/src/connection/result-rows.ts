/** What a query gives: an array of rows that knows what the server said of them. */
import type { QueryResult, RowShape } from '../query.js'
import type { ColumnDescription } from '../wire/backend-message.js'
import type { RowDecoder } from '../wire/rows/row-decoder.js'

/** What `map`, `filter` and the like make of it are plain arrays. */
export class ResultRows extends Array<unknown> implements QueryResult<unknown> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array
  }
  #command = ''
  #rowCount: number | undefined = undefined
  #columns: readonly ColumnDescription[] = NO_COLUMNS

  get command(): string {
    return this.#command
  }

  get rowCount(): number | undefined {
    return this.#rowCount
  }

  get columns(): readonly ColumnDescription[] {
    return this.#columns
  }

  /** The columns are known: rows may come. In columns, each has its list from the beginning. @internal */
  begin(columns: readonly ColumnDescription[], shape: RowShape): this {
    this.#columns = columns
    if (shape === 'columns') for (let i = 0; i < columns.length; i++) this.push([])
    return this
  }

  /** @internal */
  add(decoder: RowDecoder, shape: RowShape, bytes: Buffer, from: number, to: number): void {
    if (shape === 'objects') this.push(decoder.object(bytes, from, to))
    else if (shape === 'arrays') this.push(decoder.array(bytes, from, to))
    else decoder.appendTo(this as unknown as readonly unknown[][], bytes, from, to)
  }

  /** @internal */
  complete(command: string, rowCount: number | undefined): void {
    this.#command = command
    this.#rowCount = rowCount
  }
}

const NO_COLUMNS: readonly ColumnDescription[] = []
