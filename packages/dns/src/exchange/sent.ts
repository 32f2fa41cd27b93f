/** One query of an attempt on one channel, and what the channel says of it. */
import type { Transport } from '../resolution.js'
import type { Attempt } from './attempt.js'
import type { Channel, Pending } from './pending.js'
import type { Query, Verdict } from './query.js'

export class Sent implements Pending {
  readonly attempt: Attempt
  readonly transport: Transport
  query: Query | null = null
  channel: Channel
  isAnswered = false
  readonly sentAt: number

  constructor(attempt: Attempt, transport: Transport, channel: Channel, now: number) {
    this.attempt = attempt
    this.transport = transport
    this.channel = channel
    this.sentAt = now
  }

  begin(channel: Channel, id: number): Query {
    this.channel = channel
    this.query = this.attempt.makeQuery(id, this.transport)
    return this.query
  }

  onReply(bytes: Buffer, verdict: Verdict): void {
    this.isAnswered = true
    this.attempt.asker.onReply(this, bytes, verdict)
  }

  onFailure(error: unknown, wasOpen: boolean): void {
    this.attempt.asker.onLost(this, error, wasOpen)
  }
}
