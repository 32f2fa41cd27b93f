/**
 * One connection: requests in, answers out, in order. A state machine and not a loop, because a request that is all there and whose
 * handler answers at once is served inside the read that brought it: no promise, one write for all answers of a read. The coroutine of
 * the connection waits meanwhile, and goes on when it is over. No async function either: a suspended one is as large as all this.
 *
 * While a handler waits the connection is still read: further requests are kept, up to a limit, and a client that goes away cancels the
 * handler's scope.
 */
import { type Awaitable, Interrupted, now, type SocketAddress, type Stream, shield } from '@shrapnel/core'
import {
  type Coroutine,
  charge,
  currentScope,
  recently,
  reportFailure,
  runIn,
  Wait,
} from '@shrapnel/core/parts'
import type { TlsFacts } from '@shrapnel/tls'
import { HttpError } from '../errors.js'
import type { Handler, HttpRequest, HttpResponse, UpgradeServer } from '../message.js'
import { latin1 } from '../wire/characters.js'
import { HeadEnd } from '../wire/head-end.js'
import type { Asked } from './answer.js'
import type { RequestBody } from './body.js'
import { Deadline } from './deadline.js'
import { Exchange } from './exchange.js'
import { Input } from './input.js'
import type { Link, Receiver } from './link.js'
import type { ConnectionSettings } from './options.js'
import { answer, head, out } from './shared-parts.js'
import { isGone, isThenable, reset } from './stream-end.js'
import { UpgradedStream } from './upgraded-stream.js'

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

/** `sendTimeoutMs` is for so many bytes. */
const SEND_UNIT_BYTES = 65_536
/** What a handler that was cancelled gets to end, when the coroutine itself was shut down. */
const END_GRACE_MS = 1_000
/** Whose request could not be read. */
const NOBODY: Asked = { isHead: false, isConnect: false, minorVersion: 1 }

type Upgrade = NonNullable<HttpResponse['upgrade']>

/** What all connections of a server have in common. */
export interface ConnectionOwner {
  readonly handler: Handler
  readonly settings: ConnectionSettings
  readonly isStopping: boolean
  /** It has ended. */
  ended(connection: Connection): void
}

export class Connection implements Receiver, UpgradeServer {
  readonly input = new Input()
  readonly coroutine: Coroutine
  readonly deadline: Deadline
  /** A write waits for the client. Nothing else is sent before it is done. */
  isFlushing = false
  /** What is put off until then. */
  afterFlush: (() => void) | null = null
  /** Nothing that is still done for the client will reach it. */
  isLost = false
  readonly #owner: ConnectionOwner
  readonly #link: Link
  #phase = HEAD
  #requests = 0
  /** Part of a head has come: where its end may be, and since when. */
  #headEnd: HeadEnd | null = null
  #headSince = -1
  #exchange: Exchange | null = null
  #upgrade: { readonly takeOver: Upgrade; readonly exchange: Exchange } | null = null
  /** Who has the stream wants to know when the server stops. */
  #tellOfStop: (() => void) | null = null
  /** The peer sends no more. */
  #hasEnded = false
  #closesAfterFlush = false
  #hasGivenBack = false
  /** The body that is dropped, and how much of it still may be. */
  #dropping: RequestBody | null = null
  #dropLeft = 0
  /** Whether the client may have more to say, which would keep it from the last answer if it were not received. */
  #lingers = false
  #wait: EndWait | null = null

  constructor(owner: ConnectionOwner, coroutine: Coroutine, makeLink: (receiver: Receiver) => Link) {
    this.#owner = owner
    this.coroutine = coroutine
    this.deadline = new Deadline(this)
    this.#link = makeLink(this)
  }

  get settings(): ConnectionSettings {
    return this.#owner.settings
  }

  get stream(): Stream {
    return this.#link.stream
  }

  get peer(): SocketAddress | undefined {
    return this.#link.peer
  }

  get tls(): TlsFacts | undefined {
    return this.#link.tls
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

  /** Serves requests until the connection ends, and closes it. Cancelling cancels the handler that waits. */
  run(): Awaitable<void> {
    this.deadline.set(now() + this.settings.headTimeoutMs)
    let running: Promise<void> | undefined
    try {
      running = this.#link.run()
    } catch (error) {
      this.#lose(error)
    }
    if (running === undefined) return this.#finish()
    return running.then(
      () => this.#finish(),
      (error) => {
        this.#lose(error)
        return this.#finish()
      },
    )
  }

  #finish(): Awaitable<void> {
    if (this.#exchange !== null || (this.#upgrade !== null && this.isFlushing)) return this.#finishOthers()
    return this.#handOver()
  }

  async #finishOthers(): Promise<void> {
    try {
      if (this.#exchange !== null) await this.#untilAnswered()
      if (this.#upgrade !== null && this.isFlushing) await this.#untilWoken()
      await this.#handOver()
    } finally {
      this.#end()
    }
  }

  #end(): void {
    if (this.#hasGivenBack) return
    this.#hasGivenBack = true
    this.#phase = OVER
    this.isLost = true
    this.deadline.end()
    this.#link.stream.close()
    this.#owner.ended(this)
  }

  /** The handler was cancelled, and may be cleaning up. */
  async #untilAnswered(): Promise<void> {
    await this.#untilWoken().catch(() => {})
    // This coroutine was cancelled too: the handler gets a little time all the same.
    if (this.#exchange !== null) await shield(END_GRACE_MS, () => this.#untilWoken()).catch(() => {})
  }

  #untilWoken(): Promise<void> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#wait = new EndWait(scope)
    return this.#wait.suspend()
  }

  #wake(): void {
    this.#wait?.wake()
    this.#wait = null
  }

