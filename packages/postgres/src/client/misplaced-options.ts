/** Options of a pool that were given with its URL, and options of its connections that were given beside it: what is said is where they belong. */
import { CONNECT_OPTION_NAMES } from '../connect/option-table.js'
import { QUERY_SETTINGS } from '../connection/settings.js'
import { POOL_OPTION_NAMES } from '../pool/pool-options.js'

/** Throws ERR_UNKNOWN_OPTION. Names that are nobody's are left to those who check them. */
export function checkWhereOptionsAre(target: unknown, options: unknown): void {
  for (const name of namesIn(target))
    if (POOL_OPTION_NAMES.has(name)) throw misplaced(name, `of the pool: pool(url, { ${name} })`)
  for (const name of namesIn(options))
    if (CONNECT_OPTION_NAMES.has(name) || QUERY_SETTINGS.has(name))
      throw misplaced(name, `of its connections: pool({ url, ${name} }, { … })`)
}

function namesIn(value: unknown): readonly string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : []
}

function misplaced(name: string, whose: string): TypeError {
  return Object.assign(new TypeError(`${name} is an option ${whose}`), {
    code: 'ERR_UNKNOWN_OPTION' as const,
  })
}
