/** Closes connections that have been idle for too long, or have lived for too long. One timer for all of a pool, which keeps no process alive. */
import { now } from '@shrapnel/core'
import { addTimer, removeTimer, type Timed } from '@shrapnel/core/parts'
import type { Member } from './member.js'
import type { PoolSettings } from './pool-options.js'
import type { Roster } from './roster.js'

export class Keeper implements Timed {
  at = Infinity
  sequence = 0
  place = -1
  readonly yieldsToData = false
  readonly #roster: Roster
  readonly #settings: PoolSettings

  constructor(roster: Roster, settings: PoolSettings) {
    this.#roster = roster
    this.#settings = settings
  }

  /** One more is idle. */
  watch(member: Member): void {
    this.#wakeAt(this.#dueAt(member))
  }

  #dueAt({ idleSince, expiresAt }: Member): number {
    if (this.#mayNotShrink) return expiresAt
    return Math.min(expiresAt, idleSince + this.#settings.idleTimeoutMs)
  }

  #wakeAt(at: number): void {
    if (at >= this.at) return
    removeTimer(this)
    this.at = at
    addTimer(this)
  }

  get #mayNotShrink(): boolean {
    return this.#roster.size <= this.#settings.minConnections
  }

  /** Called by the clock. */
  expire(): void {
    const { idle } = this.#roster
    const { idleTimeoutMs } = this.#settings
    const time = now()
    this.at = Infinity
    for (const member of [...idle]) {
      const isOld = member.expiresAt <= time
      const isUnused = member.idleSince + idleTimeoutMs <= time
      if (isOld || (isUnused && !this.#mayNotShrink)) member.connection.close()
    }
    for (const member of idle) this.watch(member)
  }

  close(): void {
    removeTimer(this)
    this.at = Infinity
  }
}
