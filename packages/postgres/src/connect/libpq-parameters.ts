/** Parameters by libpq's names, from a URL or a service file, to options. */
import { PostgresError } from '../errors.js'
import { nearestName } from './nearest-name.js'
import { unusable } from './option-kinds.js'
import { OPTION_NAMES, type OptionName, rowOf, type Settings } from './option-table.js'

const BY_LIBPQ_NAME: ReadonlyMap<string, OptionName> = new Map(
  OPTION_NAMES.flatMap((name) => {
    const { url } = rowOf(name)
    return url === undefined ? [] : [[url, name] as const]
  }),
)

/** Those that mean something to libpq alone, and what they must be for us to do as they say. */
const ONLY_LIBPQS: Readonly<Record<string, (value: string) => boolean>> = {
  client_encoding: (value) => /^(?:utf-?8|auto)$/i.test(value),
  gssencmode: (value) => value !== 'require',
  gsslib: () => true,
  krbsrvname: () => true,
  gssdelegation: (value) => value === '0',
  sslcompression: (value) => value === '0',
}

/** And those of its environment. */
const ONLY_LIBPQS_ENVIRONMENT: Readonly<Record<string, string>> = {
  PGCLIENTENCODING: 'client_encoding',
  PGGSSENCMODE: 'gssencmode',
}

/** Promises that we could not keep are not to be dropped in silence. */
const NOT_KEPT_ENVIRONMENT = ['PGREQUIREPEER', 'PGREQUIRESSL', 'PGSSLCRLDIR'] as const

/** `where` is where they are from. Throws PG_OPTION for what nobody knows or cannot be. */
export function readParameters(parameters: ReadonlyMap<string, string>, where: string): Settings {
  const settings: Record<string, unknown> = {}
  for (const [name, value] of parameters) {
    // What JDBC calls it, and libpq understands.
    if (name === 'ssl' && value === 'true') {
      settings.sslMode ??= 'require'
      continue
    }
    const option = BY_LIBPQ_NAME.get(name)
    if (option !== undefined) {
      const read = rowOf(option).kind.fromText(value, `${name} in ${where}`)
      if (read !== undefined) settings[option] = read
    } else if (!Object.hasOwn(ONLY_LIBPQS, name)) throw unknownName(name, where)
    else if (ONLY_LIBPQS[name]?.(value) !== true)
      throw unusable(`${name} in ${where}`, `cannot be ${JSON.stringify(value)} here`)
  }
  return settings as Settings
}

function unknownName(name: string, where: string): PostgresError {
  const nearest = nearestName(name, BY_LIBPQ_NAME.keys())
  const advice = nearest === undefined ? '' : `; did you mean ${nearest}?`
  return new PostgresError('PG_OPTION', `there is no parameter ${JSON.stringify(name)} in ${where}${advice}`)
}

/** What is said elsewhere already is not looked at. */
export function readEnvironment(environment: NodeJS.ProcessEnv, said: Settings): Settings {
  const settings: Record<string, unknown> = {}
  for (const name of OPTION_NAMES) {
    const { env, kind } = rowOf(name)
    const value = env === undefined || said[name] !== undefined ? undefined : environment[env]
    const read = value === undefined || value === '' ? undefined : kind.fromText(value, env as string)
    if (read !== undefined) settings[name] = read
  }
  for (const [env, name] of Object.entries(ONLY_LIBPQS_ENVIRONMENT)) {
    const value = environment[env]
    if (value !== undefined && value !== '' && ONLY_LIBPQS[name]?.(value) !== true)
      throw unusable(env, `cannot be ${JSON.stringify(value)} here`)
  }
  for (const env of NOT_KEPT_ENVIRONMENT)
    if (environment[env] !== undefined && environment[env] !== '' && environment[env] !== '0')
      throw unusable(env, 'is set, and cannot be done here: it is not to be ignored in silence')
  return settings as Settings
}
