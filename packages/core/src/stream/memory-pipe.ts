/**
 * MemoryPipe: one direction of a pair of in-memory streams, as a kernel's buffer is one direction of a connection. What was sent
 * arrives in the pieces it was sent in, and no piece joins another, so a test decides how its bytes are cut.
 */
import { constants as os } from 'node:os'
import { type Awaitable, DONE } from '../awaitable.js'
import type { ClosedError } from '../errors.js'
import type { Scope } from '../runtime/scope.js'
import { systemError } from '../system-error.js'
import { Direction } from './direction.js'

const NOTHING: Buffer = Buffer.alloc(0)

export class MemoryPipe {
  readonly #limitBytes: number
  readonly #receiving: Direction<Buffer>
  readonly #sending: Direction<void>
  /** Called if a send is cancelled when some of its bytes are gone. */
  readonly #onHalfSent: () => void
  #pieces: Buffer[] = []
  #first = 0
  /** Bytes of the first piece that are taken. */
  #offset = 0
  #size = 0
  /** What the waiting sender has not got rid of. */
  #rest: Uint8Array | null = null
  #receiverMax = 0
  #isEnded = false
  #isReset = false
  #hasReceiver = true

  constructor(limitBytes: number, receiver: string, sender: string, onHalfSent: () => void) {
    this.#limitBytes = limitBytes
    this.#receiving = new Direction(`recv ${receiver}`)
    this.#sending = new Direction(`send ${sender}`)
    this.#onHalfSent = onHalfSent
  }

  /** Whether `recv` needs not wait. */
  get isReadable(): boolean {
    return this.#size > 0 || this.#isEnded
  }

  recv(scope: Scope, max: number): Awaitable<Buffer> {
    this.#receiving.claim(scope)
    if (this.#size > 0) return this.#take(max)
    if (this.#isEnded) return NOTHING
    if (this.#isReset) throw systemError('read', -os.errno.ECONNRESET)
    this.#receiverMax = max
    return this.#receiving.suspend(scope)
  }

  send(scope: Scope, bytes: Uint8Array): Promise<void> {
    this.#sending.claim(scope)
    this.#checkOpen()
    const accepted = this.#accept(bytes)
    if (accepted === bytes.length) return DONE
    this.#rest = bytes.subarray(accepted)
    return this.#sending.suspend(scope, () => {
      // What is left may still be nothing less than all: then nobody saw anything.
      const isUntouched = this.#rest?.length === bytes.length
      this.#rest = null
      if (!isUntouched) this.#onHalfSent()
    })
  }

  /** No more will come: the receiver reads what there is, and then an end. */
  end(scope: Scope): void {
    this.#sending.claim(scope)
    this.#isEnded = true
    this.#receiving.wake(NOTHING)
  }

  /** The sender closed it; if it was in the middle of a send, the receiver is told so and does not take half for the whole. */
  closeBySender(closed: ClosedError, isHalfSent = this.#rest !== null): void {
    this.#rest = null
    this.#sending.fail(closed)
    if (this.#isEnded) return
    if (isHalfSent) {
      this.#isReset = true
      this.#receiving.fail(systemError('read', -os.errno.ECONNRESET))
    } else {
      this.#isEnded = true
      this.#receiving.wake(NOTHING)
    }
  }

  closeByReceiver(closed: ClosedError): void {
    this.#hasReceiver = false
    this.#pieces = []
    this.#first = this.#offset = this.#size = 0
    this.#rest = null
    this.#receiving.fail(closed)
    this.#sending.fail(systemError('write', -os.errno.EPIPE))
  }

  #checkOpen(): void {
    if (this.#isEnded || !this.#hasReceiver) throw systemError('write', -os.errno.EPIPE)
  }

  /** Copies what there is room for; how much that was. */
  #accept(bytes: Uint8Array): number {
    let at = 0
    if (bytes.length === 0) return 0
    if (this.#receiving.isWaiting) {
      at = Math.min(bytes.length, this.#receiverMax)
      this.#receiving.wake(Buffer.from(bytes.subarray(0, at)))
    }
    const room = Math.min(bytes.length - at, this.#limitBytes - this.#size)
    if (room > 0) {
      this.#pieces.push(Buffer.from(bytes.subarray(at, at + room)))
      this.#size += room
    }
    return at + Math.max(room, 0)
  }

  #take(max: number): Buffer {
    const piece = this.#pieces[this.#first] as Buffer
    const count = Math.min(max, piece.length - this.#offset)
    const taken =
      count === piece.length ? piece : Buffer.from(piece.subarray(this.#offset, this.#offset + count))
    this.#offset += count
    this.#size -= count
    if (this.#offset === piece.length) this.#nextPiece()
    const rest = this.#rest
    if (rest !== null) {
      const accepted = this.#accept(rest)
      this.#rest = accepted < rest.length ? rest.subarray(accepted) : null
      if (this.#rest === null) this.#sending.wake()
    }
    return taken
  }

  #nextPiece(): void {
    this.#offset = 0
    this.#pieces[this.#first] = NOTHING
    // The taken ones are dropped now and then, all at once: shifting a long array moves the whole of it.
    if (++this.#first < 64 && this.#first < this.#pieces.length) return
    this.#pieces.splice(0, this.#first)
    this.#first = 0
  }
}
