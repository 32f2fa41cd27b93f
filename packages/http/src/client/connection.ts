/**
 * One connection to a server: requests out, responses in, in order. All the while its coroutine is in one wait, which reads at each event;
 * so it notices a server that closes while nothing is under way, and a response that is all there is handed over without another promise.
 */
import { type Coroutine, now, Socket, type Stream, sleep, spawn } from '@shrapnel/core'
import { currentScope, recently } from '@shrapnel/core/parts'
import { Deadline } from '../connection/deadline.js'
import { Input } from '../connection/input.js'
import type { Link, Receiver } from '../connection/link.js'
import { SocketLink } from '../connection/socket-link.js'
import { StreamLink } from '../connection/stream-link.js'
import { HttpError, type RequestPhase } from '../errors.js'
import { HeadEnd } from '../wire/head-end.js'
import { ResponseHead } from '../wire/response-head.js'
import { reasonOf } from '../wire/status.js'
import { decodingsOf } from './codings.js'
import { type Exchange, SENT_ALL, SENT_PART } from './exchange.js'
import { cut, timedOut, withFacts } from './failures.js'
import { tooLong } from './incoming-body.js'
import { hasBody } from './request-head.js'
import { ClientResponse } from './response.js'
import { type BodySource, ResponseBody } from './response-body.js'
import { sendUpload, type UploadOutlet } from './upload.js'

/** Nothing is under way. */
const IDLE = 0
/** The head of a response is awaited. */
const HEAD = 1
const BODY = 2
const OVER = 3

/** Requests up to here go out in one write; longer ones as a body in pieces. */
const SEND_BYTES = 65_536
/** An idle connection that was idle longer than this is looked at before it is used: one system call. */
const TRUSTED_IDLE_MS = 1
/** Interim responses before one response: each is 1 or 2 in practice. */
const MOST_INTERIM = 100

/** One each for all connections of the thread: nobody holds them across a wait. */
const head = new ResponseHead()
const out = Buffer.allocUnsafeSlow(2 * SEND_BYTES) as Buffer & Latin1Writer

/** As `write(text, at, 'latin1')`, without its looking at the name of the encoding. */
interface Latin1Writer {
  latin1Write(text: string, at: number): number
}

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

/** Connections whose requests of this turn go out together. */
let unflushed: ClientConnection[] | null = null
const SOON = Promise.resolve()

function flushAll(): void {
  const connections = unflushed ?? []
  unflushed = null
  for (const connection of connections) connection.flush()
}

export class ClientConnection implements Receiver, BodySource, UploadOutlet {
  readonly stream: Stream
  readonly #owner: ConnectionOwner
  readonly #coroutine: Coroutine
  readonly #link: Link
  readonly #input = new Input()
  readonly #deadline = new Deadline(this)
  #phase = IDLE
  /** Whose response comes next. */
  #current: Exchange | null = null
  /** Sent, or about to be, behind the current one. */
  #behind: Exchange[] = []
  /** Exchanges whose heads wait for the end of the turn, or of a write. */
  #unsent: Exchange[] = []
  #body: ResponseBody | null = null
  #headEnd: HeadEnd | null = null
  #interim = 0
  #keepsAlive = true
  #responses = 0
  #isFlushing = false
  #upload: Coroutine<void> | null = null
  #mayContinue: (() => void) | null = null
  #idleSince = 0
  #advisedMs = -1
  /** Its place among the idle ones of its pool, which sets it. */
  isIdle = false

