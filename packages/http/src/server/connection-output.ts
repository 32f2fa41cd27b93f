/**
 * What goes out on a connection: answers are put together in the output of the thread and sent in one write; where the client does not take all
 * of it at once, everything else waits until it has.
 */
import type { SocketAddress, Stream } from '@shrapnel/core'
import type { Deadline } from '../connection/deadline.js'
import type { Link } from '../connection/link.js'
import type { TlsFacts } from '../tls-types.js'
import type { ConnectionSettings } from './options.js'
import { SendClock } from './send-clock.js'
import { out } from './shared-parts.js'

/** So much of answers is put together before it is sent. */
const MUCH_BYTES = 65_536

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
  #sendClock: SendClock | null = null

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
    if (out.at >= MUCH_BYTES) this.flush()
  }

  /** Sends what is in the output as far as it goes at once: the rest of it is the caller's. */
  writeNow(): Buffer {
    const sent = this.link.writeNow(out.bytes, out.at)
    const rest = Buffer.from(out.bytes.subarray(sent, out.at))
    out.clear()
    return rest
  }

  /** So many bytes are on their way: the client must take them in time. */
  sending(bytes: number): void {
    this.#sendClock ??= new SendClock(this.link, this.settings.sendTimeoutMs)
    this.deadline.set(this.#sendClock.begin(bytes))
  }

  /** The time for that is up: whether the client has taken something meanwhile, and gets more. */
  protected mayTakeLonger(): boolean {
    const due = this.#sendClock?.extend()
    if (due !== undefined) this.deadline.set(due)
    return due !== undefined
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
