/** The connections of a pool: which of them can be used, and which are kept free for somebody who wants one alone. */
import { inBackground, recently } from '@shrapnel/core/parts'
import type { Member } from './member.js'

export class Roster {
  readonly members: Member[] = []
  /** The last one was used last. */
  readonly idle: Member[] = []
  readonly #lookedAt: (member: Member) => void
  /** It was looked at just now. */
  #fresh: Member | null = null
  #claims = 0

  /** `lookedAt` is told of one that it took a turn to look at, and that was idle; it may be broken. */
  constructor(lookedAt: (member: Member) => void) {
    this.#lookedAt = lookedAt
  }

  get size(): number {
    return this.members.length
  }

  get draining(): number {
    return this.members.filter((member) => member.connection.isDraining).length
  }

  /** Those that were given back or are looked at: it takes a turn, or a rollback. */
  get aboutToBeIdle(): number {
    let count = 0
    for (const { state, connection } of this.members)
      if (
        state === 'returning' &&
        !connection.isDraining &&
        (connection.isReserved || connection.inFlight === 0)
      )
        count++
    return count
  }

  rest(member: Member): void {
    member.state = 'idle'
    member.idleSince = recently()
    this.idle.push(member)
  }

  /** Its connection has ended. False: that was known. */
  remove(member: Member): boolean {
    const at = this.members.indexOf(member)
    if (at < 0) return false
    this.members.splice(at, 1)
    this.unclaim(member)
    if (member.state === 'idle') this.idle.splice(this.idle.indexOf(member), 1)
    return true
  }

  /** One that is idle and not broken; its state is the caller's to set. */
  takeIdle(): Member | null {
    for (let member = this.idle.pop(); member !== undefined; member = this.idle.pop()) {
      // Nobody has it until that is known.
      member.state = 'returning'
      if (member === this.#fresh ? member.connection.isOpen : this.#looksWell(member)) return member
    }
    return null
  }

  /** False: it is broken, or that takes a turn to know; then it comes back by itself. */
  #looksWell(member: Member): boolean {
    let looksWell = false
    let isLater = false
    const goOn = (isBroken: boolean): void => {
      if (isLater) this.#cameBack(member)
      else looksWell = !isBroken
    }
    // Not in the scope of whoever asks: that may be interrupted, and its interrupt is not for this.
    inBackground(
      () => member.connection.isBroken(),
      goOn,
      () => member.connection.close(),
    )
    isLater = true
    return looksWell
  }

  #cameBack(member: Member): void {
    this.#fresh = member
    this.#lookedAt(member)
    this.#fresh = null
  }

  /** The one with the least to do of those that are shared, and less than so much. */
  leastBusy(most: number): Member | null {
    let best: Member | null = null
    let least = most
    const time = recently()
    for (const member of this.members) {
      if (member.state !== 'shared' || member.isClaimed) continue
      const { load } = member
      if (load >= least || member.expiresAt <= time || member.connection.isDraining) continue
      best = member
      least = load
      if (load <= 1) break
    }
    return best
  }

  /** Keeps so many free of plain queries, if there are as many. */
  claim(count: number): void {
    while (this.#claims < count) {
      const member = this.leastBusy(Infinity)
      if (member === null) return
      member.isClaimed = true
      this.#claims++
    }
  }

  /** No more than so many. */
  limitClaims(count: number): void {
    for (const member of this.members) {
      if (this.#claims <= count) return
      this.unclaim(member)
    }
  }

  /** True: it was. */
  unclaim(member: Member): boolean {
    if (!member.isClaimed) return false
    member.isClaimed = false
    this.#claims--
    return true
  }
}
