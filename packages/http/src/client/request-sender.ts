/**
 * Sends short requests, those whose body is here and fits: as many as wait in one write, and with pipelining those of a whole turn. What the
 * kernel does not take at once it takes later, and the others wait behind it.
 */
import type { Link } from '../connection/link.js'
import { HttpError } from '../errors.js'
import { type Exchange, SENT_ALL, SENT_NOTHING, SENT_PART } from './exchange.js'

/** Requests up to here go out in one write; longer ones as a body in pieces. */
export const SEND_BYTES = 65_536

/** As `write(text, at, 'latin1')`, without its looking at the name of the encoding. */
interface Latin1Writer {
  latin1Write(text: string, at: number): number
}

/** One for all connections of the thread: nobody holds it across a wait. */
const out = Buffer.allocUnsafeSlow(2 * SEND_BYTES) as Buffer & Latin1Writer

/** Those whose requests of this turn go out together. */
let unflushed: RequestSender[] | null = null
const SOON = Promise.resolve()

function flushAll(): void {
  const senders = unflushed ?? []
  unflushed = null
  for (const sender of senders) sender.flush()
}

export interface SenderOwner {
  readonly isOver: boolean
  /** The server takes nothing more. */
  writeFailed(error: unknown): void
}

export class RequestSender {
  readonly #link: Link
  readonly #owner: SenderOwner
  /** Exchanges whose heads wait for the end of the turn, or of a write. */
  #unsent: Exchange[] = []
  /** Those of the write that waits for the server. */
  #flushing: Exchange[] = []
  isFlushing = false

  constructor(link: Link, owner: SenderOwner) {
    this.#link = link
    this.#owner = owner
  }

  /** Goes out now. */
  send(exchange: Exchange): void {
    this.#unsent.push(exchange)
    this.flush()
  }

  /** Goes out with the others of this turn. */
  sendSoon(exchange: Exchange): void {
    this.#unsent.push(exchange)
    if (unflushed === null) {
      unflushed = [this]
      void SOON.then(flushAll)
    } else if (this.#unsent.length === 1) unflushed.push(this)
  }

  /** False: it is not here any more. */
  withdraw(exchange: Exchange): boolean {
    const at = this.#unsent.indexOf(exchange)
    if (at >= 0) this.#unsent.splice(at, 1)
    return at >= 0
  }

  clear(): void {
    this.#unsent = []
  }

  flush(): void {
    while (!this.isFlushing && this.#unsent.length > 0 && !this.#owner.isOver) {
      let size = 0
      let count = 0
      for (const exchange of this.#unsent) {
        const { bytes } = exchange.call.body
        const needed = exchange.head.length + (bytes?.length ?? 0)
        if (size + needed > out.length) break
        size += out.latin1Write(exchange.head, size)
        if (bytes !== null) {
          out.set(bytes, size)
          size += bytes.length
        }
        count++
      }
      if (count === 0) {
        const exchange = this.#unsent[0] as Exchange
        exchange.abort(new HttpError('HTTP_HEADER', 'the head of the request is too long'))
        return
      }
      const sending = this.#unsent.splice(0, count)
      this.#write(sending, size)
    }
  }

  #write(sending: Exchange[], size: number): void {
    for (const exchange of sending) exchange.sent = SENT_PART
    try {
      if (this.#link.write(out, size)) for (const exchange of sending) exchange.sent = SENT_ALL
      else {
        this.isFlushing = true
        this.#flushing = sending
      }
    } catch (error) {
      for (const exchange of sending) exchange.sent = SENT_NOTHING
      this.#owner.writeFailed(error)
    }
  }

  /** The write that had to wait is done. */
  flushed(): void {
    this.isFlushing = false
    for (const exchange of this.#flushing) exchange.sent = SENT_ALL
    this.#flushing = []
  }

  /** It failed. */
  failed(error: unknown): void {
    this.isFlushing = false
    this.#owner.writeFailed(error)
  }
}
