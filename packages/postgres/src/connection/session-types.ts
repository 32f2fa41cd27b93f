/**
 * The types of one connection: those that every PostgreSQL has, those that the program has given by name, and those of the database, which are
 * read from its catalogue when the first one of them appears that is not known, and again when another does.
 */
import { checkFunction, wrongType } from '@shrapnel/core/parts'
import { type CatalogType, TypeRegistry } from '../wire/types/registry.js'
import { type TypeCodec, textCodec } from '../wire/types/type-codec.js'
import { TypeOid } from '../wire/types/type-oids.js'
import type { KnownTypes, Statement } from './statement.js'

export class SessionTypes implements KnownTypes {
  readonly registry = new TypeRegistry()
  /** Changes whenever a type becomes known: statements choose their formats anew then. */
  version = 0
  readonly #named = new Map<string, TypeCodec>()

  constructor(named: Readonly<Record<string, TypeCodec>>) {
    for (const [name, codec] of Object.entries(named)) this.register(name, codec)
  }

  get(oid: number): TypeCodec {
    return this.registry.get(oid)
  }

  has(oid: number): boolean {
    return this.registry.has(oid)
  }

  /** By the name of the type, for built-in ones and for the database's own; or by its number. */
  register(type: string | number, codec: TypeCodec): void {
    if (typeof codec !== 'object' || codec === null)
      throw wrongType(`the codec of ${type}`, 'an object', codec)
    checkFunction(`fromText of ${type}`, codec.fromText)
    checkFunction(`toText of ${type}`, codec.toText)
    // A kind is a short cut past the codec's own functions, which a program may have replaced in a codec that had one.
    const called: TypeCodec = { ...codec, kind: undefined }
    const oid = typeof type === 'number' ? type : builtInOid(type)
    if (oid !== undefined) this.registry.register(oid, called)
    else this.#named.set(type as string, called)
    this.version++
  }

  /** What the catalogue has. Those that were wanted and are not in it are text from now on. */
  learn(found: readonly CatalogType[], wanted: Statement): void {
    this.learnOids(found, [
      ...wanted.parameterOids,
      ...wanted.hints,
      ...wanted.columns.map(({ typeOid }) => typeOid),
    ])
  }

  /** As `learn`, for wanted types by their numbers. */
  learnOids(found: readonly CatalogType[], wanted: readonly number[]): void {
    for (const { oid, name } of found) {
      const codec = this.#named.get(name)
      if (codec !== undefined && !this.registry.has(oid)) this.registry.register(oid, codec)
    }
    this.registry.registerCatalog(found)
    for (const oid of wanted) if (!this.registry.has(oid)) this.registry.register(oid, textCodec('unknown'))
    this.version++
  }
}

function builtInOid(name: string): number | undefined {
  return Object.hasOwn(TypeOid, name) ? (TypeOid as Readonly<Record<string, number>>)[name] : undefined
}
