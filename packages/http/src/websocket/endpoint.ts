/**
 * One side of a WebSocket: a state machine between a link and whoever sends and receives. It answers pings and closes by itself, also
 * while nobody receives; it sends pings after a silence and finds that the peer is dead; and it ends in one of three ways: closed (each
 * side has said so), failed (the peer broke a rule, and was told), or lost.
 */
import { Event, Socket, type Stream } from '@shrapnel/core'
import { currentScope, inBackground, recently } from '@shrapnel/core/parts'
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
import { Pings } from './pings.js'
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
  readonly #pings = new Pings()
  #failure: WebSocketError | null = null
  #isShut = false
  #over: Event | null = null

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
    this.#deadline.set(recently() + this.settings.pingIntervalMs)
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
    this.#pings.heard()
    try {
      this.#decoder.gathered(count)
    } catch (error) {
      this.#fail(error)
    }
  }

  received(bytes: Buffer, from: number, to: number): void {
    this.#pings.heard()
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
    } else if (opcode === PONG) this.#pings.answered(payload)
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

  #put(opcode: number, payload: Buffer): void {
    const frame = this.#frame(opcode, payload)
    this.outbox.put(frame, frame.length, false)
  }

  progressed(bytes: number, hadToWait: boolean): void {
    if (hadToWait) this.#pings.heard()
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
    const wait = this.#pings.add(scope)
    const pong = wait.suspend()
    this.#put(PING, wait.payload)
    return pong
  }

  /** @internal */
  onDeadline(): void {
    if (this.#state !== OPEN || this.#isClosing) {
      this.#lose(new WebSocketError('WS_LOST', 'the peer did not close within closeTimeoutMs'))
      return
    }
    const { pingIntervalMs, pongTimeoutMs } = this.settings
    const due = this.#pings.due(this.wantsInput, pingIntervalMs)
    if (due === 'end')
      this.#lose(new WebSocketError('WS_DEAD', `no answer to a ping within ${pongTimeoutMs} ms`))
    else if (due === 'ping') {
      this.#deadline.set(recently() + pongTimeoutMs)
      this.#put(PING, NOTHING)
    } else this.#deadline.set(due)
  }

  // The end

  /** Says that this side closes, once whatever is in line has gone out, and waits until it is over. */
  async close(code: number, reason: string): Promise<void> {
    const refused = currentScope().refuse()
    if (refused !== null) return refused
    if (this.#beginClose()) await this.sender.inTurn(() => this.#sayClose(code, reason))
    await this.untilOver()
  }

  /** As `close`, without waiting. */
  goAway(): void {
    if (!this.#beginClose()) return
    inBackground(
      () => this.sender.inTurn(() => this.#sayClose(GOING_AWAY, '')),
      () => {},
      (error) => this.failed(error),
    )
  }

  /** As `close`, now and without waiting: what is in line behind it goes out no more. */
  closeNow(code: number, reason: string): void {
    if (this.#beginClose()) this.#sayClose(code, reason)
  }

  #beginClose(): boolean {
    if (!this.isOpen) return false
    this.#isClosing = true
    this.#limitEnd()
    return true
  }

  /** The peer has closeTimeoutMs from now on. */
  #limitEnd(): void {
    this.#deadline.set(recently() + this.settings.closeTimeoutMs)
  }

  #sayClose(code: number, reason: string): void {
    if (this.#state !== OPEN) return
    this.#state = CLOSING
    this.#putClose(encodeClosing(code, reason))
    // Where reading had been held up, the peer's close may be behind what was not read.
    this.pull()
  }

  #putClose(payload: Buffer): void {
    this.#put(CLOSE, payload)
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
    this.#limitEnd()
    if (wasOpen) this.#putClose(payload)
    this.#endReceiving(true)
    if (this.outbox.isIdle) this.drained()
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
    this.#limitEnd()
    const reason = Buffer.from(failure.message).subarray(0, MAX_REASON_BYTES).toString('latin1')
    if (!wasClosing) this.#putClose(encodeClosing(failure.closeCode ?? INTERNAL_ERROR, reason))
    this.#endReceiving(false)
    this.pull()
    if ((this.#state as number) !== OVER && this.outbox.isIdle) this.drained()
  }

  /** Ends it now. */
  terminate(): void {
    this.#lose(new WebSocketError('WS_LOST', 'the WebSocket was cut off by this side'))
  }

  #lose(error: WebSocketError): void {
    if (this.#state === OVER) return
    this.#failure ??= error
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
    this.#pings.end(failure)
    this.#over?.set()
  }

  #endReceiving(isQuiet: boolean): void {
    this.inbox.end(this.failure, isQuiet)
  }
}

function lost(cause: unknown): WebSocketError {
  return new WebSocketError('WS_LOST', 'the connection of a WebSocket was lost', { cause })
}
