/**
 * How a WebSocket ends, in one of three ways: closed (each side has said so), failed (the peer broke a rule, and was told), or lost. Every
 * wait for the peer has its limit; then the connection is cut.
 */
import { Event, type Stream } from '@shrapnel/core'
import { atTurnEnd, currentScope, inBackground, recently, type TurnEndJob } from '@shrapnel/core/parts'
import type { Deadline } from '../connection/deadline.js'
import { reset } from '../connection/stream-end.js'
import { WebSocketError } from '../errors.js'
import { encodeClosing, MAX_REASON_BYTES, parseClosing } from '../wire/websocket-close.js'
import { CLOSE, GOING_AWAY, INTERNAL_ERROR } from '../wire/websocket-frame.js'
import type { Inbox } from './inbox.js'
import type { Outbox } from './outbox.js'
import type { Sender } from './sender.js'

const OPEN = 0
/** We have said that we close; the peer has not. */
const CLOSING = 1
/** Both have: what is left to send goes out, and the connection ends. */
const CLOSED = 2
/** The peer broke a rule and was told; it gets a while to read that. */
const FAILED = 3
const OVER = 4

/** What ends. */
export interface Ended {
  readonly stream: Stream
  readonly isClient: boolean
  readonly settings: { readonly closeTimeoutMs: number }
  readonly deadline: Deadline
  readonly inbox: Inbox
  readonly outbox: Outbox
  readonly sender: Sender
  /** Sends a control frame. */
  put(opcode: number, payload: Buffer): void
  /** Input is wanted again. */
  pull(): void
  /** It is over. */
  over(failure: WebSocketError): void
}

export class Ending implements TurnEndJob {
  /** What the peer closed with; undefined until it has. */
  closeCode: number | undefined = undefined
  closeReason: string | undefined = undefined
  readonly #it: Ended
  #state = OPEN
  /** `close` was called: what is in line goes out, nothing else gets in. */
  #hasBegun = false
  /** The peer's close, which is answered at the end of the turn. */
  #unanswered: Buffer | null = null
  #failure: WebSocketError | null = null
  #isShut = false
  #over: Event | null = null

  constructor(it: Ended) {
    this.#it = it
  }

  /** No side has said anything. */
  get isOpen(): boolean {
    return this.#state === OPEN && !this.#hasBegun
  }

  /** Messages that were in line before a close may still go out, and others still come in. */
  get isTalking(): boolean {
    return this.#state === OPEN
  }

  /** The peer has nothing more to say. */
  get isDeaf(): boolean {
    return this.#state >= CLOSED || this.#unanswered !== null
  }

  get isOver(): boolean {
    return this.#state === OVER
  }

  /** Why nothing can be sent any more. */
  get failure(): WebSocketError {
    return this.#failure ?? new WebSocketError('WS_CLOSED', 'the WebSocket was closed by this side')
  }

  // A close

  /** Says that this side closes, once whatever is in line has gone out, and waits until it is over. */
  async close(code: number, reason: string): Promise<void> {
    const refused = currentScope().refuse()
    if (refused !== null) return refused
    if (this.#begin()) await this.#it.sender.inTurn(() => this.#say(code, reason))
    await this.untilOver()
  }

  /** As `close`, without waiting. */
  goAway(): void {
    if (!this.#begin()) return
    inBackground(
      () => this.#it.sender.inTurn(() => this.#say(GOING_AWAY, '')),
      () => {},
      (error) => this.linkFailed(error),
    )
  }

  /** As `close`, now and without waiting: what is in line behind it goes out no more. */
  closeNow(code: number, reason: string): void {
    if (this.#begin()) this.#say(code, reason)
  }

  #begin(): boolean {
    if (!this.isOpen) return false
    this.#hasBegun = true
    this.#limit()
    return true
  }

  /** The peer has closeTimeoutMs from now on. */
  #limit(): void {
    this.#it.deadline.set(recently() + this.#it.settings.closeTimeoutMs)
  }

  #say(code: number, reason: string): void {
    this.onTurnEnd()
    if (this.#state !== OPEN) return
    this.#state = CLOSING
    this.#put(encodeClosing(code, reason))
    // Where reading had been held up, the peer's close may be behind what was not read.
    this.#it.pull()
  }

  #put(payload: Buffer): void {
    this.#it.put(CLOSE, payload)
    this.#it.outbox.flush()
  }

