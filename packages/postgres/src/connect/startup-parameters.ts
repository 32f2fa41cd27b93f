/**
 * What a server is told in the start-up message. Nothing that PgBouncer would refuse unless the program asks for it: of the settings that
 * decoders rely on it knows client_encoding and DateStyle; session-settings.ts sees to the others.
 */
import { unusable } from './option-kinds.js'
import type { Settings } from './option-table.js'

/** What decoders rely on, and what has an option of its own. */
const NOT_TO_BE_SET: ReadonlySet<string> = new Set([
  'client_encoding',
  'datestyle',
  'intervalstyle',
  'extra_float_digits',
  'user',
  'database',
  'replication',
  'options',
])

/** Throws PG_OPTION. */
export function startupParameters(settings: Settings, user: string): ReadonlyMap<string, string> {
  const parameters = new Map([
    ['user', user],
    ['database', settings.database ?? user],
    ['client_encoding', 'UTF8'],
    ['DateStyle', 'ISO'],
  ])
  const { applicationName, timeZone, options, replication, runtime = {} } = settings
  if (applicationName !== undefined) parameters.set('application_name', applicationName)
  if (timeZone !== undefined) parameters.set('TimeZone', timeZone)
  if (options !== undefined) parameters.set('options', options)
  if (replication !== undefined && replication !== false) parameters.set('replication', String(replication))
  for (const [name, value] of Object.entries(runtime)) {
    if (NOT_TO_BE_SET.has(name.toLowerCase())) throw unusable(`runtime.${name}`, 'cannot be set here')
    if (!/^[A-Za-z][A-Za-z0-9_.]*$/.test(name)) throw unusable(`runtime.${name}`, 'is no name of a setting')
    parameters.set(name, value)
  }
  return parameters
}
