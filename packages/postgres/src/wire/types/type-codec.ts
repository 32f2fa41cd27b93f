/** What one type of the server is in JavaScript: the way in and the way out, as text and, if it has one here, as binary. */
import { PostgresWireError } from '../errors.js'
import { BINARY_FORMAT, type Format, TEXT_FORMAT } from '../message-types.js'
import type { MessageWriter } from '../message-writer.js'

export interface TypeCodec<T = unknown> {
  readonly name: string
  /** How results are asked for: what decodes faster (the table in registry.ts). Binary only if there is a `fromBinary`. */
  readonly resultFormat: Format
  /** From the text that PostgreSQL writes. Throws PG_VALUE. */
  fromText(text: string): T
  /** From bytes[from, to). Throws PG_VALUE. The bytes belong to somebody else: what is kept of them is copied. */
  readonly fromBinary?: ((bytes: Buffer, from: number, to: number) => T) | undefined
  /** The text that PostgreSQL reads. Throws PG_PARAMETER if the type has no such value. */
  toText(value: unknown): string
  /** Appends the bytes, without a length. Throws PG_PARAMETER. */
  readonly toBinary?: ((writer: MessageWriter, value: unknown) => void) | undefined
  /** A row decoder has a way of its own for it: one of `Kind`. */
  readonly kind?: number | undefined
}

/** What rows decode without a call to the codec. Others are 0. */
export const Kind = {
  codec: 0,
  text: 1,
  int4: 2,
  int8: 3,
  float8: 4,
  bool: 5,
  int2: 6,
  timestamp: 7,
  json: 8,
  bytea: 9,
  oid: 10,
} as const

/** A type whose value is the text that PostgreSQL writes. `fromBinary` if it has another binary form than that text. */
export function textCodec(
  name: string,
  fromBinary?: (bytes: Buffer, from: number, to: number) => string,
): TypeCodec<string> {
  return {
    name,
    kind: Kind.text,
    resultFormat: TEXT_FORMAT,
    fromText: (text) => text,
    fromBinary,
    toText: (value) => plainText(name, value),
  }
}

export function binaryCodec<T>(codec: Omit<TypeCodec<T>, 'resultFormat'>): TypeCodec<T> {
  return { ...codec, resultFormat: BINARY_FORMAT }
}

/** What everybody means by the text of it. */
export function plainText(type: string, value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value)
    default:
      // Only what says of itself how it is written: not '[object Object]', and no list.
      if (value instanceof Date) return isoText(type, value)
      if (hasOwnText(value)) return value.toString()
      return refuse(type, value)
  }
}

function hasOwnText(value: unknown): value is { toString(): string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    value.toString !== Object.prototype.toString
  )
}

export function isoText(type: string, date: Date): string {
  if (Number.isNaN(date.getTime())) refuse(type, date)
  const year = date.getUTCFullYear()
  const rest = date.toISOString().slice(-20)
  if (year > 0) return `${String(year).padStart(4, '0')}${rest}`
  return `${String(1 - year).padStart(4, '0')}${rest} BC`
}

/** The value is not in the text: parameters are not for errors to show. */
export function refuse(type: string, value: unknown): never {
  const what = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${nameOf(value)}`
  throw new PostgresWireError('PG_PARAMETER', `${what} that ${type} cannot hold`)
}

function nameOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value
  const { name } = value.constructor ?? {}
  return typeof name === 'string' && name !== '' ? name : 'object'
}

export function badValue(type: string, at?: number): never {
  throw new PostgresWireError('PG_VALUE', `a value that ${type} cannot have`, { at })
}

/** For types of a fixed size. */
export function checkSize(type: string, from: number, to: number, size: number): void {
  if (to - from !== size)
    throw new PostgresWireError('PG_VALUE', `${type} in ${to - from} bytes in place of ${size}`, { at: 0 })
}
