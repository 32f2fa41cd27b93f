/** What a listener gives. */
import type { PostgresError } from '../errors.js'

export interface ListenNotification {
  readonly kind: 'notification'
  readonly channel: string
  readonly payload: string
  /** The backend that notified. */
  readonly processId: number
}

/** Notifications may be missing here. Whoever keeps something up to date by them should look at all of it again. */
export interface ListenGap {
  readonly kind: 'gap'
  /** `reconnected`: the connection was lost, and another one listens now. `overflow`: more came than the listener took and could be kept. */
  readonly reason: 'reconnected' | 'overflow'
  /** Nothing is missing from before. */
  readonly since: Date
  /** How many, of an overflow. */
  readonly missed: number | undefined
  /** Why the connection was lost. */
  readonly cause: PostgresError | undefined
}

export type ListenEvent = ListenNotification | ListenGap
