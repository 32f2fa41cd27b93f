/**
 * A query whose rows are taken some at a time: the server keeps its place in a portal between one Execute and the next.
 *
 * Outside of a transaction a portal lives as long as the implicit transaction of its statement, and that ends with the next Sync. So the
 * messages are followed by Flush, the portal has no name, and nothing else is sent on the connection before the end: others wait in line.
 * Inside of a transaction the portal has a name and each Execute its own Sync, and other queries run in between.
 *
 * It begins when all that was sent before is answered: only then it is known which of the two it is.
 *
 * Leaving it early: a portal that is suspended is closed, and nothing runs. If the server is in the middle of a batch, a plain SELECT outside of a
 * transaction is cancelled there; in a transaction, or where something may have been written, the batch is let come to its end.
 */
import { CatalogExchange } from '../connection/catalog-exchange.js'
import { DescribeExchange } from '../connection/describe-exchange.js'
import { type Exchange, PlainExchange, Written } from '../connection/exchange.js'
import { outOfPlace, serverError } from '../connection/failures.js'
import { isStale } from '../connection/healing.js'
import { type ParameterFacts, parameterFacts, writeBind } from '../connection/parameters.js'
import { Stage, type Statement } from '../connection/statement.js'
import { PostgresError, type PostgresErrorFacts } from '../errors.js'
import type { QueryCall } from '../query-call.js'
import { decodeServerReport } from '../wire/backend-decode.js'
import type { ColumnDescription, ServerReport, TransactionStatus } from '../wire/backend-message.js'
import { PostgresWireError } from '../wire/errors.js'
import { encodeClose, encodeExecute, encodeFlush, encodeParse, encodeSync } from '../wire/frontend-encode.js'
import { Backend } from '../wire/message-types.js'
import type { MessageWriter } from '../wire/message-writer.js'
import type { RowDecoder } from '../wire/rows/row-decoder.js'
import type { Place } from './place.js'
import { PulledExchange } from './pulled-exchange.js'

