/** What a connection is told about its queries, with the defaults. How it is opened is told elsewhere (src/connect). */
import { checkDuration, checkFunction, checkInteger, wrongType } from '@shrapnel/core/parts'
import type { ServerReport } from '../wire/backend-message.js'
import { MAX_COLUMNS, MAX_MESSAGE_BYTES } from '../wire/limits.js'
import type { TypeCodec } from '../wire/types/type-codec.js'

const DEFAULT_STATEMENTS = 256
const DEFAULT_PIPELINED = 256
const DEFAULT_RESULT_BYTES = 256 * 1024 * 1024
const DEFAULT_DRAIN_MS = 5_000
const MOST = Number.MAX_SAFE_INTEGER
/** An int32, and PostgreSQL's own limit for one message is half of it. */
const MOST_MESSAGE_BYTES = 2 ** 31 - 1

export interface QuerySettings {
  /** Statements that are kept prepared on the server, for each connection. 256; 0 keeps none. */
  readonly statementCacheSize?: number | undefined
  /** False: no statement is kept, as PgBouncer in transaction mode before 1.21 wants it. True. */
  readonly prepare?: boolean | undefined
  /** Exchanges that may be under way on one connection; more wait in line. 256. */
  readonly maxPipelined?: number | undefined
  /** Milliseconds that a query may take. Then it is cancelled on the server and fails with PG_TIMEOUT. None. */
  readonly queryTimeoutMs?: number | undefined
  /** Milliseconds that the server has to end a cancelled query, before the connection is given up. 5,000. */
  readonly drainTimeoutMs?: number | undefined
  /** Bytes of one message. 64 MiB. */
  readonly maxMessageBytes?: number | undefined
  /** Bytes of all rows of one result together, and 32 for each. 256 MiB. */
  readonly maxResultBytes?: number | undefined
  /** Columns of a result. 1664, which is PostgreSQL's own limit. */
  readonly maxColumns?: number | undefined
  /** How values of a type are read and written, by the type's name: `{ int8: int8AsBigint, mood: … }`. */
  readonly types?: Readonly<Record<string, TypeCodec>> | undefined
  /** `parameters`: errors carry the values of the query that failed. False. */
  readonly errors?: { readonly parameters?: boolean | undefined } | undefined
  /** Called with each notice and warning. */
  readonly onNotice?: ((notice: ServerReport) => void) | undefined
}

export interface CheckedSettings {
  readonly statementCacheSize: number
  readonly prepare: boolean
  readonly maxPipelined: number
  readonly queryTimeoutMs: number
  readonly drainTimeoutMs: number
  readonly maxMessageBytes: number
  readonly maxResultBytes: number
  readonly maxColumns: number
  readonly types: Readonly<Record<string, TypeCodec>>
  readonly withParameters: boolean
  readonly onNotice: ((notice: ServerReport) => void) | undefined
}

/** The names of the options above. */
export const QUERY_SETTINGS: ReadonlySet<string> = new Set<keyof QuerySettings>([
  'statementCacheSize',
  'prepare',
  'maxPipelined',
  'queryTimeoutMs',
  'drainTimeoutMs',
  'maxMessageBytes',
  'maxResultBytes',
  'maxColumns',
  'types',
  'errors',
  'onNotice',
])

export function checkSettings(settings: QuerySettings): CheckedSettings {
  const { prepare = true, types = {}, errors = {}, onNotice } = settings
  if (typeof prepare !== 'boolean') throw wrongType('prepare', 'true or false', prepare)
  if (onNotice !== undefined) checkFunction('onNotice', onNotice)
  const whole = (name: keyof QuerySettings, fallback: number, least: number, most: number) =>
    checkInteger(name, settings[name] ?? fallback, least, most)
  return {
    prepare,
    types,
    onNotice,
    withParameters: errors.parameters === true,
    statementCacheSize: whole('statementCacheSize', DEFAULT_STATEMENTS, 0, 65_536),
    maxPipelined: whole('maxPipelined', DEFAULT_PIPELINED, 1, 65_536),
    queryTimeoutMs: checkDuration('queryTimeoutMs', settings.queryTimeoutMs ?? Infinity),
    drainTimeoutMs: checkDuration('drainTimeoutMs', settings.drainTimeoutMs ?? DEFAULT_DRAIN_MS),
    maxMessageBytes: whole('maxMessageBytes', MAX_MESSAGE_BYTES, 1024, MOST_MESSAGE_BYTES),
    maxResultBytes: whole('maxResultBytes', DEFAULT_RESULT_BYTES, 1, MOST),
    maxColumns: whole('maxColumns', MAX_COLUMNS, 1, MAX_COLUMNS),
  }
}
