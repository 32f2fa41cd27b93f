/** Which failures are no fault of the query, and may be answered by sending it once more. */
import type { ServerReport } from '../wire/backend-message.js'

/**
 * The server has forgotten the statement (26000), or a table has changed so that it would give other columns than it was described with (0A000),
 * or the type of a parameter was dropped, and perhaps made anew (XX000). The last two are the states of many things, and only the routine that
 * raises them tells: all are before anything is run.
 */
export function isStale({ sqlState, routine }: ServerReport): boolean {
  if (sqlState === '0A000') return routine === 'RevalidateCachedQuery'
  if (sqlState === 'XX000') return routine === 'getTypeInputInfo' || routine === 'getTypeBinaryInputInfo'
  return sqlState === '26000'
}

const LEADING = /^(?:\s|--[^\n]*\n|\/\*(?:[^*]|\*(?!\/))*\*\/|\()*/
const WITHOUT_COMMIT = /^(?:select|insert|update|delete|merge|values|with|table)\b/i

/**
 * Whether a statement that failed outside of a transaction block has left nothing behind. These run in one transaction, which was rolled back;
 * others (CALL, DO, VACUUM, CREATE INDEX CONCURRENTLY) may commit on their way.
 */
export function isRepeatable(text: string): boolean {
  return WITHOUT_COMMIT.test(text.replace(LEADING, ''))
}
