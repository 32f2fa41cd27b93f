/** Closes connections that have been idle for too long, or have lived for too long. One timer for all of a pool, which keeps no process alive. */
import { now } from '@shrapnel/core'
import { addTimer, removeTimer, type Timed } from '@shrapnel/core/parts'
import type { Member } from './member.js'
import type { PoolSettings } from './pool-options.js'

/** Whose connections it looks after. */
export interface Kept {
  readonly settings: PoolSettings
  readonly members: readonly Member[]
  /** The one that has been idle longest first. */
  readonly idle: readonly Member[]
}

export class Keeper implements Timed {
  at = Infinity
  sequence = 0
  place = -1
  readonly yieldsToData = false
  readonly #kept: Kept

  constructor(kept: Kept) {
    this.#kept = kept
  }

  /** One more is idle. */
  watch(): void {
    if (this.at === Infinity) this.#arm()
  }

  #arm(): void {
    const { idle, settings } = this.#kept
    const [oldest] = idle
    this.at =
      oldest === undefined || this.#mayNotShrink ? Infinity : oldest.idleSince + settings.idleTimeoutMs
    for (const { expiresAt } of idle) this.at = Math.min(this.at, expiresAt)
    if (this.at !== Infinity) addTimer(this)
  }

  get #mayNotShrink(): boolean {
    return this.#kept.members.length <= this.#kept.settings.minConnections
  }

  /** Called by the clock. */
  expire(): void {
    const { idle, settings } = this.#kept
    const time = now()
    for (const member of [...idle]) {
      const isOld = member.expiresAt <= time
      const isUnused = member.idleSince + settings.idleTimeoutMs <= time
      if (isOld || (isUnused && !this.#mayNotShrink)) member.connection.close()
    }
    this.#arm()
  }

  close(): void {
    removeTimer(this)
    this.at = Infinity
  }
}
