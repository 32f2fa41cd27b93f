/**
 * A query behind a statement without values, both before one Sync: the server skips the query if that statement fails. With a Sync of its own
 * behind BEGIN, a BEGIN that fails would let the query run outside of any transaction.
 */
import type { Scope } from '@shrapnel/core/parts'
import type { QueryOptions } from '../query.js'
import { encodeBind, encodeExecute, encodeParse } from '../wire/frontend-encode.js'
import { Backend } from '../wire/message-types.js'
import type { MessageWriter } from '../wire/message-writer.js'
import { type Exchange, Written } from './exchange.js'
import { outOfPlace } from './failures.js'
import { QueryExchange } from './query-exchange.js'
import type { Reservation } from './reservation.js'
import type { Session } from './session.js'

export class LedQuery extends QueryExchange {
  readonly #first: string
  #isFirstDone = false

  constructor(
    scope: Scope,
    session: Session,
    reservation: Reservation | null,
    text: string,
    values: readonly unknown[],
    options: QueryOptions | undefined,
    first: string,
  ) {
    super(scope, session, reservation, text, values, options)
    this.#first = first
  }

  override write(writer: MessageWriter): Written | Exchange {
    const before = writer.length
    this.#isFirstDone = false
    encodeParse(writer, '', this.#first, [])
    encodeBind(writer, '', '', [], [], [])
    encodeExecute(writer, '')
    const outcome = super.write(writer)
    // Something has to be sent before: what was written is written again then.
    if (outcome !== Written.all) writer.rewind(before)
    return outcome
  }

  override receive(type: number, bytes: Buffer, from: number, to: number): void {
    if (this.#isFirstDone || type === Backend.errorResponse) super.receive(type, bytes, from, to)
    else if (type === Backend.commandComplete) this.#isFirstDone = true
    else if (type !== Backend.parseComplete && type !== Backend.bindComplete)
      throw outOfPlace('an answer to the statement before a query')
  }
}
