/**
 * One side of a WebSocket: a state machine between a link and whoever sends and receives. It answers pings and closes by itself, also
 * while nobody receives; it sends pings after a silence and finds that the peer is dead; and it ends in one of three ways: closed (each
 * side has said so), failed (the peer broke a rule, and was told), or lost.
 */
import { Event, now, Socket, type Stream } from '@shrapnel/core'
import { currentScope, inBackground, recently, Wait } from '@shrapnel/core/parts'
import { Deadline } from '../connection/deadline.js'
import { reset } from '../connection/stream-end.js'
import { WebSocketError } from '../errors.js'
import { encodeClosing, MAX_REASON_BYTES, parseClosing } from '../wire/websocket-close.js'
import { FrameDecoder, type FrameSink } from '../wire/websocket-decoder.js'
import { encodeFrame } from '../wire/websocket-encoder.js'
import type { Deflate } from '../wire/websocket-extensions.js'
import { CLOSE, GOING_AWAY, INTERNAL_ERROR, PING, PONG } from '../wire/websocket-frame.js'
import { randomKey } from '../wire/websocket-mask.js'
import { Inbox, type InboxOwner } from './inbox.js'
import type { Link, LinkOwner } from './link.js'
import { give, lend } from './message-memory.js'
import type { WebSocketSettings } from './options.js'
import { Outbox, type OutboxOwner } from './outbox.js'
import { Sender } from './sender.js'
import { SocketLink } from './socket-link.js'
import { StreamLink } from './stream-link.js'

const OPEN = 0
/** We have said that we close; the peer has not. */
const CLOSING = 1
/** Both have: what is left to send goes out, and the connection ends. */
const CLOSED = 2
/** The peer broke a rule and was told; it gets a while to read that. */
const FAILED = 3
const OVER = 4

const NOTHING: Buffer = Buffer.alloc(0)

export interface EndpointFacts {
  readonly isClient: boolean
  readonly settings: WebSocketSettings
  readonly deflate: Deflate | null
}

export class Endpoint implements LinkOwner, FrameSink, OutboxOwner, InboxOwner {
  readonly stream: Stream
  readonly isClient: boolean
  readonly settings: WebSocketSettings
  readonly deflate: Deflate | null
  readonly outbox: Outbox
  readonly inbox: Inbox
  readonly sender: Sender
  /** What the peer closed with; undefined until it has. */
  closeCode: number | undefined = undefined
  closeReason: string | undefined = undefined
  readonly #link: Link
  readonly #decoder: FrameDecoder
  readonly #deadline: Deadline
  #state = OPEN
  /** `close` was called: what is in line goes out, nothing else gets in. */
  #isClosing = false
  #heardAt = recently()
  /** When the peer was asked whether it lives; below 0: it was not. */
  #pingedAt = -1
  #failure: WebSocketError | null = null
  #isShut = false
  #over: Event | null = null
  #pongs: PongWait[] | null = null

