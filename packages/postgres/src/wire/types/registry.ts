/**
 * Which codec a type has: those that every PostgreSQL has, and those that a program registers. A type that nobody knows is text.
 *
 * How results are asked for. Nanoseconds for a value inside of a row of ten, Node 20, `node dist/…` as in bench: see
 * docs at RowDecoder. Binary: bool, integers, float8, bytea, timestamps, interval, geometry, and all lists of what has a binary form.
 * Text: everything that ends as text (numeric, uuid, inet, dates: one string for many columns beats building it from bytes), json
 * (the same bytes), float4 (the server has found the shortest number).
 */
import { TEXT_FORMAT } from '../message-types.js'
import { arrayCodec, vectorCodec } from './array.js'
import { bytea } from './bytea.js'
import { type CompositeField, compositeCodec, recordCodec } from './composite.js'
import { hstore, vector } from './extension-types.js'
import * as geometry from './geometry.js'
import { interval } from './interval.js'
import { cidr, inet } from './network.js'
import * as numbers from './numbers.js'
import { numeric } from './numeric.js'
import { multirangeCodec, rangeCodec } from './range.js'
import * as texts from './texts.js'
import * as times from './timestamps.js'
import { type TypeCodec, textCodec } from './type-codec.js'
import type { TypeLookup } from './type-lookup.js'
import { ARRAY_OIDS, RANGE_OIDS, TypeOid } from './type-oids.js'

const BUILT_IN: readonly (readonly [number, TypeCodec])[] = [
  [TypeOid.bool, numbers.bool],
  [TypeOid.bytea, bytea],
  [TypeOid.char, texts.char],
  [TypeOid.name, texts.name],
  [TypeOid.int8, numbers.int8],
  [TypeOid.int2, numbers.int2],
  [TypeOid.int4, numbers.int4],
  [TypeOid.text, texts.text],
  [TypeOid.oid, numbers.oid],
  [TypeOid.tid, texts.tid],
  [TypeOid.xid, numbers.xid],
  [TypeOid.cid, numbers.cid],
  [TypeOid.json, texts.json],
  [TypeOid.xml, texts.xml],
  [TypeOid.point, geometry.point],
  [TypeOid.lseg, geometry.lseg],
  [TypeOid.path, geometry.path],
  [TypeOid.box, geometry.box],
  [TypeOid.polygon, geometry.polygon],
  [TypeOid.line, geometry.line],
  [TypeOid.cidr, cidr],
  [TypeOid.float4, numbers.float4],
  [TypeOid.float8, numbers.float8],
  [TypeOid.unknown, texts.unknown],
  [TypeOid.circle, geometry.circle],
  [TypeOid.macaddr8, texts.macaddr('macaddr8', 8)],
  [TypeOid.money, texts.textOnly('money')],
  [TypeOid.macaddr, texts.macaddr('macaddr', 6)],
  [TypeOid.inet, inet],
  [TypeOid.bpchar, texts.bpchar],
  [TypeOid.varchar, texts.varchar],
  [TypeOid.date, times.date],
  [TypeOid.time, times.time],
  [TypeOid.timestamp, times.timestamp],
  [TypeOid.timestamptz, times.timestamptz],
  [TypeOid.interval, interval],
  [TypeOid.timetz, times.timetz],
  [TypeOid.bit, texts.bits('bit')],
  [TypeOid.varbit, texts.bits('varbit')],
  [TypeOid.numeric, numeric],
  [TypeOid.refcursor, { ...texts.text, name: 'refcursor' }],
  [TypeOid.cstring, texts.cstring],
  [TypeOid.void, texts.nothing],
  [TypeOid.uuid, texts.uuid],
  [TypeOid.pgLsn, texts.pgLsn],
  [TypeOid.jsonb, texts.jsonb],
  [TypeOid.xid8, numbers.xid8],
]

/** A row of CATALOG_QUERY. */
export interface CatalogType {
  readonly oid: number
  readonly name: string
  /** pg_type.typtype. */
  readonly kind: string
  /** Of an array: its element. Of a domain: what it is of. Of a range: what it is a range of. Of a multirange: the same. Or 0. */
  readonly element: number
  readonly delimiter: string
  /** Of a composite. */
  readonly fields: readonly CompositeField[]
}

