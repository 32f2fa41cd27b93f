/** Those who wait for a connection, to share one or to have one alone: two queues, and one order. */
import { type Scope, WaitQueue } from '@shrapnel/core/parts'
import type { Member } from './member.js'
import { type MemberSource, MemberWait } from './member-wait.js'

/** What a connection is wanted for. */
export type Want = 'shared' | 'alone'

export class MemberQueues {
  readonly #shared = new WaitQueue<MemberWait>()
  readonly #alone = new WaitQueue<MemberWait>()
  #tickets = 0

  get size(): number {
    return this.#shared.size + this.#alone.size
  }

  sizeOf(want: Want): number {
    return want === 'shared' ? this.#shared.size : this.#alone.size
  }

  /** Whose turn it is; null if nobody waits. */
  get next(): Want | null {
    const shared = this.#shared.first
    const alone = this.#alone.first
    if (alone === null) return shared === null ? null : 'shared'
    return shared !== null && shared.ticket < alone.ticket ? 'shared' : 'alone'
  }

  push(want: Want, scope: Scope, source: MemberSource, timeoutMs: number, limit: string): Promise<Member> {
    const wait = new MemberWait(scope, source, ++this.#tickets, timeoutMs, limit)
    const queue = want === 'shared' ? this.#shared : this.#alone
    queue.push(wait)
    return wait.begin()
  }

  /** Gives it to the first of those who want that; there is one. */
  hand(want: Want, member: Member): void {
    const wait = (want === 'shared' ? this.#shared : this.#alone).shift() as MemberWait
    if (want === 'shared') member.promised++
    member.state = want === 'shared' ? 'shared' : 'held'
    wait.wake(member)
  }

  failAll(makeError: () => Error): void {
    for (const queue of [this.#shared, this.#alone]) queue.drain((wait) => wait.fail(makeError()))
  }
}
