/**
 * COPY FROM STDIN. What is to be sent is given in parts, and copied once into what the connection sends; the next is asked for when that was taken, which
 * is when all that was sent before is in the kernel's hands.
 */
import { type Exchange, Written } from '../connection/exchange.js'
import { outOfPlace } from '../connection/failures.js'
import type { PostgresError } from '../errors.js'
import type { Place } from '../stream/place.js'
import type { TransactionStatus } from '../wire/backend-message.js'
import {
  encodeCopyData,
  encodeCopyDone,
  encodeCopyFail,
  encodeFlush,
  encodeSync,
} from '../wire/frontend-encode.js'
import { Backend } from '../wire/message-types.js'
import type { MessageWriter } from '../wire/message-writer.js'
import { CopyExchange } from './copy-exchange.js'

/** Of what the server is told of the failure of a source. */
const MAX_REASON_CHARACTERS = 1_000

export class CopyInExchange extends CopyExchange implements Exchange {
  /** Told once: the server takes no more data, or nobody can reach it. */
  onTrouble: (() => void) | null = null
  #isTroubled = false
  #isTelling = false
  #isBegun = false
  /** All was written: the server's answer is what is missing. */
  #isEnded = false
  #part: Uint8Array | null = null
  #end: 'done' | 'fail' | 'sync' | null = null
  #reason = ''

  constructor(place: Place, text: string, timeoutMs: number | undefined) {
    super(place, text, 'copy from', timeoutMs)
  }

  get isTroubled(): boolean {
    return this.#isTroubled
  }

  /** The server has refused. */
  get isRefused(): boolean {
    return this.report !== null
  }

  /** Gives a part to be sent, and waits until it was taken: until then its bytes must not change. */
  async put(part: Uint8Array): Promise<void> {
    this.#part = part
    this.session.pipeline.goOn(this)
    while (this.#part === part && !this.isOver && !this.#isTroubled) await this.wait()
  }

  /** All was given. */
  finish(): void {
    this.#stop('done')
  }

  /** There is no more, as what was to be copied failed. */
  stop(reason: string): void {
    this.#reason = reason.replaceAll('\0', ' ').slice(0, MAX_REASON_CHARACTERS)
    this.#stop('fail')
  }

  #stop(end: 'done' | 'fail' | 'sync'): void {
    if (this.#isEnded || this.isOver) return
    // Nothing of what was not sent is wanted, unless it is the end of all.
    if (end !== 'done') this.#part = null
    this.#end ??= end
    this.session.pipeline.goOn(this)
  }

  close(): void {
    this.abandon()
  }

  abandon(): void {
    // Who is told of trouble gives up its waits by this.
    if (this.isOver || this.isAbandoned || this.isDiscarding || this.#isTelling) return
    const { pipeline } = this.session
    const wasSent = this.isSent
    this.isDiscarding = true
    this.#trouble()
    // The server stops at this, or, if it does something else than to read, at the request to cancel.
    if (wasSent) this.stop('cancelled')
    pipeline.withdraw(this)
    if (!wasSent) this.over()
  }

  #trouble(): void {
    if (this.#isTroubled) return
    this.#isTroubled = true
    this.#part = null
    this.#isTelling = true
    this.onTrouble?.()
    this.#isTelling = false
  }

  write(writer: MessageWriter): Written {
    if (!this.#isBegun) {
      this.#isBegun = true
      this.writeStatement(writer)
      encodeFlush(writer)
      return Written.part
    }
    if (this.#part !== null) {
      encodeCopyData(writer, this.#part)
      this.#part = null
      this.rouse()
    }
    if (this.#end === null) return Written.part
    // A server that is about to begin takes no notice of Sync: what it does has to be known before it can be ended.
    if (this.response === null && this.report === null && !this.isComplete) return Written.part
    if (this.response?.kind === 'copy-in') {
      if (this.#end === 'done') encodeCopyDone(writer)
      else if (this.#end === 'fail') encodeCopyFail(writer, this.#reason)
    }
    this.#isEnded = true
    encodeSync(writer)
    return Written.all
  }

  receive(type: number, bytes: Buffer, from: number, to: number): void {
    if (type === Backend.copyInResponse) {
      this.begin(type, bytes, from, to)
      // It may have been cancelled before the server was ready.
      if (this.#end !== null) this.session.pipeline.goOn(this)
    } else if (type === Backend.copyOutResponse) {
      this.begin(type, bytes, from, to)
      this.notCopy()
      this.#stop('sync')
    } else if (type === Backend.copyData || type === Backend.copyDone) {
      if (this.response?.kind !== 'copy-out') throw outOfPlace('data')
    } else {
      this.receiveCommon(type, bytes, from, to)
      if (type === Backend.errorResponse) {
        this.#stop('sync')
        this.#trouble()
      } else if (this.isComplete) {
        // Before all was sent: it was no COPY, or it is no server.
        if (!this.#isEnded && this.response?.kind === 'copy-in') throw outOfPlace('the end of a COPY')
        this.#stop('sync')
      }
    }
  }

  override ready(_status: TransactionStatus): void {
    if (!this.#isEnded) throw outOfPlace('ReadyForQuery')
    super.ready()
    this.#trouble()
  }

  override lost(loss: PostgresError): void {
    super.lost(loss)
    this.#trouble()
  }

  override refused(error: unknown): void {
    super.refused(error)
    this.#trouble()
  }
}
