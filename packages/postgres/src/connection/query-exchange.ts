/**
 * A query with its values, by the extended protocol: the wait of whoever asked, and what travels through the pipeline. In one round trip where
 * that is possible:
 *
 * - The statement is known: Bind, Execute, Sync.
 * - Its first use, with values that are the same whatever type the server wants: Parse, Describe, Bind, Execute, Sync, the rows as text. Asking for
 *   the formats that are faster to read would take another round trip, once for each statement, which costs more than it saves (0.05 ms on
 *   loopback, 0.5 to 2 ms in a network; a row as text costs about 1 µs more). Others that want the same statement meanwhile do as much without Parse.
 * - Its first use, with lists, objects or dates: Parse, Describe, Sync first. Those behind wait for it, so queries run in the order they came in.
 * - A type appears that only the catalogue knows: that is read before the values are written, or before the rows are.
 *
 * A statement that the server has forgotten, or whose result has changed, is prepared anew and run once more, outside of transactions.
 */
import type { Scope } from '@shrapnel/core/parts'
import { PostgresError, type PostgresErrorFacts } from '../errors.js'
import type { QueryOptions, QueryResult, RowShape } from '../query.js'
import { decodeCommandTag, decodeServerReport } from '../wire/backend-decode.js'
import type { ServerReport, TransactionStatus } from '../wire/backend-message.js'
import { PostgresWireError } from '../wire/errors.js'
import { encodeExecute, encodeParse, encodeSync } from '../wire/frontend-encode.js'
import { Backend } from '../wire/message-types.js'
import type { MessageWriter } from '../wire/message-writer.js'
import type { RowDecoder } from '../wire/rows/row-decoder.js'
import { CatalogExchange } from './catalog-exchange.js'
import { DescribeExchange, receiveDescribed, writeDescribed } from './describe-exchange.js'
import { type Exchange, Written } from './exchange.js'
import { outOfPlace, serverError } from './failures.js'
import { isRepeatable, isStale } from './healing.js'
import { type ParameterFacts, parameterFacts, writeBind } from './parameters.js'
import type { Reservation } from './reservation.js'
import { ResultRows } from './result-rows.js'
import type { Session } from './session.js'
import { Stage, type Statement } from './statement.js'
import { StatementCache } from './statement-cache.js'
import { WaitingExchange } from './waiting-exchange.js'

const ALL_TEXT: readonly [] = []
const COPY_FROM_STDIN = /^\s*copy\b.*\bfrom\s+stdin\b/is

export class QueryExchange extends WaitingExchange<QueryResult<never>> {
  readonly #values: readonly unknown[]
  readonly #shape: RowShape
  readonly #isKept: boolean
  #facts: ParameterFacts | null = null
  #statement: Statement | null = null
  /** What was asked to be done before. */
  #before: Exchange | null = null
  /** What that failed with. */
  #trouble: unknown = null
  #isAllText = false
  #isBound = false
  #isDone = false
  #isRepeated = false
  #decoder: RowDecoder | null = null
  #rows = new ResultRows()
  /** Rows that cannot be read before the catalogue was. */
  #unread: Buffer[] | null = null
  #report: ServerReport | null = null

  constructor(
    scope: Scope,
    session: Session,
    reservation: Reservation | null,
    text: string,
    values: readonly unknown[],
    options: QueryOptions | undefined,
  ) {
    super(scope, session, reservation, text, options)
    const { settings } = session
    this.#values = values
    this.#shape = options?.rows ?? 'objects'
    this.#isKept = (options?.prepare ?? settings.prepare) && settings.statementCacheSize > 0
  }

  // Sending

