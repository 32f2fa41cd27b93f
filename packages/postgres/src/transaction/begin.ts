/**
 * Runs a function in a transaction: begins it, commits it or rolls it back, tries again if that was asked for, and gives the connection back.
 *
 * Promises: what the function gives is given only after the server has said that it committed. If it is not known whether it did, the error says
 * so. A connection is given back clean or not at all. Nothing of it runs outside of the transaction, or on another connection.
 */
import { type Awaitable, Event, Interrupted, shield, sleep, TimeoutError, withTimeout } from '@shrapnel/core'
import {
  checkFunction,
  currentScope,
  inBackground,
  refillBackground,
  runIn,
  Scope,
} from '@shrapnel/core/parts'
import { PostgresError } from '../errors.js'
import { BackOff } from '../pool/back-off.js'
import type { QueryResult } from '../query.js'
import { Bond, type BondSession } from './bond.js'
import { commitUnknown, isConflict, rolledBack } from './failures.js'
import { quoteGlobalName } from './global-name.js'
import { Transaction } from './transaction.js'
import {
  checkTransactionOptions,
  type TransactionOptions,
  type TransactionSettings,
} from './transaction-options.js'

/** For the server to end a transaction after an interruption; then the connection is given up. */
const END_TIMEOUT_MS = 5_000
const LONGEST_RETRY_PAUSE_MS = 1_000

export type TransactionFunction<T> = (transaction: Transaction) => T | PromiseLike<T>

/** Where transactions get their connection. */
export interface SessionSource {
  /** One that nobody else uses. Waits; cancelled, it leaves the line. */
  acquire(): Awaitable<BondSession>
  /** It was released: the others may have it when it is clean. */
  done(session: BondSession): void
}

/** `begin(fn)` and `begin(options, fn)`. */
export function begin<T>(
  source: SessionSource,
  first: TransactionOptions | TransactionFunction<T>,
  second?: TransactionFunction<T>,
): Promise<T> {
  const fn = typeof first === 'function' ? first : (second as TransactionFunction<T>)
  const settings = checkTransactionOptions(typeof first === 'function' ? undefined : first)
  checkFunction('fn', fn)
  const { timeoutMs } = settings
  return timeoutMs === Infinity
    ? tries(source, settings, fn)
    : inTime(timeoutMs, () => tries(source, settings, fn))
}

/** A TimeoutError of the function's own must not be taken for ours. */
async function inTime<T>(timeoutMs: number, run: () => Promise<T>): Promise<T> {
  let failure: { readonly error: unknown } | undefined
  try {
    return await withTimeout(timeoutMs, async () => {
      try {
        return await run()
      } catch (error) {
        if (!(error instanceof Interrupted)) failure = { error }
        throw error
      }
    })
  } catch (error) {
    if (failure !== undefined || !(error instanceof TimeoutError)) throw error
    throw new PostgresError('PG_TIMEOUT', `the transaction did not end within ${timeoutMs} ms`, {
      limit: 'timeoutMs',
      safeToRetry: true,
      cause: error,
    })
  }
}

async function tries<T>(
  source: SessionSource,
  settings: TransactionSettings,
  fn: TransactionFunction<T>,
): Promise<T> {
  const backOff = new BackOff(LONGEST_RETRY_PAUSE_MS)
  for (let left = settings.retries; ; left--) {
    const session = await source.acquire()
    const transaction = new Transaction(new Bond(session, settings.beginText))
    try {
      return await once(transaction, fn)
    } catch (error) {
      const cause = transaction.failure === undefined ? error : transaction.failure.error
      if (left <= 0 || error instanceof Interrupted || !isConflict(cause)) throw error
    } finally {
      source.done(session)
    }
    await sleep(backOff.failed())
  }
}

async function once<T>(transaction: Transaction, fn: TransactionFunction<T>): Promise<T> {
  let result: T
  try {
    result = await inScope(transaction, fn)
    const refused = currentScope().refuse()
    if (refused !== null) await refused
  } catch (error) {
    await rollBack(transaction.bond)
    throw error
  }
  await commit(transaction)
  return result
}

/** In a scope of its own, by which the connection knows that it is asked in here. */
async function inScope<T>(transaction: Transaction, fn: TransactionFunction<T>): Promise<T> {
  const { session } = transaction.bond
  const outer = currentScope()
  const scope = new Scope(outer, outer.coroutine)
  session.heldIn(scope)
  try {
    return await runIn(scope, () => Transaction.run(transaction, fn))
  } finally {
    session.heldIn(null)
    scope.close()
  }
}

async function commit({ bond, preparedName }: Transaction): Promise<void> {
  const { session } = bond
  try {
    if (bond.isEnded)
      throw new PostgresError('PG_USAGE', 'a script has ended the transaction in which it ran')
    // Nothing was asked for. If the connection is lost, something may have been, in vain.
    if (bond.isFresh && preparedName === undefined && session.connection.isOpen) return
    if (bond.isFresh) await bond.begun()
    const text =
      preparedName === undefined ? 'commit' : `prepare transaction ${quoteGlobalName(preparedName)}`
    const { command } = await outcomeOf(bond, text)
    // The server's way to say that there was nothing to commit.
    if (command === 'ROLLBACK') throw rolledBack(new Error('the server says ROLLBACK'))
  } finally {
    session.release()
  }
}

/** Of COMMIT, which is not cancelled: an interruption waits for its end, for a time. */
async function outcomeOf({ session }: Bond, text: string): Promise<QueryResult> {
  const settled = new Event<() => QueryResult>()
  refillBackground()
  inBackground(
    () => session.query(text),
    (result) => settled.set(() => result),
    (error) =>
      settled.set(() => {
        throw isLoss(error) ? commitUnknown(error) : error
      }),
  )
  try {
    return (await settled.wait())()
  } catch (interrupted) {
    if (settled.isSet || !(interrupted instanceof Interrupted)) throw interrupted
    return await shield(END_TIMEOUT_MS, () => settled.wait()).then(
      (outcome) => outcome(),
      () => {
        session.connection.close()
        throw commitUnknown(interrupted)
      },
    )
  }
}

function isLoss(error: unknown): boolean {
  return !(error instanceof PostgresError) || (error.code !== 'PG_SERVER' && !error.safeToRetry)
}

/** Waits until the server has done it, so that whoever hears of the failure finds no trace of the transaction. */
async function rollBack({ session }: Bond): Promise<void> {
  const { whenOver } = session
  session.release()
  if (whenOver.isSet) return
  try {
    await shield(END_TIMEOUT_MS, () => whenOver.wait())
  } catch {
    session.connection.close()
  }
}
