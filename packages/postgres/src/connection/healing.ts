/** Which failures are no fault of the query, and may be answered by sending it once more. */
import type { ServerReport } from '../wire/backend-message.js'

/**
 * The server has forgotten the statement (26000), or a table has changed so that it would give other columns than it was described with. That
 * has the state of all that is not supported, 0A000, and only the routine that raises it tells.
 */
export function isStale({ sqlState, routine }: ServerReport): boolean {
  return sqlState === '26000' || (sqlState === '0A000' && routine === 'RevalidateCachedQuery')
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
