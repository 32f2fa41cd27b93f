/** One who waits for a connection: to share it, or to have it alone. Stands in a queue, for a limited time. */
import { now } from '@shrapnel/core'
import { type QueuedWait, type Scope, TimedWait, type WaitQueue } from '@shrapnel/core/parts'
import type { Member } from './member.js'

type Queued = Pick<QueuedWait<unknown>, 'queue' | 'before' | 'after'>

/** Whom it waits for. */
export interface MemberSource {
  /** How busy it is, for people. */
  describe(): string
  /** One who waited has given up. */
  gaveUp(): void
  /** The error of one who has waited for so many milliseconds. */
  waitedTooLong(waitedMs: number, limit: string): Error
}

export class MemberWait extends TimedWait<Member> implements Queued {
  // Declared only, for the reason that core's Wait gives.
  declare queue: WaitQueue<MemberWait> | null
  declare before: MemberWait | null
  declare after: MemberWait | null
  /** Smaller: came before. */
  declare readonly ticket: number
  declare private readonly source: MemberSource
  declare private readonly timeoutMs: number
  declare private readonly limit: string

  constructor(scope: Scope, source: MemberSource, ticket: number, timeoutMs: number, limit: string) {
    super(scope)
    this.queue = this.before = this.after = null
    this.source = source
    this.ticket = ticket
    this.timeoutMs = timeoutMs
    this.limit = limit
  }

  begin(): Promise<Member> {
    const member = this.suspend()
    if (this.timeoutMs !== Infinity) this.setTime(now() + this.timeoutMs)
    return member
  }

  protected onTime(): void {
    this.fail(this.source.waitedTooLong(this.timeoutMs, this.limit))
    this.source.gaveUp()
  }

  protected ended(): void {
    this.queue?.remove(this)
  }

  override cancel(error: unknown): void {
    if (!this.isPending) return
    super.cancel(error)
    this.source.gaveUp()
  }

  describe(): string {
    return this.source.describe()
  }
}
