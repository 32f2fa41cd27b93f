/** The two ways to say a query, as one. */
import { wrongType } from '@shrapnel/core/parts'
import type { QueryOptions } from './query.js'
import { SqlFragment } from './sql-fragment.js'

export interface QueryCall {
  readonly text: string
  readonly values: readonly unknown[]
  readonly options: QueryOptions | undefined
}

const NO_VALUES: readonly unknown[] = []

/** Of what `Queryable.query` takes. */
export function queryCall(
  query: SqlFragment | string,
  second: readonly unknown[] | QueryOptions | undefined,
  third: QueryOptions | undefined,
): QueryCall {
  if (query instanceof SqlFragment) {
    const { text, parameters } = query.compose()
    return { text, values: parameters, options: second as QueryOptions | undefined }
  }
  if (typeof query !== 'string') throw wrongType('the query', 'sql`…`, or a text', query)
  if (second !== undefined && !Array.isArray(second)) throw wrongType('the values', 'an array', second)
  return { text: query, values: (second as readonly unknown[] | undefined) ?? NO_VALUES, options: third }
}
