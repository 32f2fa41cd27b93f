/**
 * Settings that the decoders of values rely on and that a start-up message cannot bring: PgBouncer refuses IntervalStyle and
 * extra_float_digits there. So the server's own reports are looked at, and only a session that is set up otherwise costs a round trip.
 */
import type { Opened } from './attempts.js'
import { ask } from './simple-query.js'

/** Text of intervals that is understood. In binary they are always the same. */
const INTERVAL_STYLES: ReadonlySet<string | undefined> = new Set([undefined, 'postgres', 'iso_8601'])
/** Since PostgreSQL 12 floats are written so that they can be read back. */
const EXACT_FLOATS_SINCE = 12

/** Waits for the server only if something is to be changed. */
export async function settleSession(opened: Opened): Promise<void> {
  const { parameters } = opened.session
  // What speaks of physical replication understands no SQL.
  if (opened.login.resolved.startup.get('replication') === 'true') return
  const changes: string[] = []
  if (!INTERVAL_STYLES.has(parameters.get('IntervalStyle'))) changes.push('SET IntervalStyle TO iso_8601')
  if (!/^ISO\b/.test(parameters.get('DateStyle') ?? 'ISO')) changes.push('SET DateStyle TO ISO')
  if (parameters.get('client_encoding') !== undefined && parameters.get('client_encoding') !== 'UTF8')
    changes.push("SET client_encoding TO 'UTF8'")
  if (Number.parseInt(parameters.get('server_version') ?? '', 10) < EXACT_FLOATS_SINCE)
    changes.push('SET extra_float_digits TO 3')
  if (changes.length > 0) await ask(opened, changes.join('; '))
}
