/**
 * Destination addresses, best first: the ten rules of RFC 6724, section 6. Where they say nothing the order stays. What the
 * machine would send from is asked of `sourceOf`.
 */
import { type Address, parseAddress } from './address.js'
import { commonBits, policyOf, scopeOf } from './policy-table.js'

/** What packets to a destination would be sent from. */
export interface Source {
  readonly address: string
  /** Of its subnet, in bits of its own family; 64 of IPv6 and 32 of IPv4 when that is not known. */
  readonly prefixBits?: number | undefined
  /** RFC 4862: no longer preferred. */
  readonly isDeprecated?: boolean | undefined
  /** RFC 6275: a mobile node's own. */
  readonly isHome?: boolean | undefined
  /** It goes through a tunnel (6to4, say). */
  readonly isTunnelled?: boolean | undefined
}

/** undefined: there is no way to that address. */
export type SourceOf = (address: string) => Source | undefined

/** A server may give thousands; those behind are left behind. */
export const MAX_SORTED = 128

interface Candidate<T> {
  readonly item: T
  readonly address: Address
  readonly precedence: number
  readonly label: number
  readonly scope: number
  readonly source: Source | undefined
  readonly sourceLabel: number
  readonly sourceScope: number
  readonly commonBits: number
}

/** Another list with the same items. `sourceOf` is asked once for each, and not at all for a single one. */
export function sortAddresses<T extends { readonly address: string }>(
  items: readonly T[],
  sourceOf: SourceOf,
): readonly T[] {
  if (items.length < 2) return items
  const candidates = items.slice(0, MAX_SORTED).map((item) => candidateOf(item, sourceOf))
  return candidates
    .sort(compare)
    .map(({ item }) => item)
    .concat(items.slice(MAX_SORTED))
}

function candidateOf<T extends { readonly address: string }>(item: T, sourceOf: SourceOf): Candidate<T> {
  const address = parsed(item.address)
  const source = sourceOf(item.address)
  const from = source === undefined ? undefined : parsed(source.address)
  return {
    item,
    address,
    ...policyOf(address.bytes),
    scope: scopeOf(address.bytes, address.family === 4),
    source,
    sourceLabel: from === undefined ? -1 : policyOf(from.bytes).label,
    sourceScope: from === undefined ? -1 : scopeOf(from.bytes, from.family === 4),
    commonBits: from === undefined ? 0 : commonPrefix(address, from, source?.prefixBits),
  }
}

function parsed(text: string): Address {
  const address = parseAddress(text)
  if (address === undefined) throw new TypeError(`${text} is no address`)
  return address
}

/**
 * Rule 9 counts no more than the prefix of the source (RFC 6724, 2.2). Addresses of IPv4 that are not in the same subnet have nothing
 * in common: bits of theirs would undo the turns that servers take in DNS, which is why glibc does so too.
 */
function commonPrefix(to: Address, from: Address, prefixBits: number | undefined): number {
  const isIPv4 = to.family === 4
  const limit = isIPv4 ? 96 + (prefixBits ?? 32) : (prefixBits ?? 64)
  const bits = commonBits(to.bytes, from.bytes)
  if (isIPv4) return bits >= limit ? bits : 0
  return Math.min(bits, limit)
}

type Rule = (a: Candidate<unknown>, b: Candidate<unknown>) => number

/** Negative: `a` comes first. The tenth rule is that the sort is stable. */
const RULES: readonly Rule[] = [
  // 1. What can be reached.
  (a, b) => first(a.source !== undefined, b.source !== undefined),
  // 2. The source is of the same scope.
  (a, b) => first(a.sourceScope === a.scope, b.sourceScope === b.scope),
  // 3. The source is not deprecated.
  (a, b) => first(!a.source?.isDeprecated, !b.source?.isDeprecated),
  // 4. The source is a home address.
  (a, b) => first(a.source?.isHome === true, b.source?.isHome === true),
  // 5. The source is of the same kind.
  (a, b) => first(a.sourceLabel === a.label, b.sourceLabel === b.label),
  // 6. What the policy prefers.
  (a, b) => b.precedence - a.precedence,
  // 7. No tunnel.
  (a, b) => first(!a.source?.isTunnelled, !b.source?.isTunnelled),
  // 8. The smaller scope.
  (a, b) => a.scope - b.scope,
  // 9. The nearer one, as prefixes tell; within a family.
  (a, b) => (a.address.family === b.address.family ? b.commonBits - a.commonBits : 0),
]

function compare(a: Candidate<unknown>, b: Candidate<unknown>): number {
  for (const rule of RULES) {
    const order = rule(a, b)
    if (order !== 0) return order
    // Nothing else can be said of what cannot be reached.
    if (a.source === undefined && rule === RULES[0]) break
  }
  return 0
}

function first(a: boolean, b: boolean): number {
  return Number(b) - Number(a)
}
