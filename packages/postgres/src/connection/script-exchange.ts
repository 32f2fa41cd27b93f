/** Several statements in one text, by the simple protocol: a result for each. Rows come as text. */
import type { Scope } from '@shrapnel/core/parts'
import { PostgresError } from '../errors.js'
import type { QueryOptions, QueryResult, RowShape } from '../query.js'
import { decodeCommandTag, decodeRowDescription, decodeServerReport } from '../wire/backend-decode.js'
import type { ServerReport } from '../wire/backend-message.js'
import { encodeQuery } from '../wire/frontend-encode.js'
import { Backend } from '../wire/message-types.js'
import type { MessageWriter } from '../wire/message-writer.js'
import type { RowDecoder } from '../wire/rows/row-decoder.js'
import { CatalogExchange } from './catalog-exchange.js'
import { type Exchange, Written } from './exchange.js'
import { outOfPlace, serverError } from './failures.js'
import type { Reservation } from './reservation.js'
import { ResultRows } from './result-rows.js'
import type { Session } from './session.js'
import { Stage, Statement } from './statement.js'
import { WaitingExchange } from './waiting-exchange.js'

/** The results of one script. */
const MAX_RESULTS = 65_536

export class ScriptExchange extends WaitingExchange<QueryResult[]> {
  readonly #shape: RowShape
  readonly #results: ResultRows[] = []
  #rows: ResultRows | null = null
  #decoder: RowDecoder | null = null
  /** Rows of types that the catalogue has to be asked for: each with the result that it belongs to. */
  #unread: { readonly statement: Statement; readonly rows: ResultRows; readonly bytes: Buffer[] }[] = []
  #isUnknown = false
  #before: Exchange | null = null
  #report: ServerReport | null = null

  constructor(
    scope: Scope,
    session: Session,
    reservation: Reservation | null,
    text: string,
    options: QueryOptions | undefined,
  ) {
    super(scope, session, reservation, text, options)
    this.#shape = options?.rows ?? 'objects'
  }

  write(writer: MessageWriter): Written {
    encodeQuery(writer, this.text)
    return Written.all
  }

  receive(type: number, bytes: Buffer, from: number, to: number): void {
    switch (type) {
      case Backend.rowDescription:
        this.#begin(bytes, from, to)
        return
      case Backend.commandComplete:
        this.#complete(bytes, from, to)
        return
      case Backend.emptyQueryResponse:
        return
      case Backend.errorResponse:
        this.#report = decodeServerReport(bytes, from, to)
        return
      case Backend.copyOutResponse:
        this.giveUp(
          new PostgresError(
            'PG_USAGE',
            'a script cannot take the data of COPY: copyTo does',
            this.errorFacts(),
          ),
        )
        return
      case Backend.copyData:
      case Backend.copyDone:
        if (!this.isPending) return
        break
      case Backend.copyInResponse:
        throw new PostgresError(
          'PG_USAGE',
          'a script cannot send the data of COPY: copyFrom does',
          this.errorFacts(),
        )
    }
    throw outOfPlace(`an answer to a script of the type ${type}`)
  }

  #begin(bytes: Buffer, from: number, to: number): void {
    if (this.#rows !== null) throw outOfPlace('the columns of a result')
    if (!this.isPending) return
    const { types, settings } = this.session
    const statement = new Statement('', '', [], '')
    statement.stage = Stage.asked
    statement.describe(decodeRowDescription(bytes, from, to, settings.maxColumns), types)
    this.#rows = new ResultRows().begin(statement.columns, this.#shape)
    this.#isUnknown = statement.isUnknown
    if (statement.isUnknown) this.#unread.push({ statement, rows: this.#rows, bytes: [] })
    else this.#decoder = statement.textDecoder(types)
  }

  row(bytes: Buffer, from: number, to: number): void {
    if (!this.isPending) return
    if (this.#rows === null) throw outOfPlace('a row')
    if (!this.spend(to - from)) return
    if (this.#isUnknown) this.#unread.at(-1)?.bytes.push(Buffer.from(bytes.subarray(from, to)))
    else this.#rows.add(this.#decoder as RowDecoder, this.#shape, bytes, from, to)
  }

  #complete(bytes: Buffer, from: number, to: number): void {
    const { command, rowCount } = decodeCommandTag(bytes, from, to)
    if (command === 'DISCARD ALL' || command === 'DEALLOCATE ALL') this.session.statements.forget()
    const rows = this.#rows ?? new ResultRows()
    this.#rows = null
    rows.complete(command, rowCount)
    if (this.isPending && this.#results.push(rows) > MAX_RESULTS)
      throw outOfPlace(`more than ${MAX_RESULTS} results`)
  }

  ready(): void {
    if (!this.isPending) return
    if (this.#report !== null) this.fail(serverError(this.#report, this.errorFacts()))
    else if (this.#rows !== null) throw outOfPlace('ReadyForQuery')
    else if (this.#unread.length === 0) this.wake(this.#results as unknown as QueryResult[])
    else this.#learn()
  }

  #learn(): void {
    const { pipeline, types } = this.session
    const [first] = this.#unread
    this.#before = new CatalogExchange(
      this.session,
      (first as { statement: Statement }).statement,
      this.reservation,
      () => {
        if (!this.isPending) return
        if (pipeline.loss !== null) {
          this.lost(pipeline.loss)
          return
        }
        for (const { statement, rows, bytes } of this.#unread)
          for (const row of bytes) rows.add(statement.textDecoder(types), this.#shape, row, 0, row.length)
        this.wake(this.#results as unknown as QueryResult[])
      },
    )
    pipeline.again(this.#before)
  }

  protected override leave(): void {
    if (this.#before !== null) this.session.pipeline.withdraw(this.#before)
    super.leave()
  }
}
