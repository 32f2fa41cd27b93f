/** Rows in a column: objects if the names of their fields are known, arrays if not. */
import { BodyReader } from '../body-reader.js'
import { failLimit } from '../errors.js'
import { MAX_COLUMNS } from '../limits.js'
import { BINARY_FORMAT, TEXT_FORMAT } from '../message-types.js'
import { badValue, refuse, type TypeCodec } from './type-codec.js'
import { binaryValue, hasBinary, nested, type TypeLookup, textOf } from './type-lookup.js'

export interface CompositeField {
  readonly name: string
  readonly typeOid: number
}

export function compositeCodec(
  types: TypeLookup,
  name: string,
  fields: readonly CompositeField[],
): TypeCodec<Record<string, unknown>> {
  const object = (values: readonly unknown[]) => {
    if (values.length !== fields.length) return badValue(name, 0)
    // Own properties, whatever their names.
    return Object.fromEntries(fields.map((field, i) => [field.name, values[i]]))
  }
  return {
    name,
    get resultFormat() {
      return fields.every((field) => hasBinary(types.get(field.typeOid))) ? BINARY_FORMAT : TEXT_FORMAT
    },
    fromText(text) {
      const texts = readRecordText(text, name)
      if (texts.length !== fields.length) return badValue(name, 0)
      return object(
        fields.map((field, i) => {
          const part = texts[i] as string | null
          return part === null ? null : types.get(field.typeOid).fromText(part)
        }),
      )
    },
    fromBinary: (bytes, from, to) =>
      nested(() => object(readRecord(types, new BodyReader(bytes, from, to), name))),
    toText(value) {
      if (typeof value === 'string') return value
      if (typeof value !== 'object' || value === null) return refuse(name, value)
      const parts = fields.map((field) => {
        const part: unknown = Object.hasOwn(value, field.name) ? Reflect.get(value, field.name) : null
        return recordPart(part === null || part === undefined ? null : textOf(types.get(field.typeOid), part))
      })
      return `(${parts.join(',')})`
    },
  }
}

/** A row of no declared type says in its binary form what its fields are; in text it does not. */
export function recordCodec(types: TypeLookup): TypeCodec<unknown[]> {
  return {
    name: 'record',
    resultFormat: BINARY_FORMAT,
    fromText: (text) => readRecordText(text, 'record'),
    fromBinary: (bytes, from, to) =>
      nested(() => readRecord(types, new BodyReader(bytes, from, to), 'record')),
    toText: (value) => (typeof value === 'string' ? value : refuse('record', value)),
  }
}

function readRecord(types: TypeLookup, reader: BodyReader, name: string): unknown[] {
  if (reader.left < 4) badValue(name, 0)
  const count = reader.int32()
  if (count < 0 || count * 8 > reader.left) badValue(name, 0)
  if (count > MAX_COLUMNS) failLimit('MAX_COLUMNS', MAX_COLUMNS, `${count} fields`, 0)
  const values: unknown[] = []
  for (let i = 0; i < count; i++) {
    if (reader.left < 8) badValue(name, reader.offset)
    const codec = types.get(reader.uint32())
    const length = reader.int32()
    if (length < -1 || length > reader.left) badValue(name, reader.offset)
    if (length === -1) values.push(null)
    else {
      values.push(binaryValue(codec, reader.bytes, reader.at, reader.at + length))
      reader.at += length
    }
  }
  if (reader.left > 0) badValue(name, reader.offset)
  return values
}

/** `(1,"a ""b""",)`: nothing at all is NULL, `""` is empty. */
function readRecordText(text: string, name: string): (string | null)[] {
  const parts: (string | null)[] = []
  if (text[0] !== '(') badValue(name, 0)
  if (text === '()') return parts
  let at = 1
  for (;;) {
    let part = ''
    let isNull = true
    let isQuoted = false
    for (; at < text.length; at++) {
      const mark = text[at] as string
      if (!isQuoted && (mark === ',' || mark === ')')) break
      isNull = false
      if (mark === '\\') part += text[++at] ?? ''
      else if (mark !== '"') part += mark
      else if (isQuoted && text[at + 1] === '"') part += text[at++]
      else isQuoted = !isQuoted
    }
    if (at >= text.length) badValue(name, at)
    parts.push(isNull ? null : part)
    if (parts.length > MAX_COLUMNS) failLimit('MAX_COLUMNS', MAX_COLUMNS, 'the fields of a row', at)
    if (text[at++] === ')') break
  }
  return at === text.length ? parts : badValue(name, at)
}

function recordPart(text: string | null): string {
  return text === null ? '' : `"${text.replace(/[\\"]/g, '$&$&')}"`
}
