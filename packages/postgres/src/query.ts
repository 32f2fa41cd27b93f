/** What can be asked of a connection, a pool and a transaction alike, and what comes back. */
import type { SqlFragment } from './sql-fragment.js'
import type { ColumnDescription } from './wire/backend-message.js'
import type { Row } from './wire/rows/row-factory.js'

export type RowShape = 'objects' | 'arrays' | 'columns'

export interface QueryOptions {
  /** `objects` by default. `columns`: the result has one array for each column. */
  readonly rows?: RowShape | undefined
  /** Milliseconds. The query is cancelled on the server, then it fails with PG_TIMEOUT. None by default but the connection's `queryTimeoutMs`. */
  readonly timeoutMs?: number | undefined
  /** False: the statement is not kept on the server. True by default, unless the connection says otherwise (`prepare`). */
  readonly prepare?: boolean | undefined
  /** Bytes of all messages of one result together; beyond it the query is cancelled and fails with PG_LIMIT. */
  readonly maxResultBytes?: number | undefined
}

/** The rows; and what the server said of them. `map`, `filter` and the like give plain arrays. */
export interface QueryResult<R = Row> extends Array<R> {
  /** `SELECT`, `INSERT`, `CREATE TABLE`; empty for an empty query. */
  readonly command: string
  /** Rows found, made, changed or deleted; undefined where the server does not say. */
  readonly rowCount: number | undefined
  readonly columns: readonly ColumnDescription[]
}

/** A template, or a text with its values: `query(sql`…`, options)`, `query('… $1', [value], options)`. */
export interface Queryable {
  query<R = Row>(query: SqlFragment, options?: QueryOptions): Promise<QueryResult<R>>
  query<R = Row>(
    text: string,
    parameters?: readonly unknown[],
    options?: QueryOptions,
  ): Promise<QueryResult<R>>
  /** Several statements in one text, without parameters, by the simple protocol: one transaction unless the text says otherwise. */
  script(text: string, options?: QueryOptions): Promise<QueryResult[]>
}
