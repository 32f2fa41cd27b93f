/** Types of extensions: their numbers differ from database to database, so they are registered by whoever has asked (CATALOG_QUERY). */
import { BodyReader } from '../body-reader.js'
import type { MessageWriter } from '../message-writer.js'
import { floatText } from './numbers.js'
import { badValue, binaryCodec, refuse, type TypeCodec } from './type-codec.js'

/** Keys and values of text. */
export type Hstore = Record<string, string | null>

const PAIR = /"((?:[^"\\]|\\.)*)"=>(?:"((?:[^"\\]|\\.)*)"|NULL)(?:, ?|$)/gsy

function hstoreFromText(text: string): Hstore {
  const pairs: [string, string | null][] = []
  PAIR.lastIndex = 0
  let end = 0
  for (let found = PAIR.exec(text); found !== null; found = PAIR.exec(text)) {
    const value = found[2]
    pairs.push([unquoted(found[1] as string), value === undefined ? null : unquoted(value)])
    end = PAIR.lastIndex
  }
  return end === text.length ? Object.fromEntries(pairs) : badValue('hstore', end)
}

const unquoted = (text: string) => text.replace(/\\(.)/gs, '$1')
const quote = (text: string) => `"${text.replace(/[\\"]/g, '\\$&')}"`

function pairsOf(value: unknown): [string, string | null][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('hstore', value)
  const entries: [unknown, unknown][] = value instanceof Map ? [...value] : Object.entries(value)
  return entries.map(([key, item]) => {
    const content = item === undefined ? null : item
    if (typeof key !== 'string' || (content !== null && typeof content !== 'string'))
      return refuse('hstore', content)
    return [key, content]
  })
}

export const hstore: TypeCodec<Hstore> = binaryCodec({
  name: 'hstore',
  fromText: hstoreFromText,
  fromBinary(bytes, from, to) {
    const reader = new BodyReader(bytes, from, to)
    if (reader.left < 4) badValue('hstore', 0)
    const count = reader.int32()
    if (count < 0 || count * 8 > reader.left) badValue('hstore', 0)
    const pairs: [string, string | null][] = []
    const text = () => {
      if (reader.left < 4) return badValue('hstore', reader.offset)
      const length = reader.int32()
      if (length < -1 || length > reader.left) badValue('hstore', reader.offset)
      return length === -1 ? null : reader.text(length)
    }
    for (let i = 0; i < count; i++) pairs.push([text() ?? badValue('hstore', reader.offset), text()])
    if (reader.left > 0) badValue('hstore', reader.offset)
    return Object.fromEntries(pairs)
  },
  toText: (value) =>
    typeof value === 'string'
      ? value
      : pairsOf(value)
          .map(([key, item]) => `${quote(key)}=>${item === null ? 'NULL' : quote(item)}`)
          .join(','),
  toBinary(writer: MessageWriter, value: unknown) {
    const pairs = pairsOf(value)
    writer.int32(pairs.length)
    for (const [key, item] of pairs) {
      writer.counted(key)
      if (item === null) writer.int32(-1)
      else writer.counted(item)
    }
  },
})

const MAX_VECTOR = 16_000

function vectorOf(value: unknown): ArrayLike<number> {
  const isList = value instanceof Float32Array || value instanceof Float64Array || Array.isArray(value)
  if (!isList || value.length === 0 || value.length > MAX_VECTOR) return refuse('vector', value)
  for (const item of value) if (!Number.isFinite(item)) refuse('vector', value)
  return value
}

/** pgvector's: floats of 32 bits. */
export const vector: TypeCodec<Float32Array> = binaryCodec({
  name: 'vector',
  fromText(text) {
    if (!text.startsWith('[') || !text.endsWith(']')) badValue('vector', 0)
    const numbers = text.slice(1, -1).split(',').map(Number)
    return numbers.every(Number.isFinite) ? Float32Array.from(numbers) : badValue('vector', 0)
  },
  fromBinary(bytes, from, to) {
    const count = to - from < 4 ? badValue('vector', 0) : bytes.readUInt16BE(from)
    if (to - from !== 4 + count * 4) badValue('vector', 0)
    const numbers = new Float32Array(count)
    for (let i = 0; i < count; i++) numbers[i] = bytes.readFloatBE(from + 4 + i * 4)
    return numbers
  },
  toText: (value) =>
    typeof value === 'string' ? value : `[${Array.from(vectorOf(value), floatText).join(',')}]`,
  toBinary(writer: MessageWriter, value: unknown) {
    const numbers = vectorOf(value)
    writer.int16(numbers.length)
    writer.int16(0)
    for (let i = 0; i < numbers.length; i++) writer.float32(numbers[i] as number)
  },
})
