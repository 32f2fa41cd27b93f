/** `query` and `script`, for a connection and for one that is reserved. */
import {
  checkDuration,
  checkInteger,
  checkOptionNames,
  currentScope,
  outOfRange,
  wrongType,
} from '@shrapnel/core/parts'
import type { Queryable, QueryOptions, QueryResult } from '../query.js'
import { SqlFragment } from '../sql-fragment.js'
import type { Place } from '../stream/place.js'
import { StreamingQueries } from '../stream/streaming-queries.js'
import type { Row } from '../wire/rows/row-factory.js'
import { QueryExchange } from './query-exchange.js'
import type { Reservation } from './reservation.js'
import { ScriptExchange } from './script-exchange.js'
import type { Session } from './session.js'

const OPTIONS: ReadonlySet<string> = new Set<keyof QueryOptions>([
  'rows',
  'timeoutMs',
  'prepare',
  'maxResultBytes',
])
const NO_VALUES: readonly unknown[] = []

export abstract class SessionQueries extends StreamingQueries implements Queryable {
  /** @internal */
  readonly session: Session
  readonly #reservation: Reservation | null

  /** @internal */
  constructor(session: Session, reservation: Reservation | null) {
    super()
    this.session = session
    this.#reservation = reservation
  }

  /** Throws if nothing may be asked any more. */
  protected abstract checkOpen(): void

  /** @internal */
  findPlace(): Place {
    this.checkOpen()
    return { session: this.session, reservation: this.#reservation, done: () => {} }
  }

  /**
   * Runs one statement, and gives its rows. Queries of several coroutines share the connection's round trips; each has its own error. Waits for
   * the server, and before that in line if many are under way. Cancelled, it is taken out of the line, or cancelled on the server, where nobody
   * waits for that: the connection takes nothing new until it is clean.
   *
   * Fails with PG_SERVER (`sqlState`), PG_PARAMETER, PG_TIMEOUT, PG_LIMIT, PG_BROKEN, PG_PROTOCOL, PG_CLOSED, PG_USAGE.
   */
  query<R = Row>(query: SqlFragment, options?: QueryOptions): Promise<QueryResult<R>>
  query<R = Row>(text: string, values?: readonly unknown[], options?: QueryOptions): Promise<QueryResult<R>>
  query<R = Row>(
    query: SqlFragment | string,
    second?: readonly unknown[] | QueryOptions,
    third?: QueryOptions,
  ): Promise<QueryResult<R>> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    let text: string
    let values: readonly unknown[]
    let options: QueryOptions | undefined
    if (query instanceof SqlFragment) {
      const composed = query.compose()
      text = composed.text
      values = composed.parameters
      options = second as QueryOptions | undefined
    } else {
      if (typeof query !== 'string') throw wrongType('the query', 'sql`…`, or a text', query)
      if (second !== undefined && !Array.isArray(second)) throw wrongType('the values', 'an array', second)
      text = query
      values = (second as readonly unknown[] | undefined) ?? NO_VALUES
      options = third
    }
    if (options !== undefined) checkQueryOptions(options)
    this.checkOpen()
    return new QueryExchange(scope, this.session, this.#reservation, text, values, options).run()
  }

  /**
   * Runs all statements of a text, without values, and gives a result for each. They are one transaction, unless the text says otherwise. Nothing is
   * prepared. Waits, and fails, as `query` does.
   */
  script(text: string, options?: QueryOptions): Promise<QueryResult[]> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    if (typeof text !== 'string') throw wrongType('the script', 'a text', text)
    if (options !== undefined) checkQueryOptions(options)
    this.checkOpen()
    return new ScriptExchange(scope, this.session, this.#reservation, text, options).run()
  }
}

export function checkQueryOptions(options: QueryOptions): void {
  checkOptionNames(options, OPTIONS)
  const { rows, timeoutMs, prepare, maxResultBytes } = options
  if (rows !== undefined && rows !== 'objects' && rows !== 'arrays' && rows !== 'columns')
    throw outOfRange('rows', 'objects, arrays or columns', rows)
  if (timeoutMs !== undefined) checkDuration('timeoutMs', timeoutMs)
  if (prepare !== undefined && typeof prepare !== 'boolean')
    throw wrongType('prepare', 'true or false', prepare)
  if (maxResultBytes !== undefined) checkInteger('maxResultBytes', maxResultBytes, 1, Number.MAX_SAFE_INTEGER)
}
