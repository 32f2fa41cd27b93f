/**
 * A WebSocket over a socket. One wait in the background tries to read at each event: bytes come into the thread's slab and whole messages
 * leave it there and then, without a promise. So an idle connection holds no buffer.
 */
import { LATER, PENDING, type RawOperation, type RawSocket, type Socket } from '@shrapnel/core'
import { inBackground, refillBackground } from '@shrapnel/core/parts'
import { receiveSlab } from '../wire/websocket-mask.js'
import { intake } from './intake.js'
import type { Link, LinkOwner } from './link.js'

/** Reads and writes of one turn, then others have theirs. */
const READS_PER_TURN = 4
const WRITES_PER_TURN = 4

/** Of a link that the owner has heard of already. */
const ended = (): void => {}

export class SocketLink implements Link, RawOperation<undefined> {
  readonly verb = 'websocket receive'
  readonly stream: Socket
  readonly #raw: RawSocket
  readonly #owner: LinkOwner
  /** There may be bytes that nobody wanted when the kernel told of them: it will not tell again. */
  #isHeld = false
  #sending: Sending | null = null

  constructor(socket: Socket, owner: LinkOwner) {
    this.stream = socket
    this.#owner = owner
    this.#raw = socket.raw()
  }

  start(): void {
    refillBackground()
    inBackground(
      () => this.#raw.attempt('read', this),
      ended,
      (error) => this.#owner.failed(error),
    )
  }

  /** @internal */
  readNow(): void {
    this.#raw.retryNow('read')
  }

  pull(): void {
    if (this.#isHeld) this.#raw.retry('read')
  }

  /** @internal */
  try(): undefined | typeof PENDING | typeof LATER {
    const owner = this.#owner
    const raw = this.#raw
    for (let reads = 0; reads < READS_PER_TURN; reads++) {
      this.#isHeld = !owner.wantsInput
      if (this.#isHeld) return PENDING
      if (intake.isFull) {
        intake.wait(this)
        return PENDING
      }
      const { target } = owner
      let count: number
      if (target === null) {
        count = raw.read(receiveSlab, 0, receiveSlab.length)
        if (count > 0) owner.received(receiveSlab, 0, count)
      } else {
        count = raw.read(target.bytes, target.at, target.end - target.at)
        if (count > 0) owner.gathered(count)
      }
      if (count < 0) return PENDING
      intake.took(count)
      if (count === 0) {
        owner.ended()
        return undefined
      }
      if (raw.isClosed || !raw.isReadable) return PENDING
    }
    return LATER
  }

  write(bytes: Buffer, from: number, to: number): number {
    return Math.max(0, this.#raw.write(bytes, from, to))
  }

  send(parts: readonly Uint8Array[]): void {
    this.#sending ??= new Sending(this.#raw, this.#owner)
    this.#sending.start(parts)
  }
}

/** What the kernel did not take at once goes on at its events. */
class Sending implements RawOperation<undefined> {
  readonly verb = 'websocket send'
  readonly #raw: RawSocket
  readonly #owner: LinkOwner
  #parts: readonly Uint8Array[] = []
  #part = 0
  #at = 0

  constructor(raw: RawSocket, owner: LinkOwner) {
    this.#raw = raw
    this.#owner = owner
  }

  start(parts: readonly Uint8Array[]): void {
    this.#parts = parts
    this.#part = this.#at = 0
    refillBackground()
    inBackground(
      () => this.#raw.attempt('write', this),
      () => {
        this.#parts = []
        this.#owner.sent()
      },
      (error) => this.#owner.failed(error),
    )
  }

  try(): undefined | typeof PENDING | typeof LATER {
    for (let writes = 0; writes < WRITES_PER_TURN; writes++) {
      const part = this.#parts[this.#part]
      if (part === undefined) return undefined
      const count = this.#raw.write(part, this.#at, part.length)
      if (count < 0) return PENDING
      this.#owner.progressed(count, true)
      this.#at += count
      if (this.#at < part.length) continue
      this.#part++
      this.#at = 0
    }
    return this.#part === this.#parts.length ? undefined : LATER
  }
}
