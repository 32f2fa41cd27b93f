/** How long a body may be waited for: `bodyTimeoutMs` between two pieces, and in all but for what `minBodyBytesPerSecond` adds as it comes. */
import { recently } from '@shrapnel/core/parts'
import type { ConnectionSettings } from './options.js'

export class BodyClock {
  /** When somebody began to wait, and how long that was altogether. */
  #from = 0
  #waitedMs = 0

  /** Somebody waits, and so many bytes have come: until when. */
  begin(receivedBytes: number, { bodyTimeoutMs, minBodyBytesPerSecond }: ConnectionSettings): number {
    this.#from = recently()
    const earnedMs =
      minBodyBytesPerSecond === 0 ? Number.POSITIVE_INFINITY : (1000 * receivedBytes) / minBodyBytesPerSecond
    const leftMs = bodyTimeoutMs + earnedMs - this.#waitedMs
    return this.#from + Math.min(leftMs, bodyTimeoutMs)
  }

  end(): void {
    this.#waitedMs += recently() - this.#from
  }
}
