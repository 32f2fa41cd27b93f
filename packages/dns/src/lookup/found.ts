/** What a lookup finds, wherever it finds it. */
import { DnsError } from '../errors.js'
import type { Family } from '../system/hosts-file.js'

export interface LookupAddress {
  /** In the form of RFC 5952, with the zone that the literal had. */
  readonly address: string
  readonly family: Family
  /** How long it is good for, in seconds; nothing where it does not come from DNS. */
  readonly ttl?: number
}

/** Addresses, best first; at least one. */
export interface LookupResult extends ReadonlyArray<LookupAddress> {
  /** The name at which they are: where aliases led, or the first name of the line in the hosts file. */
  readonly canonicalName: string
  readonly source: 'literal' | 'localhost' | 'files' | 'dns'
}

export interface Found {
  readonly addresses: readonly LookupAddress[]
  readonly canonicalName: string
  readonly source: LookupResult['source']
}

export function addressOf(address: string): LookupAddress {
  return { address, family: address.includes(':') ? 6 : 4 }
}

export function notFound(hostname: string, text: string): DnsError {
  return new DnsError('ENOTFOUND', `${JSON.stringify(hostname)} ${text}`, { hostname })
}
