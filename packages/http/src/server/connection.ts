/**
 * One connection: requests in, answers out, in order. A state machine and not a loop, because a request that is all there and whose
 * handler answers at once is served inside the read that brought it: no promise, one write for all answers of a read. The coroutine of
 * the connection waits meanwhile, and goes on when it is over.
 *
 * While a handler waits the connection is still read: further requests are kept, up to a limit, and a client that goes away cancels the
 * handler's scope.
 */
import { type Coroutine, charge, recently, runIn } from '@shrapnel/core/parts'
import { Deadline } from '../connection/deadline.js'
import { Input } from '../connection/input.js'
import type { Link, Receiver } from '../connection/link.js'
import { readHead } from '../connection/read-head.js'
import { reset } from '../connection/stream-end.js'
import { HttpError } from '../errors.js'
import type { Handler, HttpRequest } from '../message.js'
import { latin1 } from '../wire/characters.js'
import type { HeadEnd } from '../wire/head-end.js'
import type { Asked } from './answer.js'
import { BodyDrain } from './body-drain.js'
import type { Upgrade } from './connection-end.js'
import { ConnectionLife } from './connection-life.js'
import { Exchange } from './exchange.js'
import { nameOf, tellRefused } from './handler-failure.js'
import type { ConnectionSettings } from './options.js'
import type { RequestBody } from './request-body.js'
import { answer, head } from './shared-parts.js'

/** Between requests, or in the middle of a head. */
const HEAD = 0
/** A handler waits. */
const HANDLING = 1
/** An answer goes out. */
const SENDING = 2
/** The rest of a request's body is dropped. */
const DRAINING = 3
/** All is said; what still comes is dropped until the peer ends. */
const LINGERING = 4
const OVER = 5

/** Whose request could not be read. */
const NOBODY: Asked = { isHead: false, isConnect: false, minorVersion: 1 }

/** What all connections of a server have in common. */
export interface ConnectionOwner {
  readonly handler: Handler
  readonly settings: ConnectionSettings
  readonly isStopping: boolean
  /** It has ended. */
  ended(connection: Connection): void
}

export class Connection extends ConnectionLife implements Receiver {
  readonly input = new Input()
  readonly coroutine: Coroutine
  readonly deadline: Deadline
  readonly settings: ConnectionSettings
  protected readonly link: Link
  readonly #owner: ConnectionOwner
  #phase = HEAD
  #requests = 0
  /** Part of a head has come: where its end may be, and since when. */
  #headEnd: HeadEnd | null = null
  #headSince = -1
  #exchange: Exchange | null = null
  /** The peer sends no more. */
  #hasEnded = false
  #drain: BodyDrain | null = null
  /** Whether the client may have more to say, which would keep it from the last answer if it were not received. */
  #lingers = false

  constructor(owner: ConnectionOwner, coroutine: Coroutine, makeLink: (receiver: Receiver) => Link) {
    super()
    this.#owner = owner
    this.settings = owner.settings
    this.coroutine = coroutine
    this.deadline = new Deadline(this)
    this.link = makeLink(this)
  }

  get isOver(): boolean {
    return this.#phase === OVER
  }

  /** Whether the present answer has to be the last. */
  get mustEnd(): boolean {
    const { isStopping, settings } = this.#owner
    const isLastOne = this.#hasEnded && this.input.size === 0
    return isLastOne || isStopping || this.#requests >= settings.maxRequestsPerConnection
  }

  protected gone(): void {
    this.#phase = OVER
    this.#owner.ended(this)
  }

  get isAnswering(): boolean {
    return this.#exchange !== null
  }

  protected get isStopping(): boolean {
    return this.#owner.isStopping
  }

  /** No further request: ends at once if it waits for one, and behind the present answer otherwise. */
  stop(): void {
    this.tellStop()
    if (this.#phase === HEAD && this.input.size === 0 && !this.isFlushing) this.#over()
  }

  // What comes in

  get wantsInput(): boolean {
    switch (this.#phase) {
      case HEAD:
        return !this.isFlushing
      case HANDLING:
      case SENDING:
        return !this.#hasEnded && (this.input.size < this.settings.maxPipelinedBytes || this.#isBodyStarved)
      default:
        return !this.#hasEnded
    }
  }

  /** Somebody waits for the body, and what is here is not enough. */
  get #isBodyStarved(): boolean {
    return this.#exchange?.body?.isWaiting === true
  }

