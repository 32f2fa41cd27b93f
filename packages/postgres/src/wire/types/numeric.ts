/** Numbers of any precision: the exact text by default, trailing zeros and all. As numbers only for those who ask. */
import { badValue, plainText, refuse, type TypeCodec } from './type-codec.js'

const DIGITS_PER_GROUP = 4
const NEGATIVE = 0x4000
const SPECIAL: Readonly<Record<number, string>> = { 49152: 'NaN', 53248: 'Infinity', 61440: '-Infinity' }
const HEADER_BYTES = 8
/** PostgreSQL's own limit of digits after the point. */
const MAX_SCALE = 16_383

const NUMERIC = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$|^[+-]?(?:NaN|Infinity)$/

/** Groups of four digits, the first of them worth 10000^weight, and how many digits are after the point. */
function numericText(bytes: Buffer, from: number, to: number): string {
  if (to - from < HEADER_BYTES) badValue('numeric', 0)
  const groups = bytes.readUInt16BE(from)
  const weight = bytes.readInt16BE(from + 2)
  const sign = bytes.readUInt16BE(from + 4)
  const scale = bytes.readUInt16BE(from + 6)
  if (to - from !== HEADER_BYTES + groups * 2) badValue('numeric', 0)
  const special = SPECIAL[sign]
  if (special !== undefined) return special
  if ((sign !== 0 && sign !== NEGATIVE) || scale > MAX_SCALE) badValue('numeric', 4)
  const group = (index: number) => {
    if (index < 0 || index >= groups) return '0000'
    const value = bytes.readUInt16BE(from + HEADER_BYTES + index * 2)
    if (value > 9999) badValue('numeric', HEADER_BYTES + index * 2)
    return String(value).padStart(DIGITS_PER_GROUP, '0')
  }
  let whole = ''
  for (let i = 0; i <= weight; i++) whole += group(i)
  whole = whole.replace(/^0+(?=[0-9])/, '') || '0'
  let fraction = ''
  for (let i = weight + 1; fraction.length < scale; i++) fraction += group(i)
  const text = scale === 0 ? whole : `${whole}.${fraction.slice(0, scale)}`
  return sign === NEGATIVE ? `-${text}` : text
}

function toText(value: unknown): string {
  if (typeof value === 'boolean') refuse('numeric', value)
  const text = plainText('numeric', value)
  return NUMERIC.test(text) ? text : refuse('numeric', value)
}

export const numeric: TypeCodec<string> = {
  name: 'numeric',
  kind: 1,
  resultFormat: 0,
  fromText: (text) => text,
  fromBinary: numericText,
  toText,
}

/** For programs that know their numbers to be small: digits beyond the sixteenth are lost. */
export const numericAsNumber: TypeCodec<number> = {
  name: 'numeric',
  resultFormat: 0,
  fromText: (text) => Number(text),
  fromBinary: (bytes, from, to) => Number(numericText(bytes, from, to)),
  toText,
}
