/** A server that has let us in: what start-up and authentication hand to the connection. */
import type { Stream } from '@shrapnel/core'
import type { TransactionStatus } from '../wire/backend-message.js'
import type { MessageCutter } from '../wire/message-cutter.js'

export interface OpenedBackend {
  readonly stream: Stream
  /** Everything up to the first ReadyForQuery has been taken from it; what came after is still in it. */
  readonly cutter: MessageCutter
  /** What the server reported of itself, by ParameterStatus: server_version, TimeZone, in_hot_standby … */
  readonly parameters: Map<string, string>
  readonly processId: number
  readonly secretKey: Buffer
  readonly status: TransactionStatus
  /** Minor version that is spoken: 0 or 2. */
  readonly minorVersion: number
  /** For people: `10.0.0.7:5432/app`. */
  readonly target: string
  /**
   * Asks the server, on a connection of its own to the same address and with the same TLS policy, to cancel what this backend runs now.
   * Waits until the server has closed that connection: by then the signal was sent, and it can hit nothing that begins later.
   */
  requestCancel(): Promise<void>
}
