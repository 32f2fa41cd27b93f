/** A statement as the server knows it: what it wants, what it gives, and how its rows are read. */
import type { ColumnDescription } from '../wire/backend-message.js'
import { type Format, TEXT_FORMAT } from '../wire/message-types.js'
import { RowDecoder, resultFormats, shortFormats } from '../wire/rows/row-decoder.js'
import type { TypeLookup } from '../wire/types/type-lookup.js'

/** Where a statement is in its life. */
export const Stage = {
  /** The server has not heard of it. */
  fresh: 0,
  /** Parse and Describe are under way. */
  asked: 1,
  /** Described. */
  ready: 2,
  /** Refused, closed or out of date: whoever wants it makes another. */
  gone: 3,
} as const
type Stage = (typeof Stage)[keyof typeof Stage]

/** From here on, types are made by users. Those below are built in. */
const FIRST_USER_OID = 16_384

/** What is needed to know a type: the registry. */
export interface KnownTypes extends TypeLookup {
  has(oid: number): boolean
}

export class Statement {
  readonly key: string
  readonly text: string
  /** The types that the program names; empty for none. */
  readonly hints: readonly number[]
  /** Empty: not kept on the server. */
  readonly name: string
  stage: Stage = Stage.fresh
  /** The Parse was accepted: there is something to be closed. */
  isKept = false
  /** What it wants and gives is known. */
  isDescribed = false
  lastUse = 0
  parameterOids: readonly number[] = []
  /** As described: all in text. */
  columns: readonly ColumnDescription[] = []
  /** Types that are neither built in nor registered. */
  isUnknown = false
  #compiledFor = -1
  #formats: readonly Format[] = []
  #typed: readonly ColumnDescription[] = []
  #decoder: RowDecoder | null = null
  #textDecoder: RowDecoder | null = null

  constructor(key: string, text: string, hints: readonly number[], name: string) {
    this.key = key
    this.text = text
    this.hints = hints
    this.name = name
  }

  describe(columns: readonly ColumnDescription[], types: KnownTypes): void {
    this.columns = columns
    this.isDescribed = true
    if (this.stage === Stage.asked) this.stage = Stage.ready
    this.lookForUnknown(types)
  }

  lookForUnknown(types: KnownTypes): void {
    const isUnknown = (oid: number) => oid >= FIRST_USER_OID && !types.has(oid)
    this.isUnknown =
      this.parameterOids.some(isUnknown) || this.columns.some((column) => isUnknown(column.typeOid))
  }

  /** Chooses formats and ways to read for the types as they are known now; again when that has changed. */
  compile(types: TypeLookup, version: number): void {
    if (this.#compiledFor === version) return
    this.#compiledFor = version
    const formats = resultFormats(
      this.columns.map((column) => column.typeOid),
      types,
    )
    this.#formats = shortFormats(formats)
    this.#typed = this.columns.map((column, i) => ({ ...column, format: formats[i] ?? TEXT_FORMAT }))
    this.#decoder = this.#textDecoder = null
  }

  /** For a Bind. */
  get formats(): readonly Format[] {
    return this.#formats
  }

  /** With the formats that a Bind asks for. */
  get typedColumns(): readonly ColumnDescription[] {
    return this.#typed
  }

  decoder(types: TypeLookup): RowDecoder {
    this.#decoder ??= new RowDecoder(this.#typed, types)
    return this.#decoder
  }

  textDecoder(types: TypeLookup): RowDecoder {
    this.#textDecoder ??= new RowDecoder(this.columns, types)
    return this.#textDecoder
  }
}
