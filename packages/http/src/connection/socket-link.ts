/**
 * A connection over a socket. All the while the coroutine of the connection is in one wait, which tries to read at each event: bytes come
 * into the thread's slab, and whole requests are answered there and then, without a promise. The coroutine goes on when the connection is over.
 */
import {
  LATER,
  PENDING,
  type RawOperation,
  type RawSocket,
  type Socket,
  type SocketAddress,
} from '@shrapnel/core'
import { runIn, type Scope } from '@shrapnel/core/parts'
import type { Link, Receiver } from './link.js'

/** What one read takes: loopback delivers up to this much at once. */
const SLAB_BYTES = 65_536
/** Reads of one turn, then others have theirs. */
const READS_PER_TURN = 4

const slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES)

export class SocketLink implements Link, RawOperation<undefined> {
  readonly verb = 'http'
  readonly stream: Socket
  readonly tls = undefined
  readonly #raw: RawSocket
  readonly #receiver: Receiver
  readonly #scope: Scope

  /** There may be bytes that nobody wanted when the kernel told of them: it will not tell again. */
  #isHeld = false

  constructor(socket: Socket, receiver: Receiver, scope: Scope) {
    this.stream = socket
    this.#receiver = receiver
    this.#scope = scope
    this.#raw = socket.raw()
  }

  get peer(): SocketAddress | undefined {
    return this.stream.remoteAddress
  }

  get taken(): number {
    return this.#raw.taken
  }

  run(): Promise<void> | undefined {
    return this.#raw.attempt('read', this) as Promise<void> | undefined
  }

  wake(): void {
    this.#raw.retryNow('read')
  }

  pull(): void {
    if (this.#raw.isReadable || this.#isHeld) this.#raw.retryNow('read')
  }

  /** @internal */
  try(): undefined | typeof PENDING | typeof LATER {
    const receiver = this.#receiver
    const raw = this.#raw
    for (let reads = 0; reads < READS_PER_TURN; reads++) {
      if (receiver.isOver) return undefined
      this.#isHeld = !receiver.wantsInput
      if (this.#isHeld) return PENDING
      const { target } = receiver
      let count: number
      if (target === null) {
        count = raw.read(slab, 0, SLAB_BYTES)
        if (count > 0) receiver.received(slab, 0, count, true)
      } else {
        count = raw.read(target.bytes, target.at, target.end - target.at)
        if (count > 0) receiver.gathered(count)
      }
      // Lost while what came was served, as by a write that failed: nothing wakes whoever waits on a socket that is closed.
      if (receiver.isOver || this.stream.isClosed) return undefined
      if (count < 0) return PENDING
      if (count === 0) {
        receiver.ended()
        return receiver.isOver ? undefined : PENDING
      }
      if (!raw.isReadable) return PENDING
    }
    return LATER
  }

  write(bytes: Buffer, end: number): boolean {
    const sent = this.writeNow(bytes, end)
    if (sent === end) return true
    const rest = Buffer.from(bytes.subarray(sent, end))
    runIn(this.#scope, () => this.stream.send(rest)).then(
      () => this.#receiver.flushed(),
      (error) => this.#receiver.failed(error),
    )
    return false
  }

  writeNow(bytes: Buffer, end: number): number {
    return Math.max(0, this.#raw.write(bytes, 0, end))
  }
}
