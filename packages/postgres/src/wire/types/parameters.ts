/**
 * JavaScript's values as the parameters of a statement. If the server has said which types it wants (ParameterDescription), each value goes
 * through that type's codec; if not, as text whose type the server finds out itself, which is right for everything but json in an array.
 */
import { PostgresWireError } from '../errors.js'
import { checkParameterCount, writeFormats } from '../frontend-encode.js'
import { BINARY_FORMAT, type Format, Frontend, TEXT_FORMAT } from '../message-types.js'
import type { MessageWriter } from '../message-writer.js'
import { quoteElement } from './array.js'
import { Interval } from './interval.js'
import { floatText } from './numbers.js'
import { Range } from './range.js'
import { isoText, refuse, type TypeCodec } from './type-codec.js'
import { type TypeLookup, textOf } from './type-lookup.js'
import { TypeOid } from './type-oids.js'

/** A value that says its type: `typed(5, TypeOid.int8)`. */
export class TypedParameter {
  readonly value: unknown
  readonly typeOid: number
  constructor(value: unknown, typeOid: number) {
    this.value = value
    this.typeOid = typeOid
  }
}

/** What a Parse may say of a value; 0 leaves it to the server. */
export function inferTypeOid(value: unknown): number {
  if (value instanceof TypedParameter) return value.typeOid
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return TypeOid.bytea
  return 0
}

/**
 * Writes a Bind. `typeOids` are the server's; empty if it has not said. Throws PG_PARAMETER, with the number of the parameter and never its
 * value, and takes back what was written.
 */
export function encodeBindValues(
  writer: MessageWriter,
  portal: string,
  statement: string,
  values: readonly unknown[],
  typeOids: readonly number[],
  resultFormats: readonly Format[],
  types: TypeLookup,
): void {
  const count = values.length
  checkParameterCount(count)
  writer.begin(Frontend.bind)
  writer.cstring(portal, 'the name of a portal')
  writer.cstring(statement, 'the name of a statement')
  writer.int16(count)
  writer.reserve(count * 2)
  let formatsAt = writer.length
  writer.length += count * 2
  writer.int16(count)
  let i = 0
  try {
    for (; i < count; i++) {
      const format = writeParameter(writer, values[i], typeOids[i] ?? 0, types)
      writer.bytes[formatsAt++] = 0
      writer.bytes[formatsAt++] = format
    }
  } catch (cause) {
    writer.abandon()
    const text = cause instanceof Error ? cause.message : String(cause)
    throw parameterError(i, text, cause)
  }
  writeFormats(writer, resultFormats)
  writer.end()
}

function parameterError(index: number, text: string, cause: unknown): Error {
  return new PostgresWireError('PG_PARAMETER', `parameter $${index + 1}: ${text}`, { at: index, cause })
}

/** Writes one value after its length, in the format that is returned. */
export function writeParameter(
  writer: MessageWriter,
  value: unknown,
  typeOid: number,
  types: TypeLookup,
): Format {
  if (value === null || value === undefined) {
    writer.int32(-1)
    return TEXT_FORMAT
  }
  if (typeof value === 'string') {
    writer.counted(value)
    return TEXT_FORMAT
  }
  if (value instanceof TypedParameter)
    return writeParameter(writer, unwrapped(value), typeOid === 0 ? value.typeOid : typeOid, types)
  const oid = typeOid === 0 ? inferTypeOid(value) : typeOid
  if (oid === 0) {
    writer.counted(untypedText(value))
    return TEXT_FORMAT
  }
  return writeTyped(writer, value, types.get(oid))
}

/** A string said to be json is a value, not a text that is json already. */
function unwrapped({ value, typeOid }: TypedParameter): unknown {
  const isJson = typeOid === TypeOid.json || typeOid === TypeOid.jsonb
  return isJson && typeof value === 'string' ? JSON.stringify(value) : value
}

function writeTyped(writer: MessageWriter, value: unknown, codec: TypeCodec): Format {
  const { toBinary } = codec
  if (toBinary === undefined || holdsText(value)) {
    writer.counted(textOf(codec, value))
    return TEXT_FORMAT
  }
  writer.int32(0)
  const from = writer.length
  toBinary(writer, value)
  writer.setInt32(from - 4, writer.length - from)
  return BINARY_FORMAT
}

/** A list with strings in it is written as text, in which strings are what they are: `['1', '2']` is fine for int4[]. */
function holdsText(value: unknown): boolean {
  return Array.isArray(value) && value.some((item) => typeof item === 'string' || holdsText(item))
}

/** The text of a value whose type nobody has named. */
function untypedText(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return floatText(value)
    case 'bigint':
      return String(value)
    case 'boolean':
      // As bool, json and text all have it.
      return value ? 'true' : 'false'
    case 'object':
      return objectText(value as object)
    default:
      return refuse('a parameter', value)
  }
}

function objectText(value: object): string {
  if (value instanceof Date) return isoText('a timestamp', value)
  if (Array.isArray(value)) return untypedList(value, 1)
  if (value instanceof Interval) return value.toString()
  if (value instanceof Range) return untypedRange(value)
  if (ArrayBuffer.isView(value)) {
    if (value instanceof Float32Array || value instanceof Float64Array)
      return untypedList(Array.from(value), 1)
    return refuse('a parameter', value)
  }
  const encoded: string | undefined = JSON.stringify(value)
  return encoded ?? refuse('a parameter', value)
}

function untypedList(items: readonly unknown[], level: number): string {
  if (level > 6) refuse('an array', items)
  return `{${items
    .map((item) => {
      if (item === null || item === undefined) return 'NULL'
      if (Array.isArray(item)) return untypedList(item, level + 1)
      if (item instanceof Uint8Array) return quoteElement(`\\x${Buffer.from(item).toString('hex')}`)
      return quoteElement(typeof item === 'string' ? item : untypedText(item))
    })
    .join(',')}}`
}

function untypedRange(range: Range): string {
  if (range.isEmpty) return 'empty'
  const bound = (value: unknown) =>
    value === null ? '' : quoteElement(typeof value === 'string' ? value : untypedText(value))
  return `${range.isLowerInclusive ? '[' : '('}${bound(range.lower)},${bound(range.upper)}${range.isUpperInclusive ? ']' : ')'}`
}
