/** What a stream and a cursor can be told. */
import { checkDuration, checkInteger, checkOptionNames, outOfRange, wrongType } from '@shrapnel/core/parts'

export interface StreamOptions {
  /** `objects` by default. */
  readonly rows?: 'objects' | 'arrays' | undefined
  /** True: gives lists of rows, as many as there are, in place of one row at a time: for many small rows. */
  readonly batches?: boolean | undefined
  /** Rows that the server is asked for at a time, at most: so many it may have found in vain when the loop is left. 1,000. */
  readonly batchRows?: number | undefined
  /** Bytes of rows that are asked for at a time, as far as their size can be known, and that are held at most, besides one row. 256 KiB. */
  readonly batchBytes?: number | undefined
  /** Milliseconds that a single wait for rows may take. None by default but the connection's `queryTimeoutMs`. */
  readonly timeoutMs?: number | undefined
  /** False: the statement is not kept on the server. */
  readonly prepare?: boolean | undefined
}

export interface CursorOptions {
  /** `objects` by default. */
  readonly rows?: 'objects' | 'arrays' | undefined
  /** Rows at a time of `for await`. 1,000. */
  readonly batchRows?: number | undefined
  /** Bytes of the rows of one `read`, and 32 for each. 256 MiB, or as the connection says. */
  readonly maxResultBytes?: number | undefined
  readonly timeoutMs?: number | undefined
  readonly prepare?: boolean | undefined
}

export const DEFAULT_BATCH_ROWS = 1_000
export const DEFAULT_BATCH_BYTES = 256 * 1024
/** Execute takes an int32. */
export const MOST_ROWS = 2 ** 31 - 1
const STREAM_OPTIONS: ReadonlySet<string> = new Set<keyof StreamOptions>([
  'rows',
  'batches',
  'batchRows',
  'batchBytes',
  'timeoutMs',
  'prepare',
])
const CURSOR_OPTIONS: ReadonlySet<string> = new Set<keyof CursorOptions>([
  'rows',
  'batchRows',
  'maxResultBytes',
  'timeoutMs',
  'prepare',
])

export function checkStreamOptions(options: StreamOptions): void {
  checkOptionNames(options, STREAM_OPTIONS)
  checkCommon(options)
  checkSwitch('batches', options.batches)
  if (options.batchBytes !== undefined)
    checkInteger('batchBytes', options.batchBytes, 1, Number.MAX_SAFE_INTEGER)
}

export function checkCursorOptions(options: CursorOptions): void {
  checkOptionNames(options, CURSOR_OPTIONS)
  checkCommon(options)
  if (options.maxResultBytes !== undefined)
    checkInteger('maxResultBytes', options.maxResultBytes, 1, Number.MAX_SAFE_INTEGER)
}

function checkCommon({ rows, batchRows, timeoutMs, prepare }: StreamOptions): void {
  if (rows !== undefined && rows !== 'objects' && rows !== 'arrays')
    throw outOfRange('rows', 'objects or arrays', rows)
  if (batchRows !== undefined) checkInteger('batchRows', batchRows, 1, MOST_ROWS)
  if (timeoutMs !== undefined) checkDuration('timeoutMs', timeoutMs)
  checkSwitch('prepare', prepare)
}

export function checkSwitch(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw wrongType(name, 'true or false', value)
}