  write(writer: MessageWriter): Written | Exchange {
    if (this.#trouble !== null) throw this.#trouble
    const session = this.session
    this.#facts ??= parameterFacts(this.#values, session.types)
    const statement = this.#choose(this.#facts)
    if (statement.stage === Stage.ready) {
      // Once is enough: it is under way if it is in a line.
      if (statement.isUnknown)
        return this.#before?.line ? Written.later : this.#firstOf(this.#catalog(statement))
      this.#writeRun(writer, statement)
    } else if (statement.stage === Stage.asked) {
      if (!this.#facts.isPlain || !session.textIsExact) return Written.later
      this.#writePlain(writer, statement)
    } else {
      if (!this.#facts.isPlain || !session.textIsExact)
        return this.#firstOf(
          new DescribeExchange(session, statement, this.reservation, (trouble) => {
            this.#trouble = trouble
          }),
        )
      this.#writeFirst(writer, statement)
    }
    this.#before = null
    return Written.all
  }

  #choose({ hints }: ParameterFacts): Statement {
    const { statements } = this.session
    const { stage } = this.#statement ?? NONE
    // One without a name is this query's own, and described for it.
    if (this.#statement !== null && stage !== Stage.gone && this.#statement.name === '')
      return this.#statement
    const known = this.#isKept ? statements.find(this.text, hints) : undefined
    if (known === undefined && COPY_FROM_STDIN.test(this.text))
      throw new PostgresError(
        'PG_USAGE',
        'query cannot send the data of COPY: copyFrom does',
        this.errorFacts(),
      )
    this.#statement =
      known ?? (this.#isKept ? statements.add(this.text, hints) : StatementCache.unnamed(this.text, hints))
    return this.#statement
  }

  #firstOf(exchange: Exchange): Exchange {
    this.#before = exchange
    return exchange
  }

  #catalog(statement: Statement): Exchange {
    return new CatalogExchange(this.session, statement, this.reservation, (trouble) => {
      this.#trouble = trouble
    })
  }

  #writeRun(writer: MessageWriter, statement: Statement): void {
    const { types } = this.session
    statement.compile(types, types.version)
    // Described under an empty name, it may be another's by now: PgBouncer gives each transaction another backend.
    if (statement.name === '') encodeParse(writer, '', statement.text, statement.hints)
    writeBind(writer, statement.name, this.#values, statement.parameterOids, statement.formats, types)
    encodeExecute(writer, '')
    encodeSync(writer)
    this.#isAllText = false
  }

  /** Its description is on its way to the query that asked for it. */
  #writePlain(writer: MessageWriter, statement: Statement): void {
    writeBind(writer, statement.name, this.#values, ALL_TEXT, ALL_TEXT, this.session.types)
    encodeExecute(writer, '')
    encodeSync(writer)
    this.#isAllText = true
  }

  #writeFirst(writer: MessageWriter, statement: Statement): void {
    writeDescribed(writer, this.session, statement)
    this.#writePlain(writer, statement)
    if (statement.name !== '') this.session.statements.closed()
    statement.stage = Stage.asked
  }

  // Receiving

