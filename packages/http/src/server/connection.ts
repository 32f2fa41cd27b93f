/**
 * One connection: requests in, answers out, in order. A state machine and not a loop, because a request that is all there and whose
 * handler answers at once is served inside the read that brought it: no promise, one write for all answers of a read. The coroutine of the connection
 * waits meanwhile, and goes on when it is over.
 *
 * While a handler waits the connection is still read: further requests are kept, up to a limit, and a client that goes away cancels the handler's scope.
 */
import { type Awaitable, Interrupted, now, type SocketAddress, type Stream, shield } from '@shrapnel/core'
import {
  type Coroutine,
  charge,
  currentScope,
  recently,
  reportFailure,
  runIn,
  Scope,
  Wait,
} from '@shrapnel/core/parts'
import type { TlsFacts } from '@shrapnel/tls'
import { HttpError } from '../errors.js'
import type { Handler, HttpResponse } from '../message.js'
import { latin1 } from '../wire/characters.js'
import { HeadEnd } from '../wire/head-end.js'
import { RequestHead } from '../wire/request-head.js'
import { reasonOf } from '../wire/status.js'
import { Answer, type Asked, type Rest } from './answer.js'
import { type BodySource, RequestBody } from './body.js'
import { dropBody, type Outlet, sendRest } from './body-sender.js'
import { Deadline } from './deadline.js'
import { Input } from './input.js'
import type { Link, Receiver } from './link.js'
import type { ConnectionSettings } from './options.js'
import { OutputBuffer } from './output-buffer.js'
import { ServerRequest } from './request.js'
import { UpgradedStream } from './upgraded-stream.js'

/** Between requests, or in the middle of a head. */
const HEAD = 0
/** A handler waits. */
const HANDLING = 1
/** A body goes out. */
const SENDING = 2
/** The rest of a request's body is dropped. */
const DRAINING = 3
/** All is said; what still comes is dropped until the peer ends. */
const LINGERING = 4
const OVER = 5

const SEND_UNIT_BYTES = 65_536
/** What an upgrade or a handler that was cancelled gets to end, when the coroutine itself is shut down. */
const END_GRACE_MS = 1_000

/** One each for all connections of the thread: nobody holds them across a wait. */
const head = new RequestHead()
const out = new OutputBuffer()
const answer = new Answer(out)
const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n')

/** What all connections of a server have in common. */
export interface ConnectionOwner {
  readonly handler: Handler
  readonly settings: ConnectionSettings
  readonly isStopping: boolean
}

export class Connection implements Receiver, BodySource, Outlet, Asked {
  readonly input = new Input()
  readonly #owner: ConnectionOwner
  readonly #coroutine: Coroutine
  readonly #link: Link
  readonly #deadline = new Deadline(() => this.#onDeadline())
  #phase = HEAD
  #requests = 0
  /** Part of a head has come, and where its end may be. */
  #headEnd: HeadEnd | null = null
  #request: ServerRequest | null = null
  #scope: Scope | null = null
  #response: HttpResponse | null = null
  isHead = false
  isConnect = false
  minorVersion = 1
  #keepsAlive = true
  #awaitsContinue = false
  /** A write waits for the client. Nothing else is sent before it is done. */
  #isFlushing = false
  #afterFlush: (() => void) | null = null
  /** The peer sends no more. */
  #hasEnded = false
  #isLost = false
  #closesAfterFlush = false
  #lingerLeft = 0
  #drainLeft = 0
  /** When somebody began to wait for the body, and how long that was altogether. */
  #bodyWaitFrom = 0
  #bodyWaitedMs = 0
  #end: EndWait | null = null
  #peer: SocketAddress | undefined
  readonly #answered = (response: HttpResponse): void => this.#onAnswer(response)
  readonly #failed = (error: unknown): void => this.#onFailure(error)

  constructor(owner: ConnectionOwner, coroutine: Coroutine, makeLink: (receiver: Receiver) => Link) {
    this.#owner = owner
    this.#coroutine = coroutine
    this.#link = makeLink(this)
  }

