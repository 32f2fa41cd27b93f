/**
 * Arrays of any dimension: nested arrays, null for NULL. PostgreSQL lets them begin at any number, JavaScript at 0: lower bounds are read
 * and forgotten. Written are only those that PostgreSQL has: all rows of the same length.
 */
import { BodyReader } from '../body-reader.js'
import { failLimit } from '../errors.js'
import { MAX_ARRAY_DIMENSIONS } from '../limits.js'
import { BINARY_FORMAT, TEXT_FORMAT } from '../message-types.js'
import type { MessageWriter } from '../message-writer.js'
import { badValue, Kind, refuse, type TypeCodec } from './type-codec.js'
import { binaryValue, hasBinary, nested, type TypeLookup, textOf } from './type-lookup.js'

const HEADER_BYTES = 12

export function arrayCodec(types: TypeLookup, elementOid: number, delimiter = ','): TypeCodec<unknown[]> {
  const element = () => types.get(elementOid)
  const name = () => `${element().name}[]`
  return {
    get name() {
      return name()
    },
    get resultFormat() {
      return hasBinary(element()) ? BINARY_FORMAT : TEXT_FORMAT
    },
    fromText: (text) => new ArrayText(text, delimiter, element(), name()).read(),
    fromBinary: (bytes, from, to) => nested(() => readArray(types, new BodyReader(bytes, from, to))),
    toText: (value) =>
      typeof value === 'string' ? value : arrayText(element(), delimiter, value, name(), 1),
    get toBinary() {
      const codec = element()
      if (codec.toBinary === undefined || codec.kind === Kind.json) return undefined
      return (writer: MessageWriter, value: unknown) => writeArray(writer, codec, elementOid, value)
    },
  }
}

function readArray(types: TypeLookup, reader: BodyReader): unknown[] {
  if (reader.left < HEADER_BYTES) badValue('an array', 0)
  const dimensions = reader.int32()
  const flags = reader.int32()
  const codec = types.get(reader.uint32())
  if (dimensions < 0 || (flags & ~1) !== 0) badValue('an array', 0)
  if (dimensions > MAX_ARRAY_DIMENSIONS)
    failLimit('MAX_ARRAY_DIMENSIONS', MAX_ARRAY_DIMENSIONS, `an array of ${dimensions} dimensions`, 0)
  const counts: number[] = []
  let total = 1
  for (let i = 0; i < dimensions; i++) {
    if (reader.left < 8) badValue('an array', reader.offset)
    const count = reader.int32()
    reader.int32()
    total *= count
    // Each element has a length of four bytes at least: no more is believed than the value can hold.
    if (count <= 0 || total * 4 > reader.left) badValue('an array', reader.offset)
    counts.push(count)
  }
  const elements = dimensions === 0 ? [] : readElements(reader, codec, counts, 0)
  if (reader.left > 0) badValue('an array', reader.offset)
  return elements
}

function readElements(
  reader: BodyReader,
  codec: TypeCodec,
  counts: readonly number[],
  level: number,
): unknown[] {
  const count = counts[level] as number
  const elements: unknown[] = new Array(count)
  if (level < counts.length - 1) {
    for (let i = 0; i < count; i++) elements[i] = readElements(reader, codec, counts, level + 1)
    return elements
  }
  for (let i = 0; i < count; i++) {
    if (reader.left < 4) badValue('an array', reader.offset)
    const length = reader.int32()
    if (length < -1 || length > reader.left) badValue('an array', reader.offset)
    if (length === -1) elements[i] = null
    else {
      elements[i] = binaryValue(codec, reader.bytes, reader.at, reader.at + length)
      reader.at += length
    }
  }
  return elements
}

/** `{1,NULL,"a \"b\""}`, with its bounds before it if they are not from 1. */
class ArrayText {
  readonly #text: string
  readonly #delimiter: string
  readonly #codec: TypeCodec
  readonly #name: string
  #at = 0

  constructor(text: string, delimiter: string, codec: TypeCodec, name: string) {
    this.#text = text
    this.#delimiter = delimiter
    this.#codec = codec
    this.#name = name
  }

