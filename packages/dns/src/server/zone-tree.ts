/** The records of a zone by name and type (RFC 1034, 4.2), checked: one SOA, at the top; nothing outside; an alias alone at its name. */
import { outOfRange } from '@shrapnel/core/parts'
import type { RecordOf } from '../resolution.js'
import { isSubdomain, nameKey, parentName, type ResourceRecord } from '../wire/index.js'

/** Records of one name, by type. None: a name that is there because there are names below it. */
export class ZoneNode {
  readonly #sets = new Map<string, ResourceRecord[]>()

  add(record: ResourceRecord): void {
    const set = this.#sets.get(record.type)
    if (set === undefined) this.#sets.set(record.type, [record])
    else set.push(record)
  }

  of(type: string): readonly ResourceRecord[] {
    return this.#sets.get(type) ?? []
  }

  has(type: string): boolean {
    return this.#sets.has(type)
  }

  get types(): IterableIterator<string> {
    return this.#sets.keys()
  }

  all(): ResourceRecord[] {
    return [...this.#sets.values()].flat()
  }
}

/** What may stand beside an alias (RFC 2181, 10.1; RFC 4034, 2.5). */
const BESIDE_ALIAS = new Set(['CNAME', 'RRSIG', 'NSEC'])

export class ZoneTree {
  /** The name of the zone, as its SOA has it. */
  readonly origin: string
  readonly originKey: string
  readonly class: string
  readonly soa: RecordOf<'SOA'>
  readonly #nodes = new Map<string, ZoneNode>()

  /** Throws `ERR_OUT_OF_RANGE` for what is no zone. */
  constructor(records: readonly ResourceRecord[]) {
    const [soa, ...more] = records.filter((record) => record.type === 'SOA') as RecordOf<'SOA'>[]
    if (soa === undefined || more.length > 0)
      throw outOfRange(
        'records',
        'a zone, with one SOA record',
        `${more.length + (soa === undefined ? 0 : 1)} of them`,
      )
    this.soa = soa
    this.origin = soa.name
    this.originKey = nameKey(soa.name)
    this.class = soa.class
    for (const record of records) this.#add(record)
    for (const [key, node] of this.#nodes) {
      const stranger = node.has('CNAME') && [...node.types].find((type) => !BESIDE_ALIAS.has(type))
      if (stranger || node.of('CNAME').length > 1)
        throw outOfRange(
          'records',
          'a zone, where an alias is alone at its name',
          `${key} with ${stranger || 'two of them'}`,
        )
    }
  }

  node(key: string): ZoneNode | undefined {
    return this.#nodes.get(key)
  }

  contains(key: string): boolean {
    return isSubdomain(key, this.originKey)
  }

  #add(record: ResourceRecord): void {
    const key = nameKey(record.name)
    if (!this.contains(key)) throw outOfRange('records', `all at or below ${this.origin}`, record.name)
    if (record.class !== this.class) throw outOfRange('records', `all of class ${this.class}`, record.class)
    this.#nodeAt(key).add(record)
  }

  /** It, and those above it up to the top: they exist, even with no records of their own (RFC 4592, 2.2.2). */
  #nodeAt(key: string): ZoneNode {
    const found = this.#nodes.get(key)
    if (found !== undefined) return found
    const node = new ZoneNode()
    this.#nodes.set(key, node)
    const parent = key === this.originKey ? undefined : parentName(key)
    if (parent !== undefined) this.#nodeAt(parent)
    return node
  }
}

/** The key itself and those above it, up to the root. */
export function* upwards(key: string): Generator<string, void> {
  for (let each: string | undefined = key; each !== undefined; each = parentName(each)) yield each
}
