/** Where a stream, a cursor or a COPY runs: on a connection, in a transaction, or on one of a pool's for as long as it takes. */
import type { Reservation } from '../connection/reservation.js'
import type { Session } from '../connection/session.js'
import { PostgresError } from '../errors.js'

export interface Place {
  readonly session: Session
  readonly reservation: Reservation | null
  /** Told what runs there now: whoever ends the place calls `close` of it. */
  begun?(occupant: Occupant): void
  /** It is over: called once, with what it failed with. */
  done(error: unknown): void
}

export interface Occupant {
  /** Ends it without waiting. */
  close(): void
}

/** Finds the place for a text when it is needed, and may wait for that. Throws if there is none. */
export type FindPlace = (text: string) => Place | Promise<Place>

/** Of a connection, or one that is reserved. Those of tests need have none. */
export function placeOn(connection: object): Place {
  const { findPlace } = connection as { readonly findPlace?: () => Place }
  if (findPlace === undefined) throw new PostgresError('PG_USAGE', 'there are no streams on this connection')
  return findPlace.call(connection)
}
