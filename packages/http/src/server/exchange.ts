/**
 * One request and its answer, and the scope that its handler runs in: cancelled, it interrupts the handler wherever that waits. It
 * calls the handler, writes what that gives, sends a long body, and knows how much of the request's body there still is.
 */
import { type Awaitable, Interrupted, type Stream } from '@shrapnel/core'
import { recently, runIn, Scope, wrongType } from '@shrapnel/core/parts'
import { HttpError } from '../errors.js'
import type { Handler, HttpResponse } from '../message.js'
import { latin1 } from '../wire/characters.js'
import { reasonOf } from '../wire/status.js'
import type { Asked, Rest } from './answer.js'
import { type BodySource, RequestBody } from './body.js'
import { beginFile, dropBody, type Outlet, sendRest } from './body-sender.js'
import type { Connection } from './connection.js'
import type { Input } from './input.js'
import { ServerRequest } from './request.js'
import { answer, head, out } from './shared-parts.js'
import { isGone, isThenable, reset } from './stream-end.js'

const NOTHING = Buffer.alloc(0)
const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n')

export class Exchange extends Scope implements Asked, BodySource, Outlet {
  readonly request: ServerRequest
  readonly isHead: boolean
  readonly isConnect: boolean
  readonly minorVersion: number
  /** Whether another request may follow. */
  keepsAlive: boolean
  /** Its body is being sent, in pieces. */
  isSending = false
  #hasSent = false
  /** Where its head begins in the output: before it are answers to earlier requests. */
  #headFrom = 0
  readonly #connection: Connection
  #awaitsContinue = false
  /** When somebody began to wait for the body, and how long that was altogether. */
  #bodyWaitFrom = 0
  #bodyWaitedMs = 0
  #response: HttpResponse | null = null

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
    if (framing.isChunked || framing.contentLength > 0) this.#expectBody()
  }

  #expectBody(): void {
    const { request } = this
    const { isChunked, contentLength } = head.framing
    this.#awaitsContinue = head.expectsContinue
    const length = isChunked ? undefined : contentLength
    const { settings } = this.#connection
    request.incoming = new RequestBody(this, length, settings, () => request.headers.get('content-type'))
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
      answer.write(response, this, this.#mustClose(), recently())
    } catch (error) {
      this.#drop(response)
      this.#answerError(error)
      return
    }
    this.keepsAlive = !answer.isClosing
    if (response.upgrade !== undefined) connection.takeOver(this, response.upgrade)
    else if (answer.rest !== null) this.#sendRest(response, answer.rest)
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
  #mustClose(): boolean {
    const { body } = this
    // Cancelled: the client has gone away, and whatever else it asked for goes with it.
    if (!this.keepsAlive || this.#connection.mustEnd || this.cancellation !== null) return true
    // Bytes of the tunnel may be here already, from a client that did not wait: they are no requests.
    if (this.isConnect) return true
    if (body === null || body.isFinished) return false
    // Nobody told the client to send its body: whether it will is not known (RFC 9110, 10.1.1).
    if (this.#awaitsContinue && body.receivedBytes === 0) return true
    const { leftBytes } = body
    const isTooLong = Number.isFinite(leftBytes) && leftBytes > this.#connection.settings.maxDrainBytes
    return body.isClosed || isTooLong
  }

  #answerError(error: unknown): void {
    const status = statusOf(error)
    if (status >= 500) this.report(error)
    // An error's own words may say more than a client should know; but for those about what the client did.
    const text = status < 500 ? (error as HttpError).message : reasonOf(status)
    this.#answer({ status, body: `${text}\n` })
  }

  /** Tells of an error that the client must not see. */
  report(error: unknown): void {
    this.#connection.report(error, this.request)
  }

  /** A body that is not sent in one write. The next request waits for its end; but a file that the kernel takes whole needs no promise. */
  #sendRest(response: HttpResponse, rest: Rest): void {
    this.#response = response
    const connection = this.#connection
    let first: Buffer
    let begun: Awaitable<number> | undefined
    this.#hasSent = rest.kind === 'file'
    try {
      first = rest.kind === 'file' ? connection.writeNow() : out.take()
      if (rest.kind === 'file' && first.length === 0)
        begun = runIn(this as Scope, beginFile, this as Outlet, rest.file)
    } catch (error) {
      out.clear()
      first = NOTHING
      begun = Promise.reject(error)
    }
    if (rest.kind === 'file' && begun === rest.file.length) {
      dropBody(response)
      connection.answered(this)
      return
    }
    this.isSending = true
    connection.sendsBody()
    runIn(this as Scope, sendRest, this as Outlet, first, rest, response, begun).then(
      () => this.#restSent(),
      (error) => {
        const isExpected = error instanceof Interrupted || this.stream.isClosed || isGone(error)
        if (!isExpected && !this.#hasSent) {
          out.add(first.subarray(0, this.#headFrom))
          this.#replaceAnswer(response, error)
          return
        }
        // Half an answer cannot be made whole: the client must not take it for one.
        if (!isExpected) this.report(error)
        this.#connection.isLost = true
        reset(this.stream)
        this.#restSent()
      },
    )
  }

  /** Its body failed before anything was sent: the client can still be told. */
  #replaceAnswer(response: HttpResponse, error: unknown): void {
    this.isSending = false
    this.#response = null
    this.#drop(response)
    this.#answerError(error)
    this.#connection.goOn()
  }

  #restSent(): void {
    const connection = this.#connection
    dropBody(this.#response as HttpResponse)
    if (connection.isLost) connection.abandoned(this)
    else {
      connection.answered(this)
      connection.goOn()
    }
  }

  /** Whether the answer being sent is made as it goes out, by code that the client's leaving should interrupt. */
  get isGrowing(): boolean {
    const body = this.#response?.body
    return typeof body === 'object' && body !== null && !(body instanceof Uint8Array) && !('file' in body)
  }

  // As Outlet and BodySource

  get stream(): Stream {
    return this.#connection.stream
  }

  sending(bytes: number): void {
    this.#hasSent = true
    this.#connection.sending(bytes)
  }

  sent(): void {
    this.#connection.deadline.set(Number.POSITIVE_INFINITY)
  }

  get input(): Input {
    return this.#connection.input
  }

  bodyWanted(): void {
    const connection = this.#connection
    if (this.#awaitsContinue && !connection.isFlushing) {
      this.#awaitsContinue = false
      out.add(CONTINUE)
      connection.flush()
    }
    this.#awaitBody()
    connection.pull()
  }

  /** Until the next piece, and in all for what a body may take. */
  #awaitBody(): void {
    const { settings, deadline } = this.#connection
    const { bodyTimeoutMs, minBodyBytesPerSecond } = settings
    this.#bodyWaitFrom = recently()
    const received = this.body?.receivedBytes ?? 0
    const earnedMs =
      minBodyBytesPerSecond === 0 ? Number.POSITIVE_INFINITY : (1000 * received) / minBodyBytesPerSecond
    const leftMs = bodyTimeoutMs + earnedMs - this.#bodyWaitedMs
    deadline.set(this.#bodyWaitFrom + Math.min(leftMs, bodyTimeoutMs))
  }

  bodyCame(): void {
    this.#bodyWaitedMs += recently() - this.#bodyWaitFrom
    this.#connection.deadline.set(Number.POSITIVE_INFINITY)
  }

  /** So many bytes came into the place where the body is gathered. */
  gathered(count: number): void {
    const { body } = this
    body?.gathered(count)
    if (!body?.isWaiting) return
    this.bodyCame()
    this.#awaitBody()
  }

  /** There is more input. */
  feedBody(): void {
    const { body, input } = this
    if (body === null) return
    if (body.target === null) body.moreCame()
    while (body.target !== null && input.size > 0) {
      const { target } = body
      const count = Math.min(input.size, target.end - target.at)
      input.bytes.copy(target.bytes, target.at, input.at, input.at + count)
      input.at += count
      this.gathered(count)
    }
  }

  /** Nothing of the body came for too long. */
  bodyTimedOut(): void {
    this.body?.cut(
      new HttpError('HTTP_LIMIT', 'the body took longer than bodyTimeoutMs allows', {
        status: 408,
        limit: 'bodyTimeoutMs',
      }),
    )
  }
}

/** What a handler gives is most often wrong in one of these ways. */
function checkResponse(response: unknown): asserts response is HttpResponse {
  if (typeof response !== 'object' || response === null || Array.isArray(response))
    throw wrongType('what a handler returns', 'an object of status, headers and body', response)
}

/** What a handler fails with when its client goes away: its waits are interrupted, and the body that it reads is cut. */
function isOfLeaving(error: unknown): boolean {
  return error instanceof Interrupted || (error instanceof HttpError && error.code === 'HTTP_CUT')
}

/** An error with a phase is that of a request which the handler made itself: its status is what another server said. */
function statusOf(error: unknown): number {
  return error instanceof HttpError && error.phase === undefined ? (error.status ?? 500) : 500
}
