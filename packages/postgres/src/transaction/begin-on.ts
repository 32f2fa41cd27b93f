/** Transactions on one connection that others may use too: they wait meanwhile. */
import type { PoolConnection } from '../pool/pool-connection.js'
import type { SessionSource } from './begin.js'

export function sessionsOf(connection: PoolConnection): SessionSource {
  return {
    acquire: () => connection.tryReserve() ?? connection.reserve(),
    done: () => {},
  }
}
