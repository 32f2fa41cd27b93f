/** Telling the ordinary end of a conversation from an error of the program. */
import { GroupError, InParallelError } from './errors.js'

const DISCONNECTS = new Set([
  'BROKEN',
  'CLOSED',
  'ECONNABORTED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'END_OF_STREAM',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTCONN',
  'EPIPE',
  'ETIMEDOUT',
  // What @shrapnel/tls calls it.
  'TLS_HANDSHAKE_CUT',
  'TRUNCATED',
])

/**
 * True if `error` says that the connection is gone: the peer reset it, ended it too early, or cannot be reached any more,
 * or this side closed it. A group's error is one if each error in it is. For the `catch` of a session that need not report it.
 */
export function isDisconnect(error: unknown): boolean {
  if (error instanceof GroupError) return error.errors.every(isDisconnect)
  if (error instanceof InParallelError) {
    return error.outcomes.every((outcome) => outcome.status === 'fulfilled' || isDisconnect(outcome.reason))
  }
  return error instanceof Error && 'code' in error && DISCONNECTS.has(String(error.code))
}
