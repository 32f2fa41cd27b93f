/** What COPY can be told, in both directions. What the server is told is in the statement: `with (format csv, header)`. */
import { checkDuration, checkInteger, checkOptionNames, outOfRange, wrongType } from '@shrapnel/core/parts'
import { PostgresError } from '../errors.js'
import { checkSwitch } from '../stream/stream-options.js'
import type { CopyCsvOptions } from '../wire/copy/copy-csv.js'
import type { CopyTextOptions } from '../wire/copy/copy-text.js'
import type { TypeCodec } from '../wire/types/type-codec.js'

export type CopyRowFormat = 'text' | 'csv' | 'binary'
/** The name of a built-in type, the number of one, or how it is read and written. */
export type CopyType = string | number | TypeCodec

export interface CopyRowOptions extends CopyTextOptions, CopyCsvOptions {
  /**
   * The types of the columns, in their order: `['int4', 'text']`. Without them values are texts as the server has them, and bytes in binary. To write rows
   * in binary they are needed.
   */
  readonly types?: readonly CopyType[] | undefined
  /** Milliseconds that a single wait for the server may take. None by default but the connection's `queryTimeoutMs`. */
  readonly timeoutMs?: number | undefined
}

export interface CopyToOptions extends CopyRowOptions {
  /** Gives rows, read from what the server sends in this format, in place of bytes. */
  readonly rows?: CopyRowFormat | undefined
  /** True: gives lists of rows, as many as there are. */
  readonly batches?: boolean | undefined
  /** Bytes that are held at most before they are taken, besides those of one read. 256 KiB. */
  readonly bufferBytes?: number | undefined
}

export interface CopyFromOptions extends Omit<CopyRowOptions, 'hasHeader' | 'maxRowBytes'> {
  /** How rows of the source are written: as the statement says. `text` by default, or `binary` if the server wants that; `csv` has to be said. */
  readonly rows?: CopyRowFormat | undefined
}

export const DEFAULT_BUFFER_BYTES = 256 * 1024
const ROW_OPTIONS = ['rows', 'types', 'timeoutMs', 'delimiter', 'nullText', 'quote', 'escape']
const TO_OPTIONS: ReadonlySet<string> = new Set([
  ...ROW_OPTIONS,
  'hasHeader',
  'maxRowBytes',
  'batches',
  'bufferBytes',
])
const FROM_OPTIONS: ReadonlySet<string> = new Set(ROW_OPTIONS)

export function checkCopyToOptions(options: CopyToOptions): void {
  checkOptionNames(options, TO_OPTIONS)
  checkRowOptions(options)
  checkSwitch('batches', options.batches)
  checkSwitch('hasHeader', options.hasHeader)
  const { maxRowBytes } = options
  if (maxRowBytes !== undefined) checkInteger('maxRowBytes', maxRowBytes, 1, Number.MAX_SAFE_INTEGER)
  if (options.bufferBytes !== undefined)
    checkInteger('bufferBytes', options.bufferBytes, 1, Number.MAX_SAFE_INTEGER)
}

export function checkCopyFromOptions(options: CopyFromOptions): void {
  // Ignored, it would cost the first row: the server drops a line where the statement says header.
  if (typeof options === 'object' && options !== null && 'hasHeader' in options)
    throw new PostgresError(
      'PG_OPTION',
      'hasHeader is for copyTo: with header in the statement, the first row of the source is the names',
    )
  checkOptionNames(options, FROM_OPTIONS)
  checkRowOptions(options)
}

function checkRowOptions(options: CopyFromOptions): void {
  const { rows, types, timeoutMs } = options
  if (rows !== undefined && rows !== 'text' && rows !== 'csv' && rows !== 'binary')
    throw outOfRange('rows', 'text, csv or binary', rows)
  if (types !== undefined && !Array.isArray(types)) throw wrongType('types', 'a list', types)
  if (timeoutMs !== undefined) checkDuration('timeoutMs', timeoutMs)
}
