/** COPY in binary: a signature, rows of counted values, a count of -1. PostgreSQL documentation, COPY, "Binary Format". */
import { fail, failLimit, PostgresWireError } from '../errors.js'
import { MAX_COLUMNS, MAX_COPY_ROW_BYTES } from '../limits.js'
import type { MessageWriter } from '../message-writer.js'
import { copyBytes } from '../types/bytea.js'
import type { TypeCodec } from '../types/type-codec.js'
import { binaryValue } from '../types/type-lookup.js'
import { HeldBytes } from './held-bytes.js'

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1')
const HEADER_BYTES = SIGNATURE.length + 8
/** The lower half of the flags may be ignored by who does not know them, the upper half not. */
const CRITICAL_FLAGS = 0xffff << 16
const MAX_EXTENSION_BYTES = 64 * 1024
const TRAILER = -1

export interface CopyBinaryOptions {
  /** Of the columns, in their order. Without them values are bytes. */
  readonly codecs?: readonly TypeCodec[] | undefined
  /** 64 MiB by default. */
  readonly maxRowBytes?: number | undefined
}

export class CopyBinaryDecoder {
  readonly #codecs: readonly TypeCodec[] | undefined
  readonly #maxRowBytes: number
  #state: 'header' | 'rows' | 'over' = 'header'
  readonly #held = new HeldBytes()
  #at = 0

  constructor(options: CopyBinaryOptions = {}) {
    this.#codecs = options.codecs
    this.#maxRowBytes = options.maxRowBytes ?? MAX_COPY_ROW_BYTES
  }

