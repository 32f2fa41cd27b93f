/**
 * The pipeline: what is sent to one server, in which order, and whose answer it is that comes. All exchanges of a turn go out in one send at
 * its end; answers belong to those who were sent, first come first served. It waits for nothing itself and is never waited for: what an
 * exchange does with its answers is the exchange's business.
 *
 * Promises: every exchange that is submitted is settled once, by `ready`, `refused` or `lost`, or was withdrawn. Nothing is sent twice, but by
 * an exchange that asks for it.
 */
import type { Stream } from '@shrapnel/core'
import { atTurnEnd, type TurnEndJob } from '@shrapnel/core/parts'
import { PostgresError } from '../errors.js'
import { decodeServerReport, decodeStatus } from '../wire/backend-decode.js'
import type { TransactionStatus } from '../wire/backend-message.js'
import type { MessageCutter } from '../wire/message-cutter.js'
import { Backend } from '../wire/message-types.js'
import { MessageWriter } from '../wire/message-writer.js'
import { Cancellation } from './cancellation.js'
import { type Exchange, Written } from './exchange.js'
import { bystanderLoss, connectionFailure, outOfPlace, waitsForItself } from './failures.js'
import { LastWords } from './last-words.js'
import { Line } from './line.js'
import { type Link, linkOf, type Receiver } from './link.js'
import type { Reservation } from './reservation.js'

/** Beyond this many bytes, what is gathered is sent before the next exchange is asked to write. */
const SEND_BYTES = 256 * 1024
const IDLE = 0x49

/** Whose pipeline it is. */
export interface PipelineOwner {
  readonly target: string
  readonly maxPipelined: number
  readonly drainTimeoutMs: number
  requestCancel(): Promise<void>
  /** What a server says unasked: NoticeResponse, NotificationResponse, ParameterStatus. */
  told(type: number, bytes: Buffer, from: number, to: number): void
  /** Nothing is under way any more, and nobody waits. */
  becameIdle(): void
  /** One less is under way, and others still are. */
  answered(): void
  ended(loss: PostgresError): void
}

export class Pipeline implements Receiver, TurnEndJob {
  readonly #owner: PipelineOwner
  readonly #cutter: MessageCutter
  readonly #link: Link
  #writer = new MessageWriter()
  /** Sent, and not answered to the end. */
  readonly inFlight = new Line()
  /** Not sent, of everybody. A reservation has a line of its own. */
  readonly line = new Line()
  readonly #cancellation: Cancellation
  reservation: Reservation | null = null
  status: TransactionStatus
  /** Written in part: nothing else may be written. */
  #unfinished: Exchange | null = null
  /** Takes no more of its answer for now, so nothing is read. */
  #paused: Exchange | null = null
  #isSending = false
  #willFlush = false
  #loss: PostgresError | null = null
  readonly #lastWords: LastWords

  constructor(owner: PipelineOwner, stream: Stream, cutter: MessageCutter, status: TransactionStatus) {
    this.#owner = owner
    this.#lastWords = new LastWords(owner.target)
    this.#cutter = cutter
    this.status = status
    this.#cancellation = new Cancellation(this, owner)
    this.#link = linkOf(stream, this)
  }

  /** Receives until the connection is over. */
  async run(): Promise<void> {
    try {
      // What came behind the end of the start-up.
      this.#dispatch()
      await this.#link.run()
    } catch (error) {
      this.lose(error)
    }
    if (!this.isOver) this.ended()
  }

  get isOver(): boolean {
    return this.#loss !== null
  }

  get loss(): PostgresError | null {
    return this.#loss
  }

  get isPaused(): boolean {
    return this.#paused !== null
  }

  get isDraining(): boolean {
    return this.#cancellation.isDraining
  }

  /** Exchanges that are sent or wait to be. */
  get load(): number {
    return this.inFlight.size + this.line.size + (this.reservation?.line.size ?? 0)
  }

  /** Looks whether the server has closed. False: only a turn of the loop can tell. */
  look(): boolean {
    return this.#link.look()
  }

  // Sending