  get settings(): ConnectionSettings {
    return this.#owner.settings
  }

  get stream(): Stream {
    return this.#link.stream
  }

  get peer(): SocketAddress | undefined {
    this.#peer ??= this.#link.peer
    return this.#peer
  }

  get tls(): TlsFacts | undefined {
    return this.#link.tls
  }

  get isOver(): boolean {
    return this.#phase === OVER
  }

  get isIdle(): boolean {
    return this.#phase === HEAD && this.input.size === 0 && !this.#isFlushing
  }

  /** Serves requests until the connection ends, and closes it. Cancelling cancels the handler that waits. */
  async run(): Promise<void> {
    this.#deadline.set(now() + this.settings.headTimeoutMs)
    try {
      await this.#link.run()
    } catch (error) {
      this.#lose(error)
    }
    try {
      if (this.#request !== null) await this.#untilAnswered()
      const upgrade = this.#response?.upgrade
      if (upgrade !== undefined && this.#isFlushing) await this.#untilWoken()
      if (upgrade !== undefined && !this.#isLost) await this.#upgrade(upgrade)
    } finally {
      this.#phase = OVER
      this.#deadline.end()
      this.#link.stream.close()
    }
  }

  /** The handler was cancelled, and may be cleaning up. */
  async #untilAnswered(): Promise<void> {
    await this.#untilWoken().catch(() => {})
    // This coroutine was cancelled too: the handler gets a little time all the same.
    if (this.#request !== null) await shield(END_GRACE_MS, () => this.#untilWoken()).catch(() => {})
  }

  #untilWoken(): Promise<void> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#end = new EndWait(scope)
    return this.#end.suspend()
  }

  #wakeEnd(): void {
    this.#end?.wake()
    this.#end = null
  }

  async #upgrade(upgrade: (stream: Stream) => Awaitable<void>): Promise<void> {
    const { stream } = this.#link
    const early = this.input.takeAll()
    await upgrade(early.length === 0 ? stream : new UpgradedStream(stream, early))
  }

  /** No further request: ends at once if it is idle, and behind the present answer otherwise. */
  stop(): void {
    if (this.isIdle) this.#over()
  }

  // What comes in

  get wantsInput(): boolean {
    switch (this.#phase) {
      case HEAD:
        return !this.#isFlushing
      case HANDLING:
      case SENDING:
        return !this.#hasEnded && (this.input.size < this.settings.maxPipelinedBytes || this.#isBodyStarved)
      default:
        return !this.#hasEnded
    }
  }

