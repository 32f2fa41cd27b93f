/**
 * What a WebSocket sends, frame by frame. The first frame of a turn goes out at once; further ones of the same turn, and those of a program
 * that has more messages to answer, are gathered and go together. Whatever the kernel does not take waits here, and `queuedBytes` is what
 * back-pressure goes by. It knows nothing of messages but that one in fragments must not be cut into by another.
 */
import { atTurnEnd, type Scope, type TurnEndJob } from '@shrapnel/core/parts'
import { FrameQueue } from './frame-queue.js'
import type { Link } from './link.js'
import { RoomWait } from './room-wait.js'
import { thisTurn } from './turn.js'

const DONE: Promise<void> = Promise.resolve()

export interface OutboxOwner {
  /** Sending failed. */
  failed(error: unknown): void
  /** Everything is on its way. */
  drained(): void
}

export class Outbox implements TurnEndJob {
  readonly #link: Link
  readonly #owner: OutboxOwner
  #wroteIn = -1
  /** Null while nothing is gathered. */
  #queue: FrameQueue | null = null
  /** Bytes that the link was given and has not sent. */
  #inFlightBytes = 0
  /** The link sends, or somebody sends on the stream itself. */
  #isBusy = false
  #isHeld = false
  #willFlush = false
  #isOver = false
  /** The answer to the last ping, while nothing can be sent: one is enough (RFC 6455, 5.5.3). */
  #pong: Buffer | null = null
  /** Frames of others, while a message in fragments is being sent. */
  #deferred: FrameQueue | null = null
  #wait: RoomWait | null = null

  constructor(link: Link, owner: OutboxOwner) {
    this.#link = link
    this.#owner = owner
  }

  get queuedBytes(): number {
    return this.#waitingBytes + (this.#deferred === null ? 0 : this.#deferred.bytes)
  }

  /** Without those that are deferred. */
  get #waitingBytes(): number {
    return this.#inFlightBytes + (this.#queue === null ? 0 : this.#queue.bytes)
  }

  get isIdle(): boolean {
    return !this.#isBusy && this.queuedBytes === 0
  }

  /** Sends the first `length` bytes of `frame`, which may be changed afterwards. `holdsBack`: there will be more in this turn. */
  put(frame: Buffer, length: number, holdsBack: boolean): void {
    if (this.#isOver) return
    const isFirst = !holdsBack && this.#wroteIn !== thisTurn()
    if (isFirst && !this.#isBusy && this.#queue === null) {
      const sent = this.#write(frame, length)
      if (sent < length && !this.#isOver) this.#transmit([Buffer.from(frame.subarray(sent, length))])
      return
    }
    this.#queue ??= new FrameQueue()
    this.#queue.copy(frame, length, this.#isBusy)
    this.#schedule(isFirst)
  }

  /** Sends `frame`, which is not copied and must never be changed: others may send the same one. */
  share(frame: Buffer): void {
    if (this.#isOver) return
    if (this.#deferred !== null) {
      this.#deferred.add(frame)
      return
    }
    const isFirst = this.#wroteIn !== thisTurn()
    if (isFirst && !this.#isBusy && this.#queue === null) {
      const sent = this.#write(frame, frame.length)
      if (sent < frame.length && !this.#isOver) this.#transmit([frame.subarray(sent)])
      return
    }
    this.#queue ??= new FrameQueue()
    this.#queue.add(frame)
    this.#schedule(isFirst)
  }

  putPong(frame: Buffer): void {
    if (this.#isBusy) this.#pong = frame
    else this.put(frame, frame.length, false)
  }

  // A message that is not copied

  /** The next frame is sent on the stream itself, until `release`. Nothing may be queued. */
  hold(): void {
    this.#isBusy = this.#isHeld = true
  }

  release(): void {
    this.#isHeld = false
    this.sent()
  }

  /** Frames of others are kept back until `endMessage`. */
  beginMessage(): void {
    this.#deferred = new FrameQueue()
  }

  endMessage(): void {
    const deferred = this.#deferred
    this.#deferred = null
    if (this.#isOver) return
    if (deferred !== null && deferred.bytes > 0) {
      this.#queue ??= new FrameQueue()
      for (const frame of deferred.end()) this.#queue.add(frame)
    }
    this.flush()
  }

  // What the link says

  progressed(count: number): void {
    this.#inFlightBytes -= count
    this.#wakeIfRoom()
  }

  /** What was in flight is on its way. */
  sent(): void {
    if (this.#isHeld || this.#isOver) return
    this.#isBusy = false
    this.#inFlightBytes = 0
    if (this.#pong !== null) {
      this.#queue ??= new FrameQueue()
      this.#queue.addFirst(this.#pong)
      this.#pong = null
    }
    this.flush()
    this.#wakeIfRoom()
    if (this.isIdle) this.#owner.drained()
  }

  /** Nothing more is sent. */
  end(error: unknown): void {
    this.#isOver = true
    this.#queue = this.#deferred = this.#pong = null
    this.#inFlightBytes = 0
    this.#wait?.fail(error)
    this.#wait = null
  }

  // Waiting

  /** Waits until no more than `most` bytes are queued, without those that are deferred. One at a time. */
  untilAtMost(scope: Scope, most: number): Promise<void> {
    this.flush()
    if (this.#hasRoom(most)) return DONE
    this.#wait = new RoomWait(scope, most)
    return this.#wait.suspend()
  }

  #hasRoom(most: number): boolean {
    return this.#waitingBytes <= most && (most > 0 || !this.#isBusy)
  }

  #wakeIfRoom(): void {
    const wait = this.#wait
    if (wait === null || !this.#hasRoom(wait.most)) return
    this.#wait = null
    wait.wake()
  }

  // Sending

  onTurnEnd(): void {
    this.#willFlush = false
    this.flush()
  }

  #schedule(isNow: boolean): void {
    if (this.#isBusy) return
    if (isNow) this.flush()
    else if (!this.#willFlush) {
      this.#willFlush = true
      atTurnEnd(this)
    }
  }

  /** Sends what is gathered, as far as it goes. */
  flush(): void {
    const queue = this.#queue
    if (queue === null || this.#isBusy || this.#isOver) return
    this.#queue = null
    const parts = queue.end()
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i] as Buffer
      const sent = this.#write(part, part.length)
      if (this.#isOver) return
      if (sent === part.length) continue
      this.#transmit([part.subarray(sent), ...parts.slice(i + 1)])
      return
    }
    queue.giveBack()
  }

  #write(bytes: Buffer, length: number): number {
    this.#wroteIn = thisTurn()
    try {
      return this.#link.write(bytes, 0, length)
    } catch (error) {
      this.#owner.failed(error)
      return 0
    }
  }

  #transmit(parts: readonly Buffer[]): void {
    this.#isBusy = true
    for (const part of parts) this.#inFlightBytes += part.length
    this.#link.send(parts)
  }
}
