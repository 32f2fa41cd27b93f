/** Ranges and lists of ranges. A missing bound is null: there is no end. */
import { BodyReader } from '../body-reader.js'
import { BINARY_FORMAT, TEXT_FORMAT } from '../message-types.js'
import { quoteElement } from './array.js'
import { badValue, refuse, type TypeCodec } from './type-codec.js'
import { binaryValue, hasBinary, nested, type TypeLookup, textOf } from './type-lookup.js'

const EMPTY = 0x01
const LOWER_INCLUSIVE = 0x02
const UPPER_INCLUSIVE = 0x04
const LOWER_INFINITE = 0x08
const UPPER_INFINITE = 0x10

export interface RangeOptions {
  /** True by default, as in `[`. */
  readonly isLowerInclusive?: boolean | undefined
  /** False by default, as in `)`. */
  readonly isUpperInclusive?: boolean | undefined
}

export class Range<T = unknown> {
  readonly lower: T | null
  readonly upper: T | null
  readonly isLowerInclusive: boolean
  readonly isUpperInclusive: boolean
  /** It holds nothing; its bounds mean nothing. */
  readonly isEmpty: boolean

  constructor(lower: T | null, upper: T | null, options: RangeOptions & { isEmpty?: boolean } = {}) {
    this.lower = lower
    this.upper = upper
    this.isEmpty = options.isEmpty ?? false
    // What has no end does not include it.
    this.isLowerInclusive = lower !== null && (options.isLowerInclusive ?? true)
    this.isUpperInclusive = upper !== null && (options.isUpperInclusive ?? false)
  }

  static empty<T>(): Range<T> {
    return new Range<T>(null, null, { isEmpty: true })
  }
}

export function rangeCodec(types: TypeLookup, name: string, elementOid: number): TypeCodec<Range> {
  const element = () => types.get(elementOid)
  return {
    name,
    get resultFormat() {
      return hasBinary(element()) ? BINARY_FORMAT : TEXT_FORMAT
    },
    fromText(text) {
      const [range, end] = readRangeText(text, 0, element(), name)
      return end === text.length ? range : badValue(name, end)
    },
    fromBinary: (bytes, from, to) =>
      nested(() => readRange(element(), new BodyReader(bytes, from, to), name)),
    toText: (value) => (typeof value === 'string' ? value : rangeText(element(), value, name)),
  }
}

function readRange(codec: TypeCodec, reader: BodyReader, name: string): Range {
  if (reader.left < 1) badValue(name, 0)
  const flags = reader.uint8()
  const bound = (isMissing: boolean) => {
    if (isMissing) return null
    if (reader.left < 4) return badValue(name, reader.offset)
    const length = reader.int32()
    if (length < 0 || length > reader.left) return badValue(name, reader.offset)
    const value = binaryValue(codec, reader.bytes, reader.at, reader.at + length)
    reader.at += length
    return value
  }
  const isEmpty = (flags & EMPTY) !== 0
  const lower = bound(isEmpty || (flags & LOWER_INFINITE) !== 0)
  const upper = bound(isEmpty || (flags & UPPER_INFINITE) !== 0)
  if (reader.left > 0) badValue(name, reader.offset)
  return new Range(lower, upper, {
    isEmpty,
    isLowerInclusive: (flags & LOWER_INCLUSIVE) !== 0,
    isUpperInclusive: (flags & UPPER_INCLUSIVE) !== 0,
  })
}

/** `[1,5)`, `empty`, `("a b",]`. Returns where it ends, too. */
function readRangeText(text: string, from: number, codec: TypeCodec, name: string): [Range, number] {
  if (text.startsWith('empty', from)) return [Range.empty(), from + 5]
  const open = text[from]
  if (open !== '[' && open !== '(') badValue(name, from)
  const [lower, comma] = readBound(text, from + 1, name)
  if (text[comma] !== ',') badValue(name, comma)
  const [upper, close] = readBound(text, comma + 1, name)
  if (text[close] !== ']' && text[close] !== ')') badValue(name, close)
  const range = new Range(
    lower === null ? null : codec.fromText(lower),
    upper === null ? null : codec.fromText(upper),
    { isLowerInclusive: open === '[', isUpperInclusive: text[close] === ']' },
  )
  return [range, close + 1]
}

function readBound(text: string, from: number, name: string): [string | null, number] {
  let bound = ''
  let isQuoted = false
  let wasQuoted = false
  for (let at = from; at < text.length; at++) {
    const mark = text[at] as string
    if (mark === '\\') bound += text[++at] ?? ''
    else if (mark === '"') {
      if (isQuoted && text[at + 1] === '"') bound += text[at++]
      else {
        isQuoted = !isQuoted
        wasQuoted = true
      }
    } else if (!isQuoted && (mark === ',' || mark === ')' || mark === ']'))
      return [bound === '' && !wasQuoted ? null : bound, at]
    else bound += mark
  }
  return badValue(name, from)
}

function rangeText(codec: TypeCodec, value: unknown, name: string): string {
  if (!(value instanceof Range)) return refuse(name, value)
  if (value.isEmpty) return 'empty'
  const bound = (item: unknown) => (item === null ? '' : quoteElement(textOf(codec, item)))
  return `${value.isLowerInclusive ? '[' : '('}${bound(value.lower)},${bound(value.upper)}${value.isUpperInclusive ? ']' : ')'}`
}

export function multirangeCodec(types: TypeLookup, name: string, elementOid: number): TypeCodec<Range[]> {
  const element = () => types.get(elementOid)
  return {
    name,
    get resultFormat() {
      return hasBinary(element()) ? BINARY_FORMAT : TEXT_FORMAT
    },
    fromText: (text) => readMultirangeText(text, element(), name),
    fromBinary: (bytes, from, to) =>
      nested(() => readMultirange(element(), new BodyReader(bytes, from, to), name)),
    toText(value) {
      if (typeof value === 'string') return value
      if (!Array.isArray(value)) return refuse(name, value)
      return `{${value.map((range) => rangeText(element(), range, name)).join(',')}}`
    },
  }
}

function readMultirange(codec: TypeCodec, reader: BodyReader, name: string): Range[] {
  if (reader.left < 4) badValue(name, 0)
  const count = reader.int32()
  // Each has its length, and its flags.
  if (count < 0 || count * 5 > reader.left) badValue(name, 0)
  const ranges: Range[] = []
  for (let i = 0; i < count; i++) {
    if (reader.left < 4) badValue(name, reader.offset)
    const length = reader.int32()
    if (length < 0 || length > reader.left) badValue(name, reader.offset)
    ranges.push(readRange(codec, new BodyReader(reader.bytes, reader.at, reader.at + length), name))
    reader.at += length
  }
  if (reader.left > 0) badValue(name, reader.offset)
  return ranges
}

function readMultirangeText(text: string, codec: TypeCodec, name: string): Range[] {
  if (text === '{}') return []
  const ranges: Range[] = []
  let at = 0
  for (let expected = '{'; text[at] === expected; expected = ',') {
    const [range, end] = readRangeText(text, at + 1, codec, name)
    ranges.push(range)
    at = end
  }
  if (text[at] !== '}' || at !== text.length - 1) badValue(name, at)
  return ranges
}