  async untilOver(): Promise<void> {
    if (this.#state === OVER) return
    this.#over ??= new Event()
    await this.#over.wait()
  }

  /** Throws `WS_PROTOCOL`, `WS_TEXT`. */
  peerCloses(payload: Buffer): void {
    const { code, reason } = parseClosing(payload)
    this.closeCode = code
    this.closeReason = reason
    const text = `the WebSocket was closed with ${code}${reason === '' ? '' : ` (${reason})`}`
    this.#failure = new WebSocketError('WS_CLOSED', text, { closeCode: code, reason })
    this.#limit()
    this.#it.inbox.end(this.#failure, true)
    this.#unanswered = payload
    if (this.#state === OPEN) atTurnEnd(this)
    else this.onTurnEnd()
  }

  /** Answers the peer's close: whatever the program could say at once to what came before it has been said. */
  onTurnEnd(): void {
    const payload = this.#unanswered
    this.#unanswered = null
    if (payload === null || this.#state >= CLOSED) return
    const wasOpen = this.#state === OPEN
    this.#state = CLOSED
    if (wasOpen) this.#put(payload)
    if (this.#it.outbox.isIdle) this.drained()
  }

  // A fault

  /** Tells the peer what it did wrong, and hears no more. */
  fail(error: unknown): void {
    this.onTurnEnd()
    if (this.#state >= CLOSED) return
    const failure =
      error instanceof WebSocketError
        ? error
        : new WebSocketError('WS_LOST', 'a WebSocket failed', { closeCode: INTERNAL_ERROR, cause: error })
    const wasOpen = this.#state === OPEN
    this.#state = FAILED
    this.#failure = failure
    this.#limit()
    const reason = Buffer.from(failure.message).subarray(0, MAX_REASON_BYTES).toString('latin1')
    if (wasOpen) this.#put(encodeClosing(failure.closeCode ?? INTERNAL_ERROR, reason))
    this.#it.inbox.end(failure, false)
    this.#it.pull()
    if (this.#it.outbox.isIdle) this.drained()
  }

  // A loss

  /** The peer sends no more. */
  linkEnded(): void {
    this.onTurnEnd()
    if (this.#state >= CLOSED) this.#finish()
    else this.lose(new WebSocketError('WS_LOST', 'the connection of a WebSocket ended without a close'))
  }

  linkFailed(cause: unknown): void {
    this.onTurnEnd()
    if (this.#state >= CLOSED) this.#finish()
    else this.lose(new WebSocketError('WS_LOST', 'the connection of a WebSocket was lost', { cause }))
  }

  /** It took too long to end. False: it does not end. */
  expired(): boolean {
    if (this.isOpen) return false
    this.lose(new WebSocketError('WS_LOST', 'the peer did not close within closeTimeoutMs'))
    return true
  }

  /** Cuts it off. */
  lose(error: WebSocketError): void {
    if (this.#state === OVER) return
    this.#failure ??= error
    reset(this.#it.stream)
    this.#finish()
  }

  // The end itself

  /** Everything is on its way: a server that has closed ends the connection, a client waits for that (RFC 6455, 7.1.1). */
  drained(): void {
    if (this.#state === FAILED || (this.#state === CLOSED && !this.#it.isClient)) this.#shutdown()
  }

  /** Sends no more. A peer that was told of its fault reads that before it is cut off: what it still sends is dropped. */
  #shutdown(): void {
    if (this.#isShut) return
    this.#isShut = true
    const isLast = this.#state === CLOSED
    inBackground(
      () => this.#it.stream.shutdown(),
      () => isLast && this.#finish(),
      () => this.#finish(),
    )
  }

  #finish(): void {
    if (this.#state === OVER) return
    this.#state = OVER
    const { failure } = this
    this.#it.deadline.end()
    this.#it.stream.close()
    this.#it.outbox.end(failure)
    this.#it.inbox.end(failure, failure.code === 'WS_CLOSED')
    this.#it.over(failure)
    this.#over?.set()
  }
}