/** Reads all types that are not built in. `decodeCatalogType` understands its rows, which are text. */
export const CATALOG_QUERY = `select t.oid, t.typname, case when t.typcategory = 'A' and t.typsubscript = 'array_subscript_handler'::regproc then 'a' else t.typtype::text end,
  case when t.typtype = 'd' then t.typbasetype when t.typtype in ('r', 'm') then r.rngsubtype else t.typelem end,
  t.typdelim,
  (select json_agg(json_build_object('name', a.attname, 'typeOid', a.atttypid::int8) order by a.attnum)
   from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped)
from pg_type t left join pg_range r on t.oid in (r.rngtypid, r.rngmultitypid)
where t.oid >= 16384
order by t.oid`

export class TypeRegistry implements TypeLookup {
  readonly #codecs = new Map<number, TypeCodec>()
  readonly #unknown = textCodec('unknown')

  constructor() {
    for (const [oid, codec] of BUILT_IN) this.#codecs.set(oid, codec)
    for (const [array, element] of ARRAY_OIDS)
      this.#codecs.set(array, arrayCodec(this, element, element === TypeOid.box ? ';' : ','))
    for (const [name, range, multirange, element] of RANGE_OIDS) {
      this.#codecs.set(range, rangeCodec(this, `${name}range`, element))
      this.#codecs.set(multirange, multirangeCodec(this, `${name}multirange`, element))
    }
    this.#codecs.set(TypeOid.int2vector, vectorCodec(this, TypeOid.int2, 'int2vector'))
    this.#codecs.set(TypeOid.oidvector, vectorCodec(this, TypeOid.oid, 'oidvector'))
    this.#codecs.set(TypeOid.record, recordCodec(this))
  }

  get(oid: number): TypeCodec {
    return this.#codecs.get(oid) ?? this.#unknown
  }

  has(oid: number): boolean {
    return this.#codecs.has(oid)
  }

  /** Replaces what was there. Lists, ranges and composites of the type follow. */
  register(oid: number, codec: TypeCodec): this {
    this.#codecs.set(oid, codec)
    return this
  }

  registerArray(oid: number, elementOid: number, delimiter = ','): this {
    return this.register(oid, arrayCodec(this, elementOid, delimiter))
  }

  /** A value of an enum is its label. */
  registerEnum(oid: number, name: string): this {
    return this.register(oid, { ...texts.text, name })
  }

  /** A domain is what it is of. */
  registerDomain(oid: number, baseOid: number): this {
    return this.register(oid, this.get(baseOid))
  }

  registerComposite(oid: number, name: string, fields: readonly CompositeField[]): this {
    return this.register(oid, compositeCodec(this, name, fields))
  }

  registerRange(oid: number, name: string, elementOid: number): this {
    return this.register(oid, rangeCodec(this, name, elementOid))
  }

  registerMultirange(oid: number, name: string, elementOid: number): this {
    return this.register(oid, multirangeCodec(this, name, elementOid))
  }

  /** What CATALOG_QUERY found. Types that are registered already stay as they are. */
  registerCatalog(types: Iterable<CatalogType>): void {
    const domains: CatalogType[] = []
    for (const type of types) {
      if (this.has(type.oid)) continue
      if (type.kind === 'd') domains.push(type)
      else this.#registerFound(type)
    }
    // A domain may be of another one, and be created before what it is altered to.
    for (const domain of domains) this.registerDomain(domain.oid, domain.element)
  }

  #registerFound({ oid, name, kind, element, delimiter, fields }: CatalogType): void {
    if (kind === 'a') this.registerArray(oid, element, delimiter)
    else if (kind === 'e') this.registerEnum(oid, name)
    else if (kind === 'c') this.registerComposite(oid, name, fields)
    else if (kind === 'r') this.registerRange(oid, name, element)
    else if (kind === 'm') this.registerMultirange(oid, name, element)
    else if (name === 'hstore') this.register(oid, hstore)
    else if (name === 'vector') this.register(oid, vector)
    else this.register(oid, { ...textCodec(name), resultFormat: TEXT_FORMAT })
  }
}

/** A row of CATALOG_QUERY, as text. */
export function decodeCatalogType(row: readonly (string | null)[]): CatalogType {
  const [oid, name, kind, element, delimiter, fields] = row
  return {
    oid: Number(oid),
    name: name ?? '',
    kind: kind ?? 'b',
    element: Number(element ?? 0),
    delimiter: delimiter ?? ',',
    fields: fields === null || fields === undefined ? [] : (JSON.parse(fields) as CompositeField[]),
  }
}
