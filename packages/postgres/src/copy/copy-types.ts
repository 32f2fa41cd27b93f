/** The codecs of the columns that a COPY names. */
import type { SessionTypes } from '../connection/session-types.js'
import { PostgresError } from '../errors.js'
import type { TypeCodec } from '../wire/types/type-codec.js'
import { ARRAY_OIDS, TypeOid } from '../wire/types/type-oids.js'
import type { CopyType } from './copy-options.js'

export function codecsOf(
  types: readonly CopyType[] | undefined,
  known: SessionTypes,
): TypeCodec[] | undefined {
  return types?.map((type) => codecOf(type, known))
}

function codecOf(type: CopyType, known: SessionTypes): TypeCodec {
  if (typeof type === 'object') return type
  const oid = typeof type === 'number' ? type : builtIn(type)
  if (!known.has(oid))
    throw new PostgresError('PG_USAGE', `COPY: the type ${type} is not known here: give its codec`)
  return known.get(oid)
}

/** `int4`, `text`, `int4[]`. */
function builtIn(name: string): number {
  const oids: Readonly<Record<string, number>> = TypeOid
  const isList = name.endsWith('[]')
  const element = isList ? name.slice(0, -2) : name
  const oid = Object.hasOwn(oids, element) ? oids[element] : undefined
  const found = isList ? ARRAY_OIDS.find(([, of]) => of === oid)?.[0] : oid
  if (found === undefined)
    throw new PostgresError(
      'PG_USAGE',
      `COPY: there is no built-in type ${name}: for another one give its number or its codec`,
    )
  return found
}
