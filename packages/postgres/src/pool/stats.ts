/** What a pool counts. */

export interface PoolStats {
  readonly maxConnections: number
  /** Idle, busy or draining. */
  readonly open: number
  readonly idle: number
  /** At work, or in somebody's hands. */
  readonly busy: number
  /** The server still ends a query there that was cancelled. */
  readonly draining: number
  readonly connecting: number
  /** Those who wait for a connection. */
  readonly waiting: number
  readonly totals: PoolTotals
}

/** Since the pool was made. */
export interface PoolTotals {
  readonly opened: number
  /** Closed by the pool: too old, idle too long, not clean, or the pool itself was closed. */
  readonly closed: number
  /** Ended by the server, or broken. */
  readonly lost: number
  /** Attempts to connect that failed. */
  readonly failed: number
  /** Plain queries. */
  readonly queries: number
  /** Connections that somebody had alone: transactions, leases, scripts. */
  readonly leases: number
  /** Those who had to wait. */
  readonly waited: number
  /** Those who waited too long. */
  readonly timedOut: number
}

/** @internal */
export class Totals implements PoolTotals {
  opened = 0
  closed = 0
  lost = 0
  failed = 0
  queries = 0
  leases = 0
  waited = 0
  timedOut = 0
}
