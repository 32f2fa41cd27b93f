/** A length of time in three parts that are not to be mixed: months have no fixed days, and days no fixed hours. */
import type { MessageWriter } from '../message-writer.js'
import { readInt8 } from './numbers.js'
import { badValue, binaryCodec, checkSize, refuse, type TypeCodec } from './type-codec.js'

const MICROSECONDS = 1_000_000

export interface IntervalParts {
  readonly months?: number | undefined
  readonly days?: number | undefined
  readonly microseconds?: number | bigint | undefined
}

export class Interval {
  readonly months: number
  readonly days: number
  /** A bigint beyond 2^53, which is 285 years. */
  readonly microseconds: number | bigint

  constructor(parts: IntervalParts = {}) {
    this.months = parts.months ?? 0
    this.days = parts.days ?? 0
    this.microseconds = parts.microseconds ?? 0
  }

  /** As PostgreSQL and ISO 8601 have it: `P1Y2M3DT4H5M6.7S`. */
  toString(): string {
    const years = Math.trunc(this.months / 12)
    const months = this.months % 12
    const time = timeParts(BigInt(this.microseconds))
    const text = `${unit(years, 'Y')}${unit(months, 'M')}${unit(this.days, 'D')}${time === '' ? '' : `T${time}`}`
    return text === '' ? 'PT0S' : `P${text}`
  }

  toJSON(): string {
    return this.toString()
  }
}

function unit(value: number | bigint, letter: string): string {
  return value === 0 || value === 0n ? '' : `${value}${letter}`
}

function timeParts(microseconds: bigint): string {
  const size = microseconds < 0n ? -microseconds : microseconds
  const sign = microseconds < 0n ? '-' : ''
  const seconds = size / 1_000_000n
  const fraction = size % 1_000_000n
  const hours = unit(seconds / 3600n, 'H')
  const minutes = unit((seconds % 3600n) / 60n, 'M')
  let rest = unit(seconds % 60n, 'S')
  if (fraction !== 0n) rest = `${seconds % 60n}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}S`
  return [hours, minutes, rest].map((part) => (part === '' ? '' : sign + part)).join('')
}

const UNITS = /([+-]?[0-9]+) (year|mon|day)s? ?/g
const CLOCK = /^([+-]?)([0-9]+):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?$/
const ISO =
  /^P(?:(-?[0-9]+)Y)?(?:(-?[0-9]+)M)?(?:(-?[0-9]+)W)?(?:(-?[0-9]+)D)?(?:T(?:(-?[0-9]+)H)?(?:(-?[0-9]+)M)?(?:(-?)([0-9]+)(?:\.([0-9]{1,6}))?S)?)?$/

/** From IntervalStyle postgres, the default, and iso_8601. */
function parseInterval(text: string): Interval {
  if (text.startsWith('P')) return parseIso(text)
  let months = 0
  let days = 0
  const clock = text
    .replace(UNITS, (_, count: string, name: string) => {
      if (name === 'year') months += Number(count) * 12
      else if (name === 'mon') months += Number(count)
      else days += Number(count)
      return ''
    })
    .trim()
  if (clock === '') return new Interval({ months, days })
  const found = CLOCK.exec(clock)
  if (found === null) return badValue('interval', 0)
  const seconds =
    (BigInt(found[2] as string) * 60n + BigInt(found[3] as string)) * 60n + BigInt(found[4] as string)
  return new Interval({ months, days, microseconds: total(seconds, found[5], found[1] === '-') })
}

function total(seconds: bigint, fraction: string | undefined, isNegative: boolean): number | bigint {
  const size = seconds * BigInt(MICROSECONDS) + BigInt((fraction ?? '').padEnd(6, '0'))
  const value = isNegative ? -size : size
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function parseIso(text: string): Interval {
  const found = ISO.exec(text)
  if (found === null || text === 'P' || text.endsWith('T')) return badValue('interval', 0)
  const part = (index: number) => BigInt(found[index] ?? 0)
  const fraction = BigInt((found[9] ?? '').padEnd(6, '0'))
  const seconds = part(8) * BigInt(MICROSECONDS) + fraction
  const microseconds =
    (part(5) * 3600n + part(6) * 60n) * BigInt(MICROSECONDS) + (found[7] === '-' ? -seconds : seconds)
  return new Interval({
    months: Number(part(1) * 12n + part(2)),
    days: Number(part(3) * 7n + part(4)),
    microseconds: Number.isSafeInteger(Number(microseconds)) ? Number(microseconds) : microseconds,
  })
}

function partsOf(value: unknown): Interval {
  if (value instanceof Interval) return check(value)
  if (typeof value !== 'object' || value === null) return refuse('interval', value)
  const { months, days, microseconds } = value as IntervalParts
  if (months === undefined && days === undefined && microseconds === undefined) refuse('interval', value)
  return check(new Interval({ months, days, microseconds }))
}

function check(value: Interval): Interval {
  const { months, days, microseconds } = value
  const isWhole = typeof microseconds === 'bigint' || Number.isSafeInteger(microseconds)
  if ((months | 0) !== months || (days | 0) !== days || !isWhole) refuse('interval', value)
  return value
}

export const interval: TypeCodec<Interval> = binaryCodec({
  name: 'interval',
  fromText: parseInterval,
  fromBinary(bytes, from, to) {
    checkSize('interval', from, to, 16)
    return new Interval({
      months: bytes.readInt32BE(from + 12),
      days: bytes.readInt32BE(from + 8),
      microseconds: readInt8(bytes, from),
    })
  },
  toText: (value) => (typeof value === 'string' ? value : partsOf(value).toString()),
  toBinary(writer: MessageWriter, value: unknown) {
    const { months, days, microseconds } = partsOf(value)
    writer.int64(BigInt(microseconds))
    writer.int32(days)
    writer.int32(months)
  },
})
