/**
 * A connection over a socket. All the while its reader is in one wait, which reads at each event into the thread's slab: answers are taken
 * apart there and then, without a promise for each chunk. The reader goes on when the connection is over.
 */
import { LATER, PENDING, type RawOperation, type RawSocket, type Socket } from '@shrapnel/core'
import type { Link, Receiver } from './link.js'
import { sendLater } from './send-later.js'

/** What one read takes: loopback delivers up to this much at once. */
const SLAB_BYTES = 65_536
/** Reads of one turn, then others have theirs. */
const READS_PER_TURN = 4

/** One for all connections of the thread: nobody holds it across a wait. */
const slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES)

export class SocketLink implements Link, RawOperation<void> {
  readonly verb = 'postgres'
  readonly #socket: Socket
  readonly #raw: RawSocket
  readonly #receiver: Receiver
  #isReading = false

  constructor(socket: Socket, receiver: Receiver) {
    this.#socket = socket
    this.#receiver = receiver
    this.#raw = socket.raw()
  }

  async run(): Promise<void> {
    await this.#raw.attempt('read', this)
  }

  look(): boolean {
    // Not from inside of a read: what is told of an answer may ask.
    if (!this.#isReading) this.#raw.retryNow('read')
    return true
  }

  resume(): void {
    this.look()
  }

  /** @internal */
  try(): undefined | typeof PENDING | typeof LATER {
    this.#isReading = true
    try {
      return this.#read()
    } finally {
      this.#isReading = false
    }
  }

  #read(): undefined | typeof PENDING | typeof LATER {
    const receiver = this.#receiver
    const raw = this.#raw
    for (let reads = 0; reads < READS_PER_TURN; reads++) {
      if (receiver.isOver || this.#socket.isClosed) return undefined
      // Nor is the end of the connection seen then.
      if (receiver.isPaused) return PENDING
      const count = raw.read(slab, 0, SLAB_BYTES)
      if (count < 0) return PENDING
      if (count === 0) {
        receiver.ended()
        return undefined
      }
      receiver.received(count === SLAB_BYTES ? slab : slab.subarray(0, count))
      if (!raw.isReadable) return receiver.isOver ? undefined : PENDING
    }
    return LATER
  }

  send(bytes: Buffer): boolean {
    const count = Math.max(0, this.#raw.write(bytes, 0, bytes.length))
    if (count === bytes.length) return true
    // There may be room again by now.
    return sendLater(this.#socket, Buffer.from(bytes.subarray(count)), this.#receiver)
  }

  close(): void {
    this.#socket.close()
  }
}
