/** Slots, made and dropped over any connection. */
import type { Queryable } from '../query.js'
import { parseLsn } from './lsn.js'
import { checkSlotName } from './replication-options.js'

/** As pg_replication_slots has it. */
export interface ReplicationSlot {
  readonly slot: string
  /** A connection uses it. */
  readonly isActive: boolean
  /** The server keeps its log from there; undefined if it has given that up. */
  readonly restartLsn: bigint | undefined
  /** What was acknowledged. */
  readonly confirmedLsn: bigint | undefined
}

/**
 * Makes a slot for `replicate`, and gives the place in the log from which on it has changes. The server keeps its log from there until that is
 * acknowledged, or the slot dropped. Waits, and fails, as a query does; PG_SERVER 42710 if there is one of the name.
 */
export async function createReplicationSlot(
  db: Queryable,
  slot: string,
  { twoPhase = false }: { readonly twoPhase?: boolean | undefined } = {},
): Promise<bigint> {
  checkSlotName(slot)
  // Versions before 14 have no fourth parameter.
  const text = twoPhase
    ? `select lsn::text as lsn from pg_create_logical_replication_slot($1, 'pgoutput', false, true)`
    : `select lsn::text as lsn from pg_create_logical_replication_slot($1, 'pgoutput')`
  const [made] = await db.query<{ lsn: string }>(text, [slot])
  return parseLsn(made?.lsn ?? '')
}

/** Drops it. True if there was one. Waits, and fails, as a query does; PG_SERVER 55006 while a connection uses it. */
export async function dropReplicationSlot(db: Queryable, slot: string): Promise<boolean> {
  checkSlotName(slot)
  const text = 'select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1'
  return (await db.query(text, [slot])).length > 0
}

/** What the server knows of a slot; undefined if there is none. Waits, and fails, as a query does. */
export async function replicationSlot(db: Queryable, slot: string): Promise<ReplicationSlot | undefined> {
  checkSlotName(slot)
  const text = `select active, restart_lsn::text as restart, confirmed_flush_lsn::text as confirmed
    from pg_replication_slots where slot_name = $1`
  const [found] = await db.query<{ active: boolean; restart: string | null; confirmed: string | null }>(
    text,
    [slot],
  )
  if (found === undefined) return undefined
  const { active, restart, confirmed } = found
  const lsnOf = (value: string | null) => (value === null ? undefined : parseLsn(value))
  return { slot, isActive: active, restartLsn: lsnOf(restart), confirmedLsn: lsnOf(confirmed) }
}
