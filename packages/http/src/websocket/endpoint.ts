/**
 * One side of a WebSocket, between a link and whoever sends and receives. It answers pings and closes by itself, also while nobody
 * receives; and it sends pings after a silence and finds that the peer is dead.
 */
import { Socket, type Stream } from '@shrapnel/core'
import { currentScope, recently } from '@shrapnel/core/parts'
import { Deadline } from '../connection/deadline.js'
import { WebSocketError } from '../errors.js'
import { FrameDecoder, type FrameSink } from '../wire/websocket-decoder.js'
import { encodeFrame } from '../wire/websocket-encoder.js'
import type { Deflate } from '../wire/websocket-extensions.js'
import { PING, PONG } from '../wire/websocket-frame.js'
import { randomKey } from '../wire/websocket-mask.js'
import { type Ended, Ending } from './ending.js'
import { Inbox, type InboxOwner } from './inbox.js'
import type { Link, LinkOwner } from './link.js'
import { give, lend } from './message-memory.js'
import type { WebSocketSettings } from './options.js'
import { Outbox, type OutboxOwner } from './outbox.js'
import { Pings } from './pings.js'
import { Sender } from './sender.js'
import { SocketLink } from './socket-link.js'
import { StreamLink } from './stream-link.js'

const NOTHING: Buffer = Buffer.alloc(0)

export interface EndpointFacts {
  readonly isClient: boolean
  readonly settings: WebSocketSettings
  readonly deflate: Deflate | null
}

export class Endpoint implements LinkOwner, FrameSink, OutboxOwner, InboxOwner, Ended {
  readonly stream: Stream
  readonly isClient: boolean
  readonly settings: WebSocketSettings
  readonly deflate: Deflate | null
  readonly outbox: Outbox
  readonly inbox: Inbox
  readonly sender: Sender
  readonly ending: Ending
  readonly deadline: Deadline
  readonly #link: Link
  readonly #decoder: FrameDecoder
  readonly #pings = new Pings()

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
    this.ending = new Ending(this)
    this.deadline = new Deadline(this)
  }

  /** `early`: what has come already. */
  start(early: Buffer): void {
    this.deadline.set(recently() + this.settings.pingIntervalMs)
    if (early.length > 0) this.received(early, 0, early.length)
    if (!this.ending.isOver) this.#link.start()
  }

  get recyclesMessages(): boolean {
    return this.settings.recycleMessages
  }

  get maxMessageBytes(): number {
    return this.settings.maxMessageBytes
  }

  get peerWindowBits(): number {
    return this.deflate === null ? 0 : this.deflate.peerWindowBits
  }

  // What comes in

  get isDeaf(): boolean {
    return this.ending.isDeaf
  }

  get wantsInput(): boolean {
    return this.inbox.bytes < this.settings.maxReceiveQueueBytes || !this.ending.isTalking
  }

  get target(): FrameDecoder['target'] {
    return this.ending.isDeaf ? null : this.#decoder.target
  }

  pull(): void {
    if (this.wantsInput && !this.ending.isOver) this.#link.pull()
  }

  gathered(count: number): void {
    this.#pings.heard()
    try {
      this.#decoder.gathered(count)
    } catch (error) {
      this.ending.fail(error)
    }
  }

  received(bytes: Buffer, from: number, to: number): void {
    this.#pings.heard()
    try {
      this.#decoder.push(bytes, from, to)
    } catch (error) {
      this.ending.fail(error)
    }
  }

  memoryFor(length: number): Buffer {
    return this.settings.recycleMessages ? lend(length) : give(length)
  }

  message(message: string | Buffer): void {
    // After a close of ours nobody may be there to receive, and the peer's own close comes behind all it sends.
    if (this.ending.isTalking) this.inbox.add(message)
  }

  compressed(isText: boolean, bytes: Buffer, length: number): void {
    if (this.ending.isTalking) this.inbox.addCompressed(isText, bytes, length)
  }

  control(opcode: number, payload: Buffer): void {
    if (opcode === PING) {
      if (this.ending.isTalking) this.outbox.putPong(this.#frame(PONG, payload))
    } else if (opcode === PONG) this.#pings.answered(payload)
    else this.ending.peerCloses(payload)
  }

  ended(): void {
    this.ending.linkEnded()
  }

  failed(error: unknown): void {
    if (error instanceof WebSocketError) this.ending.fail(error)
    else this.ending.linkFailed(error)
  }

  // What goes out

  #frame(opcode: number, payload: Buffer): Buffer {
    return encodeFrame(opcode, payload, this.isClient ? randomKey() : undefined)
  }

  put(opcode: number, payload: Buffer): void {
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
    this.ending.drained()
  }

  /** A send was cancelled in the middle of a message. */
  breakOff(cause: unknown): void {
    this.ending.lose(new WebSocketError('WS_LOST', 'a send was cancelled half-way', { cause }))
  }

  /** Cuts it off. */
  terminate(): void {
    this.ending.lose(new WebSocketError('WS_LOST', 'the WebSocket was cut off by this side'))
  }

  over(failure: WebSocketError): void {
    this.#pings.end(failure)
  }

  // Pings

  /** Sends a ping and waits for its pong: how long that took, in milliseconds. */
  ping(): Promise<number> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    if (!this.ending.isOpen) return Promise.reject(this.ending.failure)
    const wait = this.#pings.add(scope)
    const pong = wait.suspend()
    this.put(PING, wait.payload)
    return pong
  }

  /** @internal */
  onDeadline(): void {
    if (this.ending.expired()) return
    const { pingIntervalMs, pongTimeoutMs } = this.settings
    const due = this.#pings.due(this.wantsInput, pingIntervalMs)
    if (due === 'end')
      this.ending.lose(new WebSocketError('WS_DEAD', `no answer to a ping within ${pongTimeoutMs} ms`))
    else if (due === 'ping') {
      this.deadline.set(recently() + pongTimeoutMs)
      this.put(PING, NOTHING)
    } else this.deadline.set(due)
  }
}