  submit(exchange: Exchange): void {
    const { reservation } = exchange
    if (this.#loss !== null) exchange.lost(this.#loss)
    else if (reservation === null) {
      if (this.reservation?.isHeldHere) exchange.refused(waitsForItself())
      else this.line.push(exchange)
    } else if (reservation === this.reservation) reservation.line.push(exchange)
    else exchange.refused(new PostgresError('PG_CLOSED', 'the reservation is over'))
    this.#schedule()
  }

  /** In front of those that wait: an exchange that has been answered and has to be sent once more. */
  again(exchange: Exchange): void {
    exchange.isSent = exchange.isExposed = false
    if (this.#loss !== null) exchange.lost(this.#loss)
    else (exchange.reservation?.line ?? this.line).pushFront(exchange)
    this.#schedule()
  }

  /** One that was written in part has more to write. */
  goOn(exchange: Exchange): void {
    if (exchange === this.#unfinished) this.#schedule()
  }

  /** The first one in flight has as much of its answer as it can hold: the server is not read until `resume`, and stops when the kernel holds enough. */
  pause(exchange: Exchange): void {
    if (exchange === this.inFlight.first && !exchange.isAbandoned) this.#paused = exchange
  }

  /** Without effect if it has not paused. May receive at once. */
  resume(exchange: Exchange): void {
    if (exchange !== this.#paused) return
    this.#paused = null
    this.#link.resume()
  }

  /** Nobody waits for it any more. If it was not sent it never will be; else the server is asked to cancel it when its turn has come. */
  withdraw(exchange: Exchange): void {
    if (exchange.line === this.inFlight) {
      if (exchange.isAbandoned) return
      exchange.isAbandoned = true
      this.#cancellation.abandoned()
      this.goOn(exchange)
      // What has come meanwhile may be the end of it.
      this.resume(exchange)
    } else if (exchange.line !== null) {
      exchange.line.remove(exchange)
      this.#schedule()
      this.#settleIdle()
    }
  }

  /** The reservation is over: it is everybody's turn again. */
  released(): void {
    this.reservation = null
    this.#schedule()
  }

  #schedule(): void {
    if (this.#willFlush) return
    this.#willFlush = true
    atTurnEnd(this)
  }

  onTurnEnd(): void {
    this.#willFlush = false
    this.#flush()
    this.#settleIdle()
  }

  #flush(): void {
    const writer = this.#writer
    while (!this.#isSending && this.#loss === null) {
      if (!this.#writeNext(writer)) break
      if (writer.length >= SEND_BYTES) this.#send(writer)
    }
    if (writer.length > 0 && !this.#isSending && this.#loss === null) this.#send(writer)
  }

  /** False: nothing more can be written now. */
  #writeNext(writer: MessageWriter): boolean {
    const unfinished = this.#unfinished
    if (
      unfinished === null &&
      (this.#cancellation.isDraining || this.inFlight.size >= this.#owner.maxPipelined)
    )
      return false
    const line = this.reservation === null ? this.line : this.reservation.line
    const exchange = unfinished ?? line.first
    if (exchange === null) return false
    const before = writer.length
    let outcome: Written | Exchange
    try {
      outcome = exchange.write(writer)
    } catch (error) {
      if (exchange === unfinished) {
        // The server waits for the rest of what nobody can write.
        this.lose(error)
        return false
      }
      writer.rewind(before)
      line.remove(exchange)
      exchange.refused(error)
      return true
    }
    if (outcome === Written.later) return false
    if (typeof outcome === 'object') {
      line.pushFront(outcome)
      return true
    }
    if (exchange !== unfinished) {
      line.remove(exchange)
      if (outcome === Written.nothing) return true
      exchange.isSent = true
      this.inFlight.push(exchange)
    }
    this.#unfinished = outcome === Written.part ? exchange : null
    return outcome !== Written.part
  }

  #send(writer: MessageWriter): void {
    try {
      this.#isSending = !this.#link.send(writer.view())
      writer.clear()
    } catch (error) {
      this.sendFailed(error)
    }
  }

  sent(): void {
    this.#isSending = false
    this.#flush()
  }

  /** The server takes nothing more. It may have said why: that is read before all is given up. */
  sendFailed(error: unknown): void {
    this.#link.look()
    this.lose(error)
  }

  // Receiving

  received(bytes: Buffer): void {
    this.#cutter.push(bytes)
    this.#dispatch()
  }

  #dispatch(): void {
    const cutter = this.#cutter
    try {
      while (this.#loss === null && cutter.next()) {
        const { type, bytes, from, to } = cutter
        if (type === Backend.dataRow) this.#front(type).row(bytes, from, to)
        else if (type === Backend.readyForQuery) this.#ready(bytes, from, to)
        else this.#message(type, bytes, from, to)
      }
    } catch (error) {
      this.lose(error)
    }
    if (this.#loss !== null) return
    this.inFlight.first?.chunkOver?.()
    if (this.#cancellation.isDraining) this.#cancellation.look()
    if ((this.reservation?.line ?? this.line).first !== null) this.#schedule()
  }

  #front(type: number): Exchange {
    return this.inFlight.first ?? this.#refuse(type)
  }

  #refuse(type: number): never {
    throw outOfPlace(`a message of the type ${JSON.stringify(String.fromCharCode(type))}`)
  }

  #message(type: number, bytes: Buffer, from: number, to: number): void {
    switch (type) {
      case Backend.noticeResponse:
      case Backend.notificationResponse:
      case Backend.parameterStatus:
        this.#owner.told(type, bytes, from, to)
        break
      case Backend.errorResponse:
        this.#error(type, bytes, from, to)
        break
      default:
        this.#front(type).receive(type, bytes, from, to)
    }
  }

  #error(type: number, bytes: Buffer, from: number, to: number): void {
    const { first } = this.inFlight
    if (first !== null) {
      first.receive(type, bytes, from, to)
      if (bytes.indexOf('FATAL', from) < 0 && bytes.indexOf('PANIC', from) < 0) return
    }
    this.#lastWords.hear(decodeServerReport(bytes, from, to), first === null)
  }

  #ready(bytes: Buffer, from: number, to: number): void {
    const exchange = this.#front(Backend.readyForQuery)
    if (exchange === this.#unfinished) this.#unfinished = null
    const status = to - from === 1 && bytes[from] === IDLE ? 'idle' : decodeStatus(bytes, from, to)
    this.status = status
    this.inFlight.remove(exchange)
    if (exchange === this.#paused) this.#paused = null
    if (exchange.isAbandoned) this.#cancellation.answered()
    try {
      exchange.ready(status)
    } catch (error) {
      // It was no end of its answer: it hears of the connection's end with the others.
      this.inFlight.pushFront(exchange)
      throw error
    }
    if (this.inFlight.first === null) this.#settleIdle()
    else this.#owner.answered()
  }

  /** Marks what lies behind the exchange that is about to be cancelled: the signal may come late and hit one of them. @internal */
  exposeInFlight(): void {
    for (const exchange of this.inFlight) exchange.isExposed = true
  }

  #settleIdle(): void {
    if (this.load === 0 && this.#loss === null && !this.isDraining) this.#owner.becameIdle()
  }

  /** Draining is over: what waited may be sent. @internal */
  drained(): void {
    this.#schedule()
    this.#settleIdle()
  }

  // The end

  ended(): void {
    this.lose(this.#lastWords.closed(this.#cutter.isInside))
  }

  /** Sends what there is to say goodbye with, if it can go at once. */
  sayLast(write: (writer: MessageWriter) => void): void {
    if (this.#isSending || this.#loss !== null) return
    const writer = this.#writer
    writer.clear()
    try {
      write(writer)
      this.#link.send(writer.view())
    } catch {
      // It is closed next: a server that is gone needs no goodbye.
    }
  }

  /** The connection is over, for this reason: everyone is told. */
  lose(error: unknown): void {
    if (this.#loss !== null) return
    const loss = this.#lastWords.explain(connectionFailure(error, this.#owner.target))
    this.#loss = loss
    this.#paused = null
    this.#cancellation.close()
    this.#link.close()
    const others = bystanderLoss(loss)
    // The first one in flight is whose answer it was that ended the connection.
    this.inFlight.shift()?.lost(loss)
    for (const line of [this.inFlight, this.reservation?.line ?? this.line, this.line])
      for (let each = line.shift(); each !== null; each = line.shift()) each.lost(others)
    this.#owner.ended(loss)
  }
}
