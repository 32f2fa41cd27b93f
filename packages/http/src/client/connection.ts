/**
 * One connection to a server: requests out, responses in, in order. All the while its coroutine is in one wait, which reads at each event;
 * so it notices a server that closes while nothing is under way, and a response that is all there is handed over without another promise.
 */
import { type Coroutine, now, Socket, type Stream } from '@shrapnel/core'
import { currentScope, recently } from '@shrapnel/core/parts'
import { Deadline } from '../connection/deadline.js'
import type { Link, Receiver } from '../connection/link.js'
import { SocketLink } from '../connection/socket-link.js'
import { StreamLink } from '../connection/stream-link.js'
import type { RequestPhase } from '../errors.js'
import { type Exchange, SENT_ALL, SENT_NOTHING, SENT_PART } from './exchange.js'
import { cut, timedOut } from './failures.js'
import { IdleTime } from './idle-time.js'
import { hasBody } from './request-head.js'
import { RequestSender, SEND_BYTES, type SenderOwner } from './request-sender.js'
import type { BodySource } from './response-body.js'
import { BODY, HEAD, head, IDLE, OVER, ResponseInput } from './response-input.js'
import { responseOf } from './response-of.js'
import { Upload, type UploadOutlet } from './upload.js'

/** Whose connection it is. */
export interface ConnectionOwner {
  readonly idleTimeoutMs: number
  readonly pipelining: number
  /** It can take a request. */
  freed(connection: ClientConnection): void
  /** It is over. What it could not finish comes back through `again`. */
  ended(connection: ClientConnection): void
  /** Must be sent again, on another connection. */
  again(exchange: Exchange): void
}

