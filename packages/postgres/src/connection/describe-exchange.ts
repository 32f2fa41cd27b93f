/** Prepares a statement and has it described, for a query whose values or rows cannot be written or read before that is known. */
import type { PostgresError } from '../errors.js'
import {
  decodeParameterDescription,
  decodeRowDescription,
  decodeServerReport,
} from '../wire/backend-decode.js'
import type { ServerReport } from '../wire/backend-message.js'
import { encodeDescribe, encodeParse, encodeSync } from '../wire/frontend-encode.js'
import { Backend } from '../wire/message-types.js'
import type { MessageWriter } from '../wire/message-writer.js'
import { type Exchange, PlainExchange, Written } from './exchange.js'
import { outOfPlace, serverError } from './failures.js'
import type { Reservation } from './reservation.js'
import type { Session } from './session.js'
import { Stage, type Statement } from './statement.js'

/** Parse and Describe, behind the Closes of statements that made room. */
export function writeDescribed(writer: MessageWriter, session: Session, statement: Statement): void {
  if (statement.name !== '') session.statements.writeClosing(writer)
  encodeParse(writer, statement.name, statement.text, statement.hints)
  encodeDescribe(writer, 'statement', statement.name)
}

/** An answer to what `writeDescribed` writes. False: it is none. */
export function receiveDescribed(
  session: Session,
  statement: Statement,
  type: number,
  bytes: Buffer,
  from: number,
  to: number,
): boolean {
  if (type === Backend.closeComplete) return true
  if (type === Backend.parseComplete && !statement.isKept) {
    statement.isKept = true
    return true
  }
  if (!statement.isKept || statement.isDescribed) return false
  if (type === Backend.parameterDescription)
    statement.parameterOids = decodeParameterDescription(bytes, from, to)
  else if (type === Backend.rowDescription)
    statement.describe(decodeRowDescription(bytes, from, to, session.settings.maxColumns), session.types)
  else if (type === Backend.noData) statement.describe([], session.types)
  else return false
  return true
}

export class DescribeExchange extends PlainExchange implements Exchange {
  readonly #session: Session
  readonly #statement: Statement
  readonly #failed: (trouble: unknown) => void
  #report: ServerReport | null = null

  constructor(
    session: Session,
    statement: Statement,
    reservation: Reservation | null,
    failed: (trouble: unknown) => void,
  ) {
    super(reservation)
    this.#session = session
    this.#statement = statement
    this.#failed = failed
  }

  describe(): string {
    return `prepare on postgres ${this.#session.id}`
  }

  write(writer: MessageWriter): Written {
    writeDescribed(writer, this.#session, this.#statement)
    encodeSync(writer)
    if (this.#statement.name !== '') this.#session.statements.closed()
    this.#statement.stage = Stage.asked
    return Written.all
  }

  receive(type: number, bytes: Buffer, from: number, to: number): void {
    if (type === Backend.errorResponse) this.#report = decodeServerReport(bytes, from, to)
    else if (!receiveDescribed(this.#session, this.#statement, type, bytes, from, to))
      throw outOfPlace(`an answer to Parse of the type ${type}`)
  }

  row(): void {
    throw outOfPlace('a row')
  }

  ready(): void {
    if (this.#report !== null) {
      this.#session.statements.drop(this.#statement)
      this.#failed(serverError(this.#report, { query: this.#statement.text }))
    } else if (!this.#statement.isDescribed) throw outOfPlace('the end of an answer')
  }

  refused(error: unknown): void {
    this.#session.statements.drop(this.#statement)
    this.#failed(error)
  }

  lost(_loss: PostgresError): void {
    // Whoever waits for the statement is told by itself.
  }
}
