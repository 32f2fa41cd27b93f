/**
 * Numbers of a fixed size. int8 is a number while it is exact and a bigint beyond 2^53: no value is ever changed on its way. float4 is a
 * short number that means it, as PostgreSQL writes it: 0.1 and not 0.10000000149011612.
 */
import type { MessageWriter } from '../message-writer.js'
import { badValue, binaryCodec, checkSize, Kind, refuse, type TypeCodec } from './type-codec.js'

const WORD = 2 ** 32
/** The upper halves between which every int8 is a safe integer. */
const SAFE_HIGH = 2 ** 21

/** An int8 at `at`, a number if that is exact. */
export function readInt8(bytes: Buffer, at: number): number | bigint {
  const high =
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  if (high < SAFE_HIGH && high >= -SAFE_HIGH) {
    const value = high * WORD + readWord(bytes, at + 4)
    if (value !== -(2 ** 53)) return value
  }
  return bytes.readBigInt64BE(at)
}

function readWord(bytes: Buffer, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  )
}

const INTEGER = /^[+-]?[0-9]+$/

function integer(name: string, value: unknown, min: number, max: number): number {
  const number = typeof value === 'bigint' ? Number(value) : value
  if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max) return number
  return refuse(name, value)
}

function integerFromText(name: string, text: string, min: number, max: number): number {
  const value = INTEGER.test(text) ? Number(text) : Number.NaN
  return value >= min && value <= max ? value : badValue(name)
}

export const int2: TypeCodec<number> = binaryCodec({
  name: 'int2',
  kind: Kind.int2,
  fromText: (text) => integerFromText('int2', text, -(2 ** 15), 2 ** 15 - 1),
  fromBinary(bytes, from, to) {
    checkSize('int2', from, to, 2)
    return bytes.readInt16BE(from)
  },
  toText: (value) => String(integer('int2', value, -(2 ** 15), 2 ** 15 - 1)),
  toBinary: (writer: MessageWriter, value: unknown) =>
    writer.int16(integer('int2', value, -(2 ** 15), 2 ** 15 - 1)),
})

export const int4: TypeCodec<number> = binaryCodec({
  name: 'int4',
  kind: Kind.int4,
  fromText: (text) => integerFromText('int4', text, -(2 ** 31), 2 ** 31 - 1),
  fromBinary(bytes, from, to) {
    checkSize('int4', from, to, 4)
    return bytes.readInt32BE(from)
  },
  toText: (value) => String(integer('int4', value, -(2 ** 31), 2 ** 31 - 1)),
  toBinary: (writer: MessageWriter, value: unknown) =>
    writer.int32(integer('int4', value, -(2 ** 31), 2 ** 31 - 1)),
})

function unsigned(name: string): TypeCodec<number> {
  return binaryCodec({
    name,
    kind: Kind.oid,
    fromText: (text) => integerFromText(name, text, 0, WORD - 1),
    fromBinary(bytes, from, to) {
      checkSize(name, from, to, 4)
      return bytes.readUInt32BE(from)
    },
    toText: (value) => String(integer(name, value, 0, WORD - 1)),
    toBinary: (writer: MessageWriter, value: unknown) => writer.int32(integer(name, value, 0, WORD - 1)),
  })
}

export const oid = unsigned('oid')
export const xid = unsigned('xid')
export const cid = unsigned('cid')

const MIN_INT8 = -(2n ** 63n)
const MAX_INT8 = 2n ** 63n - 1n

function bigInteger(name: string, value: unknown, min: bigint, max: bigint): bigint {
  // Numbers beyond 2^53 are even all the same: what was meant is not known, so they are not sent as if it were.
  if (typeof value === 'number' && Number.isSafeInteger(value)) value = BigInt(value)
  if (typeof value === 'bigint' && value >= min && value <= max) return value
  return refuse(name, value)
}

function bigFromText(name: string, text: string, min: bigint, max: bigint): number | bigint {
  if (!INTEGER.test(text)) badValue(name)
  const number = Number(text)
  if (Number.isSafeInteger(number)) return number
  const value = BigInt(text)
  return value >= min && value <= max ? value : badValue(name)
}

