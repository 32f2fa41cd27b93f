/**
 * The program is about to end because nothing outside can wake it, while coroutines wait for one another: Node would
 * exit without a word. Only non-daemons count; daemons are meant to be left.
 */
import { mainCoroutine } from './runtime/coroutine.js'
import { everyone } from './runtime/registry.js'
import { where } from './where.js'

/** Named in a report. */
const MOST_NAMED = 10

process.on('beforeExit', () => {
  const stuck = [mainCoroutine, ...everyone()].filter(
    (coroutine) => !coroutine.isDaemon && !coroutine.waits().next().done,
  )
  if (stuck.length === 0) return
  const named = stuck.slice(0, MOST_NAMED).map((coroutine) => `\n  ${where(coroutine)}`)
  const rest = stuck.length > MOST_NAMED ? `\n  and ${stuck.length - MOST_NAMED} more` : ''
  process.stderr.write(
    `${new Date().toISOString()} the program ends, and nothing is left that could wake:${named.join('')}${rest}\n`,
  )
})