  read(): unknown[] {
    if (this.#text[0] === '[') {
      const begin = this.#text.indexOf('={')
      if (begin < 0) badValue(this.#name, 0)
      this.#at = begin + 1
    }
    const elements = this.#list(1)
    if (this.#at !== this.#text.length) badValue(this.#name, this.#at)
    return elements
  }

  #list(level: number): unknown[] {
    if (level > MAX_ARRAY_DIMENSIONS)
      failLimit('MAX_ARRAY_DIMENSIONS', MAX_ARRAY_DIMENSIONS, 'an array', this.#at)
    if (this.#text[this.#at] !== '{') badValue(this.#name, this.#at)
    this.#at++
    const elements: unknown[] = []
    if (this.#text[this.#at] === '}') {
      this.#at++
      return elements
    }
    for (;;) {
      elements.push(this.#element(level))
      const mark = this.#text[this.#at++]
      if (mark === '}') return elements
      if (mark !== this.#delimiter) badValue(this.#name, this.#at - 1)
    }
  }

  #element(level: number): unknown {
    const first = this.#text[this.#at]
    if (first === '{') return this.#list(level + 1)
    if (first === '"') return this.#codec.fromText(this.#quoted())
    let end = this.#at
    while (end < this.#text.length && this.#text[end] !== '}' && this.#text[end] !== this.#delimiter) end++
    const text = this.#text.slice(this.#at, end)
    if (text === '') badValue(this.#name, this.#at)
    this.#at = end
    return text === 'NULL' ? null : this.#codec.fromText(text)
  }

  #quoted(): string {
    let text = ''
    let from = this.#at + 1
    for (let at = from; at < this.#text.length; at++) {
      const mark = this.#text[at]
      if (mark === '"') {
        this.#at = at + 1
        return text + this.#text.slice(from, at)
      }
      if (mark === '\\') {
        text += this.#text.slice(from, at)
        from = ++at
      }
    }
    return badValue(this.#name, this.#at)
  }
}

/** Every element is quoted: then nothing in it can mean anything. */
function arrayText(codec: TypeCodec, delimiter: string, value: unknown, name: string, level: number): string {
  const elements = listOf(value, name)
  if (level > MAX_ARRAY_DIMENSIONS) refuse(name, value)
  const isJson = codec.kind === Kind.json
  return `{${elements
    .map((item) => {
      if (item === null || item === undefined) return 'NULL'
      if (Array.isArray(item) && !isJson) return arrayText(codec, delimiter, item, name, level + 1)
      return quoteElement(textOf(codec, item))
    })
    .join(delimiter)}}`
}

export function quoteElement(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`
}

function listOf(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  // Float64Array and its like are lists of numbers.
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return Array.from(value as Iterable<unknown> & ArrayBufferView)
  return refuse(name, value)
}

function writeArray(writer: MessageWriter, codec: TypeCodec, elementOid: number, value: unknown): void {
  const name = `${codec.name}[]`
  const counts: number[] = []
  for (let level: unknown = listOf(value, name); isList(level); level = level[0]) {
    if (level.length === 0) break
    counts.push(level.length)
    if (counts.length > MAX_ARRAY_DIMENSIONS) refuse(name, value)
  }
  writer.int32(counts.length)
  const flagsAt = writer.length
  writer.int32(0)
  writer.int32(elementOid)
  for (const count of counts) {
    writer.int32(count)
    writer.int32(1)
  }
  if (counts.length > 0) {
    const hasNull = writeElements(writer, codec, listOf(value, name), counts, 0)
    if (hasNull) writer.setInt32(flagsAt, 1)
  }
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof Uint8Array))
}

function writeElements(
  writer: MessageWriter,
  codec: TypeCodec,
  elements: readonly unknown[],
  counts: readonly number[],
  level: number,
): boolean {
  const name = `${codec.name}[]`
  if (elements.length !== counts[level]) refuse(name, elements)
  let hasNull = false
  for (const item of elements) {
    if (level < counts.length - 1) {
      if (writeElements(writer, codec, listOf(item, name), counts, level + 1)) hasNull = true
    } else if (item === null || item === undefined) {
      writer.int32(-1)
      hasNull = true
    } else {
      writer.int32(0)
      const from = writer.length
      codec.toBinary?.(writer, item)
      writer.setInt32(from - 4, writer.length - from)
    }
  }
  return hasNull
}

/** `1 2 3`: the two types of the system's tables that are arrays and are not written as such. */
export function vectorCodec(types: TypeLookup, elementOid: number, name: string): TypeCodec<unknown[]> {
  const array = arrayCodec(types, elementOid)
  return {
    name,
    resultFormat: BINARY_FORMAT,
    fromText: (text) =>
      text === '' ? [] : text.split(' ').map((item) => types.get(elementOid).fromText(item)),
    fromBinary: array.fromBinary,
    toText: (value) =>
      listOf(value, name)
        .map((item) => types.get(elementOid).toText(item))
        .join(' '),
  }
}
