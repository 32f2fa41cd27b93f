/**
 * URLs as libpq has them: `postgres://user:password@host1:5432,host2/database?name=value&…`. Not the URLs of browsers: there may be several
 * hosts, and a host may be a folder (`%2Fvar%2Frun%2Fpostgresql`). What is wrong with a URL is said without showing any of it that could be
 * a password.
 */
import { unusable } from './option-kinds.js'

const GRAMMAR = /^(?:postgres|postgresql):\/\/(?:([^@/?]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s

/** The parameters of a URL by libpq's names, all still text. Throws PG_OPTION. */
export function parseConnectionUrl(url: string): Map<string, string> {
  const found = GRAMMAR.exec(url)
  if (found === null) throw unusable('the URL', 'does not begin with postgres:// or postgresql://')
  const [, who = '', where = '', database = '', query = ''] = found
  const parameters = new Map<string, string>()
  const set = (name: string, value: string) => {
    if (value !== '') parameters.set(name, value)
  }
  if (where.includes('@'))
    throw unusable('the URL', 'has an @ in its user or password that must be written %40')
  // What is in front of it may be the beginning of a password: it must be no host, and in no error.
  if (!/^[^/]*\/\/[^/?]*@/.test(url) && url.includes('@'))
    throw unusable(
      'the URL',
      'has an @ after a / or ?; in a user or password these are written %2F and %3F, elsewhere @ is %40',
    )
  const colon = who.indexOf(':')
  set('user', decode(colon < 0 ? who : who.slice(0, colon), 'user'))
  set('password', colon < 0 ? '' : decode(who.slice(colon + 1), 'password'))
  const { hosts, ports } = splitHosts(where)
  set('host', hosts.some((host) => host !== '') ? hosts.join(',') : '')
  set('port', ports.some((port) => port !== '') ? ports.join(',') : '')
  set('dbname', decode(database, 'database'))
  for (const [name, value] of queryOf(query)) set(name, value)
  return parameters
}

/** A comma in a host's own name would be one host more. */
function splitHosts(where: string): { readonly hosts: readonly string[]; readonly ports: readonly string[] } {
  const hosts: string[] = []
  const ports: string[] = []
  for (const item of where.split(',')) {
    const found = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::([0-9]*))?$/.exec(item)
    if (found === null)
      throw unusable('the URL', 'has a host or port that is none; in a password / is written %2F, and @ %40')
    const host = decode(found[1] ?? found[2] ?? '', 'host')
    if (host.includes(',')) throw unusable('the URL', 'has a comma in the name of a host')
    hosts.push(host)
    ports.push(found[3] ?? '')
  }
  return { hosts, ports }
}

function* queryOf(query: string): Generator<readonly [string, string]> {
  for (const item of query === '' ? [] : query.split('&')) {
    const parts = item.split('=')
    if (parts.length !== 2)
      throw unusable('the URL', 'has a parameter that is not name=value; = in a value is written %3D')
    const name = decode(parts[0] as string, 'name of a parameter')
    yield [name, decode(parts[1] as string, name)]
  }
}

/** A + is a plus. */
function decode(text: string, what: string): string {
  let decoded: string
  try {
    decoded = decodeURIComponent(text)
  } catch {
    throw unusable(
      'the URL',
      `has a % in its ${what} that is not followed by two digits, or no UTF-8; % itself is written %25`,
    )
  }
  if (decoded.includes('\0')) throw unusable('the URL', `has a NUL in its ${what}`)
  return decoded
}
