/** What a query's values say of themselves, and how they are written into a Bind. */
import { wrongType } from '@shrapnel/core/parts'
import { PostgresWireError } from '../wire/errors.js'
import type { Format } from '../wire/message-types.js'
import type { MessageWriter } from '../wire/message-writer.js'
import { encodeBindValues, inferTypeOid } from '../wire/types/parameters.js'
import type { KnownTypes } from './statement.js'

/** Who must know the types of the server's parameters before the values can be written. */
export interface ParameterFacts {
  /** Types that the values name, 0 where they name none; null if none does. */
  readonly hints: readonly number[] | null
  /**
   * Each value is the same to the server whether it is written as its type wants it or as plain text. Lists, objects and dates are not: an array
   * is `{1,2}` to int4[] and `[1,2]` to jsonb.
   */
  readonly isPlain: boolean
}

const PLAIN: ParameterFacts = { hints: null, isPlain: true }
const PARTICULAR: ParameterFacts = { hints: null, isPlain: false }

export function parameterFacts(values: readonly unknown[], types: KnownTypes): ParameterFacts {
  let isPlain = true
  let hasHints = false
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (typeof value === 'object') {
      if (value === null) continue
      const oid = inferTypeOid(value)
      if (oid !== 0) hasHints = true
      if (oid === 0 || !types.has(oid)) isPlain = false
    } else if (value === undefined || typeof value === 'function' || typeof value === 'symbol')
      throw wrongType(`value ${i + 1} of the query`, 'something that SQL knows: null, for nothing', value)
  }
  if (!hasHints) return isPlain ? PLAIN : PARTICULAR
  return { hints: values.map(inferTypeOid), isPlain }
}

/**
 * Writes the Bind. A number, bigint or boolean that its type's codec refuses goes as text, for the server to judge: it would where the types
 * are not known yet, and what a query means must not depend on how often it was run.
 */
export function writeBind(
  writer: MessageWriter,
  statement: string,
  values: readonly unknown[],
  typeOids: readonly number[],
  formats: readonly Format[],
  types: KnownTypes,
  portal = '',
): void {
  let oids = typeOids
  for (;;) {
    try {
      encodeBindValues(writer, portal, statement, values, oids, formats, types)
      return
    } catch (error) {
      const index = error instanceof PostgresWireError && error.code === 'PG_PARAMETER' ? error.at : undefined
      if (index === undefined || oids[index] === undefined || oids[index] === 0) throw error
      if (!/number|bigint|boolean/.test(typeof values[index])) throw error
      oids = oids.map((oid, i) => (i === index ? 0 : oid))
    }
  }
}
