/** Reads the types that users have made from the catalogue, when the first one appears. */
import type { PostgresError } from '../errors.js'
import { decodeServerReport } from '../wire/backend-decode.js'
import type { ColumnDescription, ServerReport } from '../wire/backend-message.js'
import { encodeQuery } from '../wire/frontend-encode.js'
import { Backend, TEXT_FORMAT } from '../wire/message-types.js'
import type { MessageWriter } from '../wire/message-writer.js'
import { RowDecoder } from '../wire/rows/row-decoder.js'
import { CATALOG_QUERY, type CatalogType, decodeCatalogType } from '../wire/types/registry.js'
import { textCodec } from '../wire/types/type-codec.js'
import { type Exchange, PlainExchange, Written } from './exchange.js'
import { outOfPlace, serverError } from './failures.js'
import type { Reservation } from './reservation.js'
import type { Session } from './session.js'
import type { Statement } from './statement.js'

/** The columns of CATALOG_QUERY, all of them as text. */
const COLUMNS: readonly ColumnDescription[] = ['oid', 'name', 'kind', 'element', 'delimiter', 'fields'].map(
  (name) => ({
    name,
    tableOid: 0,
    attributeNumber: 0,
    typeOid: 0,
    typeSize: -1,
    typeModifier: -1,
    format: TEXT_FORMAT,
  }),
)
const text = textCodec('catalog')
const decoder = new RowDecoder(COLUMNS, { get: () => text })
/** Types of users: a database with more has a program for each. */
const MAX_CATALOG_TYPES = 1_000_000

export class CatalogExchange extends PlainExchange implements Exchange {
  readonly #session: Session
  readonly #wanted: Statement
  readonly #done: (trouble: unknown) => void
  readonly #found: CatalogType[] = []
  #report: ServerReport | null = null

  /** `done` is called with what it failed with, or null. */
  constructor(
    session: Session,
    wanted: Statement,
    reservation: Reservation | null,
    done: (trouble: unknown) => void,
  ) {
    super(reservation)
    this.#session = session
    this.#wanted = wanted
    this.#done = done
  }

  describe(): string {
    return `the types of postgres ${this.#session.id}`
  }

  write(writer: MessageWriter): Written {
    encodeQuery(writer, CATALOG_QUERY)
    return Written.all
  }

  receive(type: number, bytes: Buffer, from: number, to: number): void {
    if (type === Backend.errorResponse) this.#report = decodeServerReport(bytes, from, to)
    else if (type !== Backend.rowDescription && type !== Backend.commandComplete)
      throw outOfPlace(`an answer to the query for types of the type ${type}`)
  }

  row(bytes: Buffer, from: number, to: number): void {
    if (this.#found.length === MAX_CATALOG_TYPES) throw outOfPlace(`more than ${MAX_CATALOG_TYPES} types`)
    this.#found.push(decodeCatalogType(decoder.array(bytes, from, to) as (string | null)[]))
  }

  ready(): void {
    const { types, statements } = this.#session
    if (this.#report === null) {
      types.learn(this.#found, this.#wanted)
      this.#wanted.lookForUnknown(types)
      for (const statement of statements.values()) if (statement.isUnknown) statement.lookForUnknown(types)
    }
    this.#done(this.#report === null ? null : serverError(this.#report, { query: this.#wanted.text }))
  }

  refused(error: unknown): void {
    this.#done(error)
  }

  lost(loss: PostgresError): void {
    this.#done(loss)
  }
}
