/** What one may say to `lookup`. */
import { checkDuration, checkOptionNames, outOfRange, wrongType } from '@shrapnel/core/parts'

/**
 * `rfc6724`: as the machine would reach them best. `ipv4first`, `ipv6first`: the same within each family. `verbatim`: as the hosts file
 * or the server has them, IPv6 before IPv4.
 */
export type AddressOrder = 'rfc6724' | 'ipv4first' | 'ipv6first' | 'verbatim'

export interface LookupOptions {
  /** 4 or 6: addresses of that family alone. 0, both, unless given. */
  readonly family?: 0 | 4 | 6
  /** `rfc6724` unless given. */
  readonly order?: AddressOrder
  /**
   * For all of it, every search domain and both families, in milliseconds; the resolver's own unless given. That one is also the limit of each
   * question: a longer time here gives a longer search list more time, and no server.
   */
  readonly timeoutMs?: number
  /** Addresses alone are taken and nothing is asked. False unless given. */
  readonly numericOnly?: boolean
}

export interface CheckedLookupOptions {
  readonly family: 0 | 4 | 6
  readonly order: AddressOrder
  readonly timeoutMs: number | undefined
  readonly numericOnly: boolean
}

const NAMES: ReadonlySet<string> = new Set<keyof LookupOptions>([
  'family',
  'order',
  'timeoutMs',
  'numericOnly',
])
const ORDERS: readonly string[] = ['rfc6724', 'ipv4first', 'ipv6first', 'verbatim'] satisfies AddressOrder[]

export function checkLookupOptions(options: LookupOptions): CheckedLookupOptions {
  checkOptionNames(options, NAMES)
  const { family = 0, order = 'rfc6724', timeoutMs, numericOnly = false } = options
  if (typeof family !== 'number') throw wrongType('family', '0, 4 or 6', family)
  if (family !== 0 && family !== 4 && family !== 6) throw outOfRange('family', '0, 4 or 6', family)
  if (!ORDERS.includes(order)) throw outOfRange('order', `one of ${ORDERS.join(', ')}`, order)
  if (typeof numericOnly !== 'boolean') throw wrongType('numericOnly', 'a boolean', numericOnly)
  if (timeoutMs !== undefined) checkDuration('timeoutMs', timeoutMs)
  return { family, order, timeoutMs, numericOnly }
}
