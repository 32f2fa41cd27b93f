/** What `replicate` is told, with the defaults. */
import { checkDuration, checkInteger, checkOptionNames, outOfRange, wrongType } from '@shrapnel/core/parts'
import { checkLsn, parseLsn } from './lsn.js'

export interface ReplicationOptions {
  /** The slot: what the server remembers between connections, and keeps its log for. Lower case, digits and `_`, 63 at most. */
  readonly slot: string
  /** The publications whose tables are wanted. */
  readonly publications: readonly string[]
  /** True: the slot is created if there is none of the name. False. */
  readonly createSlot?: boolean | undefined
  /** True: the slot is created, and ends with the connection; nothing is resumed then. False. */
  readonly temporary?: boolean | undefined
  /** Where to begin, in place of what the slot has had acknowledged; never before that. A bigint, or text like `16/B374D848`. */
  readonly startLsn?: bigint | string | undefined
  /** Of pgoutput: 1; 2 (PostgreSQL 14) for `streaming`, 3 (15) for `twoPhase`; 4 (16). As low as the others allow. */
  readonly protoVersion?: 1 | 2 | 3 | 4 | undefined
  /** True: large transactions come while they are under way, between stream-start and stream-stop, and may be aborted. False. */
  readonly streaming?: boolean | undefined
  /** True: values come in binary, where their types have it. PostgreSQL 14. False. */
  readonly binary?: boolean | undefined
  /** True: what pg_logical_emit_message writes comes too. PostgreSQL 14. False. */
  readonly messages?: boolean | undefined
  /** True: transactions come when they are prepared; a slot that is created is made so. PostgreSQL 15. False. */
  readonly twoPhase?: boolean | undefined
  /** `none`: only what was not replicated to that server itself. PostgreSQL 16. */
  readonly origin?: 'any' | 'none' | undefined
  /** Milliseconds between reports to the server; a third of its wal_sender_timeout if that is less. 10,000. */
  readonly statusIntervalMs?: number | undefined
  /** Milliseconds of silence after which the server is taken for dead. It is asked for a sign of life after half of it. 60,000. */
  readonly serverTimeoutMs?: number | undefined
  /** Bytes, as they came, that are kept for an iteration that does not take them; then nothing more is received. 4 MiB. */
  readonly maxBufferedBytes?: number | undefined
  /** False: a connection that is lost ends the iteration, with PG_BROKEN. True, but for a temporary slot. */
  readonly reconnect?: boolean | undefined
  /** Milliseconds without a connection after which the iteration fails with what connecting failed with. It tries for ever unless given. */
  readonly reconnectTimeoutMs?: number | undefined
}

export interface ReplicationSettings {
  readonly slot: string
  readonly publications: readonly string[]
  readonly createSlot: boolean
  readonly temporary: boolean
  readonly startLsn: bigint
  readonly protoVersion: number
  readonly streaming: boolean
  readonly binary: boolean
  readonly messages: boolean
  readonly twoPhase: boolean
  readonly origin: 'any' | 'none' | undefined
  readonly statusIntervalMs: number
  readonly serverTimeoutMs: number
  readonly maxBufferedBytes: number
  readonly reconnect: boolean
  readonly reconnectTimeoutMs: number
}

const NAMES: ReadonlySet<string> = new Set<keyof ReplicationOptions>([
  'slot',
  'publications',
  'createSlot',
  'temporary',
  'startLsn',
  'protoVersion',
  'streaming',
  'binary',
  'messages',
  'twoPhase',
  'origin',
  'statusIntervalMs',
  'serverTimeoutMs',
  'maxBufferedBytes',
  'reconnect',
  'reconnectTimeoutMs',
])
const DEFAULT_STATUS_MS = 10_000
const DEFAULT_SERVER_MS = 60_000
const DEFAULT_BUFFERED_BYTES = 4 * 1024 * 1024
const MOST_BUFFERED_BYTES = 2 ** 40
/** NAMEDATALEN, without the NUL. */
const MOST_NAME_BYTES = 63
const MOST_PUBLICATIONS = 10_000

export function checkReplicationOptions(options: ReplicationOptions): ReplicationSettings {
  if (typeof options !== 'object' || options === null)
    throw wrongType('options', 'an object with slot and publications', options)
  checkOptionNames(options, NAMES)
  const flag = (name: keyof ReplicationOptions, fallback = false): boolean => {
    const value = options[name] ?? fallback
    if (typeof value !== 'boolean') throw wrongType(name, 'true or false', value)
    return value
  }
  const [streaming, twoPhase, temporary] = [flag('streaming'), flag('twoPhase'), flag('temporary')]
  const { startLsn = 0n, origin } = options
  if (origin !== undefined && origin !== 'any' && origin !== 'none')
    throw outOfRange('origin', 'any or none', origin)
  const least = twoPhase ? 3 : streaming ? 2 : 1
  return {
    slot: checkSlotName(options.slot),
    publications: checkPublications(options.publications),
    createSlot: flag('createSlot') || temporary,
    temporary,
    startLsn: typeof startLsn === 'string' ? parseLsn(startLsn) : checkLsn('startLsn', startLsn),
    protoVersion: checkInteger('protoVersion', options.protoVersion ?? least, least, 4),
    streaming,
    binary: flag('binary'),
    messages: flag('messages'),
    twoPhase,
    origin,
    statusIntervalMs: checkDuration('statusIntervalMs', options.statusIntervalMs ?? DEFAULT_STATUS_MS),
    serverTimeoutMs: checkDuration('serverTimeoutMs', options.serverTimeoutMs ?? DEFAULT_SERVER_MS),
    maxBufferedBytes: checkInteger(
      'maxBufferedBytes',
      options.maxBufferedBytes ?? DEFAULT_BUFFERED_BYTES,
      1,
      MOST_BUFFERED_BYTES,
    ),
    reconnect: flag('reconnect', !temporary) && !temporary,
    reconnectTimeoutMs: checkDuration('reconnectTimeoutMs', options.reconnectTimeoutMs ?? Infinity),
  }
}

export function checkSlotName(slot: unknown): string {
  if (typeof slot !== 'string') throw wrongType('slot', 'text', slot)
  if (!/^[a-z0-9_]{1,63}$/.test(slot))
    throw outOfRange('slot', 'of lower case letters, digits and _, 63 at most', JSON.stringify(slot))
  return slot
}

function checkPublications(publications: unknown): readonly string[] {
  if (!Array.isArray(publications)) throw wrongType('publications', 'an array of names', publications)
  checkInteger('the number of publications', publications.length, 1, MOST_PUBLICATIONS)
  for (const name of publications) {
    if (typeof name !== 'string') throw wrongType('a publication', 'text', name)
    if (name === '' || name.includes('\0') || Buffer.byteLength(name) > MOST_NAME_BYTES)
      throw outOfRange(
        'a publication',
        `text of 1 to ${MOST_NAME_BYTES} bytes, without NUL`,
        JSON.stringify(name),
      )
  }
  return [...publications]
}
