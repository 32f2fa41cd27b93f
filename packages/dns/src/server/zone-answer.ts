/**
 * What a zone says to a question (RFC 1034, 4.3.2): what it has, where an alias (CNAME, DNAME) leads as long as that is in the zone, who knows of what
 * was delegated, what a wildcard makes (RFC 4592), or that there is none, with the SOA (RFC 2308). It signs nothing and proves nothing.
 */
import type { RecordOf } from '../resolution.js'
import { nameBytes, nameKey, type Question, type ResourceRecord } from '../wire/index.js'
import type { Answer } from './query.js'
import { upwards, type ZoneNode, type ZoneTree } from './zone-tree.js'

/** Longer chains are nobody's, and circles end here. */
const MAX_ALIASES = 16

export function answerFrom(zone: ZoneTree, question: Question): Answer {
  if (!zone.contains(nameKey(question.name)) || (question.class !== zone.class && question.class !== 'ANY'))
    return { rcode: 'REFUSED' }
  const search = new Search(zone, question.type)
  search.run(question.name)
  return search.answer()
}

class Search {
  readonly #zone: ZoneTree
  readonly #type: string
  readonly #answers: ResourceRecord[] = []
  readonly #authorities: ResourceRecord[] = []
  readonly #additionals: ResourceRecord[] = []
  #rcode = 'NOERROR'
  #isAuthoritative = true

  constructor(zone: ZoneTree, type: string) {
    this.#zone = zone
    this.#type = type
  }

  answer(): Answer {
    return {
      rcode: this.#rcode,
      isAuthoritative: this.#isAuthoritative,
      answers: this.#answers,
      authorities: this.#authorities,
      additionals: this.#additionals,
    }
  }

  run(start: string): void {
    const seen = new Set<string>()
    for (let name: string | undefined = start; name !== undefined && this.#zone.contains(nameKey(name)); ) {
      const key = nameKey(name)
      if (seen.has(key) || seen.size > MAX_ALIASES) return
      seen.add(key)
      name = this.#look(name, key)
    }
  }

  /** Where an alias leads; undefined at the end of the search. */
  #look(name: string, key: string): string | undefined {
    const cut = this.#delegation(key)
    if (cut !== undefined) return this.#refer(cut)
    const node = this.#zone.node(key)
    if (node !== undefined) return this.#take(node, undefined)
    for (const above of upwards(key)) {
      const moving = this.#zone.node(above)?.of('DNAME')[0] as RecordOf<'DNAME'> | undefined
      if (moving !== undefined) return this.#move(name, above, moving)
    }
    const wildcard = this.#wildcard(key)
    if (wildcard !== undefined) return this.#take(wildcard, name)
    this.#rcode = 'NXDOMAIN'
    return this.#deny()
  }

  /** The highest cut on the way: what is below it is somebody else's. The DS records at it are ours (RFC 4035, 3.1.4.1). */
  #delegation(key: string): string | undefined {
    let cut: string | undefined
    for (const each of upwards(key)) {
      if (each === this.#zone.originKey) break
      if (each === key && this.#type === 'DS') continue
      if (this.#zone.node(each)?.has('NS')) cut = each
    }
    return cut
  }

  #refer(cut: string): undefined {
    // What an alias of ours led to the cut is said with authority; a referral alone is not.
    this.#isAuthoritative = this.#answers.length > 0
    const servers = this.#zone.node(cut)?.of('NS') ?? []
    this.#authorities.push(...servers)
    this.#addAddresses(servers)
  }

  /** `owner`: what a wildcard's records are to be called. */
  #take(node: ZoneNode, owner: string | undefined): string | undefined {
    const called = (records: readonly ResourceRecord[]): readonly ResourceRecord[] =>
      owner === undefined ? records : records.map((record) => ({ ...record, name: owner }))
    const alias = node.of('CNAME')[0] as RecordOf<'CNAME'> | undefined
    if (alias !== undefined && this.#type !== 'CNAME' && this.#type !== 'ANY') {
      this.#answers.push(...called([alias]))
      return alias.data.target
    }
    const records = this.#type === 'ANY' ? node.all() : node.of(this.#type)
    if (records.length === 0) return this.#deny()
    this.#answers.push(...called(records))
    this.#addAddresses(records)
    return undefined
  }

  /** Below a DNAME, with the CNAME that says so to those who do not know that (RFC 6672, 3.1). */
  #move(name: string, above: string, moving: RecordOf<'DNAME'>): string | undefined {
    const { class: className, ttl, data } = moving
    const kept = above === '.' ? name : name.slice(0, name.length - above.length - 1)
    const target = data.target === '.' ? kept : `${kept}.${data.target}`
    this.#answers.push(moving)
    if (!isName(target)) {
      this.#rcode = 'YXDOMAIN'
      return undefined
    }
    this.#answers.push({ name, type: 'CNAME', class: className, ttl, data: { target } })
    return target
  }

  /** `*` below the closest name that exists (RFC 4592, 3.3.1). */
  #wildcard(key: string): ZoneNode | undefined {
    for (const each of upwards(key)) {
      if (this.#zone.node(each) === undefined) continue
      return this.#zone.node(each === '.' ? '*' : `*.${each}`)
    }
    return undefined
  }

  /** For as long as the SOA says, or its own time to live if that is shorter (RFC 2308, 3). */
  #deny(): undefined {
    const { soa } = this.#zone
    this.#authorities.push({ ...soa, ttl: Math.min(soa.ttl, soa.data.minimum) })
  }

  /** The addresses of those that are named in `records`, as far as they are here: glue, and what would be asked for next. */
  #addAddresses(records: readonly ResourceRecord[]): void {
    const added = new Set<string>()
    for (const record of records) {
      const target = targetOf(record)
      const key = target === undefined ? undefined : nameKey(target)
      if (key === undefined || added.has(key)) continue
      added.add(key)
      const node = this.#zone.node(key)
      if (node !== undefined) this.#additionals.push(...node.of('A'), ...node.of('AAAA'))
    }
  }
}

/** What is made of two names may be too long. */
function isName(text: string): boolean {
  try {
    return nameBytes(text) > 0
  } catch {
    return false
  }
}

function targetOf(record: ResourceRecord): string | undefined {
  switch (record.type) {
    case 'NS':
      return (record as RecordOf<'NS'>).data.target
    case 'MX':
      return (record as RecordOf<'MX'>).data.exchange
    case 'SRV':
      return (record as RecordOf<'SRV'>).data.target
    default:
      return undefined
  }
}
