/**
 * Dates and times. Points in time (timestamp, timestamptz) are a Date, to its millisecond; a timestamp without a zone counts as UTC. Days and
 * times of day are the text that PostgreSQL writes: a Date would have to invent the rest. Infinities are the numbers Infinity and -Infinity;
 * what is beyond a Date's years is text.
 */
import type { MessageWriter } from '../message-writer.js'
import {
  dateText,
  daysOf,
  EPOCH_DAYS,
  EPOCH_MS,
  MICROSECONDS_PER_DAY,
  timeText,
  zoneText,
} from './calendar.js'
import {
  badValue,
  binaryCodec,
  checkSize,
  isoText,
  Kind,
  refuse,
  type TypeCodec,
  textCodec,
} from './type-codec.js'

/** A point in time, or what a Date cannot be. */
export type Moment = Date | number | string

const MAX_DATE_MS = 8.64e15
const INT4_INFINITY = 0x7fff_ffff
const HIGH_INFINITY = 0x7fff_ffff
const LOW_INFINITY = 0xffff_ffff
const MINUS_HIGH = -0x8000_0000
const WORD = 2 ** 32
/** The upper half up to which microseconds are exact in a number: until the year 2285. */
const EXACT_HIGH = 2 ** 20

/** Of a timestamp at `at`. `zone` is what stands behind the text of one that is beyond a Date. */
export function readMoment(bytes: Buffer, at: number, zone: string): Moment {
  const high = bytes.readInt32BE(at)
  const low = bytes.readUInt32BE(at + 4)
  if (high < EXACT_HIGH && high >= -EXACT_HIGH)
    return new Date(Math.floor((high * WORD + low) / 1000) + EPOCH_MS)
  if (high === HIGH_INFINITY && low === LOW_INFINITY) return Infinity
  if (high === MINUS_HIGH && low === 0) return -Infinity
  const microseconds = bytes.readBigInt64BE(at)
  const ms = Number(floorDivide(microseconds, 1000n)) + EPOCH_MS
  return ms <= MAX_DATE_MS ? new Date(ms) : momentText(microseconds, zone)
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value < 0n && quotient * by !== value ? quotient - 1n : quotient
}

function momentText(microseconds: bigint, zone: string): string {
  const day = BigInt(MICROSECONDS_PER_DAY)
  const days = floorDivide(microseconds, day)
  return dateText(Number(days) + EPOCH_DAYS, ` ${timeText(Number(microseconds - days * day))}${zone}`)
}

const MOMENT =
  /^([0-9]{4,7})-([0-9]{2})-([0-9]{2})[ T]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?(?:Z|([+-])([0-9]{2}):?([0-9]{2})?:?([0-9]{2})?)?( BC)?$/

function parseMoment(name: string, text: string): Moment {
  if (text === 'infinity') return Infinity
  if (text === '-infinity') return -Infinity
  const found = MOMENT.exec(text)
  // DateStyle is not ISO: whoever set it wants it so.
  if (found === null) return /[0-9]/.test(text) ? text : badValue(name, 0)
  const part = (index: number) => Number(found[index] ?? 0)
  const year = found[12] === undefined ? part(1) : 1 - part(1)
  const seconds = part(4) * 3600 + part(5) * 60 + part(6)
  const zone = (part(9) * 3600 + part(10) * 60 + part(11)) * (found[8] === '-' ? -1 : 1)
  const fraction = Math.floor(Number((found[7] ?? '').padEnd(6, '0')) / 1000)
  const ms = daysOf(year, part(2), part(3)) * 86_400_000 + (seconds - zone) * 1000 + fraction
  return Math.abs(ms) <= MAX_DATE_MS ? new Date(ms) : text
}

function momentToText(name: string, value: unknown): string {
  if (value === Infinity) return 'infinity'
  if (value === -Infinity) return '-infinity'
  if (value instanceof Date) return isoText(name, value)
  return typeof value === 'string' ? value : refuse(name, value)
}

function writeMoment(name: string, writer: MessageWriter, value: unknown): void {
  if (value === Infinity || value === -Infinity) {
    if (value > 0) writeWords(writer, HIGH_INFINITY, LOW_INFINITY)
    else writeWords(writer, MINUS_HIGH, 0)
    return
  }
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) refuse(name, value)
  const microseconds = (value.getTime() - EPOCH_MS) * 1000
  if (!Number.isSafeInteger(microseconds)) {
    writer.int64(BigInt(value.getTime() - EPOCH_MS) * 1000n)
    return
  }
  const high = Math.floor(microseconds / WORD)
  writeWords(writer, high, microseconds - high * WORD)
}

function writeWords(writer: MessageWriter, high: number, low: number): void {
  writer.int32(high)
  writer.int32(low)
}

function moment(name: 'timestamp' | 'timestamptz', zone: string): TypeCodec<Moment> {
  return binaryCodec({
    name,
    kind: Kind.timestamp,
    fromText: (text) => parseMoment(name, text),
    fromBinary(bytes, from, to) {
      checkSize(name, from, to, 8)
      return readMoment(bytes, from, zone)
    },
    toText: (value) => momentToText(name, value),
    toBinary: (writer: MessageWriter, value: unknown) => writeMoment(name, writer, value),
  })
}

export const timestamp = moment('timestamp', '')
export const timestamptz = moment('timestamptz', '+00')

/** With its microseconds, as PostgreSQL writes it; timestamptz in the session's zone. */
export const timestampAsText: TypeCodec<string> = {
  ...textCodec('timestamp'),
  toText: (value) => momentToText('timestamp', value),
}
export const timestamptzAsText: TypeCodec<string> = {
  ...textCodec('timestamptz'),
  toText: (value) => momentToText('timestamptz', value),
}

export const date: TypeCodec<string | number> = {
  name: 'date',
  resultFormat: 0,
  fromText: (text) => (text === 'infinity' ? Infinity : text === '-infinity' ? -Infinity : text),
  fromBinary(bytes, from, to) {
    checkSize('date', from, to, 4)
    const days = bytes.readInt32BE(from)
    if (days === INT4_INFINITY) return Infinity
    return days === MINUS_HIGH ? -Infinity : dateText(days + EPOCH_DAYS)
  },
  // A Date is sent as its day in UTC.
  toText(value) {
    if (value === Infinity) return 'infinity'
    if (value === -Infinity) return '-infinity'
    if (value instanceof Date) return isoText('date', value).replace(/T[^ ]*/, '')
    return typeof value === 'string' ? value : refuse('date', value)
  },
}

function checkTime(name: string, microseconds: bigint): number {
  if (microseconds < 0n || microseconds > BigInt(MICROSECONDS_PER_DAY)) badValue(name, 0)
  return Number(microseconds)
}

export const time: TypeCodec<string> = textCodec('time', (bytes, from, to) => {
  checkSize('time', from, to, 8)
  return timeText(checkTime('time', bytes.readBigInt64BE(from)))
})

export const timetz: TypeCodec<string> = textCodec('timetz', (bytes, from, to) => {
  checkSize('timetz', from, to, 12)
  // On the wire, zones count to the west.
  return timeText(checkTime('timetz', bytes.readBigInt64BE(from))) + zoneText(-bytes.readInt32BE(from + 8))
})