  /**
   * Gives the connection away if that is what was asked for, and ends behind it. No async function: thousands of WebSockets wait in here for
   * hours, and whatever is kept for them is all that they cost.
   */
  #handOver(): Awaitable<void> {
    const upgrade = this.#upgrade
    this.#upgrade = null
    if (upgrade === null || this.isLost) return this.#end()
    const { stream } = this.#link
    const asked = this.#keptOf(upgrade.exchange.request)
    const early = this.input.takeAll()
    let ended: Awaitable<void>
    try {
      ended = upgrade.takeOver(early.length === 0 ? stream : new UpgradedStream(stream, early), this)
    } catch (error) {
      return this.#takenBack(error, asked)
    }
    if (!isThenable(ended)) return this.#end()
    return ended.then(
      () => this.#end(),
      (error) => this.#takenBack(error, asked),
    )
  }

  /** What a report of a failure will need: the request, or no more than its name, in memory of its own and not cut from the head. */
  #keptOf(request: HttpRequest): HttpRequest | string {
    if (this.settings.onError !== undefined) return request
    const name = Buffer.from(`${request.method} ${request.path}`, 'latin1')
    return latin1(name, 0, name.length)
  }

  #takenBack(error: unknown, asked: HttpRequest | string): void {
    this.#end()
    if (error instanceof Interrupted) throw error
    // That the client goes away is how most of them end.
    if (!isGone(error)) this.report(error, asked)
  }

  onStop(tell: () => void): void {
    this.#tellOfStop = tell
    if (this.#owner.isStopping) this.#tellStop()
  }

  #tellStop(): void {
    const tell = this.#tellOfStop
    this.#tellOfStop = null
    tell?.()
  }

  /** No further request: ends at once if it waits for one, and behind the present answer otherwise. */
  stop(): void {
    this.#tellStop()
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
    this.#exchange?.gathered(count)
  }

  pull(): void {
    this.#link.pull()
  }

  received(bytes: Buffer, from: number, to: number, isBorrowed: boolean): void {
    // As much as comes in its time: ending before the client has sent it all would take the answer from it.
    if (this.#phase === LINGERING) return
    this.input.add(bytes, from, to, isBorrowed)
    if (this.#phase === DRAINING) this.#drain()
    if (this.#phase === HEAD) this.#serve()
    else this.#exchange?.feedBody()
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

  /** Whatever is still being done for the client is in vain. */
  #lose(cause: unknown): void {
    this.isLost = this.#hasEnded = true
    this.deadline.end()
    const exchange = this.#exchange
    if (exchange === null) this.#over()
    else {
      this.#link.stream.close()
      exchange.body?.cut(new HttpError('HTTP_CUT', 'the client went away', { cause }))
      exchange.abort()
    }
  }

  // One request after another

  #serve(): void {
    while (this.#phase === HEAD && !this.isFlushing && this.input.at < this.input.end)
      if (!this.#serveOne()) break
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
    const { input } = this
    const { bytes, at, end } = input
    const isWorthIt = this.#headEnd?.isWorthParsing(bytes, at, end) ?? true
    if (!isWorthIt && end - at < this.settings.maxHeadBytes) return false
    if (head.parse(bytes, at, end, this.settings)) {
      this.#headEnd = null
      input.at = head.to
      return true
    }
    if (this.#headEnd === null) {
      this.#headEnd = new HeadEnd()
      this.#headEnd.isWorthParsing(bytes, at, end)
    }
    return false
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
    this.#tellRefused(error)
    answer.write({ status: error.status ?? 400, body: `${error.message}\n` }, NOBODY, true, recently())
    this.#closeBehindAnswer(false)
  }

  #tellRefused(error: HttpError): void {
    try {
      this.settings.onRefused?.(error, this.peer)
    } catch (second) {
      reportFailure(second, this.coroutine, 'failed in onRefused')
    }
  }

  /** After an answer that had to wait: what came meanwhile has its turn. */
  goOn(): void {
    this.#serve()
    this.input.keep()
    if (this.#phase !== OVER) this.#link.wake()
  }

  /** Tells of an error that the client must not see. */
  report(error: unknown, asked: HttpRequest | string): void {
    const { onError } = this.settings
    if (onError === undefined || typeof asked === 'string') {
      const name = typeof asked === 'string' ? asked : `${asked.method} ${asked.path}`
      reportFailure(error, this.coroutine, `failed at ${name}`)
      return
    }
    try {
      onError(error, asked)
    } catch (second) {
      reportFailure(second, this.coroutine, 'failed in onError')
    }
  }

  // What an exchange comes to

  /** Sends what is in the output as far as it goes at once: the rest of it is the caller's. */
  writeNow(): Buffer {
    const sent = this.#link.writeNow(out.bytes, out.at)
    const rest = Buffer.from(out.bytes.subarray(sent, out.at))
    out.clear()
    return rest
  }

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
      this.#dropping = body
      this.#dropLeft = this.settings.maxDrainBytes
      this.deadline.set(recently() + this.settings.bodyTimeoutMs)
      this.#drain()
    }
  }

  /** There will be no answer. */
  abandoned(exchange: Exchange): void {
    this.#exchangeEnded(exchange)
    this.#over()
  }

  takeOver(exchange: Exchange, upgrade: Upgrade): void {
    this.#exchangeEnded(exchange)
    this.#upgrade = { takeOver: upgrade, exchange }
    this.flush()
    this.#over()
  }

  #exchangeEnded(exchange: Exchange): void {
    exchange.end()
    this.#exchange = null
    this.#wake()
  }

  /** Drops what is here of a body that nobody read. */
  #drain(): void {
    const body = this.#dropping as RequestBody
    const before = body.receivedBytes
    try {
      body.discard()
      this.#dropLeft -= body.receivedBytes - before
    } catch {
      this.#dropLeft = -1
    }
    if (this.#dropLeft >= 0 && !body.isFinished) return
    this.#dropping = null
    if (body.isFinished) this.#phase = HEAD
    else {
      this.#closeBehindAnswer(false)
      this.flush()
    }
  }

  // What goes out

  flush(): void {
    if (out.at > 0) {
      const { at } = out
      try {
        this.isFlushing = !this.#link.write(out.bytes, at)
      } catch (error) {
        this.#closesAfterFlush = false
        this.#lose(error)
      }
      out.clear()
      if (this.isFlushing) this.sending(at)
    }
    if (this.#closesAfterFlush && !this.isFlushing) this.#close()
  }

  flushed(): void {
    this.isFlushing = false
    if (this.#phase === OVER) this.#wake()
    else if (this.#closesAfterFlush) this.#close()
    else if (this.#phase === HANDLING) {
      this.deadline.set(Number.POSITIVE_INFINITY)
      if (this.#isBodyStarved) this.#exchange?.bodyWanted()
      this.#doPutOff()
    } else if (this.#hasEnded && this.#phase !== HEAD) this.#over()
    else this.goOn()
  }

  failed(error: unknown): void {
    this.isFlushing = false
    this.#lose(error)
    this.#wake()
    this.#doPutOff()
  }

  #doPutOff(): void {
    const putOff = this.afterFlush
    this.afterFlush = null
    putOff?.()
  }

  sending(bytes: number): void {
    const units = Math.ceil((bytes + 1) / SEND_UNIT_BYTES)
    this.deadline.set(recently() + this.settings.sendTimeoutMs * units)
  }

  /** `isQuiet`: the client has nothing more to say, as far as is known. */
  #closeBehindAnswer(isQuiet: boolean): void {
    this.#phase = SENDING
    this.#closesAfterFlush = true
    this.#lingers = !isQuiet || this.input.size > 0
  }

  /** Everything is sent: ends, so that the client reads it all. */
  #close(): void {
    this.#closesAfterFlush = false
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
    this.#link.wake()
  }

  #over(): void {
    if (this.#phase === OVER) return
    this.#phase = OVER
    this.deadline.end()
    this.#link.wake()
  }

  /** @internal */
  onDeadline(): void {
    if (this.isFlushing || this.#phase === SENDING) {
      // The client takes nothing: what it took is no whole answer.
      reset(this.stream)
      this.#lose(undefined)
    } else if (this.#phase === HANDLING) this.#exchange?.bodyTimedOut()
    else if (this.#phase === HEAD && this.input.size > 0) {
      const text = 'the head of the request took longer than headTimeoutMs allows'
      this.#refuse(new HttpError('HTTP_LIMIT', text, { status: 408, limit: 'headTimeoutMs' }))
      this.flush()
    } else this.#over()
  }
}

function cutBody(): HttpError {
  return new HttpError('HTTP_CUT', 'the client ended in the middle of a body', { status: 400 })
}

class EndWait extends Wait<void> {
  protected unlink(): void {
    // The connection has one at most; waking one that has ended does nothing.
  }
  describe(): string {
    return 'http, until the handler has ended'
  }
}
