/** Rows of a source as COPY wants them: in text, CSV or binary. */
import type { SessionTypes } from '../connection/session-types.js'
import { PostgresError } from '../errors.js'
import { CopyBinaryEncoder } from '../wire/copy/copy-binary.js'
import { CopyCsvEncoder } from '../wire/copy/copy-csv.js'
import { CopyTextEncoder } from '../wire/copy/copy-text.js'
import type { MessageWriter } from '../wire/message-writer.js'
import { isoText, type TypeCodec } from '../wire/types/type-codec.js'
import { textOf } from '../wire/types/type-lookup.js'
import type { CopyFromOptions } from './copy-options.js'
import { codecsOf } from './copy-types.js'

export interface RowWriter {
  /** What stands before the first row. */
  begin(writer: MessageWriter): void
  /** Throws PostgresWireError (PG_PARAMETER); then nothing of the row is there. */
  row(writer: MessageWriter, values: readonly unknown[]): void
  /** What stands behind the last one. */
  end(writer: MessageWriter): void
}

export function rowWriter(options: CopyFromOptions, isBinary: boolean, types: SessionTypes): RowWriter {
  const { rows = isBinary ? 'binary' : 'text' } = options
  if (isBinary !== (rows === 'binary'))
    throw new PostgresError(
      'PG_USAGE',
      `the server wants ${isBinary ? 'binary' : 'text'}, and rows is ${rows}: the statement says which`,
    )
  const codecs = codecsOf(options.types, types)
  if (rows !== 'binary')
    return new TextWriter(rows === 'csv' ? new CopyCsvEncoder(options) : new CopyTextEncoder(options), codecs)
  if (codecs === undefined)
    throw new PostgresError('PG_USAGE', 'rows in binary need the types of the columns: types')
  return new BinaryWriter(new CopyBinaryEncoder(codecs))
}

class BinaryWriter implements RowWriter {
  readonly #encoder: CopyBinaryEncoder

  constructor(encoder: CopyBinaryEncoder) {
    this.#encoder = encoder
  }

  begin(writer: MessageWriter): void {
    this.#encoder.header(writer)
  }

  row(writer: MessageWriter, values: readonly unknown[]): void {
    this.#encoder.row(writer, values)
  }

  end(writer: MessageWriter): void {
    this.#encoder.trailer(writer)
  }
}

class TextWriter implements RowWriter {
  readonly #encoder: CopyTextEncoder | CopyCsvEncoder
  readonly #codecs: readonly TypeCodec[] | undefined
  /** The row that is being written. */
  readonly #texts: (string | null)[] = []

  constructor(encoder: CopyTextEncoder | CopyCsvEncoder, codecs: readonly TypeCodec[] | undefined) {
    this.#encoder = encoder
    this.#codecs = codecs
  }

  begin(): void {
    // The first line may be names: they are a row of the source like others.
  }

  row(writer: MessageWriter, values: readonly unknown[]): void {
    const texts = this.#texts
    const codecs = this.#codecs
    if (codecs !== undefined && codecs.length !== values.length)
      throw new PostgresError('PG_PARAMETER', `a row of ${values.length} values for ${codecs.length} types`)
    texts.length = values.length
    for (let i = 0; i < values.length; i++) texts[i] = this.#text(values[i], codecs?.[i], i)
    this.#encoder.row(writer, texts)
  }

  #text(value: unknown, codec: TypeCodec | undefined, i: number): string | null {
    if (value === null || value === undefined) return null
    if (typeof value === 'string') return value
    if (codec !== undefined) return textOf(codec, value)
    switch (typeof value) {
      case 'number':
      case 'bigint':
      case 'boolean':
        return String(value)
      default:
        if (value instanceof Date) return isoText('a timestamp', value)
        if (value instanceof Uint8Array)
          return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`
        throw new PostgresError(
          'PG_PARAMETER',
          `value ${i + 1} of a row has no text of its own: name the types`,
        )
    }
  }

  end(): void {
    // The last row has its newline.
  }
}