export const int8: TypeCodec<number | bigint> = binaryCodec({
  name: 'int8',
  kind: Kind.int8,
  fromText: (text) => bigFromText('int8', text, MIN_INT8, MAX_INT8),
  fromBinary(bytes, from, to) {
    checkSize('int8', from, to, 8)
    return readInt8(bytes, from)
  },
  toText: (value) => String(bigInteger('int8', value, MIN_INT8, MAX_INT8)),
  toBinary(writer: MessageWriter, value: unknown) {
    if (typeof value === 'number' && Number.isSafeInteger(value)) {
      const high = Math.floor(value / WORD)
      writer.int32(high)
      writer.int32(value - high * WORD)
    } else writer.int64(bigInteger('int8', value, MIN_INT8, MAX_INT8))
  },
})

/** For programs that want one type for all of them. */
export const int8AsBigint: TypeCodec<bigint> = {
  ...int8,
  kind: undefined,
  fromText: (text) => BigInt(bigFromText('int8', text, MIN_INT8, MAX_INT8)),
  fromBinary(bytes, from, to) {
    checkSize('int8', from, to, 8)
    return bytes.readBigInt64BE(from)
  },
}

const MAX_XID8 = 2n ** 64n - 1n

export const xid8: TypeCodec<number | bigint> = binaryCodec({
  name: 'xid8',
  fromText: (text) => bigFromText('xid8', text, 0n, MAX_XID8),
  fromBinary(bytes, from, to) {
    checkSize('xid8', from, to, 8)
    const value = bytes.readBigUInt64BE(from)
    return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
  },
  toText: (value) => String(bigInteger('xid8', value, 0n, MAX_XID8)),
  toBinary: (writer: MessageWriter, value: unknown) => writer.int64(bigInteger('xid8', value, 0n, MAX_XID8)),
})

const FLOAT = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/

function floatFromText(name: string, text: string): number {
  if (FLOAT.test(text)) return Number(text)
  switch (text) {
    case 'NaN':
      return Number.NaN
    case 'Infinity':
      return Infinity
    case '-Infinity':
      return -Infinity
    default:
      return badValue(name)
  }
}

function float(name: string, value: unknown): number {
  if (typeof value === 'bigint') return Number(value)
  return typeof value === 'number' ? value : refuse(name, value)
}

/** `-0` keeps its sign, which String() forgets. */
export function floatText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

export const float8: TypeCodec<number> = binaryCodec({
  name: 'float8',
  kind: Kind.float8,
  fromText: (text) => floatFromText('float8', text),
  fromBinary(bytes, from, to) {
    checkSize('float8', from, to, 8)
    return bytes.readDoubleBE(from)
  },
  toText: (value) => floatText(float('float8', value)),
  toBinary: (writer: MessageWriter, value: unknown) => writer.float64(float('float8', value)),
})

/** Up to here every integer is a float4. */
const EXACT_FLOAT4 = 2 ** 24

/** A number of few digits that is the same float4: of two that are equally short, not always the one that the server writes. */
function shortestFloat4(value: number): number {
  if (!Number.isFinite(value) || (Number.isInteger(value) && Math.abs(value) < EXACT_FLOAT4)) return value
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return Number(value.toPrecision(9))
}

export const float4: TypeCodec<number> = {
  name: 'float4',
  // As text, PostgreSQL has already found the shortest number.
  resultFormat: 0,
  fromText: (text) => floatFromText('float4', text),
  fromBinary(bytes, from, to) {
    checkSize('float4', from, to, 4)
    return shortestFloat4(bytes.readFloatBE(from))
  },
  toText: (value) => floatText(float('float4', value)),
  toBinary: (writer: MessageWriter, value: unknown) => writer.float32(float('float4', value)),
}

export const bool: TypeCodec<boolean> = binaryCodec({
  name: 'bool',
  kind: Kind.bool,
  fromText: (text) => (text === 't' ? true : text === 'f' ? false : badValue('bool')),
  fromBinary(bytes, from, to) {
    checkSize('bool', from, to, 1)
    return bytes[from] !== 0
  },
  toText: (value) => (typeof value === 'boolean' ? (value ? 't' : 'f') : refuse('bool', value)),
  toBinary: (writer: MessageWriter, value: unknown) =>
    writer.uint8(typeof value === 'boolean' ? Number(value) : refuse('bool', value)),
})
