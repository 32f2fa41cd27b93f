/** What a pool, a transaction and a listener need of a connection. A PostgresConnection has it; so has the scripted one of the tests. */
import type { PostgresConnection } from '../connection/connection.js'

export type PoolConnection = Pick<
  PostgresConnection,
  | 'id'
  | 'target'
  | 'processId'
  | 'isOpen'
  | 'inFlight'
  | 'isDraining'
  | 'isReusable'
  | 'isReserved'
  | 'transactionStatus'
  | 'lossReason'
  | 'isBroken'
  | 'onIdle'
  | 'onAnswer'
  | 'onClose'
  | 'onNotification'
  | 'query'
  | 'script'
  | 'reserve'
  | 'tryReserve'
  | 'close'
>

/** Opens one. Waits; cancelling leaves nothing open. */
export type OpenConnection = () => Promise<PoolConnection>
