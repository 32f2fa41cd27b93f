/**
 * One request and its answer, and the scope that its handler runs in: cancelled, it interrupts the handler wherever that waits. It
 * calls the handler, writes what that gives, has a long body sent, and decides whether another request may follow.
 */
import type { Awaitable, Stream } from '@shrapnel/core'
import { recently, runIn, Scope, wrongType } from '@shrapnel/core/parts'
import { isThenable } from '../connection/stream-end.js'
import { HttpError } from '../errors.js'
import type { Handler, HttpResponse } from '../message.js'
import { latin1 } from '../wire/characters.js'
import type { Framing } from '../wire/framing.js'
import type { Asked, Rest } from './answer.js'
import { dropBody } from './body-sender.js'
import { type BodyOwner, BodySupply } from './body-supply.js'
import type { Connection } from './connection.js'
import { answerTo, isOfLeaving, reportError } from './handler-failure.js'
import { isGrowing, LongAnswer, type LongAnswerOwner } from './long-answer.js'
import { ServerRequest } from './request.js'
import type { RequestBody } from './request-body.js'
import { answer, head, out } from './shared-parts.js'

export class Exchange extends Scope implements Asked, BodyOwner, LongAnswerOwner {
  readonly request: ServerRequest
  readonly isHead: boolean
  readonly isConnect: boolean
  readonly minorVersion: number
  /** Whether another request may follow. */
  keepsAlive: boolean
  /** Where its head begins in the output: before it are answers to earlier requests. */
  #headFrom = 0
  readonly #connection: Connection
  /** Null: the request has no body. */
  readonly supply: BodySupply | null
  #long: LongAnswer | null = null

  /** Of the head that was parsed last. */
  constructor(connection: Connection) {
    super(connection.coroutine, connection.coroutine)
    const { framing } = head
    const text = latin1(connection.input.bytes, head.from, head.to)
    const methodLength = head.methodTo - head.from
    this.#connection = connection
    this.minorVersion = head.minorVersion
    this.isHead = methodLength === 4 && text.startsWith('HEAD')
    this.isConnect = methodLength === 7 && text.startsWith('CONNECT')
    this.keepsAlive = !framing.saysClose && (head.minorVersion === 1 || framing.saysKeepAlive)
    this.request = new ServerRequest(connection, text, recently())
    this.supply = framing.isChunked || framing.contentLength > 0 ? this.#supplyOf(framing) : null
  }

  #supplyOf({ isChunked, contentLength }: Framing): BodySupply {
    const length = isChunked ? undefined : contentLength
    const supply = new BodySupply(this.#connection, this, length, head.expectsContinue)
    this.request.incoming = supply.body
    return supply
  }

  get body(): RequestBody | null {
    return this.request.incoming
  }

  // The handler

  /** Calls the handler. If it answers at once, so does this. */
  begin(handler: Handler): void {
    let response: Awaitable<HttpResponse>
    try {
      response = runIn(this as Scope, handler, this.request)
    } catch (error) {
      if (this.#connection.isFlushing) this.#onFailure(error)
      else this.#answerError(error)
      return
    }
    if (isThenable(response)) {
      // What only looks like a promise may settle twice, or throw.
      const settling = response instanceof Promise ? response : Promise.resolve(response)
      settling.then(
        (later) => this.#onAnswer(later),
        (error) => this.#onFailure(error),
      )
    } else if (this.#connection.isFlushing) this.#onAnswer(response)
    else this.#answer(response)
  }

  #onAnswer(response: HttpResponse): void {
    const connection = this.#connection
    if (connection.isFlushing) {
      connection.afterFlush = () => this.#onAnswer(response)
      return
    }
    if (connection.isLost) {
      dropBody(response)
      connection.abandoned(this)
      return
    }
    this.#answer(response)
    connection.goOn()
  }

  #onFailure(error: unknown): void {
    const connection = this.#connection
    if (connection.isFlushing) {
      connection.afterFlush = () => this.#onFailure(error)
      return
    }
    if (connection.isLost || (this.cancellation !== null && isOfLeaving(error))) {
      connection.abandoned(this)
      return
    }
    this.#answerError(error)
    connection.goOn()
  }

  /** The client has gone away: interrupts whatever is done for it. */
  abort(): void {
    this.cancel({ origin: this, kind: 'interrupted', text: 'the client has gone away' })
    this.request.done(this.cancellation?.text)
  }

