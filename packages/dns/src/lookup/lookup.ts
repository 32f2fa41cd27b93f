/**
 * lookup: a host's addresses, as getaddrinfo of glibc finds them: literals, localhost, the hosts file, the search list, both
 * families at once, the order of RFC 6724. It differs where the README says so. What is waited for is what `resolve` waits for.
 */
import { wrongType } from '@shrapnel/core/parts'
import { sortAddresses } from './address-order.js'
import { Deadline } from './deadline.js'
import { type Found, type LookupAddress, type LookupResult, notFound } from './found.js'
import { toHostName } from './host-name.js'
import { findLiteral, findLocally } from './local-names.js'
import { type CheckedLookupOptions, checkLookupOptions, type LookupOptions } from './lookup-options.js'
import type { LookupParts } from './parts.js'
import { search } from './search.js'

/**
 * The addresses of `host`, a name or an address. Waits for servers unless it is a literal, in a file or in the cache; cancelling leaves no
 * query behind. Fails with DnsError: `ENOTFOUND` when there is no address of that name (as getaddrinfo, also when there is the name), `EAI_AGAIN` when that could
 * not be found out in time or at all; `cause` says why.
 */
export async function lookup(
  parts: LookupParts,
  host: string,
  options: LookupOptions = {},
): Promise<LookupResult> {
  if (typeof host !== 'string') throw wrongType('host', 'a string', host)
  const checked = checkLookupOptions(options)
  const { family, timeoutMs = parts.rules().lookupTimeoutMs } = checked
  const literal = findLiteral(host)
  if (literal !== undefined) {
    if (family !== 0 && literal.addresses[0]?.family !== family)
      throw notFound(host, `is no IPv${family} address`)
    return resultOf(literal, literal.addresses)
  }
  if (checked.numericOnly) throw notFound(host, 'is no address')
  const name = toHostName(host)
  if (name === undefined) throw notFound(host, 'is no name that a host can have')
  const found =
    findLocally(parts, name, family) ?? (await search(parts, name, family, new Deadline(timeoutMs)))
  return resultOf(found, ordered(parts, found.addresses, checked))
}

function ordered(
  parts: LookupParts,
  addresses: readonly LookupAddress[],
  options: CheckedLookupOptions,
): readonly LookupAddress[] {
  const { order } = options
  if (order === 'verbatim' || addresses.length === 1) return addresses
  const sorted = sortAddresses(addresses, parts.sourceOf)
  if (order === 'rfc6724') return sorted
  const preferred = order === 'ipv4first' ? 4 : 6
  return [
    ...sorted.filter(({ family }) => family === preferred),
    ...sorted.filter(({ family }) => family !== preferred),
  ]
}

function resultOf({ canonicalName, source }: Found, addresses: readonly LookupAddress[]): LookupResult {
  // Not enumerable: a list of addresses is equal to another with the same ones, and is printed as what it is.
  const facts = { canonicalName: { value: canonicalName }, source: { value: source } }
  return Object.defineProperties([...addresses], facts) as unknown as LookupResult
}