  constructor(owner: ConnectionOwner, stream: Stream) {
    this.#owner = owner
    this.stream = stream
    this.#coroutine = currentScope().coroutine
    this.#link =
      stream instanceof Socket
        ? new SocketLink(stream, this, this.#coroutine)
        : new StreamLink(stream, this, this.#coroutine)
  }

  /** Receives until the connection is over, and closes it. */
  async run(): Promise<void> {
    try {
      await this.#link.run()
    } catch (error) {
      this.#lose(error)
    } finally {
      this.#over()
    }
  }

  get isOver(): boolean {
    return this.#phase === OVER
  }

  /** Requests under way. */
  get load(): number {
    return this.#current === null ? 0 : 1 + this.#behind.length
  }

  /** Whether one more may go out behind those under way. */
  get takesMore(): boolean {
    return this.#keepsAlive && this.#upload === null && this.#phase !== OVER
  }

  /** The last request is one that none may follow before its response: it is not idempotent. */
  get isHeldByOne(): boolean {
    const last = this.#behind[this.#behind.length - 1] ?? this.#current
    return last !== null && !last.call.isIdempotent && !last.call.settings.pipelineAll
  }

  // Requests

  /** It was idle for a while, and only its coroutine can look whether the server has closed: TLS. A turn of the loop does it. */
  get needsTurn(): boolean {
    return !(this.stream instanceof Socket) && recently() - this.#idleSince > TRUSTED_IDLE_MS
  }

  /** It was looked at. */
  looked(): void {
    this.#idleSince = recently()
  }

  /** Before a request goes out on a connection that was idle: whether the server has closed it. Costs a system call unless it was used just now. */
  isAlive(): boolean {
    if (this.#phase === IDLE && recently() - this.#idleSince > TRUSTED_IDLE_MS) this.#link.wake()
    return this.#phase === IDLE
  }

  start(exchange: Exchange): void {
    const { call } = exchange
    exchange.connection = this
    if (this.#current === null) {
      this.#current = exchange
      this.#awaitHead()
    } else this.#behind.push(exchange)
    const { bytes, open } = call.body
    if (open !== null || (bytes !== null && bytes.length > SEND_BYTES / 2) || call.settings.expectContinue) {
      if (hasBody(call)) {
        this.#startUpload(exchange)
        return
      }
    }
    this.#unsent.push(exchange)
    if (this.#owner.pipelining === 1) this.flush()
    else if (unflushed === null) {
      unflushed = [this]
      void SOON.then(flushAll)
    } else if (this.#unsent.length === 1) unflushed.push(this)
  }

  #awaitHead(): void {
    const { headTimeoutMs } = (this.#current as Exchange).call.settings
    this.#phase = HEAD
    this.#interim = 0
    this.#deadline.set(recently() + headTimeoutMs)
  }

  /** Sends the requests that wait for it, in one write. @internal */
  flush(): void {
    while (!this.#isFlushing && this.#unsent.length > 0 && this.#phase !== OVER) {
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
        this.#isFlushing = true
        this.#flushing = sending
      }
    } catch (error) {
      for (const exchange of sending) exchange.sent = 0
      this.#writeFailed(error)
    }
  }
  #flushing: Exchange[] = []

  flushed(): void {
    this.#isFlushing = false
    for (const exchange of this.#flushing) exchange.sent = SENT_ALL
    this.#flushing = []
    if (this.#phase === OVER) return
    if (this.#phase === IDLE) this.#settleIdle()
    this.#resetHeadLimit()
    this.flush()
  }

  failed(error: unknown): void {
    this.#isFlushing = false
    this.#writeFailed(error)
  }

  /** The server takes nothing more. It may have said why: that is read before all is given up. */
  #writeFailed(error: unknown): void {
    if (this.#phase === OVER) return
    this.#keepsAlive = false
    this.#link.wake()
    if (this.#phase !== OVER && (this.#phase === IDLE || this.#input.size === 0) && this.#body === null)
      this.#lose(error)
  }

  #resetHeadLimit(): void {
    if (this.#phase === HEAD)
      this.#deadline.set(now() + (this.#current as Exchange).call.settings.headTimeoutMs)
  }

  // Bodies in pieces

  #startUpload(exchange: Exchange): void {
    this.#deadline.set(Number.POSITIVE_INFINITY)
    this.#upload = spawn({ name: `http upload to ${exchange.target.origin}`, daemon: true }, () =>
      sendUpload(this, exchange),
    )
  }

  /** So much is on its way: the server must take it in time. */
  sending(exchange: Exchange): void {
    exchange.sent = SENT_PART
    if (this.#phase === HEAD) this.#deadline.set(now() + exchange.call.settings.bodyTimeoutMs)
  }

  pausing(): void {
    if (this.#phase === HEAD) this.#deadline.set(Number.POSITIVE_INFINITY)
  }

  /** Until the server says that it wants the body, or has said so, or nothing for a while. */
  async untilContinue(timeoutMs: number): Promise<void> {
    const me = currentScope().coroutine
    this.#mayContinue = () => me.interrupt(CONTINUE)
    try {
      await sleep(timeoutMs)
    } catch (error) {
      if ((error as { reason?: unknown }).reason !== CONTINUE) throw error
    } finally {
      this.#mayContinue = null
    }
  }

  uploaded(exchange: Exchange): void {
    exchange.sent = SENT_ALL
    this.#upload = null
    if (this.#phase === OVER) return
    if (this.#phase === IDLE) this.#settleIdle()
    else this.#resetHeadLimit()
  }

  uploadFailed(exchange: Exchange, error: unknown, isSource: boolean): void {
    this.#upload = null
    if (this.#phase === OVER) return
    this.#keepsAlive = false
    if (!isSource) {
      // The response may say why: it is read, and the end of the connection is the end.
      if (this.#phase === IDLE) this.#over()
      else this.#writeFailed(error)
      return
    }
    if (exchange.isPending) exchange.fail(error)
    this.#body?.cut(cut('the body of the request could not be sent', exchange.facts('send', error)))
    this.#over()
  }

  #stopUpload(): void {
    const upload = this.#upload
    if (upload === null) return
    this.#upload = null
    this.#keepsAlive = false
    upload.shutdown('nobody waits for it')
  }

  // What comes in

  get wantsInput(): boolean {
    return this.#body === null || this.#body.wantsMore
  }

  get target(): Receiver['target'] {
    return this.#body?.target ?? null
  }

  gathered(count: number): void {
    const body = this.#body as ResponseBody
    body.gathered(count)
    if (body.isComplete) this.#responseDone()
    else this.#awaitBody()
  }

  received(bytes: Buffer, from: number, to: number, isBorrowed: boolean): void {
    this.#input.add(bytes, from, to, isBorrowed)
    this.#advance()
    this.#input.keep()
  }

  #advance(): void {
    const input = this.#input
    while (input.at < input.end) {
      if (this.#phase === HEAD) {
        if (!this.#parseHead()) return
      } else if (this.#phase === BODY) {
        this.#feed()
        if (this.#phase === BODY) return
      } else {
        // Nobody asked: whatever it is, it is no answer to what comes next.
        if (this.#phase === IDLE) this.#over()
        input.clear()
        return
      }
    }
  }

  #feed(): void {
    const body = this.#body as ResponseBody
    const { target } = body
    const input = this.#input
    if (target !== null) {
      const count = Math.min(input.size, target.end - target.at)
      input.bytes.copy(target.bytes, target.at, input.at, input.at + count)
      input.at += count
      this.gathered(count)
      if (body.target !== null && input.size > 0) this.#feed()
      return
    }
    try {
      body.feed(input)
    } catch (error) {
      this.#failBody(error)
      return
    }
    if (body.isComplete) this.#responseDone()
    else if (body.isWaiting) this.#awaitBody()
  }

  #failBody(error: unknown): void {
    const exchange = this.#current as Exchange
    this.#body?.cut(withFacts(error, exchange.facts('body')))
    this.#over()
  }

  /** False: its end is not there yet. */
  #parseHead(): boolean {
    const exchange = this.#current as Exchange
    const { settings, method } = exchange.call
    const input = this.#input
    const { bytes, at, end } = input
    if (this.#headEnd?.isWorthParsing(bytes, at, end) === false && end - at < settings.maxHeadBytes)
      return false
    try {
      if (!head.parse(bytes, at, end, settings)) {
        this.#headEnd ??= new HeadEnd()
        this.#headEnd.isWorthParsing(bytes, at, end)
        return false
      }
      this.#headEnd = null
      input.at = head.to
      if (head.status >= 200) this.#takeHead(exchange, head.bodyLength(method))
      else this.#takeInterim(exchange)
    } catch (error) {
      this.#keepsAlive = false
      exchange.fail(withFacts(error, exchange.facts('head')))
      this.#over()
    }
    return true
  }

  #takeInterim(exchange: Exchange): void {
    if (head.status === 101)
      throw new HttpError('HTTP_SYNTAX', 'the server changed a protocol that nobody wanted to change')
    if (++this.#interim > MOST_INTERIM) throw new HttpError('HTTP_SYNTAX', 'interim responses without an end')
    if (head.status === 100) this.#mayContinue?.()
    // Whoever says so before the response means the connection, too.
    if (head.framing.saysClose) this.#keepsAlive = false
    if (this.#upload === null) this.#deadline.set(recently() + exchange.call.settings.headTimeoutMs)
  }

  #takeHead(exchange: Exchange, length: number): void {
    const { call, target } = exchange
    const { settings } = call
    const input = this.#input
    const { status } = head
    const headers = head.headers(input.bytes)
    const isWhole = length >= 0 && length <= input.end - input.at
    this.#keepsAlive &&= head.keepsAlive && !ResponseBody.isUntilEnd(length)
    if (this.#advisedMs < 0) this.#advisedMs = this.#keepsAlive ? advisedIdleMs(headers.get('keep-alive')) : 0
    if (this.#upload !== null && status >= 300) this.#stopUpload()
    if (length > settings.maxResponseBytes) throw tooLong('maxResponseBytes', target.url)
    let whole: Buffer | null = null
    let body: ResponseBody | null = null
    if (isWhole) {
      whole = length === 0 ? NOTHING : Buffer.from(input.bytes.subarray(input.at, input.at + length))
      input.at += length
    } else body = new ResponseBody(this, length, settings, { url: target.url, headers })
    const reason = head.reason(input.bytes)
    const codings =
      head.hasContentEncoding && settings.decompress && whole !== NOTHING ? decodingsOf(headers) : null
    const response = new ClientResponse(
      status,
      reason === reasonOf(status) ? reasonOf(status) : reason,
      head.minorVersion,
      headers,
      target.url,
      exchange.redirects,
      settings,
      whole,
      body,
      codings,
    )
    const { hasSetCookie } = head
    // What follows may read on another connection, into the same slab.
    input.keep()
    if (body === null) this.#responseDone()
    else {
      this.#body = body
      this.#phase = BODY
      this.#deadline.set(Number.POSITIVE_INFINITY)
    }
    call.client.deliver(exchange, response, hasSetCookie)
  }

  /** The response is all here: the next one, or nothing. */
  #responseDone(): void {
    const exchange = this.#current as Exchange
    this.#responses++
    this.#body = null
    exchange.end()
    this.#current = null
    const next = this.#behind[0]
    // Behind one that was cancelled there is nothing to wait for here.
    if (!this.#keepsAlive || next?.isPending === false) this.#over()
    else if (next !== undefined) {
      this.#current = next
      this.#behind.shift()
      this.#awaitHead()
      this.#owner.freed(this)
    } else {
      this.#phase = IDLE
      if (this.#upload === null && !this.#isFlushing) this.#settleIdle()
      else this.#deadline.set(recently() + exchange.call.settings.bodyTimeoutMs)
    }
  }

  #settleIdle(): void {
    const { idleTimeoutMs } = this.#owner
    this.#idleSince = recently()
    const limitMs = this.#advisedMs > 0 ? Math.min(idleTimeoutMs, this.#advisedMs) : idleTimeoutMs
    this.#deadline.set(this.#idleSince + limitMs)
    this.#owner.freed(this)
  }

  ended(): void {
    if (this.#phase === BODY && this.#body?.connectionEnded()) {
      this.#keepsAlive = false
      this.#responseDone()
    } else this.#lose(undefined)
  }

  /** The server has gone away. */
  #lose(error: unknown): void {
    if (this.#phase === OVER) return
    const exchange = this.#current
    if (exchange !== null) {
      const phase: RequestPhase = this.#body !== null ? 'body' : exchange.sent === SENT_ALL ? 'head' : 'send'
      const isFresh = this.#input.size > 0 || this.#interim > 0
      if (this.#body !== null)
        this.#body.cut(cut('the server went away in the middle of the body', exchange.facts(phase, error)))
      else if (!isFresh && this.#responses > 0 && exchange.mayBeReplayed) this.#replay(exchange)
      else exchange.fail(cut('the server went away without a response', exchange.facts(phase, error)))
    }
    this.#over()
  }

  #replay(exchange: Exchange): void {
    exchange.isReplay = true
    this.#giveBack(exchange)
  }

  /** To be sent on another connection. */
  #giveBack(exchange: Exchange): void {
    this.#stopUpload()
    if (this.#current === exchange) this.#current = null
    exchange.connection = null
    exchange.sent = 0
    this.#owner.again(exchange)
  }

  /** Whoever waited for this one is not there any more. `error`: why, for whoever reads the body. */
  abandon(exchange: Exchange, error: unknown): void {
    if (exchange.connection !== this || this.#phase === OVER) return
    exchange.connection = null
    if (this.#current === exchange) {
      if (this.#body !== null) this.#body.cut(error)
      this.#current = null
      exchange.end()
      this.#over()
      return
    }
    exchange.end()
    // Those before it get their responses. What was sent gets one too, and that is the connection's end.
    const at = this.#unsent.indexOf(exchange)
    if (at < 0) return
    this.#unsent.splice(at, 1)
    this.#behind.splice(this.#behind.indexOf(exchange), 1)
  }

  /** Those behind a request that failed: none of their responses came. */
  #settleBehind(): void {
    const behind = this.#behind
    this.#behind = []
    this.#unsent = []
    for (const exchange of behind) {
      // Behind a response that said close nothing was handled: that is no second try (RFC 9112, 9.6).
      if (exchange.isPending && exchange.isSafeToRetry && exchange.call.body.isRepeatable)
        this.#giveBack(exchange)
      else {
        exchange.end()
        exchange.fail(cut('the connection ended before the response', exchange.facts('head')))
      }
    }
  }

  #over(): void {
    if (this.#phase === OVER) return
    this.#phase = OVER
    this.#deadline.end()
    this.#stopUpload()
    const exchange = this.#current
    if (exchange !== null) this.#body?.cut(cut('the connection was closed', exchange.facts('body')))
    this.#current = null
    this.#body = null
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
    const exchange = this.#current
    if (exchange?.isPending) exchange.fail(error)
    this.#body?.cut(error)
    this.#over()
  }

  // The body of the response

  bodyWanted(isWaiting: boolean): void {
    if (this.#phase !== BODY) return
    if (isWaiting) this.#awaitBody()
    if (this.#body?.wantsMore) this.#link.pull()
    // What TLS keeps is not pulled: its coroutine waits for a word.
    if (!(this.stream instanceof Socket)) this.#link.wake()
  }

  #awaitBody(): void {
    this.#deadline.set(recently() + (this.#current as Exchange).call.settings.bodyTimeoutMs)
  }

  bodyCame(): void {
    if (this.#phase === BODY) this.#deadline.set(Number.POSITIVE_INFINITY)
  }

  bodyDropped(): void {
    this.#current?.end()
    this.#over()
  }

  /** @internal */
  onDeadline(): void {
    const exchange = this.#current
    if (exchange === null) this.#over()
    else if (this.#body !== null) {
      this.#body.cut(timedOut('bodyTimeoutMs', exchange.facts('body')))
      this.#over()
    } else {
      const isSending = this.#upload !== null
      exchange.fail(
        timedOut(isSending ? 'bodyTimeoutMs' : 'headTimeoutMs', exchange.facts(isSending ? 'send' : 'head')),
      )
      this.#over()
    }
  }
}

const CONTINUE = Symbol('continue')
const NOTHING: Buffer = Buffer.alloc(0)
/** The server closes a little before or after what it says; so does the way there take its time. */
const ADVICE_MARGIN_MS = 1_000

/** What `Keep-Alive: timeout=5` leaves us; 0: it says nothing. Less than a second is not worth keeping. */
function advisedIdleMs(value: string | undefined): number {
  const seconds = value === undefined ? null : /(?:^|[,;\s])timeout="?(\d{1,9})/i.exec(value)
  return seconds === null ? 0 : Math.max(1, Number(seconds[1]) * 1_000 - ADVICE_MARGIN_MS)
}
