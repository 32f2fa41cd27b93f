/** The absolute names that a name may stand for, in the order in which glibc tries them (resolv.conf(5), `search` and `ndots`). */
import { toHostName, withoutLastDot } from './host-name.js'

export interface SearchRules {
  readonly search: readonly string[]
  readonly ndots: number
  readonly noTldQuery: boolean
}

export interface Candidate {
  /** Absolute, without a last dot. */
  readonly name: string
  /** As the user wrote it. It is asked for even when the search has been given up. */
  readonly isAsIs: boolean
}

/** `name` is a host name. Names that would be too long are left out. */
export function candidatesOf(name: string, { search, ndots, noTldQuery }: SearchRules): readonly Candidate[] {
  const asIs = { name: withoutLastDot(name), isAsIs: true }
  if (name.endsWith('.') || search.length === 0) return [asIs]
  let dots = 0
  for (const character of name) if (character === '.') dots++
  const searched = search
    .map((domain) => (domain === '.' ? asIs : { name: `${name}.${domain}`, isAsIs: false }))
    .filter((candidate) => toHostName(candidate.name) !== undefined)
  if (dots >= ndots) return [asIs, ...searched.filter((candidate) => candidate !== asIs)]
  // A root in the list is the name as it is, at that place.
  if (searched.includes(asIs) || (noTldQuery && dots === 0)) return searched
  return [...searched, asIs]
}
