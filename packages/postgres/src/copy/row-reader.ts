/** Rows out of what COPY sends: texts and nulls, or values if the types are told. */

import type { SessionTypes } from '../connection/session-types.js'
import { PostgresError } from '../errors.js'
import { CopyBinaryDecoder } from '../wire/copy/copy-binary.js'
import { CopyCsvDecoder } from '../wire/copy/copy-csv.js'
import { type CopyRow, CopyTextDecoder } from '../wire/copy/copy-text.js'
import type { TypeCodec } from '../wire/types/type-codec.js'
import type { CopyToOptions } from './copy-options.js'
import { codecsOf } from './copy-types.js'

export interface RowReader {
  push(bytes: Buffer): readonly unknown[]
  /** The last row, if nothing ends it. */
  end(): readonly unknown[]
}

export function rowReader(options: CopyToOptions, types: SessionTypes): RowReader {
  const codecs = codecsOf(options.types, types)
  if (options.rows === 'binary') return new BinaryReader(new CopyBinaryDecoder({ ...options, codecs }))
  const decoder = options.rows === 'csv' ? new CopyCsvDecoder(options) : new CopyTextDecoder(options)
  return codecs === undefined ? decoder : new TypedReader(decoder, codecs)
}

class BinaryReader implements RowReader {
  readonly #decoder: CopyBinaryDecoder

  constructor(decoder: CopyBinaryDecoder) {
    this.#decoder = decoder
  }

  push(bytes: Buffer): readonly unknown[] {
    return this.#decoder.push(bytes)
  }

  end(): readonly unknown[] {
    this.#decoder.end()
    return []
  }
}

class TypedReader implements RowReader {
  readonly #decoder: CopyTextDecoder | CopyCsvDecoder
  readonly #codecs: readonly TypeCodec[]

  constructor(decoder: CopyTextDecoder | CopyCsvDecoder, codecs: readonly TypeCodec[]) {
    this.#decoder = decoder
    this.#codecs = codecs
  }

  push(bytes: Buffer): readonly unknown[] {
    return this.#decoder.push(bytes).map((row) => this.#typed(row))
  }

  end(): readonly unknown[] {
    return this.#decoder.end().map((row) => this.#typed(row))
  }

  #typed(row: CopyRow): unknown[] {
    const codecs = this.#codecs
    if (row.length !== codecs.length)
      throw new PostgresError('PG_PROTOCOL', `a row of ${row.length} values for ${codecs.length} types`)
    return row.map((text, i) => (text === null ? null : (codecs[i] as TypeCodec).fromText(text)))
  }
}