  /** The answer is complete, or never will be. */
  end(): void {
    this.body?.leave()
    this.request.done()
    this.close()
  }

  // The answer

  #answer(response: HttpResponse): void {
    const connection = this.#connection
    try {
      checkResponse(response)
      if (response.upgrade !== undefined) this.#skipBody()
      this.#headFrom = out.at
      answer.write(response, this, this.#mustClose(response), recently())
    } catch (error) {
      this.#drop(response)
      this.#answerError(error)
      return
    }
    this.keepsAlive = !answer.isClosing
    if (response.upgrade !== undefined) connection.takeOver(this, response.upgrade)
    else if (answer.rest !== null) this.#sendLong(response, answer.rest)
    else {
      if (response.body !== undefined) dropBody(response)
      connection.answered(this)
    }
  }

  /** Of what cannot be sent, and may be anything. */
  #drop(response: HttpResponse): void {
    try {
      if (typeof response === 'object' && response !== null) dropBody(response)
    } catch (error) {
      this.report(error)
    }
  }

  /** What follows the upgrade begins behind the request's body (RFC 9110, 7.8), which is not part of it. */
  #skipBody(): void {
    const { body } = this
    if (body === null || body.isFinished) return
    if (!body.isWaiting) body.discard()
    if (body.isFinished) return
    this.keepsAlive = false
    throw new HttpError('HTTP_SYNTAX', 'a request to upgrade whose body was not read', { status: 400 })
  }

  /** Whether this answer has to be the last. */
  #mustClose(response: HttpResponse): boolean {
    const { body } = this
    // Cancelled: the client has gone away, and whatever else it asked for goes with it.
    if (!this.keepsAlive || this.#connection.mustEnd || this.cancellation !== null) return true
    // Bytes of the tunnel may be here already, from a client that did not wait: they are no requests.
    if (this.isConnect) return true
    if (body === null || body.isFinished) return false
    if (this.supply?.isUncertain || body.isClosed) return true
    // It may be read while the answer is made of it. What is left in the end decides.
    if (isGrowing(response)) return false
    const { leftBytes } = body
    return Number.isFinite(leftBytes) && leftBytes > this.#connection.settings.maxDrainBytes
  }

  #answerError(error: unknown): void {
    const response = answerTo(error)
    if (response.status >= 500) this.report(error)
    this.#answer(response)
  }

  /** Tells of an error that the client must not see. */
  report(error: unknown): void {
    reportError(error, this.request, this.coroutine, this.#connection.settings)
  }

  /** A body that is not sent in one write. The next request waits for its end. */
  #sendLong(response: HttpResponse, rest: Rest): void {
    this.#long = new LongAnswer(this, response)
    this.#connection.sendsBody()
    if (!this.#long.begin(rest, this.#headFrom)) this.#connection.answered(this)
  }

  /** Whether the answer being sent is made as it goes out. */
  get isGrowing(): boolean {
    return this.#long?.isGrowing === true
  }

  // As the owner of a long answer

  get scope(): Scope {
    return this
  }

  get stream(): Stream {
    return this.#connection.stream
  }

  sending(bytes: number): void {
    if (bytes < 0) this.#connection.deadline.set(Number.POSITIVE_INFINITY)
    else this.#connection.sending(bytes)
  }

  writeNow(): Buffer {
    return this.#connection.writeNow()
  }

  restSent(): void {
    const connection = this.#connection
    if (connection.isLost) connection.abandoned(this)
    else {
      connection.answered(this)
      connection.goOn()
    }
  }

  /** Its body failed before anything was sent: the client can still be told. */
  notBegun(response: HttpResponse, error: unknown): void {
    this.#long = null
    this.#drop(response)
    this.#answerError(error)
    this.#connection.goOn()
  }

  cutOff(error: unknown): void {
    this.#connection.isLost = true
    if (error !== null) this.report(error)
  }

  // As the owner of a body

  get hasBegunAnswer(): boolean {
    return this.#long?.hasBegun === true
  }

  get contentType(): string | undefined {
    return this.request.headers.get('content-type')
  }
}

/** What a handler gives is most often wrong in one of these ways. */
function checkResponse(response: unknown): asserts response is HttpResponse {
  if (typeof response !== 'object' || response === null || Array.isArray(response))
    throw wrongType('what a handler returns', 'an object of status, headers and body', response)
}
