/**
 * What goes out on a connection: answers are put together in the output of the thread and sent in one write; where the client does not take all
 * of it at once, everything else waits until it has.
 */
import { now, type SocketAddress, type Stream } from '@shrapnel/core'
import { recently } from '@shrapnel/core/parts'
import type { Deadline } from '../connection/deadline.js'
import type { Link } from '../connection/link.js'
import type { TlsFacts } from '../tls-types.js'
import type { ConnectionSettings } from './options.js'
import { out } from './shared-parts.js'

/** In all, `sendTimeoutMs` is for so many bytes. */
const SEND_UNIT_BYTES = 65_536

export abstract class ConnectionOutput {
  abstract readonly settings: ConnectionSettings
  abstract readonly deadline: Deadline
  protected abstract readonly link: Link
  /** A write waits for the client. Nothing else is sent before it is done. */
  isFlushing = false
  /** What is put off until then. */
  afterFlush: (() => void) | null = null
  /** Nothing that is still done for the client will reach it. */
  isLost = false
  protected closesAfterFlush = false
  /** When what is on its way must have been taken, and what the link said when that was looked at last. */
  #takenBy = 0
  #taken: number | undefined = undefined

  /** Whatever is still being done for the client is in vain. */
  protected abstract lose(cause: unknown): void
  /** Everything is sent, and nothing will follow. */
  protected abstract close(): void

  get stream(): Stream {
    return this.link.stream
  }

  get peer(): SocketAddress | undefined {
    return this.link.peer
  }

  get tls(): TlsFacts | undefined {
    return this.link.tls
  }

  /** Sends what is in the output. */
  flush(): void {
    if (out.at > 0) {
      const { at } = out
      try {
        this.isFlushing = !this.link.write(out.bytes, at)
      } catch (error) {
        this.closesAfterFlush = false
        this.lose(error)
      }
      out.clear()
      if (this.isFlushing) this.sending(at)
    }
    if (this.closesAfterFlush && !this.isFlushing) this.close()
  }

  /** A client that sends ahead and reads nothing must not have its answers pile up here. */
  protected flushIfMuch(): void {
    if (out.at >= SEND_UNIT_BYTES) this.flush()
  }

  /** Sends what is in the output as far as it goes at once: the rest of it is the caller's. */
  writeNow(): Buffer {
    const sent = this.link.writeNow(out.bytes, out.at)
    const rest = Buffer.from(out.bytes.subarray(sent, out.at))
    out.clear()
    return rest
  }

  /** So many bytes are on their way: the client must take them in time, and some of them sooner. */
  sending(bytes: number): void {
    const units = Math.max(1, Math.ceil(bytes / SEND_UNIT_BYTES))
    this.#takenBy = recently() + this.settings.sendTimeoutMs * units
    this.#awaitTaking()
  }

  #awaitTaking(): void {
    this.#taken = this.link.taken
    const isKnown = this.#taken !== undefined
    this.deadline.set(isKnown ? Math.min(this.#takenBy, now() + this.settings.sendTimeoutMs) : this.#takenBy)
  }

  /** The time is up: whether the client took something meanwhile, and has some of it left. */
  protected hasTaken(): boolean {
    if (this.#taken === this.link.taken || now() >= this.#takenBy) return false
    this.#awaitTaking()
    return true
  }

  protected doPutOff(): void {
    const putOff = this.afterFlush
    this.afterFlush = null
    putOff?.()
  }

  pull(): void {
    this.link.pull()
  }
}
