/**
 * Exchange: something that is sent to the server and answered up to a ReadyForQuery. Queries are, and COPY, cursors and the like of other
 * folders: whoever implements this takes part in the pipeline. What it does with the answers is its own business; when it may send, what
 * becomes of it when it is cancelled, and whose turn it is are the pipeline's.
 */

import type { PostgresError } from '../errors.js'
import type { TransactionStatus } from '../wire/backend-message.js'
import type { MessageWriter } from '../wire/message-writer.js'
import type { Line } from './line.js'
import type { Reservation } from './reservation.js'

/** What `write` came to. */
export const Written = {
  /** All of it: the last message makes the server answer with ReadyForQuery (Sync, Query). What follows may be sent behind it. */
  all: 0,
  /**
   * A part. Nothing else is sent until `write` was called again and gave `all`: it is called when what was written is sent, when `Pipeline.goOn`
   * asks for it, and when the exchange is abandoned, which has to end its messages then.
   */
  part: 1,
  /** Nothing, and it needs no answer: it is over. */
  nothing: 2,
  /** Nothing yet. It is asked again when something that is under way has been answered; there must be such a thing. */
  later: 3,
} as const
export type Written = (typeof Written)[keyof typeof Written]

export interface Exchange {
  // The pipeline's own: where it stands. All null or false at first.
  line: Line | null
  before: Exchange | null
  after: Exchange | null
  /** All of it, or a part, was given to the kernel or is about to be. */
  isSent: boolean
  /** Nobody waits for it: it was cancelled. It still gets its answers. */
  isAbandoned: boolean
  /** A CancelRequest was on its way while this lay in the server's socket: 57014 may have been meant for another. */
  isExposed: boolean

  /** Of a connection that is reserved, who may use it; null for everybody. */
  readonly reservation: Reservation | null
  /** For people: `query #17 on postgres 3 (select …)`. */
  describe(): string
  /** Appends its messages, or gives another exchange that has to be answered before. What it throws it is refused with, and nothing is sent. */
  write(writer: MessageWriter): Written | Exchange
  /** A message that answers it: all but DataRow, ReadyForQuery and what a server says unasked. What it throws ends the connection. */
  receive(type: number, bytes: Buffer, from: number, to: number): void
  /** A DataRow. The bytes are good until it returns. */
  row(bytes: Buffer, from: number, to: number): void
  /** All that came at once was dealt with, while this was the first one in flight: its bytes are about to be another's. */
  chunkOver?(): void
  /** ReadyForQuery: it is over, unless it is given to the pipeline once more (`Pipeline.again`). */
  ready(status: TransactionStatus): void
  /** It cannot be sent: what `write` threw, or a reservation that is over. */
  refused(error: unknown): void
  /** The connection is over before it was. */
  lost(error: PostgresError): void
}

/** The fields that are the pipeline's, for exchanges that are no waits. */
export abstract class PlainExchange {
  line: Line | null = null
  before: Exchange | null = null
  after: Exchange | null = null
  isSent = false
  isAbandoned = false
  isExposed = false
  readonly reservation: Reservation | null

  constructor(reservation: Reservation | null = null) {
    this.reservation = reservation
  }
}
