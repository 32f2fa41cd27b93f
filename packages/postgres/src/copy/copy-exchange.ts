/** What COPY in and COPY out have in common: the statement, by the extended protocol, which takes a single one. */
import { outOfPlace, serverError } from '../connection/failures.js'
import { PostgresError } from '../errors.js'
import type { Place } from '../stream/place.js'
import { PulledExchange } from '../stream/pulled-exchange.js'
import { decodeBackendMessage, decodeCommandTag, decodeServerReport } from '../wire/backend-decode.js'
import type { CopyResponse, ServerReport, TransactionStatus } from '../wire/backend-message.js'
import { encodeBind, encodeExecute, encodeParse } from '../wire/frontend-encode.js'
import { Backend } from '../wire/message-types.js'
import type { MessageWriter } from '../wire/message-writer.js'

const COPY = /^(?:\s|--[^\n]*\n|\/\*(?:[^*]|\*(?!\/))*\*\/)*copy\b/i

/** Before anything is sent: another statement would be run before the server's answer shows what it is. */
export function checkIsCopy(text: string, method: string): void {
  if (!COPY.test(text))
    throw new PostgresError('PG_USAGE', `${method} is for COPY: other statements are for query`, {
      query: text,
    })
}

export abstract class CopyExchange extends PulledExchange {
  /** Rows that were copied, once the server has said so. */
  rowCount: number | undefined
  /** What the server says of the data, once it is ready for it. */
  response: (CopyResponse & { readonly kind: 'copy-in' | 'copy-out' }) | null = null
  /** The first error that the server has sent. */
  protected report: ServerReport | null = null
  protected isComplete = false
  #isParsed = false
  #isBound = false

  constructor(place: Place, text: string, what: string, timeoutMs: number | undefined) {
    super(place, text, what, timeoutMs)
  }

  protected writeStatement(writer: MessageWriter): void {
    encodeParse(writer, '', this.text)
    encodeBind(writer, '', '', [], [], [])
    encodeExecute(writer, '')
  }

  row(): void {
    if (!this.#isBound || this.response !== null || this.isComplete) throw outOfPlace('a row')
    this.notCopy()
  }

  /** It is another statement after all. */
  protected notCopy(): void {
    if (this.hasFailed || this.isDiscarding) return
    this.giveUp(
      new PostgresError('PG_USAGE', 'the server has nothing to copy for this statement', this.errorFacts()),
    )
  }

  protected receiveCommon(type: number, bytes: Buffer, from: number, to: number): void {
    switch (type) {
      case Backend.parseComplete:
        if (this.#isParsed) break
        this.#isParsed = true
        return
      case Backend.bindComplete:
        if (this.#isBound || !this.#isParsed) break
        this.#isBound = true
        return
      case Backend.commandComplete:
      case Backend.emptyQueryResponse:
        if (!this.#isBound || this.isComplete) break
        this.isComplete = true
        if (this.response === null) this.notCopy()
        else if (type === Backend.commandComplete) this.rowCount = decodeCommandTag(bytes, from, to).rowCount
        return
      case Backend.errorResponse:
        this.report ??= decodeServerReport(bytes, from, to)
        return
      case Backend.copyBothResponse:
        throw outOfPlace('a replication')
    }
    throw outOfPlace(`an answer to COPY of the type ${type}`)
  }

  protected begin(type: number, bytes: Buffer, from: number, to: number): void {
    if (!this.#isBound || this.response !== null || this.isComplete || this.report !== null)
      throw outOfPlace('the beginning of a COPY')
    const message = decodeBackendMessage(type, bytes, from, to)
    if (message.kind === 'copy-in') this.response = { ...message, kind: message.kind }
    else if (message.kind === 'copy-out') this.response = { ...message, kind: message.kind }
    this.rouse()
  }

  ready(_status?: TransactionStatus): void {
    if (this.report !== null) this.fail(serverError(this.report, this.errorFacts()))
    else if (!this.isComplete) throw outOfPlace('ReadyForQuery')
    this.over()
  }
}
