/** What is known of a host without a server: literals, localhost, the hosts file. */
import type { Family, HostsEntry } from '../system/hosts-file.js'
import { parseAddress } from './address.js'
import { addressOf, type Found, notFound } from './found.js'
import { isLocalhost } from './host-name.js'
import { parseLooseIPv4 } from './loose-ipv4.js'
import type { LookupParts } from './parts.js'

export function findLiteral(host: string): Found | undefined {
  const address = parseLooseIPv4(host) ?? parseAddress(host)?.text
  if (address === undefined) return undefined
  return { addresses: [addressOf(address)], canonicalName: host, source: 'literal' }
}

/** What comes before DNS. Throws when there is nothing, and nothing else to ask. */
export function findLocally(parts: LookupParts, name: string, family: 0 | Family): Found | undefined {
  const { sources, finals } = parts.order()
  const isFilesFirst = sources[0] === 'files'
  const found = isFilesFirst ? fromHosts(parts.hosts().named(name), family) : undefined
  if (found !== undefined) return found
  if (isLocalhost(name)) return localhost(name, family)
  if (isFilesFirst && (sources.length === 1 || finals.has('files')))
    throw notFound(name, 'is not in the hosts file')
  return undefined
}

/** What comes after DNS, when that has nothing: `hosts: dns files`. */
export function findLast(parts: LookupParts, name: string, family: 0 | Family): Found {
  const { sources, finals } = parts.order()
  const isFilesLast = sources[1] === 'files' && !finals.has('dns')
  const found = isFilesLast ? fromHosts(parts.hosts().named(name), family) : undefined
  if (found === undefined) throw notFound(name, 'has no address')
  return found
}

export function localhost(name: string, family: 0 | Family): Found {
  const addresses = ['::1', '127.0.0.1'].map((address) => addressOf(address))
  return {
    addresses: addresses.filter((each) => family === 0 || each.family === family),
    canonicalName: name,
    source: 'localhost',
  }
}

/** glibc takes an address of IPv6 for one of IPv4 where it can, when it is asked for IPv4 alone. */
function fromHosts(entries: readonly HostsEntry[], family: 0 | Family): Found | undefined {
  const addresses = new Set<string>()
  let canonicalName: string | undefined
  for (const entry of entries) {
    const address = family === 4 ? asIPv4(entry.address) : entry.address
    if (address === undefined || (family === 6 && entry.family === 4)) continue
    canonicalName ??= entry.names[0]
    addresses.add(address)
  }
  if (canonicalName === undefined) return undefined
  return { addresses: [...addresses].map(addressOf), canonicalName, source: 'files' }
}

function asIPv4(address: string): string | undefined {
  if (!address.includes(':')) return address
  if (address === '::1') return '127.0.0.1'
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : undefined
}
