/** Records of the names that are never asked for on the wire (RFC 6761, RFC 7686). */
import { DnsError } from '../errors.js'
import type { Resolution } from '../resolution.js'
import type { ResourceRecord } from '../wire/index.js'
import { isLocalhost, isNeverThere, withoutLastDot } from './host-name.js'

/** For whoever wants to keep it. */
const TTL_SECONDS = 86_400

/** undefined: a name like others. Throws ENOTFOUND, or ENODATA: of localhost there are addresses and nothing else. */
export function specialAnswer(name: string, type: string): Resolution | undefined {
  // The last letter tells most names apart: localhost, invalid, onion.
  if (!/[tdn]\.?$/i.test(name)) return undefined
  const facts = { hostname: name, type }
  if (isNeverThere(name))
    throw new DnsError('ENOTFOUND', `${JSON.stringify(name)} is a name that DNS does not have`, facts)
  if (!isLocalhost(name)) return undefined
  const address = { A: '127.0.0.1', AAAA: '::1' }[type]
  if (address === undefined)
    throw new DnsError('ENODATA', `${name} has addresses and no ${type} records`, facts)
  const bare = withoutLastDot(name)
  const record = { name: bare, type, class: 'IN', ttl: TTL_SECONDS, data: { address } } as ResourceRecord
  return {
    name: bare,
    type,
    canonicalName: bare,
    records: [record],
    aliases: [],
    ttl: TTL_SECONDS,
    isStale: false,
    source: 'cache',
  }
}
