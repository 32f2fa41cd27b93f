/** Types that are text, or that are best had as the text PostgreSQL writes. */
import { fail } from '../errors.js'
import { shortText, utf8Text } from '../fast-text.js'
import type { MessageWriter } from '../message-writer.js'
import { badValue, checkSize, Kind, plainText, refuse, type TypeCodec, textCodec } from './type-codec.js'

/** Types whose binary form is their text. */
function plain(name: string): TypeCodec<string> {
  return textCodec(name, shortText)
}

export const text = plain('text')
export const varchar = plain('varchar')
export const bpchar = plain('bpchar')
export const name = plain('name')
export const xml = plain('xml')
export const cstring = plain('cstring')
export const unknown = plain('unknown')

/** A single byte, in the type "char". Above 127 it is written in octal, as PostgreSQL 15 does. */
export const char: TypeCodec<string> = textCodec('"char"', (bytes, from, to) => {
  checkSize('"char"', from, to, 1)
  const byte = bytes[from] as number
  if (byte === 0) return ''
  return byte > 0x7f ? `\\${byte.toString(8)}` : String.fromCharCode(byte)
})

/** Text without a binary form here: locale, catalog or syntax is in it. */
export const textOnly = (typeName: string): TypeCodec<string> => textCodec(typeName)

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export const uuid: TypeCodec<string> = {
  ...textCodec('uuid', (bytes, from, to) => {
    checkSize('uuid', from, to, 16)
    const digits = bytes.toString('hex', from, to)
    return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-${digits.slice(16, 20)}-${digits.slice(20)}`
  }),
}

/** Json is parsed. A string is sent as it is: it is JSON already; `sql.json` says that it is a value. */
function jsonText(value: unknown): string {
  if (typeof value === 'string') return value
  const encoded: string | undefined = JSON.stringify(value, (_, part) =>
    typeof part === 'bigint' ? refuse('json', part) : part,
  )
  return encoded ?? refuse('json', value)
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch (cause) {
    return fail('PG_VALUE', `json that is none: ${cause instanceof Error ? cause.message : cause}`, 0)
  }
}

export const json: TypeCodec = {
  name: 'json',
  kind: Kind.json,
  resultFormat: 0,
  fromText: parseJson,
  fromBinary: (bytes, from, to) => parseJson(utf8Text(bytes, from, to)),
  toText: jsonText,
}

const JSONB_VERSION = 1

export const jsonb: TypeCodec = {
  name: 'jsonb',
  kind: Kind.json,
  resultFormat: 0,
  fromText: parseJson,
  fromBinary(bytes, from, to) {
    if (bytes[from] !== JSONB_VERSION || to === from) badValue('jsonb', 0)
    return parseJson(utf8Text(bytes, from + 1, to))
  },
  toText: jsonText,
  toBinary(writer: MessageWriter, value: unknown) {
    writer.uint8(JSONB_VERSION)
    writer.text(jsonText(value))
  },
}

/** Six or eight bytes. */
export function macaddr(typeName: 'macaddr' | 'macaddr8', size: number): TypeCodec<string> {
  return textCodec(typeName, (bytes, from, to) => {
    checkSize(typeName, from, to, size)
    return Array.from(bytes.subarray(from, to), (byte) => HEX[byte]).join(':')
  })
}

/** The place in the log: two numbers of 32 bits. */
export const pgLsn: TypeCodec<string> = textCodec('pg_lsn', (bytes, from, to) => {
  checkSize('pg_lsn', from, to, 8)
  return lsnText(bytes.readBigUInt64BE(from))
})

export function lsnText(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffff_ffffn).toString(16).toUpperCase()}`
}

/** Throws PG_VALUE if it is none. */
export function parseLsn(content: string): bigint {
  const found = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(content)
  if (found === null) return badValue('pg_lsn', 0)
  return (BigInt(`0x${found[1]}`) << 32n) | BigInt(`0x${found[2]}`)
}

export const tid: TypeCodec<string> = textCodec('tid', (bytes, from, to) => {
  checkSize('tid', from, to, 6)
  return `(${bytes.readUInt32BE(from)},${bytes.readUInt16BE(from + 4)})`
})

/** Of bit and varbit: zeros and ones. */
export function bits(typeName: 'bit' | 'varbit'): TypeCodec<string> {
  return {
    ...textCodec(typeName, (bytes, from, to) => {
      if (to - from < 4) badValue(typeName, 0)
      const count = bytes.readInt32BE(from)
      if (count < 0 || Math.ceil(count / 8) !== to - from - 4) badValue(typeName, 0)
      let digits = ''
      for (let at = from + 4; at < to; at++) digits += (bytes[at] as number).toString(2).padStart(8, '0')
      return digits.slice(0, count)
    }),
    toText(value) {
      const digits = plainText(typeName, value)
      return /^[01]*$/.test(digits) ? digits : refuse(typeName, value)
    },
  }
}

/** What a function returns that returns nothing. */
export const nothing: TypeCodec<null> = {
  name: 'void',
  resultFormat: 0,
  fromText: () => null,
  fromBinary: () => null,
  toText: () => '',
}