export class ClientConnection
  extends ResponseInput
  implements Receiver, BodySource, SenderOwner, UploadOutlet
{
  readonly stream: Stream
  readonly #owner: ConnectionOwner
  readonly #coroutine: Coroutine
  readonly #link: Link
  readonly #sender: RequestSender
  readonly #deadline = new Deadline(this)
  /** Sent, or about to be, behind the current one. */
  #behind: Exchange[] = []
  #responses = 0
  #upload: Upload | null = null
  readonly #idle: IdleTime
  /** Its place among the idle ones of its pool, which sets it. */
  isIdle = false

  constructor(owner: ConnectionOwner, stream: Stream) {
    super()
    this.#owner = owner
    this.#idle = new IdleTime(owner.idleTimeoutMs)
    this.stream = stream
    this.#coroutine = currentScope().coroutine
    this.#link =
      stream instanceof Socket
        ? new SocketLink(stream, this, this.#coroutine)
        : new StreamLink(stream, this, this.#coroutine)
    this.#sender = new RequestSender(this.#link, this)
  }

  /** Receives until the connection is over, and closes it. */
  async run(): Promise<void> {
    this.#deadline.set(this.#idle.begin())
    try {
      await this.#link.run()
    } catch (error) {
      this.#lose(error)
    } finally {
      this.over()
    }
  }

  /** Requests under way. */
  get load(): number {
    return this.current === null ? 0 : 1 + this.#behind.length
  }

  /** No response has come on it yet. */
  get isNew(): boolean {
    return this.#responses === 0
  }

  /** Whether one more may go out behind those under way. */
  get takesMore(): boolean {
    return this.keepsAlive && this.#upload === null && this.phase !== OVER
  }

  /** The last request is one that none may follow before its response: it is not idempotent. */
  get isHeldByOne(): boolean {
    const last = this.#behind[this.#behind.length - 1] ?? this.current
    return last !== null && !last.call.isIdempotent && !last.call.settings.pipelineAll
  }

  // Requests

  /** It was idle for a while, and only its coroutine can look whether the server has closed: TLS. A turn of the loop does it. */
  get needsTurn(): boolean {
    return !(this.stream instanceof Socket) && this.#idle.isDoubtful
  }

  /** It was looked at. */
  looked(): void {
    this.#idle.begin()
  }

  /** Before a request goes out on a connection that was idle: whether the server has closed it. Costs a system call unless it was used just now. */
  isAlive(): boolean {
    if (this.phase === IDLE && this.#idle.isDoubtful) this.#link.wake()
    return this.phase === IDLE
  }

  start(exchange: Exchange): void {
    const { call } = exchange
    exchange.connection = this
    if (this.current === null) {
      this.current = exchange
      this.#awaitHead()
    } else this.#behind.push(exchange)
    const { bytes, open } = call.body
    if (open !== null || (bytes !== null && bytes.length > SEND_BYTES / 2) || call.settings.expectContinue) {
      if (hasBody(call)) {
        this.#startUpload(exchange)
        return
      }
    }
    if (this.#owner.pipelining === 1) this.#sender.send(exchange)
    else this.#sender.sendSoon(exchange)
  }

  #awaitHead(): void {
    const { headTimeoutMs } = (this.current as Exchange).call.settings
    this.phase = HEAD
    this.interim = 0
    this.#deadline.set(recently() + headTimeoutMs)
  }

  flushed(): void {
    this.#sender.flushed()
    if (this.phase === OVER) return
    if (this.phase === IDLE) this.#settleIdle()
    this.#resetHeadLimit()
    this.#sender.flush()
  }

  failed(error: unknown): void {
    this.#sender.failed(error)
  }

  /** It may have said why: that is read before all is given up. */
  writeFailed(error: unknown): void {
    if (this.phase === OVER) return
    this.keepsAlive = false
    this.#link.wake()
    if (this.phase !== OVER && (this.phase === IDLE || this.input.size === 0) && this.body === null)
      this.#lose(error)
  }

  #resetHeadLimit(): void {
    if (this.phase === HEAD)
      this.#deadline.set(now() + (this.current as Exchange).call.settings.headTimeoutMs)
  }

  // Bodies in pieces

  #startUpload(exchange: Exchange): void {
    this.#deadline.set(Number.POSITIVE_INFINITY)
    this.#upload = new Upload(this, exchange)
  }

  /** So much is on its way: the server must take it in time. */
  sending(exchange: Exchange): void {
    exchange.sent = SENT_PART
    if (this.phase === HEAD) this.#deadline.set(now() + exchange.call.settings.bodyTimeoutMs)
  }

  pausing(): void {
    if (this.phase === HEAD) this.#deadline.set(Number.POSITIVE_INFINITY)
  }

  uploaded(exchange: Exchange): void {
    exchange.sent = SENT_ALL
    this.#upload = null
    if (this.phase === OVER) return
    if (this.phase === IDLE) this.#settleIdle()
    else this.#resetHeadLimit()
  }

  uploadFailed(exchange: Exchange, error: unknown, isSource: boolean): void {
    this.#upload = null
    if (this.phase === OVER) return
    this.keepsAlive = false
    if (!isSource) {
      // The response may say why: it is read, and the end of the connection is the end.
      if (this.phase === IDLE) this.over()
      else this.writeFailed(error)
      return
    }
    if (exchange.isPending) exchange.fail(error)
    this.body?.cut(cut('the body of the request could not be sent', exchange.facts('send', error)))
    this.over()
  }

  #stopUpload(): void {
    const upload = this.#upload
    if (upload === null) return
    this.#upload = null
    this.keepsAlive = false
    upload.stop()
  }

  // What comes in

  protected takeInterim(exchange: Exchange): void {
    if (head.status === 100) this.#upload?.wanted()
    // Whoever says so before the response means the connection, too.
    if (head.framing.saysClose) this.keepsAlive = false
    if (this.#upload === null) this.#deadline.set(recently() + exchange.call.settings.headTimeoutMs)
  }

  protected takeHead(exchange: Exchange): void {
    const input = this.input
    const { hasSetCookie, status } = head
    const { response, body } = responseOf(head, input, exchange, this)
    this.keepsAlive &&= head.keepsAlive && (body === null || !body.isUntilEnd)
    if (this.keepsAlive && this.isNew) this.keepsAlive = this.#idle.heed(response)
    if (this.#upload !== null && status >= 300) this.#stopUpload()
    // What follows may read on another connection, into the same slab.
    input.keep()
    if (body === null) this.responseDone()
    else {
      this.body = body
      this.phase = BODY
      this.#deadline.set(Number.POSITIVE_INFINITY)
    }
    exchange.call.client.deliver(exchange, response, hasSetCookie)
  }

  /** The response is all here: the next one, or nothing. */
  protected responseDone(): void {
    const exchange = this.current as Exchange
    this.#responses++
    this.body = null
    exchange.end()
    this.current = null
    const next = this.#behind[0]
    // Behind one that was cancelled there is nothing to wait for here.
    if (!this.keepsAlive || next?.isPending === false) this.over()
    else if (next !== undefined) {
      this.current = next
      this.#behind.shift()
      this.#awaitHead()
      this.#owner.freed(this)
    } else {
      this.phase = IDLE
      if (this.#upload === null && !this.#sender.isFlushing) this.#settleIdle()
      else this.#deadline.set(recently() + exchange.call.settings.bodyTimeoutMs)
    }
  }

  #settleIdle(): void {
    this.#deadline.set(this.#idle.begin())
    this.#owner.freed(this)
  }

  ended(): void {
    if (this.phase === BODY && this.body?.connectionEnded()) {
      this.keepsAlive = false
      this.responseDone()
    } else this.#lose(undefined)
  }

  /** The server has gone away. */
  #lose(error: unknown): void {
    if (this.phase === OVER) return
    const exchange = this.current
    if (exchange !== null) {
      const phase: RequestPhase = this.body !== null ? 'body' : exchange.sent === SENT_ALL ? 'head' : 'send'
      const isFresh = this.input.size > 0 || this.interim > 0
      if (this.body !== null)
        this.body.cut(cut('the server went away in the middle of the body', exchange.facts(phase, error)))
      else if (!isFresh && this.#responses > 0 && exchange.mayBeReplayed) this.#replay(exchange)
      else exchange.fail(cut('the server went away without a response', exchange.facts(phase, error)))
    }
    this.over()
  }

  #replay(exchange: Exchange): void {
    exchange.isReplay = true
    this.#giveBack(exchange)
  }

  /** To be sent on another connection. */
  #giveBack(exchange: Exchange): void {
    this.#stopUpload()
    if (this.current === exchange) this.current = null
    exchange.connection = null
    exchange.sent = SENT_NOTHING
    this.#owner.again(exchange)
  }

  /** Whoever waited for this one is not there any more. `error`: why, for whoever reads the body. */
  abandon(exchange: Exchange, error: unknown): void {
    if (exchange.connection !== this || this.phase === OVER) return
    exchange.connection = null
    if (this.current === exchange) {
      if (this.body !== null) this.body.cut(error)
      this.current = null
      exchange.end()
      this.over()
      return
    }
    exchange.end()
    // Those before it get their responses. What was sent gets one too, and that is the connection's end.
    if (!this.#sender.withdraw(exchange)) return
    this.#behind.splice(this.#behind.indexOf(exchange), 1)
  }

  /** Those behind a request that failed: none of their responses came. */
  #settleBehind(): void {
    const behind = this.#behind
    this.#behind = []
    this.#sender.clear()
    for (const exchange of behind) {
      // Its turn had not come (RFC 9112, 9.6): that is not the one time that a request is sent again.
      if (exchange.isPending && exchange.isSafeToRetry && exchange.call.body.isRepeatable)
        this.#giveBack(exchange)
      else {
        exchange.end()
        exchange.fail(cut('the connection ended before the response', exchange.facts('head')))
      }
    }
  }

  protected over(): void {
    if (this.phase === OVER) return
    this.phase = OVER
    this.#deadline.end()
    this.#stopUpload()
    const exchange = this.current
    if (exchange !== null) this.body?.cut(cut('the connection was closed', exchange.facts('body')))
    this.current = null
    this.body = null
    this.stream.close()
    this.#link.wake()
    if (exchange !== null) {
      exchange.end()
      if (exchange.isPending) exchange.fail(cut('the connection was closed', exchange.facts('head')))
    }
    this.#owner.ended(this)
    this.#settleBehind()
  }

  /** The client is closed. */
  close(error: unknown): void {
    for (const exchange of this.#behind.splice(0)) {
      exchange.end()
      exchange.fail(error)
    }
    const exchange = this.current
    if (exchange?.isPending) exchange.fail(error)
    this.body?.cut(error)
    this.over()
  }

  // The body of the response

  bodyWanted(isWaiting: boolean): void {
    if (this.phase !== BODY) return
    if (isWaiting) this.awaitBody()
    if (this.body?.wantsMore) this.#link.pull()
    // What TLS keeps is not pulled: its coroutine waits for a word.
    if (!(this.stream instanceof Socket)) this.#link.wake()
  }

  protected awaitBody(): void {
    this.#deadline.set(recently() + (this.current as Exchange).call.settings.bodyTimeoutMs)
  }

  bodyCame(): void {
    if (this.phase === BODY) this.#deadline.set(Number.POSITIVE_INFINITY)
  }

  bodyDropped(): void {
    this.current?.end()
    this.over()
  }

  /** @internal */
  onDeadline(): void {
    const exchange = this.current
    if (exchange === null) this.over()
    else if (this.body !== null) {
      this.body.cut(timedOut('bodyTimeoutMs', exchange.facts('body')))
      this.over()
    } else {
      const isSending = this.#upload !== null
      exchange.fail(
        timedOut(isSending ? 'bodyTimeoutMs' : 'headTimeoutMs', exchange.facts(isSending ? 'send' : 'head')),
      )
      this.over()
    }
  }
}