  /** A body that waits has taken all that is here, or what is here is not enough for it. */
  get #isBodyStarved(): boolean {
    return this.#request?.incoming?.isWaiting === true
  }

  get target(): RequestBody['target'] {
    return this.#request?.incoming?.target ?? null
  }

  gathered(count: number): void {
    const body = this.#request?.incoming
    body?.gathered(count)
    if (body?.isWaiting) {
      this.bodyCame()
      this.#awaitBody()
    }
  }

  received(bytes: Buffer, from: number, to: number, isBorrowed: boolean): void {
    if (this.#phase === LINGERING) {
      this.#lingerLeft -= to - from
      if (this.#lingerLeft < 0) this.#over()
      return
    }
    this.input.add(bytes, from, to, isBorrowed)
    if (this.#phase === HEAD) this.#serve()
    else if (this.#phase === DRAINING) {
      this.#drain()
      if (this.#isAtHead) this.#serve()
    } else this.#feedBody()
    this.input.keep()
  }

  // The phase changes in calls that the compiler does not follow.
  get #isAtHead(): boolean {
    return this.#phase === HEAD
  }

  #feedBody(): void {
    const body = this.#request?.incoming ?? null
    if (body === null) return
    const { target } = body
    if (target !== null) {
      const { input } = this
      const count = Math.min(input.size, target.end - target.at)
      input.bytes.copy(target.bytes, target.at, input.at, input.at + count)
      input.at += count
      this.gathered(count)
      if (body.target !== null && input.size > 0) this.#feedBody()
    } else body.moreCame()
  }

  ended(): void {
    this.#hasEnded = true
    switch (this.#phase) {
      case HANDLING:
        this.#request?.incoming?.cut(new HttpError('HTTP_CUT', 'the client ended in the middle of a body'))
        if (!this.settings.allowHalfClose) this.#cancelHandler('the client has gone away')
        break
      case SENDING:
        if (
          !this.settings.allowHalfClose &&
          this.#response?.body != null &&
          typeof this.#response.body === 'object'
        )
          if (!(this.#response.body instanceof Uint8Array) && !('file' in this.#response.body))
            this.#cancelHandler('the client has gone away')
        break
      case HEAD:
        if (!this.#isFlushing) this.#over()
        break
      default:
        this.#over()
    }
  }

  /** Whatever is still being done for the client is in vain. */
  #lose(error: unknown): void {
    this.#isLost = this.#hasEnded = true
    this.#deadline.end()
    if (this.#request === null) this.#over()
    else {
      this.#link.stream.close()
      this.#request.incoming?.cut(new HttpError('HTTP_CUT', 'the client went away', { cause: error }))
      this.#cancelHandler('the client has gone away')
    }
  }

  #cancelHandler(text: string): void {
    const scope = this.#scope
    if (scope === null) return
    scope.cancel({ origin: scope, kind: 'interrupted', text })
    this.#request?.done(scope.cancellation)
  }

  // One request after another

  #serve(): void {
    while (this.#phase === HEAD && !this.#isFlushing && this.input.at < this.input.end) {
      if (!this.#parse()) break
      if (this.#phase === HEAD) this.#handle()
    }
    this.#flush()
    if (this.#phase === HEAD && !this.#isFlushing) this.#awaitHead()
  }

  #awaitHead(): void {
    const isPartial = this.input.size > 0
    // That of a head runs from its first byte, however slowly the others come.
    if (isPartial && this.#headSince < 0) this.#headSince = recently()
    if (!isPartial) this.#headSince = -1
    if (this.#owner.isStopping && !isPartial) this.#over()
    else if (this.#requests > 0 || isPartial)
      this.#deadline.set(
        isPartial ? this.#headSince + this.settings.headTimeoutMs : recently() + this.settings.idleTimeoutMs,
      )
  }
  #headSince = -1

  /** True: a head is there, or an answer to what is none. */
  #parse(): boolean {
    const { input } = this
    const { bytes, at, end } = input
    if (this.#headEnd?.isWorthParsing(bytes, at, end) === false) {
      if (end - at < this.settings.maxHeadBytes) return false
    }
    try {
      if (head.parse(bytes, at, end, this.settings)) {
        this.#headEnd = null
        input.at = head.to
        return true
      }
    } catch (error) {
      this.#refuse(error as HttpError)
      return true
    }
    if (this.#headEnd === null) {
      this.#headEnd = new HeadEnd()
      this.#headEnd.isWorthParsing(bytes, at, end)
    }
    return false
  }

  #handle(): void {
    const { framing } = head
    const { bytes } = this.input
    const text = latin1(bytes, head.from, head.to)
    const request = new ServerRequest(this, text, head, recently())
    this.#requests++
    this.#headSince = -1
    this.minorVersion = head.minorVersion
    const methodLength = head.methodTo - head.from
    this.isHead = methodLength === 4 && text.startsWith('HEAD')
    this.isConnect = methodLength === 7 && text.startsWith('CONNECT')
    this.#keepsAlive = !framing.saysClose && (head.minorVersion === 1 || framing.saysKeepAlive)
    this.#request = request
    if (framing.isChunked || framing.contentLength > 0) {
      if (framing.contentLength > this.settings.maxBodyBytes) {
        this.#refuse(
          new HttpError('HTTP_LIMIT', 'the body is longer than maxBodyBytes allows', {
            status: 413,
            limit: 'maxBodyBytes',
          }),
        )
        return
      }
      this.#awaitsContinue = head.expectsContinue
      this.#bodyWaitedMs = 0
      request.incoming = new RequestBody(
        this,
        framing.isChunked ? undefined : framing.contentLength,
        this.settings,
        () => request.headers.get('content-type'),
      )
    }
    const scope = new Scope(this.#coroutine, this.#coroutine)
    this.#scope = scope
    this.#phase = HANDLING
    this.#deadline.set(Number.POSITIVE_INFINITY)
    let response: Awaitable<HttpResponse>
    try {
      response = runIn(scope, this.#owner.handler, request)
    } catch (error) {
      this.#answerError(error)
      return
    }
    if (isThenable(response)) {
      response.then(this.#answered, this.#failed)
    } else this.#answer(response)
    charge(this.#coroutine)
  }

  // Answers

  #onAnswer(response: HttpResponse): void {
    if (this.#isFlushing) {
      this.#afterFlush = () => this.#onAnswer(response)
      return
    }
    if (this.#phase === OVER || this.#isLost) {
      dropBody(response)
      this.#requestDone()
      this.#over()
      return
    }
    this.#answer(response)
    this.#goOn()
  }

  #onFailure(error: unknown): void {
    if (this.#isFlushing) {
      this.#afterFlush = () => this.#onFailure(error)
      return
    }
    const isCancelled = error instanceof Interrupted && this.#scope?.cancellation != null
    if (this.#phase === OVER || this.#isLost || isCancelled) {
      this.#requestDone()
      this.#over()
      return
    }
    this.#answerError(error)
    this.#goOn()
  }

  /** After an answer that had to wait: what came meanwhile has its turn. */
  #goOn(): void {
    this.#serve()
    this.input.keep()
    if (this.#phase !== OVER) this.#link.wake()
  }

  #answer(response: HttpResponse): void {
    const request = this.#request as ServerRequest
    try {
      answer.write(response, this, this.#mustClose(request.incoming), recently())
    } catch (error) {
      dropBody(response)
      this.#answerError(error)
      return
    }
    this.#keepsAlive = !answer.isClosing
    if (response.upgrade !== undefined) {
      this.#takeOver(response)
      return
    }
    const { rest } = answer
    if (rest !== null) this.#sendRest(response, rest)
    else {
      if (response.body !== undefined) dropBody(response)
      this.#answerDone()
    }
  }

  /** Whether this answer has to be the last. */
  #mustClose(body: RequestBody | null): boolean {
    const { settings } = this
    if (!this.#keepsAlive || this.#hasEnded || this.#owner.isStopping) return true
    if (this.#requests >= settings.maxRequestsPerConnection) return true
    if (body === null || body.isFinished) return false
    // Nobody told the client to send its body: whether it will is not known (RFC 9110, 10.1.1).
    if (this.#awaitsContinue && body.receivedBytes === 0) return true
    return (
      body.isClosed ||
      (body.leftBytes !== Number.POSITIVE_INFINITY && body.leftBytes > settings.maxDrainBytes)
    )
  }

  #answerError(error: unknown): void {
    const request = this.#request as ServerRequest
    const status = error instanceof HttpError ? error.status : undefined
    if (status === undefined || status >= 500) this.#report(error, request)
    // Without words of the error itself: they may say more than a client should know, but for what the client did.
    const text =
      error instanceof HttpError && status !== undefined && status < 500
        ? error.message
        : reasonOf(status ?? 500)
    this.#answer({ status: status ?? 500, body: `${text}\n` })
  }

  #report(error: unknown, request: ServerRequest): void {
    const { onError } = this.settings
    if (onError === undefined)
      reportFailure(error, this.#coroutine, `failed at ${request.method} ${request.path}`)
    else
      try {
        onError(error, request)
      } catch (second) {
        reportFailure(second, this.#coroutine, 'failed in onError')
      }
  }

  /** What came is no request that can be served: says so, and closes. */
  #refuse(error: HttpError): void {
    this.isHead = this.isConnect = false
    this.minorVersion = 1
    answer.write({ status: error.status ?? 400, body: `${error.message}\n` }, this, true, recently())
    this.#keepsAlive = false
    this.#requestDone()
    // What follows is not looked at; it keeps the client from the answer if it is not received.
    this.#lingerLeft = this.settings.maxDrainBytes
    this.#closesAfterFlush = true
    this.#phase = SENDING
  }

  #answerDone(): void {
    const body = this.#request?.incoming ?? null
    const isRead = body === null || body.isFinished
    this.#requestDone()
    if (!this.#keepsAlive) {
      this.#phase = SENDING
      this.#closesAfterFlush = true
      this.#lingerLeft = isRead && this.input.size === 0 ? -1 : this.settings.maxDrainBytes
    } else if (isRead) this.#phase = HEAD
    else {
      this.#phase = DRAINING
      this.#dropping = body
      this.#drainLeft = this.settings.maxDrainBytes
      this.#deadline.set(recently() + this.settings.bodyTimeoutMs)
      this.#drain()
    }
  }
  #dropping: RequestBody | null = null

  #requestDone(): void {
    this.#request?.done()
    this.#scope?.close()
    this.#request = this.#scope = null
    this.#awaitsContinue = false
    this.#wakeEnd()
  }

  #drain(): void {
    const body = this.#dropping as RequestBody
    const before = body.receivedBytes
    try {
      body.discard()
    } catch {
      this.#drainLeft = -1
    }
    this.#drainLeft -= body.receivedBytes - before
    if (this.#drainLeft < 0 || (body.isClosed && !body.isFinished)) {
      this.#dropping = null
      this.#lingerLeft = this.settings.maxDrainBytes
      this.#closesAfterFlush = true
      this.#phase = SENDING
      this.#flush()
    } else if (body.isFinished) {
      this.#dropping = null
      this.#phase = HEAD
    }
  }

  // What goes out

  #flush(): void {
    if (out.at > 0) {
      const { at } = out
      try {
        this.#isFlushing = !this.#link.write(out.bytes, at)
        if (this.#isFlushing) this.sending(at)
      } catch {
        this.#closesAfterFlush = false
        this.#over()
      } finally {
        out.clear()
      }
    }
    if (this.#closesAfterFlush && !this.#isFlushing) this.#close()
  }

  flushed(): void {
    this.#isFlushing = false
    if (this.#phase === OVER) this.#wakeEnd()
    else if (this.#closesAfterFlush) this.#close()
    else if (this.#phase === HEAD) {
      if (this.#hasEnded) this.#over()
      else this.#goOn()
    } else if (this.#phase === HANDLING) {
      this.#deadline.set(Number.POSITIVE_INFINITY)
      if (this.#isBodyStarved) this.bodyWanted()
      this.#answerAfterFlush()
    }
  }

  #answerAfterFlush(): void {
    const answerNow = this.#afterFlush
    this.#afterFlush = null
    answerNow?.()
  }

  failed(error: unknown): void {
    this.#isFlushing = false
    this.#lose(error)
    this.#over()
    this.#wakeEnd()
    this.#answerAfterFlush()
  }

  sending(bytes: number): void {
    this.#deadline.set(recently() + this.settings.sendTimeoutMs * Math.ceil((bytes + 1) / SEND_UNIT_BYTES))
  }

  sent(): void {
    this.#deadline.set(Number.POSITIVE_INFINITY)
  }

  /** A body that is not sent in one write. The next request waits for its end. */
  #sendRest(response: HttpResponse, rest: Rest): void {
    this.#phase = SENDING
    this.#response = response
    const first = out.take()
    const scope = this.#scope as Scope
    const done = (): void => {
      this.#response = null
      dropBody(response)
      if (this.#phase === OVER || this.#isLost) {
        this.#requestDone()
        this.#over()
        return
      }
      this.#answerDone()
      this.#goOn()
    }
    runIn(scope, sendRest, this, first, rest, response).then(done, (error) => {
      // Half an answer cannot be made whole: the client must not take it for one.
      if (!(error instanceof Interrupted) && !this.stream.isClosed && !isGone(error))
        this.#report(error, this.#request as ServerRequest)
      this.#isLost = true
      reset(this.stream)
      done()
    })
  }

  #takeOver(response: HttpResponse): void {
    this.#requestDone()
    this.#response = response
    this.#flush()
    this.#over()
  }

  /** Everything is sent: ends, so that the client reads it all. */
  #close(): void {
    this.#closesAfterFlush = false
    if (this.#hasEnded || this.#lingerLeft < 0) {
      this.#over()
      return
    }
    this.#phase = LINGERING
    this.input.clear()
    this.#deadline.set(recently() + this.settings.lingerTimeoutMs)
    try {
      const ended = runIn(this.#coroutine, () => this.stream.shutdown())
      if (ended instanceof Promise) ended.catch(() => this.#over())
    } catch {
      this.#over()
      return
    }
    this.#link.wake()
  }

  #over(): void {
    if (this.#phase === OVER) return
    this.#phase = OVER
    this.#deadline.end()
    this.#link.wake()
  }

  // The body of the request that is handled

  bodyWanted(): void {
    if (this.#awaitsContinue && !this.#isFlushing) {
      this.#awaitsContinue = false
      out.add(CONTINUE)
      this.#flush()
    }
    this.#awaitBody()
    this.#link.pull()
  }

  /** Until the next piece, and in all for what a body may take. */
  #awaitBody(): void {
    const { settings } = this
    this.#bodyWaitFrom = recently()
    const received = this.#request?.incoming?.receivedBytes ?? 0
    const earnedMs =
      settings.minBodyBytesPerSecond === 0 ? Infinity : (1000 * received) / settings.minBodyBytesPerSecond
    const leftMs = settings.bodyTimeoutMs + earnedMs - this.#bodyWaitedMs
    this.#deadline.set(this.#bodyWaitFrom + Math.min(leftMs, settings.bodyTimeoutMs))
  }

  bodyCame(): void {
    this.#bodyWaitedMs += recently() - this.#bodyWaitFrom
    this.#deadline.set(Number.POSITIVE_INFINITY)
  }

  #onDeadline(): void {
    if (this.#isFlushing || this.#phase === SENDING) {
      // The client takes nothing: what it took is no whole answer.
      this.#lose(undefined)
      reset(this.stream)
      this.#over()
      return
    }
    switch (this.#phase) {
      case HEAD:
        if (this.input.size === 0) this.#over()
        else {
          this.#refuse(
            new HttpError('HTTP_LIMIT', 'the head of the request took longer than headTimeoutMs allows', {
              status: 408,
              limit: 'headTimeoutMs',
            }),
          )
          this.#flush()
        }
        break
      case HANDLING:
        this.#request?.incoming?.cut(
          new HttpError('HTTP_LIMIT', 'the body took longer than bodyTimeoutMs allows', {
            status: 408,
            limit: 'bodyTimeoutMs',
          }),
        )
        break
      default:
        this.#over()
    }
  }
}

function isThenable(value: unknown): value is Promise<HttpResponse> {
  return (
    value instanceof Promise ||
    (typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function')
  )
}

function isGone(error: unknown): boolean {
  const { code } = error as { code?: string }
  return code === 'EPIPE' || code === 'ECONNRESET' || code === 'CLOSED' || code === 'BROKEN'
}

function reset(stream: Stream & { reset?(): void }): void {
  if (stream.reset === undefined) stream.close()
  else stream.reset()
}

class EndWait extends Wait<void> {
  protected unlink(): void {
    // The connection has one at most; waking one that has ended does nothing.
  }
  describe(): string {
    return 'http, until the handler has ended'
  }
}
