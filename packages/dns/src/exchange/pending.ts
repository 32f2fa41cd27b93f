/** What a channel, a UDP port or a connection, and a query that waits on it know of each other. */
import type { Query, Verdict } from './query.js'

export interface Pending {
  /** Null: it has no place on a channel yet. */
  readonly query: Query | null
  /** A reply came that it took. */
  readonly isAnswered: boolean
  /** It has a place on `channel`, where no other query has `id`: the bytes to send. */
  begin(channel: Channel, id: number): Query
  /** The reply, but for what `verdict` says. There may be more of them, as anybody can send datagrams. */
  onReply(bytes: Buffer, verdict: Verdict): void
  /** The channel is gone, and no reply will come. `wasOpen`: it had been well before. */
  onFailure(error: unknown, wasOpen: boolean): void
}

export interface Channel {
  /** Nobody waits any more. What comes late reaches nobody: its id is not given to another while it could. */
  leave(pending: Pending): void
}

/** Why something that came was not taken. `id`: no query has that one. `late`: the query that had it is over. */
export type DropReason =
  | Exclude<Verdict, 'match'>
  | 'id'
  | 'late'
  /** It cannot be decoded. */
  | 'malformed'
  /** The cookie is not ours, or there is none where there was one before. */
  | 'cookie'

export type Dropped = { [reason in DropReason]: number }

export function noneDropped(): Dropped {
  return {
    id: 0,
    late: 0,
    short: 0,
    'not-a-reply': 0,
    opcode: 0,
    question: 0,
    case: 0,
    'no-question': 0,
    malformed: 0,
    cookie: 0,
  }
}

/** Why a message is dropped: `pending` waits for its id, null if nobody does any more. */
export function dropReason(
  bytes: Uint8Array,
  pending: Pending | null | undefined,
  verdict: Verdict | undefined,
): DropReason {
  if (bytes.length < 2) return 'short'
  if (pending === null) return 'late'
  return pending === undefined || verdict === undefined || verdict === 'match' ? 'id' : verdict
}

/** What is to be looked at closer. */
export function mayBeReply(verdict: Verdict): boolean {
  return verdict === 'match' || verdict === 'case' || verdict === 'no-question'
}

/** The id of a message that has one. */
export function idOf(bytes: Uint8Array): number {
  return ((bytes[0] as number) << 8) | (bytes[1] as number)
}
