/** The way in to logical replication. */

import type { ConnectionOptions } from '../client/opener.js'
import { resolveConnect } from '../connect/resolve-connect.js'
import { SessionTypes } from '../connection/session-types.js'
import { checkSettings, QUERY_SETTINGS } from '../connection/settings.js'
import { Replication } from './replication.js'
import { checkReplicationOptions, type ReplicationOptions } from './replication-options.js'

/**
 * The changes of the tables that the publications name, from a slot of the server's, as an iteration:
 *
 * ```ts
 * for await (const change of replicate(url, { slot: 'app', publications: ['app'], createSlot: true })) {
 *   if (change.kind === 'insert') …(change.relation.table, change.row)
 *   if (change.kind === 'commit') changes.acknowledge(change.lsn)
 * }
 * ```
 *
 * Gives it at once and connects in the background; `ready` waits for that. At least once: what was not acknowledged comes again after a loss, behind
 * an event `reconnected`. Throws PG_OPTION, and Node's errors for arguments of the wrong kind. The server needs `wal_level = logical`, and the user the
 * right to replicate. PostgreSQL 10 and later.
 */
export function replicate(
  target: string | URL | ConnectionOptions,
  options: ReplicationOptions,
): Replication {
  const settings = checkReplicationOptions(options)
  const connection = typeof target === 'string' || target instanceof URL ? { url: target } : target
  const context = { besides: QUERY_SETTINGS }
  const resolved = resolveConnect({ ...connection, replication: 'database' }, context)
  const plain = resolveConnect({ ...connection, replication: false }, context)
  const { maxMessageBytes, drainTimeoutMs, onNotice, types } = checkSettings(connection)
  return new Replication({
    ...settings,
    resolved,
    plain,
    maxMessageBytes,
    drainTimeoutMs,
    onNotice,
    types: new SessionTypes(types),
  })
}
