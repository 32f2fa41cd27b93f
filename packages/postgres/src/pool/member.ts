/** A connection of a pool, and what it is used for. */
import type { PoolConnection } from './pool-connection.js'

/**
 * - `idle`: for whoever comes next.
 * - `shared`: plain queries of several are under way.
 * - `held`: one has it for himself.
 * - `returning`: he has given it back, and it is not clean yet.
 */
export type MemberState = 'idle' | 'shared' | 'held' | 'returning'

export class Member {
  readonly connection: PoolConnection
  /** Of `now()`: no new work from then on. */
  readonly expiresAt: number
  state: MemberState = 'returning'
  /** Plain queries that were given to it and have not begun yet. */
  promised = 0
  /** It gets no more plain queries, so that one who wants it for himself need not wait for ever. */
  isClaimed = false
  idleSince = 0

  constructor(connection: PoolConnection, expiresAt: number) {
    this.connection = connection
    this.expiresAt = expiresAt
  }

  /** Plain queries that it has to do. */
  get load(): number {
    return this.connection.inFlight + this.promised
  }
}