  /** The rows that this chunk completes. */
  push(chunk: Uint8Array): unknown[][] {
    const rows: unknown[][] = []
    const bytes = this.#held.join(chunk)
    this.#at = 0
    if (this.#state !== 'header' || this.#header(bytes)) {
      for (let row = this.#row(bytes); row !== undefined; row = this.#row(bytes)) rows.push(row)
    }
    const left = bytes.length - this.#at
    if (left > this.#maxRowBytes)
      failLimit('maxRowBytes', this.#maxRowBytes, `a row of ${left} bytes or more`, 0)
    if (this.#state === 'over' && left > 0) fail('PG_COPY', `${left} bytes after the end`, 0)
    this.#held.keep(bytes, this.#at)
    return rows
  }

  /** Throws PG_COPY if the end is missing. */
  end(): void {
    if (this.#state !== 'over') fail('PG_COPY', 'the data ends before its end', 0)
  }

  #header(bytes: Buffer): boolean {
    const known = Math.min(bytes.length, SIGNATURE.length)
    if (!bytes.subarray(0, known).equals(SIGNATURE.subarray(0, known)))
      fail('PG_COPY', 'this is no binary COPY data', 0)
    if (bytes.length < HEADER_BYTES) return false
    if ((bytes.readInt32BE(SIGNATURE.length) & CRITICAL_FLAGS) !== 0)
      fail('PG_COPY', 'flags that are not known', SIGNATURE.length)
    const extension = bytes.readInt32BE(SIGNATURE.length + 4)
    if (extension < 0) fail('PG_COPY', `an extension of ${extension} bytes`, SIGNATURE.length + 4)
    if (extension > MAX_EXTENSION_BYTES)
      failLimit('MAX_EXTENSION_BYTES', MAX_EXTENSION_BYTES, `an extension of ${extension} bytes`)
    if (bytes.length < HEADER_BYTES + extension) return false
    this.#at = HEADER_BYTES + extension
    this.#state = 'rows'
    return true
  }

  #row(bytes: Buffer): unknown[] | undefined {
    if (this.#state === 'over' || bytes.length - this.#at < 2) return undefined
    const start = this.#at
    const count = bytes.readInt16BE(start)
    if (count === TRAILER) {
      this.#state = 'over'
      this.#at = start + 2
      return undefined
    }
    if (count < 0) fail('PG_COPY', `a row of ${count} values`, 0)
    if (count > MAX_COLUMNS) failLimit('MAX_COLUMNS', MAX_COLUMNS, `${count} values`, 0)
    const end = rowEnd(bytes, start, count, this.#maxRowBytes)
    if (end < 0) return undefined
    this.#at = end
    return this.#values(bytes, start + 2, count)
  }

  #values(bytes: Buffer, from: number, count: number): unknown[] {
    const codecs = this.#codecs
    if (codecs !== undefined && codecs.length !== count)
      fail('PG_COPY', `a row of ${count} values for ${codecs.length} columns`, 0)
    const values: unknown[] = new Array(count)
    let at = from
    for (let i = 0; i < count; i++) {
      const length = bytes.readInt32BE(at)
      at += 4
      if (length < 0) values[i] = null
      else {
        const codec = codecs?.[i]
        values[i] =
          codec === undefined ? copyBytes(bytes, at, at + length) : binaryValue(codec, bytes, at, at + length)
        at += length
      }
    }
    return values
  }
}

/** Where the row ends, or -1 if it is not whole. */
function rowEnd(bytes: Buffer, start: number, count: number, maxRowBytes: number): number {
  let at = start + 2
  for (let i = 0; i < count; i++) {
    if (bytes.length - at < 4) return -1
    const length = bytes.readInt32BE(at)
    if (length < -1) fail('PG_COPY', `a value of ${length} bytes`, at - start)
    at += 4 + Math.max(length, 0)
    if (at - start > maxRowBytes)
      failLimit('maxRowBytes', maxRowBytes, `a row of ${at - start} bytes or more`, 0)
    if (at > bytes.length) return -1
  }
  return at
}

export class CopyBinaryEncoder {
  readonly #codecs: readonly TypeCodec[]

  /** Of the columns: each must have a binary form to be written. Throws PG_PARAMETER if one has not. */
  constructor(codecs: readonly TypeCodec[]) {
    for (const codec of codecs)
      if (!canWriteBinary(codec)) fail('PG_PARAMETER', `${codec.name} cannot be written in its binary form`)
    this.#codecs = codecs
  }

  header(writer: MessageWriter): void {
    writer.put(SIGNATURE)
    writer.int32(0)
    writer.int32(0)
  }

  /** Appends one row. If a value cannot be written the row is not there. */
  row(writer: MessageWriter, values: readonly unknown[]): void {
    const start = writer.length
    if (values.length !== this.#codecs.length)
      fail('PG_PARAMETER', `${values.length} values for ${this.#codecs.length} columns`)
    let i = 0
    try {
      writer.int16(values.length)
      for (; i < values.length; i++) writeValue(writer, this.#codecs[i] as TypeCodec, values[i])
    } catch (cause) {
      writer.rewind(start)
      const text = cause instanceof Error ? cause.message : String(cause)
      throw new PostgresWireError('PG_PARAMETER', `value ${i + 1}: ${text}`, { at: i, cause })
    }
  }

  trailer(writer: MessageWriter): void {
    writer.int16(TRAILER)
  }
}

/** Types whose binary form is their text need no way of their own. */
const TEXT_NAMES = new Set(['text', 'varchar', 'bpchar', 'name', 'json', 'xml', 'unknown', 'cstring'])

function canWriteBinary(codec: TypeCodec): boolean {
  return codec.toBinary !== undefined || TEXT_NAMES.has(codec.name)
}

function writeValue(writer: MessageWriter, codec: TypeCodec, value: unknown): void {
  if (value === null || value === undefined) {
    writer.int32(-1)
    return
  }
  if (codec.toBinary === undefined) {
    writer.counted(codec.toText(value))
    return
  }
  writer.int32(0)
  const from = writer.length
  codec.toBinary(writer, value)
  writer.setInt32(from - 4, writer.length - from)
}
