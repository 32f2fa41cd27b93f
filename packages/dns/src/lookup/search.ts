/** A name in DNS: the search list, and what becomes of it when servers fail. */
import type { DnsError } from '../errors.js'
import type { Family } from '../system/hosts-file.js'
import { askBothFamilies, type NameOutcome } from './both-families.js'
import { candidatesOf } from './candidates.js'
import type { Deadline } from './deadline.js'
import { addressOf, type Found, type LookupAddress } from './found.js'
import { isLocalhost, isNeverThere } from './host-name.js'
import { findLast, localhost } from './local-names.js'
import type { LookupParts } from './parts.js'
import { temporary } from './temporary.js'

/**
 * Every candidate until one has addresses. One that does not exist, or that a server failed at, leads to the next; one that no server was
 * there for ends the search, as glibc has it: only the name as it is may still be asked for.
 */
export async function search(
  parts: LookupParts,
  name: string,
  family: 0 | Family,
  deadline: Deadline,
): Promise<Found> {
  let failure: DnsError | undefined
  let isGivenUp = false
  const candidates = isNeverThere(name) ? [] : candidatesOf(name, parts.rules())
  for (const candidate of candidates) {
    if (isGivenUp && !candidate.isAsIs) continue
    // A search domain may lead there.
    if (isLocalhost(candidate.name)) return localhost(candidate.name, family)
    if (isNeverThere(candidate.name)) continue
    // Without any time left only the first one is asked for, which says so; what came before says more.
    if (failure !== undefined && deadline.leftMs === 0) break
    const outcome = await askBothFamilies(parts, candidate.name, family, deadline)
    if (outcome.found.length > 0) return foundOf(outcome)
    failure ??= outcome.failure
    isGivenUp ||= !candidate.isAsIs && outcome.failure !== undefined && outcome.failure.code !== 'ESERVFAIL'
  }
  if (failure === undefined) return findLast(parts, name, family)
  throw temporary(`lookup of ${name} failed, which may pass`, failure, { hostname: name })
}

function foundOf({ found }: NameOutcome): Found {
  const addresses = new Map<string, LookupAddress>()
  for (const { records, ttl } of found) {
    for (const { type, data } of records) {
      if (type !== 'A' && type !== 'AAAA') continue
      const { address } = data as { readonly address: string }
      addresses.set(address, { ...addressOf(address), ttl })
    }
  }
  return {
    addresses: [...addresses.values()],
    canonicalName: found[0]?.canonicalName as string,
    source: 'dns',
  }
}
