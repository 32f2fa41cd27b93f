/**
 * How long a client may take over what it is sent: `sendTimeoutMs` for each 64 KiB in all, and as long without taking anything, where the
 * link knows what was taken before all of it is.
 */
import { now } from '@shrapnel/core'
import { recently } from '@shrapnel/core/parts'
import type { Link } from '../connection/link.js'

const UNIT_BYTES = 65_536

export class SendClock {
  readonly #link: Link
  readonly #timeoutMs: number
  /** When all that is on its way must have been taken. */
  #end = 0
  /** What the link said last. */
  #taken: number | undefined

  constructor(link: Link, sendTimeoutMs: number) {
    this.#link = link
    this.#timeoutMs = sendTimeoutMs
  }

  /** So many bytes are on their way: until when. */
  begin(bytes: number): number {
    this.#end = recently() + this.#timeoutMs * Math.max(1, Math.ceil(bytes / UNIT_BYTES))
    this.#taken = this.#link.taken
    return this.#taken === undefined ? this.#end : recently() + this.#timeoutMs
  }

  /** The time is up. Until when there is more of it, if some of it was taken meanwhile; undefined: that was it. */
  extend(): number | undefined {
    const time = now()
    const { taken } = this.#link
    if (taken === this.#taken || time >= this.#end) return undefined
    this.#taken = taken
    return Math.min(this.#end, time + this.#timeoutMs)
  }
}