  row(bytes: Buffer, from: number, to: number): void {
    if (!this.isPending) return
    if (!this.#isBound || this.#isDone) throw outOfPlace('a row')
    if (!this.spend(to - from)) return
    if (this.#unread !== null) this.#unread.push(Buffer.from(bytes.subarray(from, to)))
    else this.#read(bytes, from, to)
  }

  #read(bytes: Buffer, from: number, to: number): void {
    try {
      this.#rows.add(this.#decoder as RowDecoder, this.#shape, bytes, from, to)
    } catch (error) {
      // A value that its type cannot have, or that a codec of the program does not like, is this query's trouble; a row that is no row is everyone's.
      const isOurs =
        !(error instanceof PostgresWireError) || error.code === 'PG_VALUE' || error.code === 'PG_LIMIT'
      if (!isOurs) throw error
      const text = error instanceof Error ? error.message : String(error)
      this.giveUp(new PostgresError('PG_PROTOCOL', text, this.errorFacts(error)))
    }
  }

  receive(type: number, bytes: Buffer, from: number, to: number): void {
    switch (type) {
      case Backend.bindComplete:
        this.#bound()
        return
      case Backend.commandComplete:
        this.#completed(bytes, from, to)
        return
      case Backend.emptyQueryResponse:
        if (!this.#isBound || this.#isDone) throw outOfPlace('the end of a query')
        this.#isDone = true
        return
      case Backend.errorResponse:
        this.#report = decodeServerReport(bytes, from, to)
        return
      case Backend.copyOutResponse:
        this.giveUp(
          new PostgresError('PG_USAGE', 'query cannot take the data of COPY: copyTo does', this.errorFacts()),
        )
        return
      case Backend.copyData:
      case Backend.copyDone:
        if (!this.isPending) return
        break
      case Backend.copyInResponse:
      case Backend.copyBothResponse:
        // It waits for data, and takes what was sent behind it for such: there is no way back.
        throw new PostgresError(
          'PG_USAGE',
          'query cannot send the data of COPY: copyFrom does',
          this.errorFacts(),
        )
    }
    if (!this.#receiveDescribed(type, bytes, from, to))
      throw outOfPlace(`an answer to a query of the type ${type}`)
  }

  #receiveDescribed(type: number, bytes: Buffer, from: number, to: number): boolean {
    const statement = this.#statement as Statement
    if (this.#isBound) return false
    // Parsed a second time, because it has no name.
    if (statement.isDescribed) return type === Backend.parseComplete && statement.name === ''
    return receiveDescribed(this.session, statement, type, bytes, from, to)
  }

  #bound(): void {
    const statement = this.#statement as Statement
    if (this.#isBound || !statement.isDescribed) throw outOfPlace('the answer to Bind')
    this.#isBound = true
    if (!this.isPending) return
    const { types } = this.session
    const columns = this.#isAllText ? statement.columns : statement.typedColumns
    this.#rows.begin(columns, this.#shape)
    if (!this.#isAllText) this.#decoder = statement.decoder(types)
    else if (statement.isUnknown) this.#unread = []
    else this.#decoder = statement.textDecoder(types)
  }

  #completed(bytes: Buffer, from: number, to: number): void {
    if (!this.#isBound || this.#isDone) throw outOfPlace('the end of a query')
    this.#isDone = true
    const { command, rowCount } = decodeCommandTag(bytes, from, to)
    this.#rows.complete(command, rowCount)
    if (command === 'DISCARD ALL' || command === 'DEALLOCATE ALL') this.session.statements.forget()
  }

  ready(status: TransactionStatus): void {
    const statement = this.#statement as Statement
    // What was asked with this one and was not answered never will be.
    if (statement.stage === Stage.asked) this.session.statements.drop(statement)
    if (this.#report !== null) {
      if (isStale(this.#report) && statement.name !== '') this.session.statements.drop(statement)
      if (this.isPending && !this.#isAbandonedOrHealed(this.#report, status))
        this.fail(serverError(this.#report, this.errorFacts()))
    } else if (!this.#isDone) {
      if (this.isPending) throw outOfPlace('ReadyForQuery')
    } else if (this.isPending) {
      if (this.#unread === null) this.wake(this.#rows as unknown as QueryResult<never>)
      else this.#learn(statement)
    }
  }

  /** True: it is on its way once more. */
  #isAbandonedOrHealed(report: ServerReport, status: TransactionStatus): boolean {
    if (status !== 'idle') return false
    // A cancellation that was meant for another. Its own transaction, of this one statement, was rolled back.
    const isInnocent = this.isExposed && report.sqlState === '57014' && isRepeatable(this.text)
    if (!isInnocent) {
      if (this.#isRepeated || !isStale(report) || !this.#isKept) return false
      this.#isRepeated = true
    }
    this.#isBound = this.#isDone = false
    this.#report = null
    this.#decoder = null
    this.#unread = null
    this.#rows = new ResultRows()
    this.session.pipeline.again(this)
    return true
  }

  /** The rows are here, and their types are not known. */
  #learn(statement: Statement): void {
    const { pipeline, types } = this.session
    this.#before = new CatalogExchange(this.session, statement, this.reservation, () => {
      this.#before = null
      if (!this.isPending) return
      if (pipeline.loss !== null) {
        this.lost(pipeline.loss)
        return
      }
      // Where the catalogue cannot be read now, what is not known is text.
      statement.compile(types, types.version)
      this.#decoder = statement.textDecoder(types)
      for (const row of this.#unread ?? []) {
        if (!this.isPending) return
        this.#read(row, 0, row.length)
      }
      if (this.isPending) this.wake(this.#rows as unknown as QueryResult<never>)
    })
    pipeline.again(this.#before)
  }

  protected override leave(): void {
    const { pipeline } = this.session
    this.#rows = new ResultRows()
    this.#unread = null
    if (this.#before !== null) pipeline.withdraw(this.#before)
    pipeline.withdraw(this)
  }

  protected override errorFacts(cause?: unknown): PostgresErrorFacts {
    const parameters = this.session.settings.withParameters ? this.#values : undefined
    return { query: this.text, parameters, cause }
  }
}

const NONE = { stage: Stage.gone }
