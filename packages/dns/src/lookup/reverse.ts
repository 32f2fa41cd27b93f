/** reverse: the names of an address, from the hosts file or from the PTR records of in-addr.arpa and ip6.arpa. */
import { checkDuration, checkOptionNames, outOfRange, wrongType } from '@shrapnel/core/parts'
import { DnsError } from '../errors.js'
import type { Resolution } from '../resolution.js'
import { reverseName } from '../wire/index.js'
import { type Address, isMapped, parseAddress } from './address.js'
import { toHostName } from './host-name.js'
import type { LookupParts } from './parts.js'
import { temporary } from './temporary.js'

export interface ReverseOptions {
  /** For all of it, in milliseconds; what resolv.conf says unless given. */
  readonly timeoutMs?: number
}

const NAMES: ReadonlySet<string> = new Set<keyof ReverseOptions>(['timeoutMs'])

/**
 * The names of `address`, at least one. A zone does not count, and an IPv4 address in IPv6 is the IPv4 one. Loopback without a line in the hosts file is
 * `localhost`; that is never asked for on the wire. What no host can be called is left out: a PTR record is anybody's text.
 *
 * Waits for servers unless the hosts file or the cache knows; cancelling leaves no query behind. Fails with DnsError: `ENOTFOUND`, `EAI_AGAIN`.
 */
export async function reverse(
  parts: LookupParts,
  address: string,
  options: ReverseOptions = {},
): Promise<readonly string[]> {
  if (typeof address !== 'string') throw wrongType('address', 'a string', address)
  const parsed = parseAddress(address)
  if (parsed === undefined) throw outOfRange('address', 'an IPv4 or IPv6 address', JSON.stringify(address))
  checkOptionNames(options, NAMES)
  const timeoutMs = checkDuration('timeoutMs', options.timeoutMs ?? parts.rules().lookupTimeoutMs)
  const { sources, finals } = parts.order()
  const text = plainText(parsed)
  if (sources[0] === 'files') {
    const names = namesInHosts(parts, text)
    if (names.length > 0) return names
  }
  if (text === '127.0.0.1' || text === '::1') return ['localhost']
  if (sources[0] === 'files' && (sources.length === 1 || finals.has('files'))) throw notFound(address)
  const names = await namesInDns(parts, address, reverseName(text), timeoutMs)
  if (names.length > 0) return names
  const last = sources[1] === 'files' && !finals.has('dns') ? namesInHosts(parts, text) : []
  if (last.length === 0) throw notFound(address)
  return last
}

/** Without a zone, IPv4 as IPv4. */
function plainText({ bytes, text }: Address): string {
  if (isMapped(bytes)) return bytes.subarray(12).join('.')
  return text.replace(/%.*/s, '')
}

function namesInHosts(parts: LookupParts, address: string): readonly string[] {
  return [
    ...new Set(
      parts
        .hosts()
        .withAddress(address)
        .flatMap(({ names }) => names),
    ),
  ]
}

async function namesInDns(
  parts: LookupParts,
  address: string,
  name: string,
  timeoutMs: number,
): Promise<readonly string[]> {
  try {
    return hostNames(await parts.resolve(name, 'PTR', timeoutMs))
  } catch (error) {
    if (!(error instanceof DnsError)) throw error
    if (!error.isTemporary) return []
    throw temporary(`the name of ${address} is not to be had now`, error, { hostname: address, type: 'PTR' })
  }
}

function hostNames({ records }: Resolution): string[] {
  const names = records.map((record) =>
    record.type === 'PTR' ? (record.data as { readonly target: string }).target : '',
  )
  return [...new Set(names)].filter((name) => toHostName(name) !== undefined)
}

function notFound(address: string): DnsError {
  return new DnsError('ENOTFOUND', `${address} has no name`, { hostname: address, type: 'PTR' })
}
