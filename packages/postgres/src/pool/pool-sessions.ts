/** Connections of a pool for one alone: for leases, and reserved for transactions. */

import type { SessionSource } from '../transaction/begin.js'
import type { BondSession } from '../transaction/bond.js'
import type { Member } from './member.js'
import type { Supply } from './supply.js'

export class PoolSessions implements SessionSource {
  readonly #supply: Supply
  readonly #members = new Map<BondSession, Member>()

  constructor(supply: Supply) {
    this.#supply = supply
  }

  /** Waits for one; cancelled, it leaves the queue. */
  async member(): Promise<Member> {
    const supply = this.#supply
    let member = supply.take('alone') ?? (await supply.wait('alone'))
    // It may have broken since it was given.
    while (!member.connection.isOpen) member = await supply.wait('alone')
    supply.totals.leases++
    return member
  }

  async acquire(): Promise<BondSession> {
    const member = await this.member()
    const { connection } = member
    try {
      const session = connection.tryReserve() ?? (await connection.reserve())
      this.#members.set(session, member)
      return session
    } catch (error) {
      this.#supply.giveBack(member, false)
      throw error
    }
  }

  done(session: BondSession): void {
    const member = this.#members.get(session)
    if (member === undefined) return
    this.#members.delete(session)
    this.#supply.giveBack(member, false)
  }
}
