/** What types that are made of others need of the registry, and how deep they may go. */
import { PostgresWireError } from '../errors.js'
import { MAX_VALUE_DEPTH } from '../limits.js'
import type { TypeCodec } from './type-codec.js'

export interface TypeLookup {
  /** Text for a type that is not known. */
  get(oid: number): TypeCodec
}

let depth = 0

/** Runs `decode` one level deeper. Throws PG_LIMIT beyond MAX_VALUE_DEPTH. */
export function nested<T>(decode: () => T): T {
  if (depth === MAX_VALUE_DEPTH)
    throw new PostgresWireError('PG_LIMIT', `a value of more than ${MAX_VALUE_DEPTH} levels`, {
      limit: 'MAX_VALUE_DEPTH',
    })
  depth++
  try {
    return decode()
  } finally {
    depth--
  }
}

/** A value of a type that may have no binary form here. */
export function binaryValue(codec: TypeCodec, bytes: Buffer, from: number, to: number): unknown {
  if (codec.fromBinary === undefined)
    throw new PostgresWireError('PG_VALUE', `${codec.name} cannot be read from its binary form`, { at: 0 })
  return codec.fromBinary(bytes, from, to)
}

/** What is a string already is PostgreSQL's own text for the value. */
export function textOf(codec: TypeCodec, value: unknown): string {
  return typeof value === 'string' ? value : codec.toText(value)
}

/** Asked for in a list: binary if there is one, because text has to be unquoted. */
export function hasBinary(codec: TypeCodec): boolean {
  return codec.fromBinary !== undefined
}
