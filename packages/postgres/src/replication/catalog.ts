/**
 * The types of users that a stream of changes has. A connection that replicates answers no questions, so they are asked on another one, which
 * is opened for that alone: once, when the first such type appears, and again when another does that is not known. The catalogue says what
 * is now, and the log what was: of a type that has been dropped since, values come as text.
 */
import type { ResolvedConnect } from '../connect/resolved-connect.js'
import type { SessionTypes } from '../connection/session-types.js'
import type { Relation } from '../wire/replication/pgoutput-message.js'
import { CATALOG_QUERY, decodeCatalogType } from '../wire/types/registry.js'
import { Talk, type TalkSettings } from './talk.js'

/** The types of a table's columns that are not known. */
export function unknownTypes(relation: Relation, types: SessionTypes): readonly number[] {
  return relation.columns.map(({ typeOid }) => typeOid).filter((oid) => !types.has(oid))
}

/** Waits for a connection and for the server, and fails as these do. */
export async function learnTypes(
  resolved: ResolvedConnect,
  settings: TalkSettings,
  types: SessionTypes,
  wanted: readonly number[],
): Promise<void> {
  const talk = await Talk.open(resolved, settings)
  try {
    types.learnOids((await talk.ask(CATALOG_QUERY)).map(decodeCatalogType), wanted)
  } finally {
    await talk.end()
  }
}
