/** How a transaction is begun, and how often. */
import { checkDuration, checkInteger, checkOptionNames, outOfRange, wrongType } from '@shrapnel/core/parts'
import { PostgresError } from '../errors.js'

export type Isolation = 'read uncommitted' | 'read committed' | 'repeatable read' | 'serializable'

export interface TransactionOptions {
  /** What the server is set to (`default_transaction_isolation`), read committed as a rule. */
  readonly isolation?: Isolation | undefined
  /** What the server is set to, false as a rule. */
  readonly readOnly?: boolean | undefined
  /** Of a serializable transaction that only reads: it waits until it cannot fail. False. */
  readonly deferrable?: boolean | undefined
  /** How often the function is called again, after a pause, when the server says that transactions got in each other's way: 40001, 40P01. 0. */
  readonly retries?: number | undefined
  /** Milliseconds for all of it: waiting for a connection, the function, retries. Then it is rolled back, and PG_TIMEOUT. None. */
  readonly timeoutMs?: number | undefined
}

export interface TransactionSettings {
  /** `begin isolation level serializable` */
  readonly beginText: string
  readonly retries: number
  readonly timeoutMs: number
}

const NAMES: ReadonlySet<string> = new Set<keyof TransactionOptions>([
  'isolation',
  'readOnly',
  'deferrable',
  'retries',
  'timeoutMs',
])
const ISOLATIONS: readonly string[] = [
  'read uncommitted',
  'read committed',
  'repeatable read',
  'serializable',
]
const MOST_RETRIES = 1_000
const PLAIN: TransactionSettings = { beginText: 'begin', retries: 0, timeoutMs: Infinity }

export function checkTransactionOptions(options: TransactionOptions | undefined): TransactionSettings {
  if (options === undefined) return PLAIN
  checkOptionNames(options, NAMES)
  const { isolation, readOnly, deferrable, retries = 0, timeoutMs = Infinity } = options
  if (isolation !== undefined && !ISOLATIONS.includes(isolation))
    throw outOfRange('isolation', `one of ${ISOLATIONS.join(', ')}`, isolation)
  for (const [name, value] of Object.entries({ readOnly, deferrable }))
    if (value !== undefined && typeof value !== 'boolean') throw wrongType(name, 'true or false', value)
  if (deferrable === true && (isolation !== 'serializable' || readOnly !== true))
    throw new PostgresError('PG_OPTION', 'deferrable is for transactions that are serializable and readOnly')
  const modes: string[] = []
  if (isolation !== undefined) modes.push(`isolation level ${isolation}`)
  if (readOnly !== undefined) modes.push(readOnly ? 'read only' : 'read write')
  if (deferrable !== undefined) modes.push(deferrable ? 'deferrable' : 'not deferrable')
  return {
    beginText: modes.length === 0 ? 'begin' : `begin ${modes.join(', ')}`,
    retries: checkInteger('retries', retries, 0, MOST_RETRIES),
    timeoutMs: checkDuration('timeoutMs', timeoutMs),
  }
}