/** What a row costs even if there is nothing in it. */
const ROW_BYTES = 32
const LEADING = /^(?:\s|--[^\n]*\n|\/\*(?:[^*]|\*(?!\/))*\*\/|\()*/
const READS_ONLY = /^(?:select|values|table)\b/i

export interface PortalOptions {
  readonly rows?: 'objects' | 'arrays' | undefined
  readonly timeoutMs?: number | undefined
  readonly prepare?: boolean | undefined
}

export interface PortalLimits {
  /** Held beyond this, nothing more is read. */
  readonly pauseBytes: number
  /** Held beyond this, it fails: the name of the option. */
  readonly maxResultBytes: number
}

/** What the portal of a transaction is called; sequences of one process are enough, as a transaction has one backend. */
let portals = 0

export class PortalExchange extends PulledExchange {
  readonly #values: readonly unknown[]
  readonly #isArrays: boolean
  readonly #isKept: boolean
  readonly #limits: PortalLimits
  #facts: ParameterFacts | null = null
  #statement: Statement | null = null
  /** What was asked to be done before, and what that failed with. */
  #before: Exchange | null = null
  #trouble: unknown = null
  #decoder: RowDecoder | null = null
  /** Empty: it has the connection until its end. */
  #portal = ''
  #isInTransaction = false
  /** What is to be written next. */
  #next: 'begin' | 'execute' | 'sync' | 'nothing' = 'begin'
  #maxRows = 0
  #isBound = false
  #isRunning = false
  #isSuspended = false
  /** The server has told its end. */
  #isEnded = false
  #isRepeated = false
  #report: ServerReport | null = null
  #rows: unknown[] = []
  #bytes = 0
  #allBytes = 0
  #allRows = 0
  #isFull = false

  constructor(place: Place, call: QueryCall, what: string, options: PortalOptions, limits: PortalLimits) {
    super(place, call.text, what, options.timeoutMs)
    const { settings } = this.session
    this.#values = call.values
    this.#isArrays = options.rows === 'arrays'
    this.#isKept = (options.prepare ?? settings.prepare) && settings.statementCacheSize > 0
    this.#limits = limits
  }

  // For who takes

  /** The server waits to be asked for more. */
  get isSuspended(): boolean {
    return this.#isSuspended
  }

  /** What was asked for is on its way. */
  get isBusy(): boolean {
    return !this.isOver && !this.#isSuspended && !this.hasFailed
  }

  /** Known once there was a row, or the end. */
  get columns(): readonly ColumnDescription[] {
    return this.#statement?.typedColumns ?? []
  }

  /** Asks for so many rows more; without effect while some are on their way, and after the end. */
  fetch(maxRows: number): void {
    const { pipeline } = this.session
    if (this.isOver || this.isDiscarding || this.#isRunning || this.#isEnded) return
    this.#maxRows = maxRows
    this.#isRunning = true
    if (this.#next === 'begin') pipeline.submit(this)
    else {
      this.#isSuspended = false
      this.#next = 'execute'
      if (this.#isInTransaction) pipeline.submit(this)
      else pipeline.goOn(this)
    }
  }

  /** What has come, which the caller owns. */
  take(): unknown[] {
    const rows = this.#rows
    if (rows.length > 0) {
      this.#rows = []
      this.#bytes = 0
    }
    if (this.#isFull) {
      this.#isFull = false
      this.session.pipeline.resume(this)
    }
    return rows
  }

  /** Of those that have come, with what a row costs by itself; 0 if none has. */
  get averageRowBytes(): number {
    return this.#allRows === 0 ? 0 : this.#allBytes / this.#allRows
  }

  /** There is something to be taken. */
  get hasRows(): boolean {
    return this.#rows.length > 0
  }

  close(): void {
    if (this.isOver || this.isDiscarding) return
    const mayCancel = !this.#isInTransaction && READS_ONLY.test(this.text.replace(LEADING, ''))
    if (this.#isRunning && (mayCancel || !this.isSent)) this.abandon()
    else this.#discard()
  }

  abandon(): void {
    if (this.isOver || this.isAbandoned) return
    const { pipeline } = this.session
    const wasRunning = this.#isRunning
    if (!wasRunning) {
      this.#discard()
      return
    }
    this.isDiscarding = true
    this.#rows = []
    if (this.#before !== null) pipeline.withdraw(this.#before)
    const isInFlight = this.line === pipeline.inFlight
    pipeline.withdraw(this)
    if (isInFlight) return
    // It was never sent, or not this time.
    if (this.#isInTransaction) this.#closePortal()
    this.over()
  }

  /** Throws away what comes, and ends it. */
  #discard(): void {
    this.isDiscarding = true
    this.#rows = []
    if (this.#isSuspended) this.#end()
    else if (this.line === null && !this.isOver) this.over()
    this.session.pipeline.resume(this)
  }

  /** Nothing runs: ends the implicit transaction, or closes the portal. */
  #end(): void {
    this.#isSuspended = false
    if (!this.#isInTransaction) {
      this.#next = 'sync'
      this.session.pipeline.goOn(this)
      return
    }
    this.#closePortal()
    this.over()
  }

  #closePortal(): void {
    this.session.pipeline.submit(new PortalClose(this.reservation, this.#portal))
  }

  // Sending

  write(writer: MessageWriter): Written | Exchange {
    switch (this.#next) {
      case 'begin':
        return this.#begin(writer)
      case 'execute':
        encodeExecute(writer, this.#portal, this.#maxRows)
        return this.#written(writer)
      case 'sync':
        this.#next = 'nothing'
        encodeSync(writer)
        return Written.all
      case 'nothing':
        return Written.part
    }
  }

  #written(writer: MessageWriter): Written {
    this.#next = 'nothing'
    if (this.#isInTransaction) {
      encodeSync(writer)
      return Written.all
    }
    encodeFlush(writer)
    return Written.part
  }

  #begin(writer: MessageWriter): Written | Exchange {
    const { session } = this
    const { pipeline, types } = session
    if (this.#trouble !== null) throw this.#trouble
    if (pipeline.inFlight.first !== null) return Written.later
    this.#facts ??= parameterFacts(this.#values, types)
    const statement = this.#choose(this.#facts)
    if (statement.stage !== Stage.ready)
      return this.#firstOf(
        new DescribeExchange(session, statement, this.reservation, (trouble) => this.#troubled(trouble)),
      )
    if (statement.isUnknown)
      return this.#firstOf(
        new CatalogExchange(session, statement, this.reservation, (trouble) => this.#troubled(trouble)),
      )
    this.#isInTransaction = pipeline.status !== 'idle'
    this.#portal = this.#isInTransaction ? `shrapnel_${++portals}` : ''
    statement.compile(types, types.version)
    this.#decoder = statement.decoder(types)
    // Described under an empty name, it may be another's by now: PgBouncer gives each transaction another backend.
    if (statement.name === '') encodeParse(writer, '', statement.text, statement.hints)
    writeBind(
      writer,
      statement.name,
      this.#values,
      statement.parameterOids,
      statement.formats,
      types,
      this.#portal,
    )
    encodeExecute(writer, this.#portal, this.#maxRows)
    this.#before = null
    return this.#written(writer)
  }

  #choose({ hints }: ParameterFacts): Statement {
    this.#statement = this.session.statements.choose(this.#statement, this.text, hints, this.#isKept)
    return this.#statement
  }

  #firstOf(exchange: Exchange): Exchange {
    this.#before = exchange
    return exchange
  }

  #troubled(trouble: unknown): void {
    this.#before = null
    if (trouble !== null) this.#trouble = trouble
  }

  // Receiving

  row(bytes: Buffer, from: number, to: number): void {
    if (!this.#isBound || !this.#isRunning) throw outOfPlace('a row')
    this.#allRows++
    this.#allBytes += to - from + ROW_BYTES
    if (this.isDiscarding || this.hasFailed) return
    this.#bytes += to - from + ROW_BYTES
    if (this.#bytes > this.#limits.maxResultBytes) {
      const facts = this.errorFacts({ limit: 'maxResultBytes' })
      this.giveUp(new PostgresError('PG_LIMIT', 'more bytes at a time than maxResultBytes', facts))
      return
    }
    const decoder = this.#decoder as RowDecoder
    try {
      this.#rows.push(this.#isArrays ? decoder.array(bytes, from, to) : decoder.object(bytes, from, to))
    } catch (error) {
      // A value that its type cannot have, or that a codec of the program does not like, is this query's trouble; a row that is no row is everyone's.
      const isOurs =
        !(error instanceof PostgresWireError) || error.code === 'PG_VALUE' || error.code === 'PG_LIMIT'
      if (!isOurs) throw error
      const text = error instanceof Error ? error.message : String(error)
      this.giveUp(new PostgresError('PG_PROTOCOL', text, this.errorFacts({ cause: error })))
    }
  }

  chunkOver(): void {
    if (this.#rows.length === 0) return
    this.rouse()
    if (this.#bytes < this.#limits.pauseBytes || !this.#isRunning) return
    this.#isFull = true
    this.session.pipeline.pause(this)
  }

  receive(type: number, bytes: Buffer, from: number, to: number): void {
    switch (type) {
      case Backend.parseComplete:
        if (this.#isBound || this.#statement?.name !== '') break
        return
      case Backend.bindComplete:
        if (this.#isBound || !this.isSent) break
        this.#isBound = true
        return
      case Backend.portalSuspended:
        if (!this.#isBound || !this.#isRunning) break
        this.#suspended()
        return
      case Backend.commandComplete:
      case Backend.emptyQueryResponse:
        if (!this.#isBound || !this.#isRunning) break
        this.#isEnded = true
        this.#stopped()
        return
      case Backend.errorResponse:
        // The first one is the reason of those that may follow.
        this.#report ??= decodeServerReport(bytes, from, to)
        this.#isEnded = true
        this.#stopped()
        return
      case Backend.copyOutResponse:
        this.giveUp(new PostgresError('PG_USAGE', 'the data of COPY is for copyTo', this.errorFacts()))
        return
      case Backend.copyData:
      case Backend.copyDone:
        if (this.hasFailed || this.isDiscarding) return
        break
      case Backend.copyInResponse:
      case Backend.copyBothResponse:
        // It waits for data, and takes what was sent behind it for such: there is no way back.
        throw new PostgresError('PG_USAGE', 'the data of COPY is for copyFrom', this.errorFacts())
    }
    throw outOfPlace(`an answer to a portal of the type ${type}`)
  }

  #suspended(): void {
    this.#isRunning = false
    // In a transaction the answer ends with ReadyForQuery.
    if (this.#isInTransaction) {
      this.#isSuspended = true
      return
    }
    if (this.isDiscarding) this.#end()
    else {
      this.#isSuspended = true
      this.rouse()
    }
  }

  #stopped(): void {
    this.#isRunning = false
    this.#isSuspended = false
    if (this.#isInTransaction || this.#next !== 'nothing') return
    this.#next = 'sync'
    this.session.pipeline.goOn(this)
  }

  ready(status: TransactionStatus): void {
    const statement = this.#statement as Statement
    const report = this.#report
    if (report !== null) {
      if (isStale(report) && statement.name !== '') this.session.statements.drop(statement)
      if (this.#isHealed(report, status)) return
      this.fail(serverError(report, this.errorFacts()))
      this.over()
    } else if (this.#isEnded) {
      // It would live as long as the transaction.
      if (this.#isInTransaction && status === 'transaction') this.#closePortal()
      this.over()
    } else if (!this.#isInTransaction) {
      if (!this.isDiscarding || this.#isRunning) throw outOfPlace('ReadyForQuery')
      this.over()
    } else if (this.isAbandoned || this.isDiscarding) {
      if (status === 'transaction') this.#closePortal()
      this.over()
    } else if (this.#isSuspended) this.rouse()
    else throw outOfPlace('ReadyForQuery')
  }

  /** True: it is on its way once more. Only outside of transactions, and before there was a row. */
  #isHealed(report: ServerReport, status: TransactionStatus): boolean {
    if (status !== 'idle' || this.#isRepeated || this.#allRows > 0 || this.isDiscarding) return false
    if (!isStale(report) || !this.#isKept || this.#isInTransaction) return false
    this.#isRepeated = true
    this.#isBound = this.#isEnded = false
    this.#report = null
    this.#next = 'begin'
    this.#isRunning = true
    this.session.pipeline.again(this)
    return true
  }

  protected override errorFacts(more?: PostgresErrorFacts): PostgresErrorFacts {
    const parameters = this.session.settings.withParameters ? this.#values : undefined
    return { query: this.text, parameters, ...more }
  }
}

/** Closes a portal that its transaction would keep to its end. Nobody waits for it. */
class PortalClose extends PlainExchange implements Exchange {
  readonly #portal: string

  constructor(reservation: PortalExchange['reservation'], portal: string) {
    super(reservation)
    this.#portal = portal
  }

  describe(): string {
    return `close ${this.#portal}`
  }

  write(writer: MessageWriter): Written {
    encodeClose(writer, 'portal', this.#portal)
    encodeSync(writer)
    return Written.all
  }

  receive(type: number): void {
    // In a transaction that has failed, there is nothing left to be closed.
    if (type !== Backend.closeComplete && type !== Backend.errorResponse)
      throw outOfPlace('an answer to Close')
  }

  row(): void {
    throw outOfPlace('a row')
  }

  ready(): void {
    // Closed, or gone with its transaction.
  }

  refused(): void {
    // The reservation is over, and the transaction with it.
  }

  lost(): void {
    // So is the portal.
  }
}
