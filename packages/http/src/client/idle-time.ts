/** Since when a connection is idle, and how long it may be: what its client says, or less where the server does. */
import { recently } from '@shrapnel/core/parts'
import type { ClientResponse } from './response.js'
import { advisedIdleMs } from './response-of.js'

/** A connection that was idle longer than this is looked at before it is used: one system call. */
const TRUSTED_MS = 1

export class IdleTime {
  #limitMs: number
  #since = 0

  constructor(limitMs: number) {
    this.#limitMs = limitMs
  }

  /** It is idle from now on, or was looked at. Gives until when it may be. */
  begin(): number {
    this.#since = recently()
    return this.#since + this.#limitMs
  }

  /** Takes the server's word. False: the connection is not to be used again. */
  heed(response: ClientResponse): boolean {
    this.#limitMs = Math.min(this.#limitMs, advisedIdleMs(response))
    return this.#limitMs > 0
  }

  /** Whether it may have been closed meanwhile without anybody having seen it. */
  get isDoubtful(): boolean {
    return recently() - this.#since > TRUSTED_MS
  }
}