  get target(): RequestBody['target'] {
    return this.#exchange?.body?.target ?? null
  }

  gathered(count: number): void {
    this.#exchange?.supply?.gathered(count)
  }

  received(bytes: Buffer, from: number, to: number, isBorrowed: boolean): void {
    // As much as comes in its time: ending before the client has sent it all would take the answer from it.
    if (this.#phase === LINGERING) return
    this.input.add(bytes, from, to, isBorrowed)
    if (this.#phase === DRAINING) this.#dropBody()
    if (this.#phase === HEAD) this.#serve()
    else this.#exchange?.supply?.feed()
    this.input.keep()
  }

  ended(): void {
    this.#hasEnded = true
    const exchange = this.#exchange
    if (this.#phase === HANDLING && exchange !== null) this.#clientEnded(exchange)
    else if (this.#phase === SENDING && exchange !== null) {
      if (!this.settings.allowHalfClose && exchange.isGrowing) exchange.abort()
    } else if (!this.isFlushing) this.#over()
  }

  /** It sends no more, and a handler waits. */
  #clientEnded(exchange: Exchange): void {
    exchange.body?.endInput(cutBody())
    if (!this.settings.allowHalfClose) exchange.abort()
  }

  protected lose(cause: unknown): void {
    this.isLost = this.#hasEnded = true
    this.deadline.end()
    const exchange = this.#exchange
    if (exchange === null) this.#over()
    else {
      this.stream.close()
      exchange.body?.cut(new HttpError('HTTP_CUT', 'the client went away', { cause }))
      exchange.abort()
    }
  }

  // One request after another

  #serve(): void {
    while (this.#phase === HEAD && !this.isFlushing && this.input.at < this.input.end) {
      if (!this.#serveOne()) break
      this.flushIfMuch()
    }
    this.flush()
    if (this.#phase === HEAD && !this.isFlushing) this.#awaitHead()
  }

  /** False: the head is not all there. */
  #serveOne(): boolean {
    const { settings } = this
    try {
      if (!this.#parse()) return false
      if (head.framing.contentLength > settings.maxBodyBytes)
        throw new HttpError('HTTP_LIMIT', 'the body is longer than maxBodyBytes allows', {
          status: 413,
          limit: 'maxBodyBytes',
        })
    } catch (error) {
      this.#refuse(error as HttpError)
      return true
    }
    this.#requests++
    this.#headSince = -1
    this.#phase = HANDLING
    this.deadline.set(Number.POSITIVE_INFINITY)
    const exchange = new Exchange(this)
    this.#exchange = exchange
    if (this.#hasEnded) exchange.body?.endInput(cutBody())
    exchange.begin(this.#owner.handler)
    charge(this.coroutine)
    // The client ended while an earlier answer was sent: nobody will tell of it again.
    if (this.#hasEnded && this.#phase === HANDLING) this.#clientEnded(exchange)
    return true
  }

  #parse(): boolean {
    this.#headEnd = readHead(head, this.input, this.settings, this.#headEnd)
    return this.#headEnd === null
  }

  /** The time for a head runs from its first byte, however slowly the others come. */
  #awaitHead(): void {
    const { headTimeoutMs, idleTimeoutMs } = this.settings
    if (this.#hasEnded) this.#over()
    else if (this.input.size > 0) {
      if (this.#headSince < 0) this.#headSince = recently()
      this.deadline.set(this.#headSince + headTimeoutMs)
    } else if (this.#owner.isStopping) this.#over()
    else if (this.#requests > 0) this.deadline.set(recently() + idleTimeoutMs)
  }

  /** What came is no request that can be served: says so, and closes. */
  #refuse(error: HttpError): void {
    tellRefused(error, this.peer, this.settings)
    answer.write({ status: error.status ?? 400, body: `${error.message}\n` }, NOBODY, true, recently())
    this.#closeBehindAnswer(false)
  }

  /** After an answer that had to wait: what came meanwhile has its turn. */
  goOn(): void {
    this.#serve()
    this.input.keep()
    if (this.#phase !== OVER) this.link.wake()
  }

  /** What a report will need: the request, or no more than its name, in memory of its own and not cut from the head. */
  #keptOf(request: HttpRequest): HttpRequest | string {
    if (this.settings.onError !== undefined) return request
    const name = Buffer.from(nameOf(request), 'latin1')
    return latin1(name, 0, name.length)
  }

  // What an exchange comes to

  sendsBody(): void {
    this.#phase = SENDING
  }

  /** The answer is in the output, or sent. */
  answered(exchange: Exchange): void {
    const { body, keepsAlive } = exchange
    const isRead = body === null || body.isFinished
    this.#exchangeEnded(exchange)
    if (!keepsAlive || (this.#hasEnded && !isRead)) this.#closeBehindAnswer(isRead)
    else if (isRead) this.#phase = HEAD
    else {
      this.#phase = DRAINING
      this.#drain = new BodyDrain(body, this.settings.maxDrainBytes)
      this.deadline.set(recently() + this.settings.bodyTimeoutMs)
      this.#dropBody()
    }
  }

  /** There will be no answer. */
  abandoned(exchange: Exchange): void {
    this.#exchangeEnded(exchange)
    this.#over()
  }

  takeOver(exchange: Exchange, takeOver: Upgrade['takeOver']): void {
    this.#exchangeEnded(exchange)
    this.upgrade = { takeOver, asked: this.#keptOf(exchange.request) }
    this.flush()
    this.#over()
  }

  #exchangeEnded(exchange: Exchange): void {
    exchange.end()
    this.#exchange = null
    this.wake()
  }

  /** Drops what is here of a body that nobody read. */
  #dropBody(): void {
    const drain = this.#drain as BodyDrain
    const isWell = drain.step()
    if (isWell && !drain.isFinished) return
    this.#drain = null
    if (drain.isFinished) this.#phase = HEAD
    else {
      this.#closeBehindAnswer(false)
      this.flush()
    }
  }

  // What goes out

  flushed(): void {
    this.isFlushing = false
    if (this.#phase === OVER) this.wake()
    else if (this.closesAfterFlush) this.close()
    else if (this.#phase === HANDLING) {
      this.deadline.set(Number.POSITIVE_INFINITY)
      if (this.#isBodyStarved) this.#exchange?.supply?.bodyWanted()
      this.doPutOff()
    } else if (this.#hasEnded && this.#phase !== HEAD) this.#over()
    else this.goOn()
  }

  failed(error: unknown): void {
    this.isFlushing = false
    this.lose(error)
    this.wake()
    this.doPutOff()
  }

  /** `isQuiet`: the client has nothing more to say, as far as is known. */
  #closeBehindAnswer(isQuiet: boolean): void {
    this.#phase = SENDING
    this.closesAfterFlush = true
    this.#lingers = !isQuiet || this.input.size > 0
  }

  /** Everything is sent: ends, so that the client reads it all. */
  protected close(): void {
    this.closesAfterFlush = false
    if (this.#hasEnded || !this.#lingers) {
      this.#over()
      return
    }
    this.#phase = LINGERING
    this.input.clear()
    this.deadline.set(recently() + this.settings.lingerTimeoutMs)
    try {
      const ended = runIn(this.coroutine, () => this.stream.shutdown())
      if (ended instanceof Promise) ended.catch(() => this.#over())
    } catch {
      this.#over()
      return
    }
    this.link.wake()
  }

  #over(): void {
    if (this.#phase === OVER) return
    this.#phase = OVER
    this.deadline.end()
    this.link.wake()
  }

  /** @internal */
  onDeadline(): void {
    if (!this.isFlushing && this.#isBodyStarved) this.#exchange?.supply?.timedOut()
    else if (this.isFlushing || this.#phase === SENDING) {
      if (this.mayTakeLonger()) return
      // The client takes nothing: what it took is no whole answer.
      reset(this.stream)
      this.lose(undefined)
    } else if (this.#phase === HEAD && this.input.size > 0) {
      const text = 'the head of the request took longer than headTimeoutMs allows'
      this.#refuse(new HttpError('HTTP_LIMIT', text, { status: 408, limit: 'headTimeoutMs' }))
      this.flush()
    } else if (this.#phase !== HANDLING) this.#over()
  }
}

function cutBody(): HttpError {
  return new HttpError('HTTP_CUT', 'the client ended in the middle of a body', { status: 400 })
}
