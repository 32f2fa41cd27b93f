/** service: where a service is (SRV records, RFC 2782), in the order in which its targets are to be tried, with their addresses. */
import { group, Semaphore } from '@shrapnel/core'
import { checkDuration, checkOptionNames, wrongType } from '@shrapnel/core/parts'
import { DnsError } from '../errors.js'
import type { Resolution } from '../resolution.js'
import { Deadline } from './deadline.js'
import type { LookupAddress } from './found.js'
import { toHostName, withoutLastDot } from './host-name.js'
import { lookup } from './lookup.js'
import { type AddressOrder, checkLookupOptions, type LookupOptions } from './lookup-options.js'
import type { LookupParts } from './parts.js'
import { orderTargets } from './service-order.js'
import { temporary } from './temporary.js'

export interface ServiceOptions {
  /** As of `lookup`. */
  readonly family?: 0 | 4 | 6
  readonly order?: AddressOrder
  /** For all of it, in milliseconds; what resolv.conf says unless given. */
  readonly timeoutMs?: number
  /** False: targets are not looked up, and have no addresses. True unless given. */
  readonly addresses?: boolean
}

export interface ServiceTarget {
  readonly host: string
  readonly port: number
  readonly priority: number
  readonly weight: number
  /** How long it is a target, in seconds. */
  readonly ttl: number
  /** Best first; empty when there are none, of which `error` says why. */
  readonly addresses: readonly LookupAddress[]
  readonly error: DnsError | undefined
}

/** More than that is no service but an attack on whoever looks all of them up. */
export const MAX_TARGETS = 128
/** So many are looked up at once. */
const LOOKUPS_AT_ONCE = 8

const NAMES: ReadonlySet<string> = new Set<keyof ServiceOptions>([
  'family',
  'order',
  'timeoutMs',
  'addresses',
])

/**
 * The targets of `name` (`_ldap._tcp.example.com`, absolute: the search list is not used), in the order in which they are to be tried; a new order each time. All are
 * looked up, so that the next one costs no time when the first does not answer; one that cannot be does not fail the others.
 *
 * Waits for servers; cancelling leaves no query behind. Fails with DnsError: `ENOTFOUND`, `ENODATA` (no such service, also when the domain says decidedly
 * that it has none), `EBADNAME`, what `resolve` fails with, `EAI_AGAIN` past the time, and with the first target's own failure when no target has an address.
 */
export async function service(
  parts: LookupParts,
  name: string,
  options: ServiceOptions = {},
): Promise<readonly ServiceTarget[]> {
  if (typeof name !== 'string') throw wrongType('name', 'a string', name)
  checkOptionNames(options, NAMES)
  const { addresses = true, timeoutMs, ...lookups } = options
  if (typeof addresses !== 'boolean') throw wrongType('addresses', 'a boolean', addresses)
  checkLookupOptions(lookups)
  const ascii = toHostName(name)
  if (ascii === undefined)
    throw new DnsError('EBADNAME', `${JSON.stringify(name)} is no domain name`, {
      hostname: name,
      type: 'SRV',
    })
  const limitMs = checkDuration('timeoutMs', timeoutMs ?? parts.rules().lookupTimeoutMs)
  const deadline = new Deadline(limitMs)
  const targets = orderTargets(await targetsOf(parts, withoutLastDot(ascii), deadline), parts.random)
  if (!addresses) return targets
  const found = await lookUpAll(parts, targets, lookups, deadline)
  if (found.every((target) => target.addresses.length === 0)) throw found[0]?.error
  return found
}

async function targetsOf(parts: LookupParts, name: string, deadline: Deadline): Promise<ServiceTarget[]> {
  const { records } = await recordsOf(parts, name, deadline)
  const targets = records.flatMap((record) =>
    record.type === 'SRV' ? [targetOf(record.data as SrvData, record.ttl)] : [],
  )
  const facts = { hostname: name, type: 'SRV' }
  if (targets.length > MAX_TARGETS) {
    throw new DnsError('EBADRESP', `${name} has ${targets.length} targets: more than ${MAX_TARGETS}`, facts)
  }
  const there = targets.filter(({ host }) => host !== '.')
  if (there.length > 0) return there
  throw new DnsError(
    'ENODATA',
    `${name} is decidedly not available: its only target is the root (RFC 2782)`,
    facts,
  )
}

async function recordsOf(parts: LookupParts, name: string, deadline: Deadline): Promise<Resolution> {
  try {
    return await parts.resolve(name, 'SRV', deadline.leftMs)
  } catch (error) {
    if (!(error instanceof DnsError && error.isTemporary && deadline.leftMs === 0)) throw error
    throw temporary(`the targets of ${name} were not found in time`, error, { hostname: name, type: 'SRV' })
  }
}

interface SrvData extends Pick<ServiceTarget, 'priority' | 'weight' | 'port'> {
  readonly target: string
}

function targetOf({ priority, weight, port, target }: SrvData, ttl: number): ServiceTarget {
  return { host: target, port, priority, weight, ttl, addresses: [], error: undefined }
}

type TargetLookup = Pick<ServiceOptions, 'family' | 'order'>

async function lookUpAll(
  parts: LookupParts,
  targets: readonly ServiceTarget[],
  options: TargetLookup,
  deadline: Deadline,
): Promise<ServiceTarget[]> {
  const results = [...targets]
  const room = new Semaphore(LOOKUPS_AT_ONCE)
  await group(async (children) => {
    targets.forEach((target, i) => {
      children.spawn({ name: `lookup ${target.host}` }, async () => {
        using _held = await room.acquire()
        results[i] = await withAddresses(parts, target, { ...options, timeoutMs: deadline.leftMs })
      })
    })
  })
  return results
}

async function withAddresses(
  parts: LookupParts,
  target: ServiceTarget,
  options: LookupOptions,
): Promise<ServiceTarget> {
  try {
    // The dot: a target is absolute.
    const addresses = await lookup(parts, `${target.host}.`, options)
    return { ...target, addresses }
  } catch (error) {
    if (!(error instanceof DnsError)) throw error
    return { ...target, error }
  }
}
