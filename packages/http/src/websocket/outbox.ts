/**
 * What a WebSocket sends, frame by frame. The first frame of a turn goes out at once; further ones of the same turn, and those of a program
 * that has more messages to answer, are gathered and go together. Whatever the kernel does not take waits here, and `queuedBytes` is what
 * back-pressure goes by. It knows nothing of messages but that one in fragments must not be cut into by another.
 */
import { atTurnEnd, type Scope, type TurnEndJob, Wait } from '@shrapnel/core/parts'
import type { Link } from './link.js'

const CHUNK_BYTES = 16_384
/** A connection that waits may wait long: its first chunk is a small one. */
const FIRST_CHUNK_BYTES = 2_048
/** Chunks that are kept when nobody needs them: 1 MiB. */
const MOST_KEPT = 64

const pool: Buffer[] = []
const DONE: Promise<void> = Promise.resolve()

/** Which turn this is. It is counted only while somebody writes. */
let turn = 0
let isCounting = false
const turnCounter: TurnEndJob = {
  onTurnEnd() {
    turn++
    isCounting = false
  },
}

function thisTurn(): number {
  if (!isCounting) {
    isCounting = true
    atTurnEnd(turnCounter)
  }
  return turn
}

export interface OutboxOwner {
  /** Sending failed. */
  failed(error: unknown): void
  /** Everything is on its way. */
  drained(): void
}

export class Outbox implements TurnEndJob {
  readonly #link: Link
  readonly #owner: OutboxOwner
  /** Full chunks and shared frames, then the chunk that is being filled. */
  #parts: Buffer[] = []
  #chunk: Buffer | null = null
  #used = 0
  #gatheredBytes = 0
  /** Bytes that the link was given and has not sent. */
  #inFlightBytes = 0
  /** The link sends, or somebody sends on the stream itself. */
  #isBusy = false
  #isHeld = false
  #willFlush = false
  #isOver = false
  #wroteIn = -1
  /** The answer to the last ping, while nothing can be sent: one is enough (RFC 6455, 5.5.3). */
  #pong: Buffer | null = null
  /** Frames of others, while a message in fragments is being sent. */
  #deferred: Buffer[] | null = null
  #deferredBytes = 0
  #wait: RoomWait | null = null

  constructor(link: Link, owner: OutboxOwner) {
    this.#link = link
    this.#owner = owner
  }

  get queuedBytes(): number {
    return this.#gatheredBytes + this.#inFlightBytes + this.#deferredBytes
  }

  get isBusy(): boolean {
    return this.#isBusy
  }

  /** Sends the first `length` bytes of `frame`, which may be changed afterwards. `holdsBack`: there will be more in this turn. */
  put(frame: Buffer, length: number, holdsBack: boolean): void {
    if (this.#isOver) return
    const isFirst = !holdsBack && this.#wroteIn !== turn
    if (isFirst && !this.#isBusy && this.#gatheredBytes === 0) {
      const sent = this.#write(frame, length)
      if (sent < length && !this.#isOver) this.#transmit([Buffer.from(frame.subarray(sent, length))])
      return
    }
    this.#gather(frame, length)
    this.#schedule(isFirst)
  }

  /** Sends `frame`, which is not copied and must never be changed: others may send the same one. */
  share(frame: Buffer): void {
    if (this.#isOver) return
    if (this.#deferred !== null) {
      this.#deferred.push(frame)
      this.#deferredBytes += frame.length
      return
    }
    const isFirst = this.#wroteIn !== turn
    if (isFirst && !this.#isBusy && this.#gatheredBytes === 0) {
      const sent = this.#write(frame, frame.length)
      if (sent < frame.length && !this.#isOver) this.#transmit([frame.subarray(sent)])
      return
    }
    this.#add(frame)
    this.#schedule(isFirst)
  }

  #add(frame: Buffer): void {
    this.#closeChunk()
    this.#parts.push(frame)
    this.#gatheredBytes += frame.length
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
    this.#deferred = []
  }

  endMessage(): void {
    const deferred = this.#deferred ?? []
    this.#deferred = null
    this.#deferredBytes = 0
    if (this.#isOver) return
    for (const frame of deferred) this.#add(frame)
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
    const pong = this.#pong
    if (pong !== null) {
      this.#pong = null
      this.#parts.unshift(pong)
      this.#gatheredBytes += pong.length
    }
    this.flush()
    this.#wakeIfRoom()
    if (!this.#isBusy && this.queuedBytes === 0) this.#owner.drained()
  }

  /** Nothing more is sent. */
  end(error: unknown): void {
    this.#isOver = true
    this.#parts = []
    this.#chunk = this.#pong = null
    this.#gatheredBytes = this.#inFlightBytes = this.#deferredBytes = 0
    this.#wait?.fail(error)
    this.#wait = null
  }

  // Waiting

  /** Waits until no more than `most` bytes are queued, without those that are deferred. One at a time. */
  untilAtMost(scope: Scope, most: number): Promise<void> {
    this.flush()
    if (this.#hasRoom(most)) return DONE
    this.#wait = new RoomWait(scope, most, () => {
      this.#wait = null
    })
    return this.#wait.suspend()
  }

  #hasRoom(most: number): boolean {
    return this.#gatheredBytes + this.#inFlightBytes <= most && (most > 0 || !this.#isBusy)
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
    if (this.#isBusy || this.#isOver || this.#gatheredBytes === 0) return
    const chunk = this.#chunk
    this.#closeChunk()
    const parts = this.#parts
    this.#parts = []
    this.#gatheredBytes = 0
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i] as Buffer
      const sent = this.#write(part, part.length)
      if (this.#isOver) return
      if (sent === part.length) continue
      const rest = parts.slice(i)
      rest[0] = part.subarray(sent)
      this.#transmit(rest)
      return
    }
    if (chunk?.length === CHUNK_BYTES && pool.length < MOST_KEPT) pool.push(chunk)
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

  // Gathering

  #gather(frame: Buffer, length: number): void {
    if (this.#chunk === null || this.#used + length > this.#chunk.length) {
      this.#closeChunk()
      this.#chunk = this.#newChunk(length)
      this.#used = 0
    }
    frame.copy(this.#chunk, this.#used, 0, length)
    this.#used += length
    this.#gatheredBytes += length
  }

  #newChunk(least: number): Buffer {
    if (least > CHUNK_BYTES) return Buffer.allocUnsafeSlow(least)
    if (!this.#isBusy) return pool.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES)
    const usual = this.#gatheredBytes === 0 ? FIRST_CHUNK_BYTES : CHUNK_BYTES
    return Buffer.allocUnsafeSlow(Math.max(usual, least))
  }

  #closeChunk(): void {
    if (this.#chunk !== null) this.#parts.push(this.#chunk.subarray(0, this.#used))
    this.#chunk = null
    this.#used = 0
  }
}

class RoomWait extends Wait<void> {
  readonly most: number
  readonly #onLeft: () => void
  constructor(scope: Scope, most: number, onLeft: () => void) {
    super(scope)
    this.most = most
    this.#onLeft = onLeft
  }
  protected unlink(): void {
    this.#onLeft()
  }
  describe(): string {
    return 'websocket send'
  }
}
