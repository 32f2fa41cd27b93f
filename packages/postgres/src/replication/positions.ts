/**
 * How far one is in the server's log: what has come, what was given to the program, and what the server may forget. The server forgets only
 * what was acknowledged; and what it said was empty, while nothing waits to be acknowledged. Without that a slot on a quiet database would
 * hold back the log of the busy ones beside it, and a server that shuts down would wait for it.
 */
import { outOfRange } from '@shrapnel/core/parts'
import type { PgoutputMessage } from '../wire/replication/pgoutput-message.js'
import { checkLsn } from './lsn.js'

export class Positions {
  /** The end of what has come over this connection. */
  received = 0n
  /** The server may forget what is before. */
  flushed = 0n
  /** Up to here the program may acknowledge. */
  #given: bigint
  readonly #startLsn: bigint
  /** What has come over this connection and is lost if the server forgets it ends here. */
  #owed = 0n
  /** Up to here nothing is to come any more, says the server. */
  #quiet = 0n
  #isInTransaction = false

  constructor(startLsn: bigint) {
    this.#startLsn = this.#given = startLsn
  }

  /** Where a connection is to begin. */
  get resume(): bigint {
    if (this.flushed < this.#startLsn) return this.#startLsn
    return this.flushed
  }

  /** A new connection: whatever is not acknowledged comes again. */
  begin(): void {
    this.received = this.#owed = this.#quiet = 0n
    this.#isInTransaction = false
  }

  /** A message has come, with its place in the log. The place to acknowledge it by. */
  came(message: PgoutputMessage, walStart: bigint): bigint {
    const lsn = endOf(message, walStart)
    if (lsn > this.received) this.received = lsn
    const { kind } = message
    if (kind === 'begin' || kind === 'begin-prepare' || kind === 'stream-start') this.#isInTransaction = true
    else if (ENDS.has(kind)) this.#isInTransaction = false
    if (isLastWord(message) && lsn > this.#owed) this.#owed = lsn
    return lsn
  }

  /** The server has sent all that it has up to there. */
  heard(walEnd: bigint): void {
    if (walEnd > this.received) this.received = walEnd
    if (!this.#isInTransaction && walEnd > this.#quiet) this.#quiet = walEnd
    this.#skipQuiet()
  }

  /** The program has it. */
  gave(lsn: bigint): void {
    if (lsn > this.#given) this.#given = lsn
  }

  /** False: that was known. */
  acknowledge(lsn: bigint): boolean {
    checkLsn('lsn', lsn)
    if (lsn > this.#given)
      throw outOfRange('lsn', `at most ${this.#given}, up to which there were changes`, String(lsn))
    if (lsn <= this.flushed) return false
    this.flushed = lsn
    this.#skipQuiet()
    return true
  }

  #skipQuiet(): void {
    if (this.#owed <= this.flushed && this.#quiet > this.flushed) this.flushed = this.#quiet
  }
}

const ENDS: ReadonlySet<PgoutputMessage['kind']> = new Set([
  'commit',
  'prepare',
  'stream-stop',
  'stream-commit',
  'stream-abort',
  'stream-prepare',
])

/** Nothing else comes that the server would bring again with it. */
function isLastWord(message: PgoutputMessage): boolean {
  switch (message.kind) {
    case 'commit':
    case 'stream-commit':
    case 'prepare':
    case 'stream-prepare':
    case 'commit-prepared':
    case 'rollback-prepared':
      return true
    case 'message':
      return !message.isTransactional
    default:
      return false
  }
}

function endOf(message: PgoutputMessage, walStart: bigint): bigint {
  switch (message.kind) {
    case 'commit':
    case 'stream-commit':
    case 'prepare':
    case 'stream-prepare':
    case 'commit-prepared':
      return message.endLsn
    case 'rollback-prepared':
      return message.rollbackEndLsn
    case 'message':
      // The server knows it by where it begins, and brings it again to those who have acknowledged no more than that.
      return message.isTransactional ? walStart : message.lsn + 1n
    default:
      return walStart
  }
}
