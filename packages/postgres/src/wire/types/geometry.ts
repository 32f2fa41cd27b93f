/** Geometric types, as plain objects of numbers. */
import { BodyReader } from '../body-reader.js'
import type { MessageWriter } from '../message-writer.js'
import { badValue, binaryCodec, refuse, type TypeCodec } from './type-codec.js'

export interface Point {
  readonly x: number
  readonly y: number
}
/** ax + by + c = 0. */
export interface Line {
  readonly a: number
  readonly b: number
  readonly c: number
}
export interface Segment {
  readonly from: Point
  readonly to: Point
}
/** Opposite corners; PostgreSQL puts the upper right first. */
export interface Box {
  readonly high: Point
  readonly low: Point
}
export interface Path {
  readonly isClosed: boolean
  readonly points: readonly Point[]
}
export interface Circle {
  readonly center: Point
  readonly radius: number
}

const NUMBER = /[+-]?(?:Infinity|NaN|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)/g

function numbersIn(name: string, text: string, count?: number): number[] {
  const numbers = (text.match(NUMBER) ?? []).map(Number)
  const isRight =
    count === undefined ? numbers.length > 0 && numbers.length % 2 === 0 : numbers.length === count
  return isRight ? numbers : badValue(name, 0)
}

function pointsIn(numbers: readonly number[]): Point[] {
  const points: Point[] = []
  for (let i = 0; i < numbers.length; i += 2)
    points.push({ x: numbers[i] as number, y: numbers[i + 1] as number })
  return points
}

function isPoint(value: unknown): value is Point {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof Reflect.get(value, 'x') === 'number' &&
    typeof Reflect.get(value, 'y') === 'number'
  )
}

function pointText({ x, y }: Point): string {
  return `(${x},${y})`
}

/** A type of a fixed count of numbers. */
function fixed<T>(
  name: string,
  count: number,
  make: (numbers: readonly number[]) => T,
  take: (value: T) => readonly number[] | undefined,
  print: (numbers: readonly number[]) => string,
): TypeCodec<T> {
  const numbersOf = (value: unknown): readonly number[] => {
    const numbers = typeof value === 'object' && value !== null ? take(value as T) : undefined
    return numbers?.every((number) => typeof number === 'number') ? numbers : refuse(name, value)
  }
  return binaryCodec<T>({
    name,
    fromText: (text) => make(numbersIn(name, text, count)),
    fromBinary(bytes, from, to) {
      if (to - from !== count * 8) badValue(name, 0)
      return make(Array.from({ length: count }, (_, i) => bytes.readDoubleBE(from + i * 8)))
    },
    toText: (value) => (typeof value === 'string' ? value : print(numbersOf(value))),
    toBinary(writer: MessageWriter, value: unknown) {
      for (const number of numbersOf(value)) writer.float64(number)
    },
  })
}

type Numbers = readonly number[]
const [X, Y, X2, Y2] = [0, 1, 2, 3] as const
const at = (numbers: Numbers, index: number) => numbers[index] as number
const pairText = (n: Numbers) => `(${n[X]},${n[Y]}),(${n[X2]},${n[Y2]})`

export const point = fixed<Point>(
  'point',
  2,
  (n) => ({ x: at(n, X), y: at(n, Y) }),
  (value) => [value.x, value.y],
  (n) => `(${n[X]},${n[Y]})`,
)
export const line = fixed<Line>(
  'line',
  3,
  (n) => ({ a: at(n, 0), b: at(n, 1), c: at(n, 2) }),
  (value) => [value.a, value.b, value.c],
  (n) => `{${n.join(',')}}`,
)
export const lseg = fixed<Segment>(
  'lseg',
  4,
  (n) => ({ from: { x: at(n, X), y: at(n, Y) }, to: { x: at(n, X2), y: at(n, Y2) } }),
  ({ from, to }) => (isPoint(from) && isPoint(to) ? [from.x, from.y, to.x, to.y] : undefined),
  (n) => `[${pairText(n)}]`,
)
export const box = fixed<Box>(
  'box',
  4,
  (n) => ({ high: { x: at(n, X), y: at(n, Y) }, low: { x: at(n, X2), y: at(n, Y2) } }),
  ({ high, low }) => (isPoint(high) && isPoint(low) ? [high.x, high.y, low.x, low.y] : undefined),
  pairText,
)
export const circle = fixed<Circle>(
  'circle',
  3,
  (n) => ({ center: { x: at(n, X), y: at(n, Y) }, radius: at(n, 2) }),
  ({ center, radius }) => (isPoint(center) ? [center.x, center.y, radius] : undefined),
  (n) => `<(${n[X]},${n[Y]}),${n[2]}>`,
)

function readPoints(reader: BodyReader, name: string): Point[] {
  const count = reader.left < 4 ? badValue(name, 0) : reader.int32()
  if (count < 0 || count * 16 !== reader.left) badValue(name, reader.offset)
  const points: Point[] = []
  for (let i = 0; i < count; i++) {
    const x = reader.bytes.readDoubleBE(reader.at)
    points.push({ x, y: reader.bytes.readDoubleBE(reader.at + 8) })
    reader.at += 16
  }
  return points
}

function writePoints(writer: MessageWriter, points: readonly Point[]): void {
  writer.int32(points.length)
  for (const { x, y } of points) {
    writer.float64(x)
    writer.float64(y)
  }
}

function pointsOf(name: string, value: unknown): readonly Point[] {
  return Array.isArray(value) && value.length > 0 && value.every(isPoint) ? value : refuse(name, value)
}

export const polygon: TypeCodec<readonly Point[]> = binaryCodec({
  name: 'polygon',
  fromText: (text) => pointsIn(numbersIn('polygon', text)),
  fromBinary: (bytes, from, to) => readPoints(new BodyReader(bytes, from, to), 'polygon'),
  toText: (value) =>
    typeof value === 'string' ? value : `(${pointsOf('polygon', value).map(pointText).join(',')})`,
  toBinary: (writer: MessageWriter, value: unknown) => writePoints(writer, pointsOf('polygon', value)),
})

function pathOf(value: unknown): Path {
  if (typeof value !== 'object' || value === null) return refuse('path', value)
  return {
    isClosed: Reflect.get(value, 'isClosed') === true,
    points: pointsOf('path', Reflect.get(value, 'points')),
  }
}

export const path: TypeCodec<Path> = binaryCodec({
  name: 'path',
  fromText: (text) => ({ isClosed: text.startsWith('('), points: pointsIn(numbersIn('path', text)) }),
  fromBinary(bytes, from, to) {
    const reader = new BodyReader(bytes, from, to)
    if (to === from) badValue('path', 0)
    return { isClosed: reader.uint8() !== 0, points: readPoints(reader, 'path') }
  },
  toText(value) {
    if (typeof value === 'string') return value
    const { isClosed, points } = pathOf(value)
    const inside = points.map(pointText).join(',')
    return isClosed ? `(${inside})` : `[${inside}]`
  },
  toBinary(writer: MessageWriter, value: unknown) {
    const { isClosed, points } = pathOf(value)
    writer.uint8(isClosed ? 1 : 0)
    writePoints(writer, points)
  },
})