  constructor(stream: Stream, { isClient, settings, deflate }: EndpointFacts) {
    this.stream = stream
    this.isClient = isClient
    this.settings = settings
    this.deflate = deflate
    this.#link = stream instanceof Socket ? new SocketLink(stream, this) : new StreamLink(stream, this)
    this.#decoder = new FrameDecoder(this, settings, !isClient, deflate !== null)
    this.outbox = new Outbox(this.#link, this)
    this.inbox = new Inbox(this)
    this.sender = new Sender(this)
    this.#deadline = new Deadline(this)
  }

  /** `early`: what has come already. */
  start(early: Buffer): void {
    this.#deadline.set(this.#heardAt + this.settings.pingIntervalMs)
    if (early.length > 0) this.received(early, 0, early.length)
    if (this.#state !== OVER) this.#link.start()
  }

  get isOpen(): boolean {
    return this.#state === OPEN && !this.#isClosing
  }

  get isOver(): boolean {
    return this.#state === OVER
  }

  /** Whether messages that were in line before a close may still go out. */
  get maySend(): boolean {
    return this.#state === OPEN
  }

  get recyclesMessages(): boolean {
    return this.settings.recycleMessages
  }

  get maxMessageBytes(): number {
    return this.settings.maxMessageBytes
  }

  get peerWindowBits(): number {
    return this.deflate?.peerWindowBits ?? 0
  }

  /** Why nothing can be sent any more. */
  get failure(): WebSocketError {
    return this.#failure ?? new WebSocketError('WS_CLOSED', 'the WebSocket was closed by this side')
  }

  // What comes in

  get isDeaf(): boolean {
    return this.#state >= CLOSED
  }

  get wantsInput(): boolean {
    return this.#state !== OPEN || this.inbox.bytes < this.settings.maxReceiveQueueBytes
  }

  get target(): FrameDecoder['target'] {
    return this.isDeaf ? null : this.#decoder.target
  }

  pull(): void {
    if (this.wantsInput && this.#state !== OVER) this.#link.pull()
  }

  gathered(count: number): void {
    this.#heardAt = recently()
    try {
      this.#decoder.gathered(count)
    } catch (error) {
      this.#fail(error)
    }
  }

  received(bytes: Buffer, from: number, to: number): void {
    this.#heardAt = recently()
    if (this.isDeaf) return
    try {
      this.#decoder.push(bytes, from, to)
    } catch (error) {
      this.#fail(error)
    }
  }

  memoryFor(length: number): Buffer {
    return this.settings.recycleMessages ? lend(length) : give(length)
  }

  message(message: string | Buffer): void {
    // After a close of ours nobody may be there to receive, and the peer's own close comes behind all it sends.
    if (this.#state === OPEN) this.inbox.add(message)
  }

  compressed(isText: boolean, bytes: Buffer, length: number): void {
    if (this.#state === OPEN) this.inbox.addCompressed(isText, bytes, length)
  }

  control(opcode: number, payload: Buffer): void {
    if (opcode === PING) {
      if (this.#state === OPEN) this.outbox.putPong(this.#frame(PONG, payload))
    } else if (opcode === PONG) this.#ponged(payload)
    else this.#peerCloses(payload)
  }

  ended(): void {
    if (this.#state === OVER) return
    if (this.#state >= CLOSED) this.#finish()
    else this.#lose(new WebSocketError('WS_LOST', 'the connection of a WebSocket ended without a close'))
  }

  failed(error: unknown): void {
    if (error instanceof WebSocketError) this.#fail(error)
    else if (this.#state >= CLOSED) this.#finish()
    else this.#lose(lost(error))
  }

  // What goes out

  #frame(opcode: number, payload: Buffer): Buffer {
    return encodeFrame(opcode, payload, this.isClient ? randomKey() : undefined)
  }

  progressed(bytes: number, hadToWait: boolean): void {
    if (hadToWait) this.#heardAt = recently()
    this.outbox.progressed(bytes)
  }

  sent(): void {
    this.outbox.sent()
  }

  drained(): void {
    if (this.#state === FAILED || (this.#state === CLOSED && !this.isClient)) this.#shutdown()
  }

  /** A send was cancelled in the middle of a message. */
  breakOff(cause: unknown): void {
    this.#lose(new WebSocketError('WS_LOST', 'a send was cancelled half-way', { cause }))
  }

  // Pings

  /** Sends a ping and waits for its pong: how long that took, in milliseconds. */
  ping(): Promise<number> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    if (!this.isOpen) return Promise.reject(this.failure)
    const wait = new PongWait(scope, this)
    this.#pongs ??= []
    this.#pongs.push(wait)
    const pong = wait.suspend()
    const frame = this.#frame(PING, wait.payload)
    this.outbox.put(frame, frame.length, false)
    return pong
  }

  /** A pong answers its ping and those before it (RFC 6455, 5.5.3). */
  #ponged(payload: Buffer): void {
    const pongs = this.#pongs
    const found = pongs?.findIndex((wait) => wait.payload.equals(payload)) ?? -1
    if (pongs === null || found < 0) return
    const at = now()
    for (const wait of pongs.splice(0, found + 1)) wait.wake(at - wait.at)
  }

  /** @internal */
  dropPong(wait: PongWait): void {
    this.#pongs = this.#pongs?.filter((other) => other !== wait) ?? null
  }

  /** @internal */
  onDeadline(): void {
    if (this.#state !== OPEN || this.#isClosing) {
      this.#cut()
      return
    }
    const { pingIntervalMs, pongTimeoutMs } = this.settings
    const time = recently()
    if (this.#pingedAt >= 0 && this.#heardAt < this.#pingedAt && this.wantsInput) {
      this.#lose(new WebSocketError('WS_DEAD', `no answer to a ping within ${pongTimeoutMs} ms`))
      return
    }
    this.#pingedAt = -1
    // What is not read, because nobody receives, cannot be missed.
    const quietSince = this.wantsInput ? this.#heardAt : time
    if (time < quietSince + pingIntervalMs) this.#deadline.set(quietSince + pingIntervalMs)
    else {
      this.#pingedAt = time
      this.#deadline.set(time + pongTimeoutMs)
      const frame = this.#frame(PING, NOTHING)
      this.outbox.put(frame, frame.length, false)
    }
  }

  // The end

  /** Says that this side closes, once whatever is in line has gone out, and waits until it is over. */
  async close(code: number, reason: string): Promise<void> {
    const refused = currentScope().refuse()
    if (refused !== null) return refused
    if (this.isOpen) {
      this.#isClosing = true
      this.#deadline.set(recently() + this.settings.closeTimeoutMs)
      await this.sender.inTurn(() => this.#sayClose(code, reason))
    }
    await this.untilOver()
  }

  /** As `close`, now and without waiting: what is in line behind it goes out no more. */
  startClose(code: number, reason: string): void {
    if (!this.isOpen) return
    this.#isClosing = true
    this.#deadline.set(recently() + this.settings.closeTimeoutMs)
    this.#sayClose(code, reason)
  }

  /** As `close`, without waiting: whoever is still sending finishes first. */
  goAway(): void {
    if (!this.isOpen) return
    this.#isClosing = true
    this.#deadline.set(recently() + this.settings.closeTimeoutMs)
    inBackground(
      () => this.sender.inTurn(() => this.#sayClose(GOING_AWAY, '')),
      () => {},
      (error) => this.failed(error),
    )
  }

  #sayClose(code: number, reason: string): void {
    if (this.#state !== OPEN) return
    this.#state = CLOSING
    this.#putClose(encodeClosing(code, reason))
    // Where reading had been held up, the peer's close may be behind what was not read.
    this.pull()
  }

  #putClose(payload: Buffer): void {
    const frame = this.#frame(CLOSE, payload)
    this.outbox.put(frame, frame.length, false)
    this.outbox.flush()
  }

  async untilOver(): Promise<void> {
    if (this.#state === OVER) return
    this.#over ??= new Event()
    await this.#over.wait()
  }

  #peerCloses(payload: Buffer): void {
    const { code, reason } = parseClosing(payload)
    this.closeCode = code
    this.closeReason = reason
    const wasOpen = this.#state === OPEN
    this.#state = CLOSED
    const text = `the WebSocket was closed with ${code}${reason === '' ? '' : ` (${reason})`}`
    this.#failure = new WebSocketError('WS_CLOSED', text, { closeCode: code, reason })
    this.#deadline.set(recently() + this.settings.closeTimeoutMs)
    if (wasOpen) this.#putClose(payload)
    this.#endReceiving(true)
    if (this.#isSent) this.drained()
  }

  get #isSent(): boolean {
    return !this.outbox.isBusy && this.outbox.queuedBytes === 0
  }

  /** Tells the peer what it did wrong, and hears no more. */
  #fail(error: unknown): void {
    if (this.#state >= CLOSED) return
    const failure =
      error instanceof WebSocketError
        ? error
        : new WebSocketError('WS_LOST', 'a WebSocket failed', { closeCode: INTERNAL_ERROR, cause: error })
    const wasClosing = this.#state === CLOSING
    this.#state = FAILED
    this.#failure = failure
    this.#deadline.set(recently() + this.settings.closeTimeoutMs)
    const reason = Buffer.from(failure.message).subarray(0, MAX_REASON_BYTES).toString('latin1')
    if (!wasClosing) this.#putClose(encodeClosing(failure.closeCode ?? INTERNAL_ERROR, reason))
    this.#endReceiving(false)
    this.pull()
    if ((this.#state as number) !== OVER && this.#isSent) this.drained()
  }

  #lose(error: WebSocketError): void {
    if (this.#state === OVER) return
    this.#failure ??= error
    reset(this.stream)
    this.#finish()
  }

  /** Ends it now. */
  terminate(): void {
    if (this.#state === OVER) return
    this.#failure ??= new WebSocketError('WS_LOST', 'the WebSocket was cut off by this side')
    reset(this.stream)
    this.#finish()
  }

  /** It took too long to end. */
  #cut(): void {
    this.#failure ??= new WebSocketError('WS_LOST', 'the peer did not close within closeTimeoutMs')
    reset(this.stream)
    this.#finish()
  }

  /** Sends no more. A peer that was told of its fault reads that before it is cut off: what it still sends is dropped. */
  #shutdown(): void {
    if (this.#isShut) return
    this.#isShut = true
    const isLast = this.#state === CLOSED
    inBackground(
      () => this.stream.shutdown(),
      () => isLast && this.#finish(),
      () => this.#finish(),
    )
  }

  #finish(): void {
    if (this.#state === OVER) return
    this.#state = OVER
    this.#deadline.end()
    const { failure } = this
    this.stream.close()
    this.outbox.end(failure)
    this.#endReceiving(failure.code === 'WS_CLOSED')
    const pongs = this.#pongs ?? []
    this.#pongs = null
    for (const wait of pongs) wait.fail(failure)
    this.#over?.set()
  }

  #endReceiving(isQuiet: boolean): void {
    this.inbox.end(this.failure, isQuiet)
  }
}

function lost(cause: unknown): WebSocketError {
  return new WebSocketError('WS_LOST', 'the connection of a WebSocket was lost', { cause })
}

let pings = 0

class PongWait extends Wait<number> {
  readonly at = now()
  readonly payload: Buffer = Buffer.allocUnsafe(4)
  readonly #endpoint: Endpoint

  constructor(scope: Wait<number>['scope'], endpoint: Endpoint) {
    super(scope)
    this.#endpoint = endpoint
    pings = (pings + 1) >>> 0
    this.payload.writeUInt32BE(pings, 0)
  }

  protected unlink(): void {
    this.#endpoint.dropPong(this)
  }

  describe(): string {
    return 'websocket pong'
  }
}
